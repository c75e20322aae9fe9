"""Joining recorded syllables to a phrase by TD-PSOLA: Moulines and Charpentier (1990), "Pitch-synchronous waveform
processing techniques for text-to-speech synthesis using diphones".

Windowed periods of the recordings are laid one after the other at the distance that the melody asks for; which period
is laid is said by a map from the phrase's time to the recording's. One chain of periods runs through the whole phrase,
so that syllables meet in phase. Where there is no voice, grains of a few milliseconds are laid instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from luokuan.create.voices.mandarin.melody import STEP

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRAIN = 0.005
"""Seconds between two grains where there is no voice."""
CROSS = 0.012
"""Seconds for which two syllables sound together where they meet."""
_WIDEST = 1 / 90


@dataclass(frozen=True, slots=True)
class Part:
    """A recording's share in a phrase.

    Args:
        samples: float32, (samples,).
        rate: Samples a second.
        marks: Where its periods begin, in samples.
        times: Seconds in the phrase, ascending; the first is where it begins.
        places: Seconds in the recording at those times.
        gain: Factor of its samples.
        fade: Seconds in which it ends.
        attack: Seconds in which it begins.
    """

    samples: NDArray[np.float32]
    rate: int
    marks: NDArray[np.int64]
    times: tuple[float, ...]
    places: tuple[float, ...]
    gain: float
    fade: float = 0.02
    attack: float = 0.003


@dataclass(frozen=True, slots=True)
class _Grains:
    """Centres of the recording's grains (samples), how far each reaches to the left and to the right, and whether it is
    a period of the voice."""

    centres: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    voiced: NDArray[np.bool_]


def _grains(part: Part) -> _Grains:
    step = round(GRAIN * part.rate)
    widest = round(_WIDEST * part.rate)
    begin, end = (round(place * part.rate) for place in (part.places[0], part.places[-1]))
    marks = part.marks[(part.marks > begin - widest) & (part.marks < end + widest)]
    edges = np.concatenate([[begin - 2 * step], marks, [end + 3 * step]])
    centres, voiced = [], []
    for place in range(len(edges) - 1):
        gap = edges[place + 1] - edges[place]
        if place > 0:
            centres.append(int(edges[place]))
            voiced.append(True)
        if gap > 1.5 * widest or (len(marks) == 0):
            count = max(1, int(gap // step))
            centres += [int(edges[place] + gap * number / count) for number in range(1, count)]
            voiced += [False] * (count - 1)
    found = np.array(centres, np.int64)
    gaps = np.minimum(np.diff(found, prepend=found[0] - step, append=found[-1] + step), widest)
    left, right = gaps[:-1], gaps[1:]
    # Beside a period that was left out a grain reaches no farther than on its other side.
    return _Grains(
        found,
        np.minimum(left, (1.2 * right).astype(np.int64)),
        np.minimum(right, (1.2 * left).astype(np.int64)),
        np.array(voiced, bool),
    )


def join(parts: Sequence[Part], hertz: NDArray[np.float64], seconds: float) -> NDArray[np.float32]:
    """A phrase of ``seconds``, float32, (samples,), at the rate of its parts.

    Args:
        parts: In order; each but the last goes on for ``CROSS`` while the next one begins.
        hertz: The melody, one value each ``melody.STEP`` seconds.
        seconds: How long it is.
    """
    rate = parts[0].rate
    out = np.zeros(round(seconds * rate) + rate // 10, np.float64)
    grains = [_grains(part) for part in parts]
    now = parts[0].times[0]
    end = parts[-1].times[-1]
    first = 0
    while now < end:
        while first + 1 < len(parts) and parts[first].times[-1] <= now:
            first += 1
        period = 1 / float(hertz[min(round(now / STEP), len(hertz) - 1)])
        any_voiced = False
        # Those that sound now: one, or two where they meet.
        for number in range(first, min(first + 2, len(parts))):
            part = parts[number]
            if not part.times[0] <= now < part.times[-1]:
                continue
            own = grains[number]
            place = float(np.interp(now, part.times, part.places)) * rate
            nearest = _nearest(own.centres, place)
            any_voiced |= bool(own.voiced[nearest])
            _lay(out, part, own, nearest, now, _weight(part, now))
        now += period if any_voiced else GRAIN
    return np.asarray(out[: round(seconds * rate)], np.float32)


def _nearest(centres: NDArray[np.int64], place: float) -> int:
    after = int(np.searchsorted(centres, place))
    if after == 0:
        return 0
    if after == len(centres):
        return after - 1
    return after if centres[after] - place < place - centres[after - 1] else after - 1


def _weight(part: Part, now: float) -> float:
    rise = min(1.0, (now - part.times[0]) / part.attack) if part.attack else 1.0
    fall = min(1.0, (part.times[-1] - now) / part.fade) if part.fade else 1.0
    return part.gain * rise * fall


def _lay(out: NDArray[np.float64], part: Part, own: _Grains, number: int, now: float, weight: float) -> None:
    centre, left, right = int(own.centres[number]), int(own.left[number]), int(own.right[number])
    low, high = max(0, centre - left), min(len(part.samples), centre + right)
    if high <= low or weight <= 0:
        return
    up = np.arange(low - centre, 0) / left if left else np.zeros(0)
    down = np.arange(0, high - centre) / right if right else np.zeros(0)
    window = 0.5 + 0.5 * np.cos(np.pi * np.concatenate([up, down]))
    at = round(now * part.rate) + low - centre
    skip = max(0, -at)
    size = min(high - low, len(out) - at)
    if size > skip:
        out[at + skip : at + size] += weight * window[skip:size] * part.samples[low + skip : low + size]
