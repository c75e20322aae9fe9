"""A score as what a file holds: notes, a sheet, a piano-roll, or sound as loud as music that is streamed."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from luokuan.create import soundfont, synthesiser
from luokuan.create.songs import voice_of
from luokuan.media import Media, Picture, Score, Sound

SCORES = ("audio/midi", "application/vnd.recordare.musicxml+xml", "image/svg+xml", "application/pdf")
SCALE = 24
"""Pixels a quarter note, and a third of that a semitone, of a piano-roll that is a work."""
FOOT = 0.2
"""Room below it for the explicit label, which would lie on the lowest voice: as a share of its shorter side."""
LOUDNESS = -16.0
"""LUFS of music that is rendered, where its peaks leave room for it (AES TD1008)."""


def rendered(score: Score, media_type: str, font: Path | None, *, bar: float = 4.0) -> Media:
    """A score as what a file of that media type holds: itself, for MIDI and sheets; its sound, or its piano-roll.

    Args:
        font: A SoundFont that was checked; None: the built-in synthesiser, see ``songs.voice_of``.
        bar: Quarter notes in a bar.

    Raises:
        UserError: it is too long, has no notes, or the SoundFont can't be played.
    """
    if media_type in SCORES:
        return score if score.bar == bar else replace(score, bar=bar)
    if media_type.startswith("image/"):
        from luokuan.models.vae.music.pianoroll import PAPER, pianoroll

        roll = pianoroll(score, bar=bar, scale=SCALE, height=SCALE // 3)  # (H, W, 3)
        foot = np.empty((round(FOOT * min(roll.shape[:2])), roll.shape[1], 3), dtype=np.uint8)
        foot[:] = PAPER
        return Picture(np.concatenate([roll, foot]))
    return levelled(synthesiser.render(score, voice_of(score)) if font is None else soundfont.play(score, font))


def check_drawn(media_type: str) -> None:
    """Refuse a sheet that can't be drawn here. Loads nothing.

    Raises:
        UserError: what draws it isn't installed.
    """
    from luokuan.colophon.formats import engraving, printing

    needed = {"image/svg+xml": engraving.check_installed, "application/pdf": printing.check_installed}
    if media_type in needed:
        needed[media_type]()


def levelled(sound: Sound) -> Sound:
    """A sound at ``LOUDNESS``, or as near to it as its largest sample may come to full scale."""
    from luokuan.create.shorts.mixing import loudness, stereo

    found, peak = loudness(stereo(sound)), float(abs(sound.samples).max())
    if not math.isfinite(found) or not peak:
        return sound
    gain = min(10 ** ((LOUDNESS - found) / 20), synthesiser.LOUDEST / peak)
    return Sound((sound.samples * gain).astype(sound.samples.dtype), sound.rate)
