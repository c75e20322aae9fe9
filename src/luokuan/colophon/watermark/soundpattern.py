"""The secret pattern of the watermark of sound: a sign for each cell of 32 ms and a band, repeated every 4.1 s.

A part of the cells is the pilot, which says that and where there is a mark; the others carry the code bits of the id.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luokuan.colophon.watermark import soundcode as code
from luokuan.colophon.watermark.spectrum import CELL, edges

CELLS = 128
"""Cells of a period."""
PERIOD = CELLS * CELL
"""Frames of a period."""
PILOT = 0.4
"""Share of the cells that are the pilot's."""


@cache
def layout() -> NDArray[np.int64]:
    """Which code bit a cell carries, -1 for the pilot: int64 (cells, bands). It is the same for every key: the signs
    are the secret."""
    shape = (CELLS, len(edges()) - 1)
    bits = np.full(shape[0] * shape[1], -1)
    data = np.random.Generator(np.random.Philox(key=0)).permutation(bits.size)[int(PILOT * bits.size) :]
    bits[data] = np.arange(len(data)) % code.LENGTH
    return bits.reshape(shape)


@cache
def pilot() -> NDArray[np.bool_]:
    """Which cells are the pilot's, (cells, bands)."""
    return layout() < 0


@lru_cache(maxsize=8)
def signs_of(key: bytes) -> NDArray[np.float32]:
    """The signs of a key, -1 and 1, float32 (cells, bands): HMAC-SHA-256 of it, stretched by Philox."""
    digest = hmac.new(key, b"sound", hashlib.sha256).digest()
    stream = np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))
    return (1 - 2 * stream.integers(0, 2, layout().shape)).astype(np.float32)


def carrying(signs: NDArray[np.float32], amounts: NDArray[Any]) -> NDArray[np.float32]:
    """The signs, each times the amount of its code bit: float32 (cells, bands).

    Args:
        signs: (cells, bands).
        amounts: Of each code bit, (N,); the pilot's is 1.
    """
    return signs * np.append(amounts, 1.0).astype(np.float32)[layout()]


def soft_bits(cells: NDArray[Any], signs: NDArray[np.float32]) -> NDArray[np.float32]:
    """What cells (cells, bands) say about each code bit, (N,), in standard deviations of an unmarked sound."""
    data = ~pilot()
    bits, values = layout()[data], (cells * signs)[data]
    sums = np.bincount(bits, values, code.LENGTH)
    return np.asarray(sums / np.sqrt(np.maximum(np.bincount(bits, values**2, code.LENGTH), 1e-9)), np.float32)


def fold(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features (frames, bands), one period added onto another: (PERIOD, bands)."""
    periods = -(-len(features) // PERIOD)
    padded = np.pad(features, ((0, periods * PERIOD - len(features)), (0, 0)))
    return padded.reshape(periods, PERIOD, -1).sum(0)


def scores(folded: NDArray[np.float32], signs: NDArray[np.float32], part: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How well the pattern fits at each of the PERIOD offsets, in standard deviations of an unmarked sound.

    Signs are random and independent of an unmarked sound, so that Σ s·x / √Σ x² exceeds z with a probability of at
    most exp(-z²/2), whatever the x (Hoeffding 1963, theorem 2, J. Am. Stat. Assoc. 58).

    Args:
        folded: From ``fold``.
        signs: (cells, bands).
        part: Which cells count, (cells, bands).
    """
    from scipy.fft import irfft, rfft

    found = np.empty((CELLS, CELL))
    used = rfft(np.where(part, signs, 0), axis=0).conj()
    counted = rfft(part.astype(np.float32), axis=0).conj()
    for phase in range(CELL):
        cells = folded[phase::CELL]
        sums = irfft((rfft(cells, axis=0) * used).sum(1), CELLS)
        squares = irfft((rfft(cells**2, axis=0) * counted).sum(1), CELLS)
        found[:, phase] = sums / np.sqrt(np.maximum(squares, 1e-9))
    return found.ravel()
