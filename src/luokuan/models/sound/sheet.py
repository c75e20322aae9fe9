"""A sheet of spectrograms: real clips, the same through the codec, new ones."""

from __future__ import annotations

import numpy as np

from luokuan.foundation.corpus.sounds import SoundCorpus
from luokuan.media import Picture
from luokuan.models.sound.model import SoundModel
from luokuan.models.sound.picture import spectrogram_sheet

MOST, AMONG = 12, 6


def sheet_of(model: SoundModel, corpus: SoundCorpus, *, seed: int = 0) -> Picture:
    """Three rows, a column a category: a held-out clip (or one of those learnt, where none is held out), the same
    encoded and decoded, a new one, the most typical of ``AMONG`` drafts. A window of the prior long, low pitches
    below."""
    config = model.config
    length = config.cells * config.cell
    held = (*corpus.split("validation"), *corpus.split("test"), *corpus.split("train"))
    labels = range(len(config.classes))[:MOST] if config.classes else [None]
    real = np.zeros((len(labels), length), np.float32)
    made = np.zeros_like(real)
    for row, label in enumerate(labels):
        clip = next(clip for clip in held if clip.label == label)
        samples = clip.samples(config.rate)[:length]
        real[row, : len(samples)] = samples
        made[row] = model.sample(length, label=label, seed=model.ranked_seeds(label, seed, AMONG)[0])
    coded = np.stack([model.decode(model.encode(clip), seed=seed)[:length] for clip in real])
    return spectrogram_sheet([real, coded, made], config)
