"""The pattern of a picture's watermark: a square of 128 × 128 cells that repeats, made in the frequency domain.

A third of its frequencies are pilots, whose phases depend on the key alone: by them the mark is found. The others carry
the symbols of the id, two each. Which are which, and all phases, come from the key.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from luokuan.colophon.watermark import code

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELLS = 128
"""Cells a side of the pattern; a cell is a pixel where the picture's shortest side is 512 to 1,023 pixels."""
LOW, HIGH = 4.0, 24.0
"""The band in waves a pattern: lower ones are seen, and drowned in the picture; higher ones are lost in compression."""
PILOTS = 1 / 3
"""Share of frequencies that carry no symbols."""


def _band() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Waves downwards and across of each frequency in the band, one of each pair of opposite ones."""
    reach = int(HIGH)
    down, across = np.mgrid[-reach : reach + 1, 0 : reach + 1]
    size = np.hypot(down, across)
    inside = (size >= LOW) & (size <= HIGH) & ((across > 0) | (down > 0))
    return down[inside], across[inside]


DOWN, ACROSS = _band()
RADIUS = np.hypot(DOWN, ACROSS)
FREQUENCIES = len(DOWN)
_COUNT = round(PILOTS * FREQUENCIES)
SYMBOLS = 2 * (FREQUENCIES - _COUNT)
"""Symbols of an id that a pattern carries."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """What a key makes of the band. ``pilots``, ``carriers``: places in it; ``phases``: complex64 (pilots,), size 1;
    ``turns``: those by which the carriers' symbols are turned."""

    key: bytes
    pilots: NDArray[np.int64]
    phases: NDArray[np.complex64]
    carriers: NDArray[np.int64]
    turns: NDArray[np.complex64]

    def __repr__(self) -> str:
        return "Keyed()"


@lru_cache(maxsize=8)
def keyed(key: bytes) -> Keyed:
    """The band under ``key``."""
    order = np.argsort(code.stream(key, b"places", FREQUENCIES), kind="stable")
    angles = code.stream(key, b"phases", FREQUENCIES) * (2 * np.pi / 2**32)
    phases = np.exp(1j * angles).astype(np.complex64)
    pilots, carriers = order[:_COUNT], order[_COUNT:]
    return Keyed(key, pilots, phases[pilots], carriers, phases[carriers])


def tile(band: Keyed, work_id: str | None, side: int) -> NDArray[np.float32]:
    """One repeat of the pattern, float32 (side, side), with a mean square of 1; without an id only pilots."""
    values = np.zeros(FREQUENCIES, np.complex64)
    values[band.pilots] = band.phases
    if work_id is not None:
        symbols = code.encode(work_id, SYMBOLS, band.key)
        values[band.carriers] = (symbols[::2] + 1j * symbols[1::2]) * np.float32(np.sqrt(0.5)) * band.turns
    spectrum = np.zeros((side, side // 2 + 1), np.complex64)
    spectrum[DOWN % side, ACROSS] = values
    edge = ACROSS == 0  # this column holds both of each pair
    spectrum[-DOWN[edge] % side, 0] = values[edge].conj()
    made = np.fft.irfft2(spectrum, (side, side))
    return (made / np.sqrt(np.mean(made**2))).astype(np.float32)
