"""The pitch of speech: normalised cross-correlation, and the best path through its candidates (Talkin 1995, RAPT)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from luokuan.foundation.corpus.audio import resampled

LOWEST, HIGHEST = 70.0, 420.0
"""Hertz."""
_RATE = 8_000
_WINDOW = 0.03
_UNVOICED, _SWITCH, _JUMP, _LONG = 0.45, 0.25, 1.2, 0.08
"""Costs: of a frame without pitch, of beginning and ending, of an octave from frame to frame, of the longest lag."""
_QUIET = 0.02
"""Energy of a frame, as a share of the loud ones, below which nothing is voiced."""


def track(samples: NDArray[np.float32], rate: int, hop: int) -> NDArray[np.float32]:
    """Hertz at the middle of each ``hop`` samples; 0: no pitch. Samples (T·hop,) to float32 (T,)."""
    count = len(samples) // hop
    low = resampled(samples, rate, _RATE).astype(np.float64)
    short, long = int(_RATE / HIGHEST), int(np.ceil(_RATE / LOWEST)) + 1
    size = round(_WINDOW * _RATE)
    half = (size + long) // 2
    padded = np.pad(low, (half, half + long + size))
    middles = ((np.arange(count) + 0.5) * hop * _RATE / rate).astype(np.int64)
    frames = padded[middles[:, None] + np.arange(size + long)[None]]  # (T, size + long)
    energy = np.concatenate([np.zeros((count, 1)), np.cumsum(frames**2, axis=1)], axis=1)
    lags = np.arange(short, long)
    first = energy[:, size][:, None]
    second = energy[:, size + lags] - energy[:, lags]
    # Of all lags at once, by the Fourier transform.
    length = 1 << int(np.ceil(np.log2(2 * size + long)))
    spectrum = np.fft.rfft(frames[:, :size], length).conj() * np.fft.rfft(frames, length)
    fit = np.fft.irfft(spectrum, length)[:, lags] / np.sqrt(first * second + 1e-9)
    quiet = first[:, 0] < _QUIET * np.percentile(first, 90) if count else first[:, 0] < 0
    costs = 1 - fit + _LONG * lags / long + 2.0 * quiet[:, None]
    path = _best(costs, lags)
    found = np.zeros(count, np.float32)
    for t in np.flatnonzero(path >= 0):
        found[t] = _RATE / _refined(fit[t], int(path[t]), lags)
    return found


def _best(costs: NDArray[np.float64], lags: NDArray[np.int64]) -> NDArray[np.int64]:
    """The cheapest way through (T, lags), index of the lag or -1 for no pitch, (T,)."""
    octaves = np.log2(lags)
    jumps = _JUMP * np.abs(octaves[:, None] - octaves[None])  # from, to
    count = len(costs)
    came = np.zeros((count, len(lags) + 1), np.int64)
    total = np.append(costs[0], _UNVOICED) if count else np.zeros(len(lags) + 1)
    for t in range(1, count):
        ways = total[:-1, None] + jumps
        came[t, :-1] = ways.argmin(0)
        stay = ways[came[t, :-1], np.arange(len(lags))]
        begins = total[-1] + _SWITCH
        came[t, :-1] = np.where(begins < stay, len(lags), came[t, :-1])
        ends = int(total[:-1].argmin())
        silent = total[-1] <= total[ends] + _SWITCH
        came[t, -1] = len(lags) if silent else ends
        last = total[-1] if silent else total[ends] + _SWITCH
        total = np.append(np.minimum(stay, begins) + costs[t], last + _UNVOICED)
    path = np.full(count, -1, np.int64)
    state = int(total.argmin())
    for t in range(count - 1, -1, -1):
        path[t] = -1 if state == len(lags) else state
        state = int(came[t, state])
    return path


def _refined(fit: NDArray[np.float64], place: int, lags: NDArray[np.int64]) -> float:
    """The lag at the top of the parabola through a candidate and its neighbours."""
    if not 0 < place < len(lags) - 1:
        return float(lags[place])
    left, middle, right = fit[place - 1 : place + 2]
    bend = left - 2 * middle + right
    return float(lags[place] + (0.5 * (left - right) / bend if bend < -1e-9 else 0.0))
