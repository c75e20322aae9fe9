"""Pitch of a recorded voice: its track, and the marks at which its periods begin.

The track is the method of Boersma (1993), "Accurate short-term analysis of the fundamental frequency": peaks of the
autocorrelation divided by that of the window, and the cheapest path through them. The marks follow the track by the
highest correlation of one period with the next, as Moulines and Charpentier (1990) need them for PSOLA.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

HOP = 0.005
"""Seconds between two values of a track."""
LOWEST, HIGHEST = 90.0, 480.0
"""Hertz that are looked for: a woman's voice, with room."""
_WINDOW = 0.035
_CANDIDATES = 6
_SILENT, _VOICED, _OCTAVE, _JUMP, _CHANGE = 0.03, 0.4, 0.03, 0.5, 0.12


@dataclass(frozen=True, slots=True)
class Track:
    """``hertz``: (frames,), float64, 0 where there is no voice, one value each ``HOP`` seconds from 0 on. ``clear``:
    (frames,), how periodic the voice is there, 0 to 1."""

    hertz: NDArray[np.float64]
    clear: NDArray[np.float64]

    def at(self, seconds: Any) -> NDArray[np.float64]:
        """Hertz at these times, between the values in a straight line; where there is no voice, of the nearest one.
        0 if there is none at all."""
        voiced = np.flatnonzero(self.hertz > 0)
        if not voiced.size:
            return np.zeros(np.shape(seconds))
        return np.asarray(np.interp(np.asarray(seconds) / HOP, voiced, self.hertz[voiced]))


def track(samples: NDArray[np.floating[Any]], rate: int) -> Track:
    """The pitch of ``samples``, (samples,), at ``rate``."""
    size = round(_WINDOW * rate)
    hop = round(HOP * rate)
    count = max(1, 1 + len(samples) // hop)
    padded = np.pad(np.asarray(samples, np.float64), (size // 2, size + hop))
    starts = np.arange(count) * hop
    frames = padded[starts[:, None] + np.arange(size)[None]]  # (frames, size)
    frames = frames - frames.mean(axis=1, keepdims=True)
    peak = np.abs(frames).max(axis=1)
    loudest = max(float(np.abs(samples).max(initial=0.0)), 1e-9)
    window = np.hanning(size)
    length = 1 << (2 * size - 1).bit_length()
    own = _autocorrelation((frames * window), length)
    of_window = _autocorrelation(window[None], length)[0]
    low, high = int(rate / HIGHEST), min(int(rate / LOWEST), size * 2 // 3)
    lags = np.arange(low - 1, high + 2)
    values = own[:, lags] / np.maximum(own[:, :1], 1e-12) / (of_window[lags] / of_window[0])  # (frames, lags)
    strengths, periods = _peaks(values, lags, rate)
    quiet = peak / loudest
    unvoiced = _VOICED + np.maximum(0.0, 2 - quiet / _SILENT * (1 + _VOICED))
    chosen = _cheapest(strengths, periods, unvoiced)
    rows = np.arange(count)
    hertz = np.where(chosen > 0, 1 / np.maximum(periods[rows, chosen - 1], 1e-9), 0.0)
    hertz[chosen == 0] = 0.0
    return Track(hertz, np.where(chosen > 0, np.clip(strengths[rows, chosen - 1], 0, 1), 0.0))


def _autocorrelation(frames: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(frames, length, axis=1)
    return np.asarray(np.fft.irfft(np.abs(spectrum) ** 2, length, axis=1))


def _peaks(values: NDArray[np.float64], lags: NDArray[np.int64], rate: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Strengths and periods (seconds) of the highest peaks of each frame, (frames, candidates)."""
    inner = values[:, 1:-1]
    peak = (inner > values[:, :-2]) & (inner >= values[:, 2:])
    scored = np.where(peak, inner - _OCTAVE * np.log2(LOWEST * lags[1:-1] / rate), -np.inf)
    best = np.argsort(-scored, axis=1)[:, :_CANDIDATES]
    rows = np.arange(len(values))[:, None]
    before, here, after = values[rows, best], values[rows, best + 1], values[rows, best + 2]
    bend = before - 2 * here + after
    shift = np.where(np.abs(bend) > 1e-12, 0.5 * (before - after) / np.where(bend == 0, 1, bend), 0.0)
    strengths = np.where(np.isfinite(scored[rows, best]), here, -1.0)
    return strengths, (lags[best + 1] + np.clip(shift, -0.5, 0.5)) / rate


def _cheapest(
    strengths: NDArray[np.float64], periods: NDArray[np.float64], unvoiced: NDArray[np.float64]
) -> NDArray[np.int64]:
    """The best path: for each frame 0 (no voice) or 1 and the candidate's number."""
    octave = _OCTAVE * np.log2(np.maximum(LOWEST * periods, 1e-6))
    gain = np.concatenate([unvoiced[:, None], strengths - octave], axis=1)  # (frames, 1 + candidates)
    logs = np.log2(np.maximum(periods, 1e-6))
    total, back = gain[0].copy(), np.zeros(gain.shape, np.int64)
    for frame in range(1, len(gain)):
        cost = np.full((gain.shape[1], gain.shape[1]), _CHANGE)
        cost[0, 0] = 0.0
        cost[1:, 1:] = _JUMP * np.abs(logs[frame - 1][:, None] - logs[frame][None])
        sums = total[:, None] - cost
        back[frame] = sums.argmax(axis=0)
        total = sums.max(axis=0) + gain[frame]
    path = np.zeros(len(gain), np.int64)
    path[-1] = int(total.argmax())
    for frame in range(len(gain) - 1, 0, -1):
        path[frame - 1] = back[frame, path[frame]]
    return path


def marks(samples: NDArray[np.floating[Any]], rate: int, found: Track) -> NDArray[np.int64]:
    """Where the periods of the voice begin, in samples, ascending; none where there is no voice."""
    signal = np.asarray(samples, np.float64)
    places: list[int] = []
    for start, stop in runs_of(found.hertz > 0):
        first, last = int(start * HOP * rate), min(int(stop * HOP * rate), len(signal) - 1)
        if last - first < rate / LOWEST:
            continue
        places += _marks_of(signal, rate, found, first, last)
    return np.array(sorted(set(places)), np.int64)


def _marks_of(signal: NDArray[np.float64], rate: int, found: Track, first: int, last: int) -> list[int]:
    centre = (first + last) // 2
    half = int(rate / max(float(found.at(centre / rate)), LOWEST) / 2) + 1
    lo = max(first, centre - half)
    begin = lo + int(np.argmax(np.abs(signal[lo : min(last, centre + half) + 1])))
    places = [begin]
    for way in (1, -1):
        place = begin
        while True:
            period = rate / max(float(found.at(place / rate)), LOWEST)
            place = _next(signal, place, way, period)
            if not first <= place <= last:
                break
            places.append(place)
    return places


def _next(signal: NDArray[np.float64], place: int, way: int, period: float) -> int:
    """The mark one period from ``place`` (``way`` 1: after it): where what is around is most alike."""
    reach = max(1, round(0.15 * period))
    half = round(period * 0.6)
    guess = place + way * round(period)
    low = guess - reach - half
    if low < 0 or guess + reach + half + 1 > len(signal) or place - half < 0 or place + half + 1 > len(signal):
        return guess
    own = signal[place - half : place + half + 1]
    others = np.lib.stride_tricks.sliding_window_view(signal[low : guess + reach + half + 1], 2 * half + 1)
    norms = np.sqrt((others**2).sum(axis=1) * (own @ own)) + 1e-12
    alike = others @ own / norms - 0.1 * np.abs(np.arange(-reach, reach + 1)) / period
    return guess - reach + int(alike.argmax())


def runs_of(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
