"""Clips as one picture: a row each, frame beside frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from luokuan.media import Picture

GAP = 2


def contact_sheet(clips: Sequence[NDArray[np.uint8]]) -> Picture:
    """Clips uint8 (frames, H, W, 3), all alike, as rows with white between."""
    rows = []
    for clip in clips:
        frames = [np.pad(frame, ((0, GAP), (0, GAP), (0, 0)), constant_values=255) for frame in clip]
        rows.append(np.concatenate(frames, axis=1))
    return Picture(np.ascontiguousarray(np.concatenate(rows, axis=0)))
