"""Reading Standard MIDI Files (RP-001) of anybody: every length is checked before it is believed.

Read here and not by symusic, which writes them: its parser runs natively in this process, wasn't made for hostile
files, and a process of its own for each of a thousand files would cost more than reading them. One walk, no recursion,
and nothing is allocated by what a file declares: memory and time are bounded by its bytes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from luokuan.i18n import _
from luokuan.media import MAX_TRACKS, Note, Score

BYTE_LIMIT = 4 << 20
"""Largest file; a long piano work has some hundred thousand bytes."""
CHUNKS = 256
"""Most track chunks."""
NOTES = 200_000
HOURS = 2.0
DRUMS = 9
"""Channel of percussion: its numbers are instruments and no pitches."""
TEMPO = 500_000
"""Microseconds a quarter note where a file says nothing: 120 quarter notes a minute."""
_META, _EXCLUSIVE = 0xFF, (0xF0, 0xF7)
_NAME, _END, _TEMPO, _METRE = 0x03, 0x2F, 0x51, 0x58


class BrokenScore(Exception):
    """The file can't be used as a score; the message says why, in a few translated words."""


@dataclass(frozen=True, slots=True)
class MidiFile:
    """What a file holds.

    Args:
        score: Its notes; a track for each channel of each track chunk that has any.
        bar: Quarter notes in a bar by its first time signature, else 4.
        mended: Notes that were left on, or struck again while they sounded: ended where the track or the note ended.
    """

    score: Score
    bar: float
    mended: int


@dataclass(slots=True)
class _Reading:
    ticks: int
    names: dict[int, str] = field(default_factory=dict)
    notes: dict[tuple[int, int], list[tuple[int, int, int, int]]] = field(default_factory=lambda: defaultdict(list))
    tempos: list[tuple[int, int]] = field(default_factory=list)
    metres: list[tuple[int, float]] = field(default_factory=list)
    mended: int = 0
    count: int = 0


def read_midi(data: bytes) -> MidiFile:
    """The score of a MIDI file. Percussion is left out; the tempo is the first one.

    Raises:
        BrokenScore: it is no MIDI file, damaged or cut short, counts in frames of film, has no notes, too many notes or
            tracks, a tempo of no speed, or lasts too long.
    """
    if len(data) > BYTE_LIMIT:
        raise BrokenScore(_("the file is larger than {limit} MB", limit=BYTE_LIMIT >> 20))
    if data[:4] != b"MThd" or len(data) < 14:
        raise BrokenScore(_("it is no MIDI file"))
    at = 8 + int.from_bytes(data[4:8])
    division = int.from_bytes(data[12:14])
    if at < 14 or at > len(data):
        raise BrokenScore(_("it is damaged or cut short"))
    if division & 0x8000:
        raise BrokenScore(_("it counts time in frames of film"))
    if not division:
        raise BrokenScore(_("it has no ticks in a quarter note"))
    reading = _Reading(division)
    chunks = 0
    while at + 8 <= len(data):
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8])
        if end > len(data):
            raise BrokenScore(_("it is damaged or cut short"))
        if data[at : at + 4] == b"MTrk":
            if chunks >= CHUNKS:
                raise BrokenScore(_("it has more than {most} tracks", most=CHUNKS))
            _track(data, at + 8, end, chunks, reading)
            chunks += 1
        at = end
    if chunks < int.from_bytes(data[10:12]):
        raise BrokenScore(_("it is damaged or cut short"))
    return _finished(reading)


def _number(data: bytes, at: int, end: int) -> tuple[int, int]:
    """A variable-length quantity of four bytes at most, and where it ends."""
    value = 0
    for place in range(at, min(at + 4, end)):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    raise BrokenScore(_("it is damaged or cut short"))


def _track(data: bytes, at: int, end: int, chunk: int, reading: _Reading) -> None:
    """The events of one track chunk."""
    tick, status = 0, 0
    sounding: dict[tuple[int, int], tuple[int, int]] = {}  # (channel, pitch) to (start, velocity)
    while at < end:
        delta, at = _number(data, at, end)
        tick += delta
        if at >= end:
            raise BrokenScore(_("it is damaged or cut short"))
        if data[at] >= 0x80:
            status, at = data[at], at + 1
            if status == _META or status in _EXCLUSIVE:
                kind, at = (data[at], at + 1) if status == _META and at < end else (-1, at)
                length, at = _number(data, at, end)
                if at + length > end:
                    raise BrokenScore(_("it is damaged or cut short"))
                if kind == _END:
                    break
                _meta(kind, data[at : at + length], tick, chunk, reading)
                at, status = at + length, 0
                continue
        if not 0x80 <= status < 0xF0:  # a running status without one before it, or a message of the system
            raise BrokenScore(_("it is damaged or cut short"))
        size = 1 if 0xC0 <= status < 0xE0 else 2
        if at + size > end or data[at] >= 0x80 or (size == 2 and data[at + 1] >= 0x80):
            raise BrokenScore(_("it has values out of their range"))
        if status < 0xA0:
            _note(status, data[at], data[at + 1], tick, chunk, sounding, reading)
        at += size
    for (channel, pitch), (start, velocity) in sounding.items():
        reading.mended += 1
        _add(reading, chunk, channel, pitch, start, tick, velocity)


def _note(
    status: int,
    pitch: int,
    velocity: int,
    tick: int,
    chunk: int,
    sounding: dict[tuple[int, int], tuple[int, int]],
    reading: _Reading,
) -> None:
    channel = status & 0x0F
    before = sounding.pop((channel, pitch), None)
    struck = status >= 0x90 and velocity > 0
    if before is not None:
        reading.mended += struck
        _add(reading, chunk, channel, pitch, before[0], tick, before[1])
    if struck:
        sounding[channel, pitch] = (tick, velocity)


def _add(reading: _Reading, chunk: int, channel: int, pitch: int, start: int, end: int, velocity: int) -> None:
    if channel == DRUMS or end <= start:
        return
    reading.count += 1
    if reading.count > NOTES:
        raise BrokenScore(_("it has more than {most} notes", most=NOTES))
    reading.notes[chunk, channel].append((start, end, pitch, velocity))


def _meta(kind: int, payload: bytes, tick: int, chunk: int, reading: _Reading) -> None:
    if kind == _NAME:
        reading.names.setdefault(chunk, payload[:200].decode("utf-8", "replace"))
    elif kind == _TEMPO:
        speed = int.from_bytes(payload[:3])
        if len(payload) < 3 or not speed:
            raise BrokenScore(_("it has a tempo of 0"))
        reading.tempos.append((tick, speed))
    elif kind == _METRE and len(payload) >= 2 and payload[0] and payload[1] <= 6:
        reading.metres.append((tick, payload[0] * 4 / 2 ** payload[1]))


def _finished(reading: _Reading) -> MidiFile:
    if not reading.count:
        raise BrokenScore(_("it has no notes"))
    if len(reading.notes) > MAX_TRACKS:
        raise BrokenScore(_("it has more than {most} tracks with notes", most=MAX_TRACKS))
    last = max(end for notes in reading.notes.values() for _start, end, _pitch, _velocity in notes)
    tempos = sorted(reading.tempos)
    seconds, at, speed = 0.0, 0, TEMPO
    for tick, following in [*tempos, (last, 0)]:
        seconds += max(min(tick, last) - at, 0) * speed / reading.ticks / 1e6
        at, speed = max(at, tick), following
    if seconds > 3600 * HOURS:
        raise BrokenScore(_("it lasts {hours} hours; {most} at most", hours=f"{seconds / 3600:.1f}", most=f"{HOURS:g}"))
    notes, names = [], []
    for track, ((chunk, _channel), found) in enumerate(sorted(reading.notes.items())):
        names.append(reading.names.get(chunk, ""))
        notes += [
            Note(start / reading.ticks, (end - start) / reading.ticks, pitch, velocity, track)
            for start, end, pitch, velocity in sorted(found)
        ]
    tempo = 60e6 / (tempos[0][1] if tempos else TEMPO)
    bar = min(reading.metres)[1] if reading.metres else 4.0
    return MidiFile(Score(tuple(notes), tempo, tuple(names)), bar, reading.mended)
