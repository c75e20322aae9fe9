"""How the presenter holds itself, frame by frame: the mouth from speech, the rest from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from luokuan.create.presenters.mouths import Mouths, times_of
from luokuan.create.voices.voice import Phone

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLINKS = (2.0, 6.0)
"""Fewest and most seconds between two blinks."""
_BLINK = (0.08, 0.05, 0.13)  # seconds to close, closed, to open
_ACCENTS = 0.9  # seconds between two at least
_NOD = 0.16  # seconds: width of a nod


@dataclass(frozen=True, slots=True)
class Pose:
    """One frame.

    Args:
        open: Of the mouth, as the next four, see ``visemes.Shape``.
        wide: See there.
        teeth: See there.
        tongue: See there.
        tuck: See there.
        smile: Of the corners of the mouth, 0 to 1.
        blink: 0: eyes open, 1: closed.
        brows: How far they are raised, -1 to 1.
        yaw: Turned to the right of the picture, -1 to 1.
        pitch: Bent down, -1 to 1.
        roll: Inclined, -1 to 1.
        breath: How far the chest is raised, -1 to 1.
        gaze_x: Where the eyes look, to the right, -1 to 1.
        gaze_y: Down.
    """

    open: float = 0.0
    wide: float = 0.0
    teeth: float = 0.0
    tongue: float = 0.0
    tuck: float = 0.0
    smile: float = 0.5
    blink: float = 0.0
    brows: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    breath: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0


def poses(mouths: Mouths, phones: Sequence[Phone], fps: float, seed: int) -> list[Pose]:
    """A pose for each frame of ``mouths``."""
    count = len(mouths.open)
    times = times_of(count, fps)
    random = np.random.default_rng([seed, 0x905E])
    blink = blinks(random, times)
    raised = np.zeros(count)
    for accent in _accents(phones, mouths, times):
        strength = 0.6 + 0.4 * random.random()
        raised += strength * np.exp(-(((times - accent) / _NOD) ** 2) / 2)
    raised = np.clip(raised, 0.0, 1.0)
    yaw, pitch, roll = (_drift(random, times) for _axis in range(3))
    speaking = _smooth(mouths.loud, round(0.4 * fps))
    smile = 0.75 - 0.45 * np.clip(2 * speaking, 0, 1)
    breath = np.sin(2 * np.pi * (times / 3.8 + random.random()))
    gaze = _gaze(random, times)
    rows = np.stack(
        [
            *(mouths.open, mouths.wide, mouths.teeth, mouths.tongue, mouths.tuck, smile, blink),
            *(
                0.9 * raised + 0.1 * yaw,
                0.8 * yaw,
                0.45 * pitch + 0.55 * raised,
                0.7 * roll + 0.15 * yaw,
                breath,
                gaze[:, 0],
                gaze[:, 1],
            ),
        ],
        axis=1,
    )
    return [Pose(*row) for row in rows.tolist()]


def blinks(random: np.random.Generator, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the eyes are closed at ``times``: they blink by chance, as rare events do, within ``BLINKS``."""
    closed = np.zeros(len(times))
    to, held, back = _BLINK
    at = 0.6 + 1.5 * random.random()
    while len(times) and at < times[-1]:
        rising = (times - at) / to
        falling = (at + to + held + back - times) / back
        closed = np.maximum(closed, np.clip(np.minimum(rising, falling), 0.0, 1.0))
        at += float(np.clip(BLINKS[0] + random.exponential(1.8), *BLINKS))
    return closed * closed * (3 - 2 * closed)


def _accents(phones: Sequence[Phone], mouths: Mouths, times: NDArray[np.float64]) -> list[float]:
    """When something is stressed: where the voice says so and it is loud, else where it is loudest."""
    marked = [phone.start + 0.05 for phone in phones if phone.symbol == "ˈ"]
    loud = _smooth(mouths.loud, 5)
    if not marked:
        peaks = np.flatnonzero((loud[1:-1] > loud[:-2]) & (loud[1:-1] >= loud[2:]) & (loud[1:-1] > 0.6)) + 1
        marked = [float(times[peak]) for peak in peaks]
    found: list[float] = []
    for one in marked:
        if not found or one - found[-1] > _ACCENTS:
            found.append(one)
    return found


def _drift(random: np.random.Generator, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """A slow motion without a period that one sees, within -1 to 1."""
    parts = ((0.09, 0.5), (0.17, 0.32), (0.31, 0.18))
    out = np.zeros(len(times))
    for hertz, share in parts:
        out += share * np.sin(2 * np.pi * (hertz * (0.85 + 0.3 * random.random()) * times + random.random()))
    return out


def _gaze(random: np.random.Generator, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the eyes look, (frames, 2): mostly at the viewer, with small jumps."""
    out = np.zeros((len(times), 2))
    at = 0.0
    while len(times) and at < times[-1]:
        where = random.normal(0.0, 0.16, 2) if random.random() < 0.7 else random.normal(0.0, 0.4, 2)
        out[times >= at] = np.clip(where, -0.8, 0.8)
        at += 0.7 + random.exponential(1.4)
    return out


def _smooth(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    if not len(values):
        return values
    width = max(1, width)
    kernel = np.hanning(width + 2)[1:-1]
    padded = np.pad(values, (width // 2, width - 1 - width // 2), mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")
