"""Contact sheets: samples by class, and samples beside their nearest training pictures."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from luokuan.files import write_atomic

GAP = 2


def grid(pictures: NDArray[np.uint8], columns: int, *, scale: int = 1) -> NDArray[np.uint8]:
    """Pictures (N, S, S, 3) in rows of ``columns`` with a thin white gap, enlarged by whole pixels.

    Returns:
        uint8 (rows·(S·scale + gap) - gap, columns·(S·scale + gap) - gap, 3); missing cells are white.
    """
    big = pictures.repeat(scale, axis=1).repeat(scale, axis=2)
    side = big.shape[1]
    rows = -(-len(big) // columns)
    step = side + GAP
    sheet = np.full((rows * step - GAP, columns * step - GAP, 3), 255, dtype=np.uint8)
    for index, picture in enumerate(big):
        top, left = index // columns * step, index % columns * step
        sheet[top : top + side, left : left + side] = picture
    return sheet


def pairs(samples: NDArray[np.uint8], neighbours: NDArray[np.uint8], columns: int = 8) -> NDArray[np.uint8]:
    """Each sample with its nearest training picture at its right, ``columns`` pairs a row."""
    joined = np.stack([samples, neighbours], axis=1).reshape(-1, *samples.shape[1:])
    return grid(joined, 2 * columns, scale=_scale(samples.shape[1]))


def by_class(samples: NDArray[np.uint8], classes: int) -> NDArray[np.uint8]:
    """Samples ordered by class, equally many each, one column a class; without classes eight columns."""
    if classes:
        rows = len(samples) // classes
        ordered = samples.reshape(classes, rows, *samples.shape[1:]).swapaxes(0, 1).reshape(samples.shape)
        return grid(ordered, classes, scale=_scale(samples.shape[1]))
    return grid(samples, 8, scale=_scale(samples.shape[1]))


def _scale(side: int) -> int:
    return max(1, 96 // side)


def write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write uint8 (H, W, 3) as PNG; atomic."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    write_atomic(path, buffer.getvalue())
