"""What the watermark of sound is written into and read from: how loud each band is, moment by moment.

Everything happens at 16 kHz in frames of 64 ms, 16 ms apart (Hann window), so that neither rate nor codec matters.
Bands are 47 Hz wide at 250 Hz and 280 Hz at 6.4 kHz, about a third of the ear's critical bands.
"""

from __future__ import annotations

from functools import cache
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

RATE = 16_000
SIZE, HOP = 1024, 256
LOWEST, HIGHEST = 250.0, 6400.0
WIDTH, NARROWEST = 0.045, 47.0
CELL = 2
"""Frames that a sign of the pattern lasts: 32 ms."""
QUIET = 10 ** (-70 / 10)
"""Mean square below which a frame is silence: -70 dBFS."""
DEEPEST = 0.3
"""Largest change of a bin's amplitude, before single bits are made up to 1.8 times stronger: 10 dB below the sound in
the same 16 Hz and 64 ms."""
BUDGET = 10 ** (-27 / 10)
"""Energy of the mark over the sound's, before overlapping frames take about 2 dB off."""
_FLOOR = 10 ** (-90 / 10)
_CHANNELS_AT_ONCE = 2
_MANY, _EACH = 100_000, 7


@cache
def window() -> NDArray[np.float32]:
    """Hann window, periodic."""
    phase = 2 * np.pi * np.arange(SIZE) / SIZE
    return (0.5 - 0.5 * np.cos(phase)).astype(np.float32)


@cache
def edges() -> NDArray[np.float64]:
    """Edges of the bands, Hz, (bands + 1,)."""
    found, at = [], LOWEST
    while at < HIGHEST:
        found.append(at)
        at += max(NARROWEST, at * WIDTH)
    return np.array(found)


@cache
def band_of_bin() -> NDArray[np.int64]:
    """The band of each bin, -1 outside, (513,)."""
    bins = np.arange(SIZE // 2 + 1) * RATE / SIZE
    at = np.searchsorted(edges(), bins, side="right") - 1
    at[at == len(edges()) - 1] = -1
    return at


def resample(samples: Array, source: int, target: int) -> NDArray[np.float32]:
    """Samples at another rate, float32 (channels, samples)."""
    from scipy.signal import resample_poly

    common = gcd(source, target)
    changed = samples if source == target else resample_poly(samples, target // common, source // common, axis=-1)
    return np.asarray(changed, np.float32)


def analyse(samples: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Short-time spectrum of (channels, samples) at 16 kHz: complex64 (channels, frames, 513)."""
    from scipy.fft import rfft

    padded = np.pad(samples, ((0, 0), (SIZE - HOP, SIZE)))
    cut = np.lib.stride_tricks.sliding_window_view(padded, SIZE, axis=1)[:, ::HOP]
    return np.asarray(rfft(cut * window(), axis=2), np.complex64)


def synthesise(spectrum: NDArray[np.complex64], length: int) -> NDArray[np.float32]:
    """What ``analyse`` took apart, float32 (channels, length)."""
    from scipy.fft import irfft

    # Hann squared, a quarter of its length apart, adds up to 3/2.
    parts = np.asarray(irfft(spectrum, SIZE, axis=2), np.float32) * (window() / np.float32(1.5))
    channels, frames, _ = parts.shape
    out = np.zeros((channels, (frames + SIZE // HOP) * HOP), np.float32)
    for part in range(SIZE // HOP):
        piece = parts[:, :, part * HOP : (part + 1) * HOP].reshape(channels, -1)
        out[:, part * HOP : part * HOP + piece.shape[1]] += piece
    return out[:, SIZE - HOP : SIZE - HOP + length]


def power(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Power of each frame and bin, summed over channels, float32 (frames, 513)."""
    total: NDArray[np.float32] | None = None
    for first in range(0, len(samples), _CHANNELS_AT_ONCE):
        part = power_of(analyse(samples[first : first + _CHANNELS_AT_ONCE]))
        total = part if total is None else total + part
    assert total is not None
    return total


def power_of(spectrum: NDArray[np.complex64]) -> NDArray[np.float32]:
    """Power of a spectrum (channels, frames, bins), summed over channels."""
    return np.asarray((spectrum.real**2 + spectrum.imag**2).sum(0), np.float32)


def loudness(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean square of each frame (Parseval), (frames,)."""
    return np.asarray(power.sum(1) * 2 / (SIZE * float((window() ** 2).sum())), np.float32)


def levels(power: NDArray[np.float32]) -> NDArray[np.float64]:
    """Running sums over bins of the logarithm of the power, (frames, 514): means of any band are a difference away.

    A floor below the neighbourhood (500 Hz, 20 dB) and the whole (70 dB) keeps out what any codec throws away.
    """
    sums = np.zeros((len(power), power.shape[1] + 1))
    np.cumsum(_logarithms(power), axis=1, dtype=np.float64, out=sums[:, 1:])
    return sums


def _logarithms(power: NDArray[np.float32]) -> NDArray[np.float32]:
    from scipy.ndimage import uniform_filter1d

    near = uniform_filter1d(power, 31, axis=1)
    floor = _FLOOR * float((window() ** 2).sum()) + float(power.mean(dtype=np.float64)) * 1e-7
    return np.asarray(np.log(power + 0.01 * near + np.float32(floor)), np.float32)


def features(levels: NDArray[np.float64], speed: float = 1.0) -> NDArray[np.float32]:
    """How much louder each band is than the moments and bands around it, in standard deviations, -2.5 to 2.5.

    Args:
        levels: From ``levels``.
        speed: How much faster the sound is played than it was marked: bands and time are stretched back by it.

    Returns:
        float32 (frames of the unstretched sound, bands); each value covers a cell that starts with its frame.
    """
    at = _places(speed)
    whole = np.minimum(at.astype(int), SIZE // 2)
    rest = at - whole
    sums = levels[:, whole] * (1 - rest) + levels[:, whole + 1] * rest
    scaled = _contrasts((np.diff(sums, axis=1) / np.diff(at)).astype(np.float32))
    if speed == 1.0:
        return scaled
    place = np.arange(int(len(scaled) * speed)) / speed
    before = np.minimum(place.astype(int), len(scaled) - 1)
    after = np.minimum(before + 1, len(scaled) - 1)
    share = (place - before)[:, None].astype(np.float32)
    return np.asarray(scaled[before] * (1 - share) + scaled[after] * share, np.float32)


def features_of(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """``features`` of the ``levels`` of a power, at its own speed, in a tenth of the time."""
    return _contrasts(_logarithms(power) @ _shares())


def _places(speed: float) -> NDArray[np.float64]:
    """The bands' edges, counted in bins from the first one's lower end."""
    return np.clip(edges() * speed / (RATE / SIZE) + 0.5, 0, SIZE // 2 + 1)


@cache
def _shares() -> NDArray[np.float32]:
    """The share that each bin has in each band's mean, (513, bands)."""
    below = np.clip(_places(1.0)[None, :] - np.arange(SIZE // 2 + 1)[:, None], 0, 1)
    return (np.diff(below, axis=1) / np.diff(_places(1.0))).astype(np.float32)


def _contrasts(means: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much louder each band is than the moments and bands around it, from the bands' means."""
    cells = (means[:-1] + means[1:]) / 2
    # Differences from the cells before and after and from the two bands on either side take off the sound itself,
    # which changes more slowly than the pattern.
    around = np.pad(cells, ((CELL, CELL), (0, 0)), mode="edge")
    cells = cells - (around[: -2 * CELL] + around[2 * CELL :]) / 2
    beside = np.pad(cells, ((0, 0), (2, 2)), mode="edge")
    cells = cells - 0.175 * (beside[:, :-4] + beside[:, 1:-3] + beside[:, 3:-1] + beside[:, 4:])
    return _scaled(np.asarray(cells, np.float32))


def _scaled(values: NDArray[np.float32]) -> NDArray[np.float32]:
    from scipy.ndimage import uniform_filter1d

    spread = np.sqrt(uniform_filter1d(values**2, 32, axis=0) + np.float32(1e-3))  # over half a second
    return np.clip(values / spread, -2.5, 2.5)


@cache
def critical() -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Critical bands: the one of each bin (513,), which bins are in each (513, bands), and how they mask each other
    (bands, bands)."""
    # Zwicker & Terhardt 1980, J. Acoust. Soc. Am. 68, and the spreading function of Schroeder et al. 1979, there 66.
    bins = np.arange(SIZE // 2 + 1) * RATE / SIZE
    band = (13 * np.arctan(0.00076 * bins) + 3.5 * np.arctan((bins / 7500) ** 2)).astype(int)
    numbers = np.arange(int(band.max()) + 1)
    distance = numbers[None, :] - numbers[:, None] + 0.474
    spread = 10 ** ((15.81 + 7.5 * distance - 17.5 * np.sqrt(1 + distance**2)) / 10)
    members = np.equal.outer(band, numbers).astype(np.float32)
    return band, members, (spread / spread.sum(0)).astype(np.float32)


def masking(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """What another sound may have in each critical band without being heard, float32 (frames, bands).

    Johnston 1988 (IEEE J. Sel. Areas Commun. 6), without his correction for the threshold in quiet: the power of each
    band, spread over its neighbours, lowered by 5.5 dB where the frame is like noise to 14.5 dB and the band's number
    where it is like tones (by its spectral flatness).
    """
    _, members, spread = critical()
    mean = power.mean(1) + np.float32(1e-12)
    flat = 10 * (np.log10(power + 1e-6 * mean[:, None]).mean(1) - np.log10(mean))
    tonal = np.clip(flat / -60, 0, 1)[:, None]
    offset = tonal * (14.5 + np.arange(members.shape[1])) + (1 - tonal) * 5.5
    return np.asarray((power @ members) @ spread * 10 ** (-offset / 10), np.float32)


def capped(
    depths: NDArray[np.float32], power: NDArray[np.float32], masking: NDArray[np.float32], over: float
) -> NDArray[np.float32]:
    """Depths where no bin of the mark has more than its share of the masking threshold, times ``over``."""
    band, members, _ = critical()
    share = (masking * np.float32(over) / members.sum(0))[:, band]
    return depths * np.sqrt(np.minimum(1, share / np.maximum(depths**2 * power, np.float32(1e-20))))


def depths(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """How deep the mark may go in each bin, as a share of its amplitude, 0 to ``DEEPEST``; float32 (frames, 513).

    Soft bins get the full depth, loud ones so much less that the mark's power is the same in all of them, and that
    in all it keeps the budget (water-filling from below): what is loud is where the ear and the ratio would notice.
    """
    inside = (band_of_bin() >= 0)[None, :] & (loudness(power) > QUIET)[:, None]
    heard = power[inside]
    if not heard.size:
        return np.zeros_like(power)
    allowed = float(power.sum(dtype=np.float64)) * BUDGET / DEEPEST**2
    some = heard[:: _EACH if heard.size > _MANY else 1]
    allowed *= len(some) / len(heard)
    low, high = 1e-14 * float(heard.max()), float(heard.max())
    for _ in range(24):
        middle = (low * high) ** 0.5
        if float(np.minimum(some, np.float32(middle)).sum(dtype=np.float64)) > allowed:
            high = middle
        else:
            low = middle
    found = np.zeros_like(power)
    found[inside] = DEEPEST * np.sqrt(np.minimum(1, np.float32(low) / np.maximum(heard, np.float32(low) * 1e-6)))
    return found
