"""A sheet of spectrograms: held-out recordings, and what the voice makes of their texts."""

from __future__ import annotations

import numpy as np

from luokuan.errors import UserError
from luokuan.foundation.corpus.utterances import SpeechCorpus
from luokuan.i18n import _
from luokuan.media import Picture
from luokuan.models.sound.config import SoundConfig
from luokuan.models.sound.picture import spectrogram_sheet
from luokuan.models.speech.model import SpeechModel

SHOWN = 3


def sheet_of(model: SpeechModel, corpus: SpeechCorpus, *, seed: int = 0) -> Picture:
    """Two rows of up to three sentences: recordings above, the same said below, low pitches below.

    Raises:
        UserError: no sentence is held out.
    """
    config = model.config
    lines = corpus.split("test")[:SHOWN]
    if not lines:
        raise UserError(
            _("No sentence of {path} is held out.", path=corpus.path),
            _("Give the corpus the voice was trained on."),
            code="evaluation.sentences",
        )
    rows = [
        [one.clip.samples(config.rate) for one in lines],
        [model.say(one.text, seed=seed).samples for one in lines],
    ]
    longest = max(len(sound) for row in rows for sound in row)
    sounds = [np.stack([np.pad(sound, (0, longest - len(sound))) for sound in row]) for row in rows]
    return spectrogram_sheet(sounds, SoundConfig(rate=config.rate, fft=config.fft, hop=config.hop, mels=config.mels))
