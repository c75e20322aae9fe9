"""Music as tokens: REMI (Huang and Yang 2020, arXiv 2002.00212), named as MidiTok names them, so that its decoder and
people who know it can read them. Written here and not taken from MidiTok, because two things are ours: within a bar a
part follows the other (melody, bridge, piano), so that a melody can be given before what accompanies it; and the masks
of ``grammar`` need the order to be exact.

A piece: ``BOS_None Key Tempo Density Bars`` and then of each bar ``Bar_None``, of each part that sounds in it
``Program``, of each moment at which its notes start ``Position`` (sixteenths), of each note, from low to high,
``Pitch`` and ``Duration``; ``EOS_None`` where the piece ends. Bars have four quarter notes.

To fill a gap (fill-in-the-middle, Bavarian et al. 2022, arXiv 2207.14255) the bars before it are followed by
``Suffix_None``, the bars behind it, ``Middle_None``, ``Bars`` of the gap, its bars and ``EOS_None``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from luokuan.media import Note, Score

GRID = 4
"""Steps a quarter note."""
BAR = 4.0
STEPS = 16
"""Steps of a bar, and of the longest note."""
PARTS = ("melody", "bridge", "piano")
PROGRAMS = (73, 48, 0)
"""Of each part in the tokens: General MIDI's flute, strings, piano. They tell parts apart; what plays them is another
matter."""
LOW, HIGH = 21, 108
TONICS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
TEMPI = (50, 60, 70, 80, 90, 105, 120, 140, 165, 200)
"""Quarter notes a minute of the classes of tempo; a piece is of the nearest one in ratio."""
DENSITIES = ("low", "medium", "high")
MOST_BARS = 32
"""Bars to the end of the piece that are told one by one; ``Bars_None``: more."""

KEYS = tuple(f"{tonic}:{mode}" for mode in ("maj", "min") for tonic in TONICS)
TOKENS: tuple[str, ...] = (
    "PAD_None",
    "BOS_None",
    "EOS_None",
    "Suffix_None",
    "Middle_None",
    "Key_None",
    *(f"Key_{key}" for key in KEYS),
    "Tempo_None",
    *(f"Tempo_{tempo}" for tempo in TEMPI),
    "Density_None",
    *(f"Density_{name}" for name in DENSITIES),
    "Bars_None",
    *(f"Bars_{count}" for count in range(1, MOST_BARS + 1)),
    "Bar_None",
    *(f"Position_{step}" for step in range(STEPS)),
    *(f"Program_{number}" for number in PROGRAMS),
    *(f"Pitch_{pitch}" for pitch in range(LOW, HIGH + 1)),
    *(f"Duration_{length // GRID}.{length % GRID}.{GRID}" for length in range(1, STEPS + 1)),
)
"""All tokens in the order of their numbers."""
NUMBER = {name: number for number, name in enumerate(TOKENS)}
PAD, BEGIN, END = NUMBER["PAD_None"], NUMBER["BOS_None"], NUMBER["EOS_None"]
SUFFIX, MIDDLE, NEW_BAR = NUMBER["Suffix_None"], NUMBER["Middle_None"], NUMBER["Bar_None"]
POSITION, PART = NUMBER["Position_0"], NUMBER[f"Program_{PROGRAMS[0]}"]
PITCH, DURATION = NUMBER[f"Pitch_{LOW}"], NUMBER["Duration_0.1.4"]
ANY_KEY, ANY_TEMPO, ANY_DENSITY = NUMBER["Key_None"], NUMBER["Tempo_None"], NUMBER["Density_None"]
MORE_BARS = NUMBER["Bars_None"]
HEAD = 5
"""Tokens before the first bar."""

Struck = tuple[int, int, int, int]
"""A note within a bar: part, step, pitch, steps it lasts."""
Bar = tuple[Struck, ...]
"""A bar's notes, sorted."""


@dataclass(frozen=True, slots=True)
class Told:
    """What stands in front of the bars. None: not said.

    Args:
        key: 0 … 11 C major to B major, 12 … 23 C minor to B minor.
        tempo: Quarter notes a minute.
        density: One of ``DENSITIES``.
        left: Bars to the end of the piece, the first one among them.
    """

    key: int | None = None
    tempo: float | None = None
    density: str | None = None
    left: int | None = None

    def tokens(self) -> list[int]:
        """``BOS_None`` and the four."""
        key = ANY_KEY if self.key is None else ANY_KEY + 1 + self.key
        tempo = ANY_TEMPO if self.tempo is None else ANY_TEMPO + 1 + tempo_class(self.tempo)
        density = ANY_DENSITY if self.density is None else ANY_DENSITY + 1 + DENSITIES.index(self.density)
        return [BEGIN, key, tempo, density, bars_token(self.left)]


def bars_token(left: int | None) -> int:
    """How many bars are left."""
    return MORE_BARS if left is None or left > MOST_BARS else MORE_BARS + left


def tempo_class(tempo: float) -> int:
    """Place in ``TEMPI`` of the nearest one in ratio."""
    return int(np.argmin(np.abs(np.log(np.array(TEMPI) / tempo))))


def density_of(notes_a_bar: float, limits: tuple[float, float]) -> str:
    """Which third of the training material has so many notes a bar."""
    return DENSITIES[bisect_right(limits, notes_a_bar)]


def moved(key: int, semitones: int) -> int:
    """A key transposed."""
    return key // 12 * 12 + (key + semitones) % 12


def bar_tokens(bar: Iterable[Struck]) -> list[int]:
    """The tokens of one bar of sorted notes."""
    found, part, step = [NEW_BAR], -1, -1
    for own, at, pitch, length in bar:
        if own != part:
            found.append(PART + own)
            part, step = own, -1
        if at != step:
            found.append(POSITION + at)
            step = at
        found += [PITCH + pitch - LOW, DURATION + length - 1]
    return found


def bars_of(tokens: Sequence[int]) -> list[Bar]:
    """The bars of tokens in the order of the grammar; other tokens are passed over."""
    found: list[list[Struck]] = []
    part = step = pitch = 0
    for token in tokens:
        if token == NEW_BAR:
            found.append([])
        elif POSITION <= token < POSITION + STEPS:
            step = token - POSITION
        elif PART <= token < PART + len(PARTS):
            part = token - PART
        elif PITCH <= token < DURATION:
            pitch = token - PITCH + LOW
        elif DURATION <= token < DURATION + STEPS and found:
            found[-1].append((part, step, pitch, token - DURATION + 1))
    return [tuple(bar) for bar in found]


def transposed(tokens: NDArray[np.uint8], semitones: int) -> NDArray[np.uint8]:
    """Tokens of bars with all pitches moved; those that would leave the range stay an octave nearer. A chord that comes
    to hold a pitch twice or out of order by that is rare and does no harm: it is learnt from, not written."""
    pitched = (tokens >= PITCH) & (tokens < DURATION)
    value = tokens.astype(np.int64) + semitones
    value = np.where(value < PITCH, value + 12, np.where(value >= DURATION, value - 12, value))
    return np.where(pitched, value, tokens).astype(np.uint8)


def notes_of(bars: Sequence[Bar], *, first: int = 0, last: int | None = None) -> list[Note]:
    """Bars as notes, of which the first begins at bar ``first``; none lasts beyond bar ``last``."""
    end = (first + len(bars) if last is None else last) * STEPS
    return [
        Note(at / GRID, min(length, end - round(at)) / GRID, pitch, track=part)
        for number, bar in enumerate(bars, first)
        for part, step, pitch, length in bar
        for at in (number * STEPS + step,)
    ]


def score_of(notes: Sequence[Note], tempo: float) -> Score:
    """A score of the three parts."""
    ordered = sorted(notes, key=lambda note: (note.start, note.track, note.pitch))
    return Score(tuple(ordered), tempo, PARTS, bar=BAR)
