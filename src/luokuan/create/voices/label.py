"""The voice that speaks the explicit label of a sound."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from luokuan.create.voices.registry import for_languages, voice_of
from luokuan.media import Sound

if TYPE_CHECKING:
    from luokuan.colophon.label import LabelOptions

AIM = 140.0
"""Characters a minute of a Chinese label: the middle of what GB 45438-2025 asks for."""
_TRIES = 3
Heard = Literal["words", "rhythm"]


def speak_label(words: str, tag: str) -> Sound:
    """``words`` in the language ``tag`` (BCP 47); Chinese as slowly as the standard asks."""
    language = "zh" if tag.startswith("zh") else "en"
    voice = voice_of(for_languages()[language])

    def said(rate: float) -> Sound:
        pieces = [piece.sound for piece in voice.say(words, rate=rate)]
        return Sound(np.concatenate([piece.samples for piece in pieces], axis=1), pieces[0].rate)

    sound, rate = said(1.0), 1.0
    if language == "en":
        return sound
    for _try in range(_TRIES):
        speed = len(words) * 60 / _heard(sound)
        if abs(speed - AIM) < 5:
            break
        rate = min(max(rate * AIM / speed, 0.5), 2.0)
        sound = said(rate)
    return sound


def _heard(sound: Sound) -> float:
    """Seconds from the first to the last sample that is not 40 dB below the peak."""
    size = np.abs(sound.samples).max(axis=0)
    loud = np.flatnonzero(size > size.max() / 100)
    return float(loud[-1] - loud[0] + 1) / sound.rate


def with_voice(options: LabelOptions, heard: Heard | None = None) -> LabelOptions:
    """``options`` for a sound: with the voice that speaks the label, if that is to be ``heard``.

    By default the policy says it: for ``cn`` the rhythm is enough (GB 45438-2025), for the others words are spoken, for
    who isn't told what the rhythm means doesn't understand it (EU AI Act, Article 50: clear and distinguishable).
    """
    if options.waiver is not None or options.voice is not None:
        return options
    wanted = heard or ("rhythm" if options.policy == "cn" else "words")
    return replace(options, voice=speak_label) if wanted == "words" else options
