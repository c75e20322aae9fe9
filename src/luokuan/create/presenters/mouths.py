"""The mouth over time, from the sounds of speech and its loudness.

Neighbouring sounds share the lips by the dominance functions of Cohen and Massaro (1993), "Modeling coarticulation in
synthetic visual speech": each has a target and an influence that falls off exponentially before and after its middle;
the mouth is the mean of the targets by their influence at that time. The opening then follows the envelope of the
sound, and for p, b and m the lips meet, whatever the mean says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from luokuan.create.presenters.visemes import CLOSED, VISEMES, viseme_of
from luokuan.create.voices.voice import Phone

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from luokuan.media import Sound

FALL = 1.9
"""How fast the influence of a sound falls off, in half lengths of it: theta of the paper."""
_LEAST = 0.045  # seconds of half length for the shortest sounds
_REST = 0.16  # seconds without a sound from which on the mouth comes to rest
_PARTING = 0.055  # seconds in which closed lips come apart
_QUIET = 0.15  # what of the opening doesn't ask how loud it is
_WINDOW = 0.06  # seconds over which loudness is taken
_CHUNK = 512  # frames at a time
_STOP_SHARE = 0.65  # of p and b, how long lips stay closed
TRAITS = ("open", "wide", "teeth", "tongue", "tuck")


@dataclass(frozen=True, slots=True)
class Mouths:
    """A mouth for each frame, see ``visemes.Shape``: each (frames,) float64. ``loud``: the envelope, 0 to 1."""

    open: NDArray[np.float64]
    wide: NDArray[np.float64]
    teeth: NDArray[np.float64]
    tongue: NDArray[np.float64]
    tuck: NDArray[np.float64]
    loud: NDArray[np.float64]


def envelope(sound: Sound, fps: float, count: int) -> NDArray[np.float64]:
    """Root mean square around the middle of each frame, (count,), 1 where it is as loud as its loudest twentieth."""
    samples = sound.samples.astype(np.float64).mean(axis=0)
    power = np.concatenate([[0.0], np.cumsum(samples**2)])
    middles = (np.arange(count) + 0.5) / fps * sound.rate
    half = _WINDOW / 2 * sound.rate
    low, high = (np.clip(middles + side, 0, len(samples)).astype(np.intp) for side in (-half, half))
    rms = np.sqrt(np.maximum(power[high] - power[low], 0.0) / np.maximum(high - low, 1))
    top = float(np.quantile(rms[rms > 0], 0.95)) if (rms > 0).any() else 1.0
    return np.clip(rms / max(top, 1e-9), 0.0, 1.0)


def times_of(count: int, fps: float) -> NDArray[np.float64]:
    """The middles of frames in seconds, (count,)."""
    return np.asarray((np.arange(count) + 0.5) / fps, np.float64)


def mouths(phones: Sequence[Phone], sound: Sound, fps: float, count: int) -> Mouths:
    """The mouth of each of ``count`` frames.

    Args:
        phones: Sounds in the order of time; those that lips have no part in are left to the others.
        sound: What is heard.
        fps: Frames a second.
        count: Frames.
    """
    loud = envelope(sound, fps, count)
    shown = _with_rests(phones, count / fps)
    times = times_of(count, fps)
    mixed = _mixed(shown, times)
    found = dict(zip(TRAITS, mixed.T, strict=True))
    opening = found["open"] * (_QUIET + (1 - _QUIET) * loud**0.8)
    for phone in phones:
        if viseme_of(phone.symbol) == CLOSED:
            _close(opening, times, phone)
    return Mouths(opening, found["wide"], found["teeth"], found["tongue"], found["tuck"], loud)


def _with_rests(phones: Sequence[Phone], seconds: float) -> list[tuple[int, float, float]]:
    """(viseme, start, end), with rests where nothing is said."""
    found: list[tuple[int, float, float]] = []
    now = 0.0
    for phone in phones:
        if phone.end <= phone.start:
            continue  # a mark
        if phone.start - now > _REST or not found:
            found += _rest(now, phone.start)
        now = max(now, phone.end)
        number = viseme_of(phone.symbol)
        if number is not None:
            found.append((number, phone.start, phone.end))
    return [*found, *_rest(now, max(seconds, now + 0.3))]


def _rest(start: float, end: float) -> list[tuple[int, float, float]]:
    """Rests of at most a fifth of a second each, so that the middle of none is far from where it begins."""
    parts = max(1, round((end - start) / 0.2))
    step = (end - start) / parts
    return [(0, start + k * step, start + (k + 1) * step) for k in range(parts)]


def _mixed(shown: Sequence[tuple[int, float, float]], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of the targets at each time, (times, traits)."""
    shapes = [VISEMES[number] for number, _start, _end in shown]
    targets = np.array([[getattr(shape, trait) for trait in TRAITS] for shape in shapes])  # (sounds, traits)
    force = np.array([shape.force for shape in shapes])
    middle = np.array([(start + end) / 2 for _n, start, end in shown])
    half = np.array([max((end - start) / 2, _LEAST) for _n, start, end in shown])
    out = np.empty((len(times), len(TRAITS)))
    order = np.argsort(middle, kind="stable")
    targets, force, middle, half = targets[order], force[order], middle[order], half[order]
    for first in range(0, len(times), _CHUNK):
        part = times[first : first + _CHUNK]
        low, high = np.searchsorted(middle, (part[0] - 2.0, part[-1] + 2.0))
        low, high = max(0, low - 1), min(len(middle), high + 1)
        far = np.abs(part[:, None] - middle[low:high]) / half[low:high]
        influence = force[low:high] * np.exp(-FALL * far) + 1e-12
        out[first : first + len(part)] = influence @ targets[low:high] / influence.sum(axis=1, keepdims=True)
    return out


def _close(opening: NDArray[np.float64], times: NDArray[np.float64], phone: Phone) -> None:
    """Let the lips meet for a sound, in place: at least in the frame nearest to its middle."""
    end = phone.end if phone.symbol == "m" else phone.start + _STOP_SHARE * (phone.end - phone.start)
    middle = (phone.start + end) / 2
    away = np.maximum(np.maximum(phone.start - times, times - end), 0.0)
    near = np.flatnonzero(away < _PARTING)
    share = away[near] / _PARTING
    opening[near] *= share * share * (3 - 2 * share)
    opening[int(np.argmin(np.abs(times - middle)))] = 0.0
