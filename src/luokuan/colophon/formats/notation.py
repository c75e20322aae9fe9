"""From a score to what stands on paper: bars, voices, values, ties, spelling, accidentals and beams.

A score knows moments and pitches. Paper needs more, and it is found here by rules that every textbook has: notes lie on
a grid of 32nds at most, what crosses a bar line is tied, a value begins only where it can be read, and a pitch is
spelt by its place on the line of fifths around the key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from luokuan.colophon.formats.midi import Struck, quantised
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Note, Score

GRIDS = (1, 2, 4, 8)
"""Steps a quarter note: the coarsest on which all notes lie; sixteenths where they lie on none, as triplets do."""
USUAL = 4
NEAR = 1e-3
"""Distance from the grid, in quarter notes, that doesn't count."""
VALUES = ((4.0, "whole"), (2.0, "half"), (1.0, "quarter"), (0.5, "eighth"), (0.25, "16th"), (0.125, "32nd"))
"""Quarter notes and MusicXML's name of each value."""
FLAGS = {"eighth": 1, "16th": 2, "32nd": 3}
VOICES = 4
"""Most voices of a staff; where more would sound, a note ends when the next one begins, or lasts as long as that."""
MOST_NOTES, MOST_BARS = 20_000, 1_000
MIDDLE = 60.0
"""Mean pitch from which a staff has the treble clef."""
_MAJOR = (0, 2, 4, 5, 7, 9, 11)
_LETTERS = "FCGDAEB"


@dataclass(slots=True)
class Event:
    """A chord, a note or a rest with one value.

    Args:
        voice: From 0, within its staff.
        at: Steps after the beginning of its bar.
        steps: Its length.
        value: MusicXML's name of the value.
        dots: 0 or 1.
        pitches: From low to high; none: a rest.
        tied: (from the one before, to the next one).
        accidentals: Of each pitch, those that must be written: MusicXML's names.
        beams: ``begin``, ``continue``, ``end``, ``forward hook`` or ``backward hook`` for each beam, the first first.
    """

    voice: int
    at: int
    steps: int
    value: str
    dots: int
    pitches: tuple[int, ...] = ()
    tied: tuple[bool, bool] = (False, False)
    accidentals: dict[int, str] = field(default_factory=dict)
    beams: tuple[str, ...] = ()


Voice = tuple[Event, ...]
"""What a voice does in one bar."""


@dataclass(frozen=True, slots=True)
class Staff:
    """One staff: its name, whether its clef is the treble's, and its bars, each with one voice or more, of which all
    fill it."""

    name: str
    treble: bool
    bars: tuple[tuple[Voice, ...], ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is written: ``grid`` steps a quarter note, ``time`` (beats, value of a beat), ``fifths``: sharps of the key,
    below 0 flats."""

    grid: int
    time: tuple[int, int]
    fifths: int
    tempo: float
    staves: tuple[Staff, ...]
    notice: str = ""

    @property
    def bar(self) -> int:
        """Steps in a bar."""
        return self.grid * 4 * self.time[0] // self.time[1]

    @property
    def heads(self) -> int:
        """How many notes are drawn: those that are tied each for itself."""
        events = (event for staff in self.staves for row in staff.bars for voice in row for event in voice)
        return sum(len(event.pitches) for event in events)


def write(score: Score) -> Sheet:
    """Lay a score out in staves.

    Four tracks of which each is one voice share two staves, as choirs have it; else each track has its own.

    Raises:
        UserError: it has no notes, or more of them or of bars than are written.
    """
    if not 0 < len(score.notes) <= MOST_NOTES or score.quarters > MOST_BARS * score.bar:
        raise UserError(
            _("A sheet of music has 1 to {most} notes in up to {bars} bars.", most=MOST_NOTES, bars=MOST_BARS),
            _("Ask for another piece, or write MIDI."),
            code="sheet.size",
        )
    grid, time = grid_of(score), time_of(score.bar)
    # A step that the bar doesn't hold a whole number of times would move every bar line.
    grid = max(grid, time[1] // 4)
    tracks = quantised(score, grid)
    fifths = fifths_of(score.notes)
    bar = grid * 4 * time[0] // time[1]
    count = max(-(-(start + length) // bar) for notes in tracks for start, length, _pitch, _velocity in notes)
    voiced = [(name, voices_of(notes)) for name, notes in zip(score.tracks, tracks, strict=True) if notes]
    staves = []
    for name, voices in _shared(voiced):
        bars = [tuple(_bars(number, voice, grid, bar, count)) for number, voice in enumerate(voices)]
        rows = tuple(_present(tuple(voice[index] for voice in bars)) for index in range(count))
        for row in rows:
            _accidentals(row, fifths)
            _beams(row, grid)
        pitches = [pitch for row in rows for voice in row for event in voice for pitch in event.pitches]
        staves.append(Staff(name, sum(pitches) / len(pitches) >= MIDDLE, rows))
    return Sheet(grid, time, fifths, score.tempo, tuple(staves), score.notice)


def grid_of(score: Score) -> int:
    """Steps a quarter note; see ``GRIDS``."""
    moments = {moment for note in score.notes for moment in (note.start, note.start + note.length)}
    for grid in GRIDS:
        if all(abs(moment * grid - round(moment * grid)) < NEAR * grid for moment in moments):
            return grid
    return USUAL


def time_of(bar: float) -> tuple[int, int]:
    """The time signature of a bar of so many quarter notes; 4/4 where none fits."""
    for value in (4, 8, 16):
        beats = bar * value / 4
        if abs(beats - round(beats)) < NEAR and round(beats) >= 1:
            return round(beats), value
    return 4, 4


def fifths_of(notes: Sequence[Note]) -> int:
    """Sharps (above 0) or flats of the key in whose scale the notes are longest together; of equal ones that on whose
    major or minor tonic the lowest note of the end lies, then that with the fewest."""
    last = max(note.start + note.length for note in notes)
    final = min((note.pitch for note in notes if note.start + note.length > last - NEAR), default=0) % 12
    lengths = [0.0] * 12
    for note in notes:
        lengths[note.pitch % 12] += note.length

    def fit(fifths: int) -> tuple[float, bool, int]:
        tonic = 7 * fifths % 12
        within = sum(lengths[(tonic + step) % 12] for step in _MAJOR)
        return round(within, 6), final in (tonic, (tonic + 9) % 12), -abs(fifths)

    return max(range(-6, 7), key=fit)


def spelling(pitch: int, fifths: int) -> tuple[str, int, int]:
    """(letter, sharps or flats, octave) of a pitch: from three fifths below the key's tonic to eight above it lie all
    twelve, the seven of its scale among them, and of the others the usual ones (♭3, ♭7, ♯4, ♯1, ♯5)."""
    place = next(at for at in range(fifths - 3, fifths + 9) if 7 * at % 12 == pitch % 12)
    alter = (place + 1) // 7
    return _LETTERS[(place + 1) % 7], alter, (pitch - alter) // 12 - 1


def voices_of(notes: Sequence[Struck]) -> list[list[tuple[int, int, tuple[int, ...]]]]:
    """Notes of one track in voices of which each has one chord at a time: (start, end, pitches), the highest first."""
    chords: dict[tuple[int, int], list[int]] = defaultdict(list)
    for start, length, pitch, _velocity in notes:
        chords[start, start + length].append(pitch)
    voices: list[list[tuple[int, int, tuple[int, ...]]]] = []
    for (start, end), pitches in sorted(chords.items(), key=lambda item: (item[0][0], -max(item[1]))):
        free = [voice for voice in voices if voice[-1][1] <= start]
        if free or len(voices) < VOICES:
            if not free:
                voices.append([])
            (free or voices[-1:])[0].append((start, end, tuple(sorted(pitches))))
            continue
        cut = min(voices, key=lambda voice: (voice[-1][0], voice[-1][1]))
        first, until, others = cut[-1]
        if first < start:
            cut[-1] = (first, start, others)
            cut.append((start, end, tuple(sorted(pitches))))
        else:
            cut[-1] = (first, until, tuple(sorted({*others, *pitches})))
    return voices


Lines = list[list[tuple[int, int, tuple[int, ...]]]]


def _shared(tracks: Sequence[tuple[str, Lines]]) -> Iterator[tuple[str, Lines]]:
    if len(tracks) != 4 or any(len(voices) > 1 for _name, voices in tracks):
        yield from tracks
        return
    for (upper, above), (lower, below) in (tracks[:2], tracks[2:]):
        yield f"{upper}, {lower}", [*above, *below]


def _bars(
    number: int, voice: Sequence[tuple[int, int, tuple[int, ...]]], grid: int, bar: int, count: int
) -> Iterator[Voice]:
    """What a voice does in each bar: chords and the rests between them, cut at bar lines and into values."""
    ends = [*(start for start, _end, _pitches in voice[1:]), count * bar]
    spans: list[tuple[int, int, tuple[int, ...]]] = [(0, voice[0][0], ())]
    for (start, end, pitches), following in zip(voice, ends, strict=True):
        spans += [(start, end, pitches), (end, following, ())]
    rows: list[list[Event]] = [[] for _bar in range(count)]
    for start, end, pitches in spans:
        pieces = list(_pieces(start, end, grid, bar, rest=not pitches))
        for index, (at, steps, value, dots) in enumerate(pieces):
            tied = (index > 0, index < len(pieces) - 1) if pitches else (False, False)
            rows[at // bar].append(Event(number, at % bar, steps, value, dots, pitches, tied))
    yield from (tuple(row) for row in rows)


def _pieces(start: int, end: int, grid: int, bar: int, *, rest: bool) -> Iterator[tuple[int, int, str, int]]:
    """(at, steps, value, dots): the longest values, each of which begins on a multiple of half of itself, and a rest of
    itself; with a dot it counts without it."""
    at = start
    while at < end:
        left = min(end, at - at % bar + bar) - at
        for quarters, name in VALUES:
            steps = round(quarters * grid)
            if steps != quarters * grid or steps > left or at % bar * (1 if rest else 2) % steps:
                continue
            dotted = steps * 3 // 2
            dots = int(not rest and steps % 2 == 0 and dotted <= left)
            length = dotted if dots else steps
            yield at, length, name, dots
            at += length
            break


def _present(voices: tuple[Voice, ...]) -> tuple[Voice, ...]:
    """Voices that play in a bar; the first one where none does."""
    return tuple(voice for voice in voices if any(event.pitches for event in voice)) or voices[:1]


_SIGNS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}


def _accidentals(row: tuple[Voice, ...], fifths: int) -> None:
    """Mark what the key doesn't say, nor an accidental before it in the bar; what is tied needs none."""
    key = {letter: (fifths - place + 6) // 7 for place, letter in enumerate(_LETTERS)}
    said: dict[tuple[str, int], int] = {}
    for event in sorted((event for voice in row for event in voice), key=lambda event: event.at):
        if event.tied[0]:
            continue
        for pitch in event.pitches:
            letter, alter, octave = spelling(pitch, fifths)
            if said.get((letter, octave), key[letter]) != alter:
                event.accidentals[pitch] = _SIGNS[alter]
            said[letter, octave] = alter


def _beams(row: tuple[Voice, ...], grid: int) -> None:
    """Join what is shorter than a quarter within each quarter."""
    for voice in row:
        group: list[Event] = []
        for event in (*voice, None):
            fits = event is not None and event.value in FLAGS and bool(event.pitches)
            if group and (not fits or event is None or event.at // grid != group[-1].at // grid):
                _join(group)
                group = []
            if fits and event is not None:
                group.append(event)


def _join(group: Sequence[Event]) -> None:
    if len(group) < 2:
        return
    flags = [FLAGS[event.value] for event in group]
    for index, event in enumerate(group):
        found = []
        for level in range(1, flags[index] + 1):
            before = index > 0 and flags[index - 1] >= level
            after = index + 1 < len(group) and flags[index + 1] >= level
            hook = "backward hook" if index else "forward hook"
            found.append({(True, True): "continue", (True, False): "end", (False, True): "begin"}.get(
                (before, after), hook))  # fmt: skip
        event.beams = tuple(found)


def sounding(staff: Staff, bar: int) -> list[tuple[int, int, int]]:
    """The notes of a staff, ties joined: (start, length, pitch) in steps, sorted."""
    found: list[tuple[int, int, int]] = []
    held: dict[tuple[int, int, int], int] = {}  # (voice, pitch, where the tie leads): start
    for index, row in enumerate(staff.bars):
        for voice in row:
            for event in voice:
                at = index * bar + event.at
                for pitch in event.pitches:
                    start = held.pop((event.voice, pitch, at), at) if event.tied[0] else at
                    if event.tied[1]:
                        held[event.voice, pitch, at + event.steps] = start
                    else:
                        found.append((start, at + event.steps - start, pitch))
    return sorted(found)


def gaps(staff: Staff, bar: int) -> list[tuple[int, int]]:
    """(bar, voice) of those that don't fill their bar without a gap; none, if all is well."""
    wrong = []
    for index, row in enumerate(staff.bars):
        for number, voice in enumerate(row):
            ends = [0, *(event.at + event.steps for event in voice)]
            starts = [*(event.at for event in voice), bar]
            if ends != starts or any(a >= b for a, b in pairwise(starts)):
                wrong.append((index, number))
    return wrong
