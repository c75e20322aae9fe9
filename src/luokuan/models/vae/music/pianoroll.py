"""Pictures of music: time to the right, pitch upwards, a colour a voice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from luokuan.media import Score

COLOURS = ((38, 84, 160), (24, 138, 96), (214, 126, 24), (176, 44, 62))
"""Of tracks, in turn: distinct also for most people who see colours differently, because their heights differ too."""
PAPER, BLACK_KEY, LINE, BAR = (252, 252, 250), (240, 241, 243), (222, 224, 228), (178, 182, 190)
MOST_WIDTH = 4096
"""Pixels: of a longer score the beginning is drawn."""
_BLACK = (1, 3, 6, 8, 10)


def pianoroll(
    score: Score,
    *,
    quarters: float | None = None,
    pitches: tuple[int, int] | None = None,
    bar: float = 4.0,
    scale: int = 16,
    height: int = 4,
) -> NDArray[np.uint8]:
    """A score as a picture, uint8 (H, W, 3).

    Args:
        quarters: How much of it; None: all, rounded up to whole bars.
        pitches: Lowest and highest row; None: its own, with two to spare.
        bar: Quarter notes between two strong lines.
        scale: Pixels a quarter note.
        height: Pixels a semitone.
    """
    end = quarters if quarters is not None else bar * max(np.ceil(score.quarters / bar - 1e-9), 1)
    width = int(min(max(round(end * scale), 1), MOST_WIDTH))
    found = [note.pitch for note in score.notes] or [60]
    low, high = pitches or (max(min(found) - 2, 0), min(max(found) + 2, 127))
    rows = high - low + 1
    picture = np.empty((rows * height, width, 3), dtype=np.uint8)
    for row in range(rows):
        pitch = high - row
        picture[row * height : (row + 1) * height] = BLACK_KEY if pitch % 12 in _BLACK else PAPER
    for beat in range(int(np.ceil(width / scale))):
        picture[:, beat * scale] = BAR if beat % bar == 0 else LINE
    for note in score.notes:
        if not low <= note.pitch <= high or note.start * scale >= width:
            continue
        left = round(note.start * scale)
        right = max(round((note.start + note.length) * scale) - 1, left + 1)  # a gap, so that repeated notes are two
        top = (high - note.pitch) * height
        picture[top : top + max(height - 1, 1), left:right] = COLOURS[note.track % len(COLOURS)]
    return picture


def strip(scores: Sequence[Score], *, columns: int = 2, quarters: float, bar: float = 4.0) -> NDArray[np.uint8]:
    """Several scores as one picture, row by row, all with the same pitches and length; uint8 (H, W, 3)."""
    pitches = [note.pitch for score in scores for note in score.notes] or [60]
    limits = (max(min(pitches) - 2, 0), min(max(pitches) + 2, 127))
    tiles = [pianoroll(score, quarters=quarters, pitches=limits, bar=bar) for score in scores]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % columns)
    edge = 6
    framed = [np.pad(tile, ((edge, edge), (edge, edge), (0, 0)), constant_values=255) for tile in tiles]
    rows = [np.concatenate(framed[i : i + columns], axis=1) for i in range(0, len(framed), columns)]
    return np.concatenate(rows)
