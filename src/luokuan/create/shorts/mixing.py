"""One sound of speech, music and effects: speech is heard first, the whole at one loudness, no peak above the limit.

Loudness is that of ITU-R BS.1770-5, annex 1: weighted by two filters, in blocks of 400 ms that overlap by three
quarters, with its two gates; -16 LUFS is what streaming services ask of speech.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from luokuan.media import Sound

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 48_000
TARGET = -16.0
"""LUFS of the whole."""
PEAK = 10 ** (-1.5 / 20)
"""Largest sample."""
VOICE = -18.0
"""LUFS to which each line of speech and the music are brought before they are mixed."""
DUCK = -10.0
"""Decibels by which music is lowered while somebody speaks."""
_ATTACK, _RELEASE = 0.18, 0.6
_LOOK = 0.006  # seconds that the limiter looks ahead
_CROSSED = 1.0  # seconds in which a loop's end and beginning overlap
_ENDING = (0.25, 1.8)  # seconds in which music comes and goes
_MOST_GAIN = 30.0  # decibels: what is quieter than that isn't made loud
_SHELF = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585))
_HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))


@dataclass(frozen=True, slots=True)
class Heard:
    """A sound that begins ``start`` seconds after the beginning, ``gain`` decibels louder; ``end``: where it is cut and
    until where it is repeated if it ``loops``; None: it is heard as long as it is."""

    sound: Sound
    start: float = 0.0
    gain: float = 0.0
    end: float | None = None
    loops: bool = False


def mixed(seconds: float, speech: Sequence[Heard], effects: Sequence[Heard], music: Heard | None) -> Sound | None:
    """All of it as one sound of two channels; None: there is nothing to hear.

    Args:
        seconds: How long it is.
        speech: Lines, each brought to ``VOICE``.
        effects: Sounds as loud as they are.
        music: Brought to ``VOICE``; lowered by ``DUCK`` while somebody speaks.
    """
    if not speech and not effects and music is None:
        return None
    total = round(seconds * RATE)
    voices = np.zeros((2, total))
    for line in speech:
        _add(voices, _levelled(stereo(line.sound), line.gain), line.start)
    whole = voices.copy()
    for one in effects:
        samples = stereo(one.sound) * 10 ** (one.gain / 20)
        if one.end is not None:
            samples = _long_enough(samples, round((one.end - one.start) * RATE), loops=one.loops)
            samples = _ended(samples, 0.01, 0.05)
        _add(whole, samples, one.start)
    if music is not None:
        samples = _long_enough(_levelled(stereo(music.sound), music.gain), total, loops=music.loops)
        samples = _ended(samples, *_ENDING)
        gain = ducking(voices)[: samples.shape[1]]
        _add(whole, samples * gain, 0.0)
    return Sound(mastered(whole).astype(np.float32), RATE)


def stereo(sound: Sound) -> NDArray[np.float64]:
    """Two channels at ``RATE``, (2, samples); more channels are mixed down."""
    from luokuan.colophon.soundlabel import resampled

    samples = resampled(sound, RATE).samples.astype(np.float64)
    if len(samples) == 1:
        return np.repeat(samples, 2, axis=0)
    if len(samples) == 2:
        return samples
    return np.repeat(samples.mean(axis=0, keepdims=True), 2, axis=0)


def loudness(samples: NDArray[np.float64]) -> float:
    """Integrated loudness of (channels, samples) at ``RATE``, LUFS; minus infinity for silence. What is shorter than a
    block is one block."""
    from scipy.signal import lfilter

    weighted = samples
    for b, a in (_SHELF, _HIGH_PASS):
        weighted = lfilter(b, a, weighted, axis=1)
    size, step = round(0.4 * RATE), round(0.1 * RATE)
    energy = np.concatenate([[0.0], np.cumsum((weighted**2).sum(axis=0))])
    starts = np.arange(0, max(1, samples.shape[1] - size + 1), step)
    ends = np.minimum(starts + size, samples.shape[1])
    power = (energy[ends] - energy[starts]) / np.maximum(ends - starts, 1)
    power = power[power > _power(-70.0)]
    if not power.size:
        return -math.inf
    return _lufs(float(power[power > power.mean() / 10].mean()))


def _lufs(power: float) -> float:
    return -0.691 + 10 * math.log10(power)


def _power(lufs: float) -> float:
    return float(10 ** ((lufs + 0.691) / 10))


def _levelled(samples: NDArray[np.float64], gain: float) -> NDArray[np.float64]:
    found = loudness(samples)
    if not math.isfinite(found):
        return samples
    return samples * 10 ** ((min(VOICE - found, _MOST_GAIN) + gain) / 20)


def ducking(voices: NDArray[np.float64]) -> NDArray[np.float64]:
    """What music is multiplied by: 1 where nobody speaks, lower while somebody does; it falls faster than it rises,
    (samples,)."""
    from scipy.ndimage import maximum_filter1d

    step = RATE // 100
    count = voices.shape[1] // step + 1
    padded = np.zeros(count * step)
    padded[: voices.shape[1]] = np.abs(voices).max(axis=0)
    peaks = padded.reshape(count, step).max(axis=1)
    speaking = maximum_filter1d((peaks > 10 ** (-42 / 20)).astype(np.float64), 35)  # breaths are no pauses
    # Heard before it begins: the music is already down when the first word comes.
    ahead = np.concatenate([speaking[round(_ATTACK * 100) :], np.zeros(min(count, round(_ATTACK * 100)))])[:count]
    level = np.zeros(count)
    held = 0.0
    for place, wanted in enumerate(ahead.tolist()):
        seconds = _ATTACK if wanted > held else _RELEASE
        held += (wanted - held) * (1 - math.exp(-0.03 / seconds))
        level[place] = held
    at = np.arange(voices.shape[1]) / step
    return np.asarray(10 ** (DUCK * np.interp(at, np.arange(count), level) / 20))


def mastered(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """At ``TARGET``, with no sample above ``PEAK``. Silence stays silence."""
    for _round in range(3):  # what the limiter takes away is given back
        found = loudness(samples)
        if not math.isfinite(found):
            return np.clip(samples, -PEAK, PEAK)
        samples = limited(samples * 10 ** (min(TARGET - found, _MOST_GAIN) / 20))
    return samples


def limited(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """No sample above ``PEAK``: the gain falls before a peak and rises after it, smoothly."""
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    loud = np.abs(samples).max(axis=0)
    if loud.max(initial=0.0) <= PEAK:
        return samples
    needed = np.minimum(1.0, PEAK / np.maximum(loud, 1e-9))
    size = 2 * round(_LOOK * RATE) + 1
    # The mean of minima over the same reach is never above what any sample in it needs.
    gain = uniform_filter1d(minimum_filter1d(needed, size), size)
    return np.clip(samples * gain, -PEAK, PEAK)


def _add(whole: NDArray[np.float64], samples: NDArray[np.float64], start: float) -> None:
    at = round(start * RATE)
    room = whole.shape[1] - at
    if room > 0:
        part = samples[:, :room]
        whole[:, at : at + part.shape[1]] += part


def _long_enough(samples: NDArray[np.float64], count: int, *, loops: bool) -> NDArray[np.float64]:
    if not loops or samples.shape[1] >= count or samples.shape[1] < RATE // 20:
        return samples[:, : max(0, count)]
    over = min(round(_CROSSED * RATE), samples.shape[1] // 4)
    rise = np.sin(np.linspace(0, np.pi / 2, over))
    unit = samples[:, : samples.shape[1] - over].copy()
    unit[:, :over] = samples[:, -over:] * rise[::-1] + unit[:, :over] * rise
    out = np.tile(unit, (1, count // unit.shape[1] + 1))[:, :count]
    out[:, :over] = samples[:, :over]
    return out


def _ended(samples: NDArray[np.float64], rise: float, fall: float) -> NDArray[np.float64]:
    count = samples.shape[1]
    out = samples.copy()
    up, down = min(count // 2, round(rise * RATE)), min(count // 2, round(fall * RATE))
    if up:
        out[:, :up] *= np.linspace(0, 1, up)
    if down:
        out[:, -down:] *= np.linspace(1, 0, down)
    return out
