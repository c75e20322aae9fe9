"""The invisible watermark of pictures: a spread spectrum in luma that repeats, so that a part of the picture will do.

(Spread spectrum: Cox et al. 1997, IEEE Trans. Image Process. 6:1673.) The pattern is added to red, green and blue
alike, stronger where the picture is busy, to a fixed distance from the original. ``lattice`` finds scale and rotation
without the key; the key's pilots then tell whether it is this home's mark, and at which offset the symbols begin.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from luokuan.colophon.watermark import code
from luokuan.colophon.watermark.finding import Finding, chance, numbers, threshold
from luokuan.colophon.watermark.pattern import (
    ACROSS,
    CELLS,
    DOWN,
    FREQUENCIES,
    HIGH,
    LOW,
    RADIUS,
    SYMBOLS,
    Keyed,
    keyed,
    tile,
)
from luokuan.media import Media, Picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

KIND = "picture"
ALGORITHM = "org.luokuan.watermark.picture.1"
"""Name in the C2PA soft binding; another embedding or code needs another number."""
PSNR = 39.0
"""Distance of the marked picture from the original, dB; rounding and clipping change it by less than 1."""
ID_SIDE = 512
"""Shortest side from which on a picture carries the id; a smaller one carries the pilots alone."""
MIN_SIDE = 64
"""Shortest side of a picture that carries anything."""

_BUSY = (6.0, 30.0)  # local deviation, of 255, between which the mark grows
_BOOST = 1.6  # most that is added for what white or black swallow
_RINGS = 8
_SAMPLE = 7  # has no factor in common with the pattern's sides


def subkey(secret: bytes) -> bytes:
    """The key of the mark in pictures, from the home's secret."""
    return code.subkey(secret, b"picture")


def pattern_side(short: int) -> int:
    """Side of the pattern in pixels for a picture's shortest side: 64, or 128 times the power of 2 below short / 512.

    So four to eight repeats stand on it, and a large picture still shows them when it is made small.
    """
    side = CELLS // 2
    while side * 8 <= short:
        side *= 2
    return side


def embed(picture: Picture, work_id: str, key: bytes) -> Picture:
    """A copy of ``picture`` that carries the mark.

    Args:
        picture: uint8 (H, W, 3|4). Where it is transparent nothing changes.
        work_id: 16 hexadecimal digits. Below 512 pixels it isn't carried, below 64 nothing is.
        key: From ``subkey``.

    Returns:
        The picture at ``PSNR`` dB from the original over all visible pixels, or nearer where white or black swallow
        the mark.
    """
    pixels = picture.pixels
    height, width = pixels.shape[:2]
    if min(height, width) < MIN_SIDE:
        return Picture(pixels.copy())
    side = pattern_side(min(height, width))
    pattern = _tile(key, work_id, side, min(height, width) >= ID_SIDE)
    block = side // 16
    gain = _gain(pixels, block)
    rows, columns = _between(height, block, gain.shape[0]), _between(width, block, gain.shape[1])
    across = np.ascontiguousarray(_mixed(gain.T, columns).T)  # (blocks down, W)
    strength = _strength(pixels, pattern, rows, across)
    wide = np.tile(pattern * np.float32(strength), (1, -(-width // side)))[:, :width]
    out = pixels.copy()
    for top in range(0, height, block * 8):  # in strips, which stay in the processor's cache
        down = np.arange(top, min(height, top + block * 8))
        added = np.rint(wide[down % side] * _mixed(across, rows[down])).astype(np.int16)
        before = pixels[down[0] : down[-1] + 1]
        after = np.clip(before[..., :3] + added[..., None], 0, 255).astype(np.uint8)
        if pixels.shape[2] == 4:
            after = np.where(before[..., 3:] > 0, after, before[..., :3])
        out[down[0] : down[-1] + 1, :, :3] = after
    return Picture(out)


@lru_cache(maxsize=8)
def _tile(key: bytes, work_id: str, side: int, with_id: bool) -> NDArray[np.float32]:
    # Each work's pattern begins at a place of its own: else the mean of many works would show the pilots to anybody.
    shift = code.stream(key, b"shift" + work_id.encode(), 2) % side
    # Kept: each frame of a clip takes the same.
    return np.roll(
        tile(keyed(key), work_id if with_id else None, side), tuple(int(part) for part in shift), axis=(0, 1)
    )


def _gain(pixels: NDArray[np.uint8], block: int) -> NDArray[np.float32]:
    """How strong the mark is in each block (blocks down, blocks across), 1 on plain ground to 2.2 on busy one.

    Busy ground hides more (masking: Watson 1993, Proc. SPIE 1913:202); plain ground keeps its share, for in flat
    drawings there is nothing else.
    """
    from scipy import ndimage

    height, width = pixels.shape[:2]
    step = max(1, block // 4)  # a block's deviation is told by 16 of its pixels
    green = pixels[::step, ::step, 1].astype(np.float32)
    size = block // step
    down, across = -(-height // block), -(-width // block)
    green = np.pad(green, ((0, down * size - green.shape[0]), (0, across * size - green.shape[1])), mode="edge")

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return values.reshape(down, size, -1).mean(axis=1).reshape(down, across, size).mean(axis=2)

    deviation = np.sqrt(np.maximum(mean(green * green) - mean(green) ** 2, 0))
    busy = ndimage.uniform_filter(deviation, 3, mode="nearest")
    return np.sqrt(np.clip(_BUSY[0] + busy, *_BUSY) / _BUSY[0])


def _between(length: int, block: int, blocks: int) -> NDArray[np.float32]:
    """Where each of ``length`` places lies among the middles of blocks, from 0 to ``blocks`` - 1."""
    return np.clip((np.arange(length, dtype=np.float32) + 0.5) / block - 0.5, 0, blocks - 1)


def _mixed(values: NDArray[np.float32], places: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows of ``values`` (blocks, …) at ``places``, between two of them by linear interpolation.

    No matrix product: its threads would wait for each other on a busy machine, frame after frame.
    """
    below = places.astype(np.intp)
    above = np.minimum(below + 1, len(values) - 1)
    share = (places - below)[:, None]
    return values[below] * (1 - share) + values[above] * share


def _strength(
    pixels: NDArray[np.uint8],
    pattern: NDArray[np.float32],
    rows: NDArray[np.float32],
    across: NDArray[np.float32],
) -> float:
    """By what the pattern is multiplied so that a sample of the visible pixels has the PSNR after clipping."""
    side, aim = len(pattern), 255**2 / 10 ** (PSNR / 10)
    some = pixels[::_SAMPLE, ::_SAMPLE].astype(np.float32)
    down, right = np.arange(0, pixels.shape[0], _SAMPLE), np.arange(0, pixels.shape[1], _SAMPLE)
    added = pattern[down[:, None] % side, right % side] * _mixed(across[:, right], rows[down])
    visible = some[..., 3] > 0 if some.shape[2] == 4 else np.ones(some.shape[:2], bool)
    if not visible.any():
        return 0.0
    some, added = some[visible][:, :3], added[visible]
    first = strength = float(np.sqrt(aim / max(1e-12, float(np.mean(added**2)))))
    for _ in range(3):
        change = np.clip(some + strength * added[:, None], 0, 255) - some
        strength *= float(np.sqrt(aim / max(1e-12, float(np.mean(change**2)))))
        strength = min(strength, _BOOST * first)
    return strength


def detect(picture: Picture, key: bytes) -> Finding:
    """Look for the mark of ``key`` in a picture of any size."""
    if min(picture.height, picture.width) < MIN_SIDE:
        return Finding(KIND, None, 0.0, THRESHOLD, 1.0, "small")
    return find(features(picture), key)


def trace_of(seen: NDArray[np.complex64]) -> bytes:
    """What ``features`` gave, to be sent to another process."""
    return np.ascontiguousarray(seen, "<c8").tobytes()


def find(seen: NDArray[np.complex64], key: bytes) -> Finding:
    """Look for the mark of ``key`` in what ``features`` gave: the more lattices, the higher the threshold."""
    band = keyed(key)
    places = len(seen) * CELLS * CELLS
    z, which, shift = locate(seen, band)
    least = threshold(places)
    found = code.decode(symbols(seen[which], band, shift), key)[0] if z >= least else None
    return Finding(KIND, found, z, least, chance(z, places))


def features(picture: Picture) -> NDArray[np.complex64]:
    """What of a picture doesn't depend on a key: the band's amplitudes (lattices, FREQUENCIES) for each lattice."""
    from luokuan.colophon.watermark import lattice

    grey, by = lattice.reduced(picture.pixels)
    return folded(lattice.detail(grey), min(picture.height, picture.width), by)


def folded(fine: NDArray[np.float32], short: int, by: int) -> NDArray[np.complex64]:
    """Those amplitudes of what ``lattice.detail`` left of a picture with this shortest side, divided by ``by``."""
    from luokuan.colophon.watermark import lattice

    tried = [(pattern_side(short) / by, 0.0), *lattice.lattices(fine)]
    return np.stack([lattice.fold(fine, one) for one in tried])


LATTICES = 4
"""Lattices that are tried in a picture."""
PLACES = LATTICES * CELLS * CELLS
"""Places of the pattern that are tried in a picture: the best of them counts."""
THRESHOLD = threshold(PLACES)


def locate(seen: NDArray[np.complex64], band: Keyed) -> tuple[float, int, tuple[int, int]]:
    """The best place of the key's pilots: z, which lattice, and the shift (down, across) in cells."""
    from scipy import fft

    own = seen[:, band.pilots] * band.phases.conj()  # (lattices, pilots)
    reach = int(HIGH) + 1
    spectrum = np.zeros((len(own), CELLS, reach), np.complex64)
    spectrum[:, DOWN[band.pilots] % CELLS, ACROSS[band.pilots]] = own
    edge = ACROSS[band.pilots] == 0
    spectrum[:, -DOWN[band.pilots][edge] % CELLS, 0] = own[:, edge].conj()
    sums = fft.irfft(fft.ifft(spectrum, axis=1, overwrite_x=True), CELLS, axis=2)  # (lattices, CELLS, CELLS)
    deviation = np.sqrt(0.5 * np.sum(np.abs(own) ** 2, axis=1))
    sums *= (0.5 * CELLS * CELLS / np.maximum(deviation, 1e-9)).astype(np.float32)[:, None, None]
    which, down, across = np.unravel_index(int(np.argmax(sums)), sums.shape)
    return float(sums[which, down, across]), int(which), (int(down), int(across))


def symbols(amplitudes: NDArray[np.complex64], band: Keyed, shift: tuple[int, int]) -> NDArray[np.float64]:
    """Soft values of the id's symbols, with each ring of the band trusted as far as its pilots came through."""
    placed = amplitudes * np.exp(2j * np.pi * (DOWN * shift[0] + ACROSS * shift[1]) / CELLS)
    ring = ((RADIUS - LOW) * (_RINGS / (HIGH - LOW + 1e-6))).astype(int)
    agree = (placed[band.pilots] * band.phases.conj()).real
    counts = np.bincount(ring[band.pilots], minlength=_RINGS)
    trust = np.maximum(np.bincount(ring[band.pilots], agree, _RINGS) / np.maximum(counts, 1), 0.02)
    turned = placed[band.carriers] * band.turns.conj() * trust[ring[band.carriers]]
    soft = np.empty(SYMBOLS)
    soft[::2], soft[1::2] = turned.real, turned.imag
    return soft


@dataclass(frozen=True, slots=True)
class PictureMarker:
    """The mark of pictures; see ``marking.Marker``."""

    algorithm: str = ALGORITHM
    kind: str = KIND

    def embed(self, media: Media, work_id: str, secret: bytes) -> Picture:
        """The picture with the mark of the home with this secret."""
        assert isinstance(media, Picture)
        return embed(media, work_id, subkey(secret))

    def detect(self, media: Media, secret: bytes) -> Finding:
        """Look for that mark."""
        return self.search(self.trace(media), secret)

    def trace(self, media: Media) -> bytes:
        """See ``features``."""
        assert isinstance(media, Picture)
        return b"" if min(media.height, media.width) < MIN_SIDE else trace_of(features(media))

    def search(self, trace: bytes, secret: bytes) -> Finding:
        """Look for that mark in a trace."""
        if not trace:
            return Finding(KIND, None, 0.0, THRESHOLD, 1.0, "small")
        return find(numbers(trace, np.complex64, FREQUENCIES, LATTICES), subkey(secret))


MARKER = PictureMarker()
