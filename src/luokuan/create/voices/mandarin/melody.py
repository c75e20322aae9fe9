"""The melody of a phrase: pitch over time from the tones of its syllables.

Target approximation (Prom-on, Xu and Thipakorn 2009, "Modeling tone and intonation in Mandarin and English as a process
of target approximation", eqs. 1 to 5): during each syllable the pitch approaches a line, its tone's target, as a
critically damped system of third order does, and goes on from where the syllable before has left it. So the tones
colour each other as they do in speech. The targets are the speaker's: their heights are those of her mean contours.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 42.0
"""How fast a target is approached, 1/s: λ of the paper; at 42 it is reached within about a tenth of a second."""
RANGE = 0.85
"""Of the speaker's range when she says one syllable; running speech has less."""
DECLINE = 0.045
"""Octaves by which a second of a phrase is lower than the one before; at most three seconds' worth."""
STEP = 0.005


@dataclass(frozen=True, slots=True)
class Tone:
    """A syllable's place in the melody: its ``tone``, 1 to 5, where it is ``start`` and ``end`` (seconds), and whether
    it is the ``last`` of its phrase."""

    tone: int
    start: float
    end: float
    last: bool = False


def heights(contours: Mapping[str, Sequence[float]]) -> dict[int, tuple[float, float]]:
    """The targets of the tones, octaves above 1 Hz at a syllable's start and end, from mean contours in hertz."""
    log = {int(tone): [math.log2(v) for v in values] for tone, values in contours.items()}
    high, low = sum(log[1]) / len(log[1]), min(log[3])
    rise, fall = log[2], log[4]
    middle = (high + low) / 2
    found = {
        1: (high, high),
        2: (min(rise) - 0.25, max(rise) + 0.05),  # the pitch lags behind a line that moves
        3: (low, low),
        4: (max(fall) + 0.15, min(fall) - 0.15),
        5: (middle - 0.1, middle - 0.25),
    }
    return {tone: tuple(middle + RANGE * (v - middle) for v in pair) for tone, pair in found.items()}  # type: ignore[misc]


def melody(
    tones: Sequence[Tone], targets: Mapping[int, tuple[float, float]], *, rising: bool = False
) -> NDArray[np.float64]:
    """Hertz each ``STEP`` seconds from 0 to the end of the last of ``tones``, float64, (steps,).

    Args:
        tones: In order, each beginning where the one before ends, or later.
        targets: See ``heights``.
        rising: Whether it is a question whose words alone don't say so: it declines less, and its end is higher.
    """
    count = max(1, math.ceil(tones[-1].end / STEP) + 1)
    out = np.zeros(count)
    first = targets[tones[0].tone][0]
    state = (0.5 * (first + _middle(targets)), 0.0, 0.0)
    for place, one in enumerate(tones):
        before = tones[place - 1].tone if place else 0
        lowered = DECLINE * min(one.start, 3.0) * (0.4 if rising else 1.0)
        lifted = 0.12 * (place + 1) / len(tones) if rising else 0.0
        start, end = (value - lowered + lifted for value in _target(one, before, targets))
        length = max(one.end - one.start, STEP)
        if one.tone == 3 and one.last and length > 0.28:
            # Alone or at the end the third tone rises again.
            bend = one.start + 0.62 * length
            state = _approach(out, one.start, bend, start, end, state)
            state = _approach(out, bend, one.end, end, end + 0.35 * RANGE, state)
        else:
            state = _approach(out, one.start, one.end, start, end, state)
        if place + 1 < len(tones) and tones[place + 1].start > one.end:
            state = _approach(out, one.end, tones[place + 1].start, state[0], state[0], state)
    out[out == 0] = out[out > 0][-1] if (out > 0).any() else first
    return np.asarray(2.0**out)


def _middle(targets: Mapping[int, tuple[float, float]]) -> float:
    return (targets[1][0] + targets[3][0]) / 2


def _target(one: Tone, before: int, targets: Mapping[int, tuple[float, float]]) -> tuple[float, float]:
    if one.tone != 5:
        return targets[one.tone]
    start, end = targets[5]
    # After a low tone the neutral one is high, after the others it falls (Chao 1968, 1.3.2).
    return (start + 0.28, end + 0.3) if before == 3 else (start, end)


def _approach(
    out: NDArray[np.float64],
    start: float,
    stop: float,
    low: float,
    high: float,
    state: tuple[float, float, float],
) -> tuple[float, float, float]:
    """Fill ``out`` from ``start`` to ``stop``, on the way to the line from ``low`` to ``high``; returns the state at
    ``stop``: value, first and second derivative."""
    length = max(stop - start, 1e-6)
    slope = (high - low) / length
    value, speed, bend = state
    c1 = value - low
    c2 = speed + c1 * RATE - slope
    c3 = (bend + 2 * c2 * RATE - c1 * RATE**2) / 2
    steps = np.arange(math.ceil(start / STEP - 1e-9), min(len(out), math.floor(stop / STEP + 1e-9) + 1))
    t = steps * STEP - start
    out[steps] = low + slope * t + (c1 + c2 * t + c3 * t**2) * np.exp(-RATE * t)
    fade = math.exp(-RATE * length)
    shape = c1 + c2 * length + c3 * length**2
    first = c2 + 2 * c3 * length
    return (
        high + shape * fade,
        slope + (first - RATE * shape) * fade,
        (2 * c3 - 2 * RATE * first + RATE**2 * shape) * fade,
    )
