"""Finding where and how large a repeated pattern lies in a picture, without its key.

A pattern that repeats makes the picture resemble itself at the distances of a square lattice. The autocorrelation of
what is left of the picture without its coarse parts shows them, so that scale and rotation need no search by pixels.
(The idea: Kutter 1998, Proc. SPIE 3528:423.)
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft, ndimage

from luokuan.colophon.watermark.pattern import ACROSS, CELLS, DOWN, FREQUENCIES, HIGH, LOW

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORKING = 560
"""Pictures are reduced by a whole number until their shortest side has about so many pixels."""
SMALLEST, LARGEST = 0.115, 0.55
"""Sides of the pattern that are looked for, as shares of the shortest side: 1/8 to 1/4 where nothing was cropped."""
TURN = 5.0
"""Largest rotation that is looked for, degrees either way."""
PEAKS = 3
"""Lattices that are tried besides the one that an unchanged picture of this size would have."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
_STRIP = 1 << 20
# fmt: off
_LAGS = (
    (1, 0), (0, 1), (1, 1), (1, -1), (2, 0), (0, 2), (2, 1), (1, 2), (2, -1), (1, -2), (2, 2), (2, -2), (3, 0), (0, 3),
)
# fmt: on

Lattice = tuple[float, float]
"""Side of the pattern in pixels, and rotation in radians."""


def luma(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Luma (H, W), 0 to 255, of (H, W, 3|4), over white where it is transparent."""
    found = pixels[..., :3].astype(np.float32) @ _LUMA
    if pixels.shape[2] == 4:
        found += (255 - found) * ((255 - pixels[..., 3]) * np.float32(1 / 255))
    return found


def reduced(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float32], int]:
    """Luma with a shortest side of some 300 to 800 pixels if the picture is larger, and by what it was divided."""
    height, width = pixels.shape[:2]
    by = max(1, round(min(height, width) / WORKING))
    if by == 1:
        return luma(pixels), 1
    height, width = height // by, width // by
    out = np.empty((height, width), np.float32)
    rows = max(1, _STRIP // (by * by * width))
    for top in range(0, height, rows):  # in strips: a large picture is never in memory as floats
        strip = luma(pixels[top * by : min(height, top + rows) * by, : width * by])
        wide = strip.reshape(-1, by, width * by).mean(axis=1)
        out[top : top + rows] = wide.reshape(-1, width, by).mean(axis=2)
    return out, by


def detail(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """The picture without its coarse parts, with about the same strength everywhere: edges must not drown the rest."""
    fine = grey - ndimage.uniform_filter(grey, 15, mode="nearest")
    power = ndimage.uniform_filter(fine * fine, 25, mode="nearest")
    # Rounding makes sums of squares a little negative; 0.3 is a noise below which there is nothing to hear.
    fine /= np.sqrt(np.maximum(power, 0) + np.float32(0.3))
    return np.clip(fine, -2, 2, out=fine)


def lattices(fine: NDArray[np.float32]) -> list[Lattice]:
    """The ``PEAKS`` lattices at whose distances the picture resembles itself most."""
    near = _autocorrelation(fine)
    height, width = fine.shape
    short = min(fine.shape)
    spread = float(np.std(near[near.shape[0] // 8 : near.shape[0] // 2, near.shape[1] // 8 : near.shape[1] // 2]))
    if not spread > 0:
        return [(SMALLEST * short, 0.0)] * PEAKS
    # Two deviations are what the best of nine or 25 values has by chance.
    tops = [ndimage.maximum_filter(near, size) / spread - 2 for size in (3, 5)]
    sides = short * SMALLEST * np.exp(np.arange(0, math.log(LARGEST / SMALLEST), 0.008))
    turns = np.deg2rad(np.arange(-TURN, TURN + 0.1, 0.5))
    side, turn = np.meshgrid(sides, turns, indexing="ij")
    score = np.zeros(side.shape)
    for i, j in _LAGS:
        across = side * (i * np.cos(turn) - j * np.sin(turn))
        down = side * (i * np.sin(turn) + j * np.cos(turn))
        shared = np.maximum(0, 1 - np.abs(across) / width) * np.maximum(0, 1 - np.abs(down) / height)
        top = tops[math.hypot(i, j) > 1.5]
        value = top[np.rint(down).astype(int) % top.shape[0], np.rint(across).astype(int) % top.shape[1]]
        score += np.where(shared > 0.06, value * np.sqrt(shared), 0)
    found = []
    for _ in range(PEAKS):
        row, column = np.unravel_index(np.argmax(score), score.shape)
        found.append(_refined(near, fine.shape, float(sides[row]), float(turns[column])))
        score[np.abs(np.log(sides / sides[row])) < 0.03] = -np.inf
    return found


def _autocorrelation(fine: NDArray[np.float32]) -> NDArray[np.float32]:
    shape = tuple(fft.next_fast_len(side, real=True) for side in fine.shape)
    power = np.abs(fft.rfft2(fine, shape)) ** 2
    smooth = ndimage.uniform_filter(power, 15, mode="wrap")
    power /= np.maximum(smooth, 0) + np.float32(1e-3 * float(smooth.mean()) + 1e-12)
    waves = np.hypot(fft.fftfreq(shape[0])[:, None], fft.rfftfreq(shape[1])[None])
    short = min(fine.shape)
    power[(waves < LOW / (LARGEST * short)) | (waves > HIGH / (SMALLEST * short))] = 0
    return fft.irfft2(power, shape)


def _refined(near: NDArray[np.float32], shape: tuple[int, ...], side: float, turn: float) -> Lattice:
    """The lattice that fits the tops around its points best, by least squares, to a fraction of a pixel."""
    lattice = side * complex(math.cos(turn), math.sin(turn))
    for reach in (3, 2):
        products, squares = 0j, 1e-12
        for i, j in _LAGS:
            point = lattice * complex(i, j)
            if abs(point.real) > 0.75 * shape[1] or abs(point.imag) > 0.75 * shape[0]:
                continue
            top, height = _top(near, round(point.imag), round(point.real), reach)
            products += height * top * complex(i, -j)
            squares += height * (i * i + j * j)
        if abs(products) > 0:
            lattice = products / squares
    return abs(lattice), math.atan2(lattice.imag, lattice.real)


def _top(near: NDArray[np.float32], row: int, column: int, reach: int) -> tuple[complex, float]:
    """The largest value around a place, between pixels by parabolas: where, as (x, y), and how large."""
    rows, columns = near.shape
    around = np.arange(-reach, reach + 1)
    window = near[np.ix_((row + around) % rows, (column + around) % columns)]
    down, across = divmod(int(np.argmax(window)), 2 * reach + 1)
    y, x = row + down - reach, column + across - reach
    value = float(near[y % rows, x % columns])
    up, under = float(near[(y - 1) % rows, x % columns]), float(near[(y + 1) % rows, x % columns])
    left, right = float(near[y % rows, (x - 1) % columns]), float(near[y % rows, (x + 1) % columns])
    return complex(x + _vertex(left, value, right), y + _vertex(up, value, under)), max(value, 0.0)


def _vertex(before: float, at: float, after: float) -> float:
    bend = before - 2 * at + after
    return min(0.5, max(-0.5, 0.5 * (before - after) / bend)) if bend < 0 else 0.0


def fold(fine: NDArray[np.float32], lattice: Lattice) -> NDArray[np.complex64]:
    """All repeats laid on top of each other: the band's amplitudes (FREQUENCIES,), all about equally large."""
    side, turn = lattice
    step = CELLS / side
    down = np.arange(fine.shape[0], dtype=np.float32)[:, None]
    across = np.arange(fine.shape[1], dtype=np.float32)[None]
    cosine, sine = np.float32(step * math.cos(turn)), np.float32(step * math.sin(turn))
    u = np.rint(across * cosine + down * sine).astype(np.int32) & (CELLS - 1)
    v = np.rint(down * cosine - across * sine).astype(np.int32) & (CELLS - 1)
    sums = np.bincount((v * CELLS + u).ravel(), fine.ravel(), CELLS * CELLS)
    return _evened(fft.rfft2(sums.reshape(CELLS, CELLS))[DOWN % CELLS, ACROSS].astype(np.complex64))


def _evened(amplitudes: NDArray[np.complex64]) -> NDArray[np.complex64]:
    """Each amplitude over the root mean square around it, at most 1.5: a few strong ones must not decide."""
    power = np.zeros((CELLS, CELLS // 2 + 1), np.float32)
    power[DOWN % CELLS, ACROSS] = np.abs(amplitudes) ** 2
    # Zeros in the column of waves straight down stand for their opposites.
    around = ndimage.uniform_filter(power, 9, mode=("wrap", "constant"))[DOWN % CELLS, ACROSS] / _filled()
    even = amplitudes / np.sqrt(np.maximum(around, 0) + np.float32(1e-12))
    size = np.abs(even)
    return (even * (np.minimum(size, 1.5) / np.maximum(size, 1e-12))).astype(np.complex64)


@lru_cache(maxsize=1)
def _filled() -> NDArray[np.float32]:
    """Which share of the square around each frequency lies in the band."""
    inside = np.zeros((CELLS, CELLS // 2 + 1), np.float32)
    inside[DOWN % CELLS, ACROSS] = 1
    found = ndimage.uniform_filter(inside, 9, mode=("wrap", "constant"))[DOWN % CELLS, ACROSS]
    assert found.shape == (FREQUENCIES,)
    return found
