"""How a score becomes frames of tokens and back. Two encodings, by name:

``satb`` on a quarter-note grid (``sets``): a frame is the set of pitches that sound at its beginning, four at most, of
the 88 keys of a piano. Canonical order: the highest, the lowest, then what lies between from high to low; places that
are left are rests. Two voices on one pitch are one element of the set. So each set has one sequence of four tokens, and
with all others ruled out (``allowed``) p(sequence) = p(set): the encoding is lossless for sets, and -log p in nats a
frame is the unit of the published tables on JSB Chorales (Boulanger-Lewandowski et al. 2012, arXiv 1206.6392). Which
notes are held and which struck again is no part of that unit, nor of this encoding.

``satb`` on a sixteenth grid and ``melody`` (``voiced``): a voice is struck (its pitch), goes on (hold), or is silent
(rest) in each frame. ``melody`` is one voice of 32 sixteenths, two bars of 4/4 (MusicVAE, Roberts et al. 2018, arXiv
1803.05428, sec. 4.1: note on, hold, note off).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from luokuan.i18n import _
from luokuan.media import Note, Score

REST, HOLD = 128, 129
SYMBOLS = 130
"""What a place of a frame can be: 128 pitches, rest, hold."""
START, HIDDEN = 130, 131
INPUTS = 132
"""What the networks may read: besides, the frame before the first, and one that they mustn't see."""
KEYS = (21, 108)
"""The piano's lowest and highest key."""
SHIFTS = 6
"""Most semitones by which a piece is transposed, up or down."""
NEAR = 0.45
"""Frames by which a note may come late."""
VOICES = ("soprano", "alto", "tenor", "bass")


class Unfit(ValueError):
    """A score that the encoding can't hold; the message says why, in a few translated words."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """One way to write music as frames, int64 (T, voices).

    Args:
        name: ``satb`` or ``melody``.
        grid: Frames a quarter note.
        voices: Places of a frame.
        segment: Frames that share a latent.
        sets: Whether a frame is a set of pitches, without hold.
    """

    name: str
    grid: int
    voices: int
    segment: int
    sets: bool

    @property
    def tracks(self) -> tuple[str, ...]:
        """Names of its voices, high to low."""
        return VOICES if self.voices == 4 else ("melody",)


ENCODINGS = {
    ("satb", "quarter"): Encoding("satb", 1, 4, 16, True),
    ("satb", "sixteenth"): Encoding("satb", 4, 4, 32, False),
    ("melody", "sixteenth"): Encoding("melody", 4, 1, 32, False),
}
"""By name and grid."""
GRIDS = ("quarter", "sixteenth")
NAMES = ("satb", "melody")


def usual_grid(name: str) -> str:
    """The grid of an encoding where none is given; empty if there is no such encoding."""
    return next((grid for encoding, grid in ENCODINGS if encoding == name), "")


def encode(score: Score, encoding: Encoding) -> NDArray[np.int64]:
    """The frames of a score, (T, voices), from its beginning to its last note.

    A frame holds what sounds at its beginning: what comes and goes between two frames isn't heard.

    Raises:
        Unfit: more notes at once than voices, a note beyond the 88 keys, or no notes.
    """
    if not score.notes:
        raise Unfit(_("it has no notes"))
    low, high = min(n.pitch for n in score.notes), max(n.pitch for n in score.notes)
    if low < KEYS[0] or high > KEYS[1]:
        raise Unfit(_("it has notes beyond the 88 keys of a piano"))
    sounding = _sounding(score.notes, encoding.grid)
    if not any(sounding):
        raise Unfit(_("its notes are shorter than a frame"))
    if encoding.voices == 1:  # of notes together the one struck last, of those the highest
        latest = [max(frame.items(), key=lambda item: item[::-1], default=None) for frame in sounding]
        sounding = [{} if one is None else {one[0]: one[1]} for one in latest]
    crowded = next((index for index, frame in enumerate(sounding) if len(frame) > encoding.voices), None)
    if crowded is not None:
        raise Unfit(
            _(
                "{count} notes sound at quarter {place}, and the encoding has {most} voices",
                count=len(sounding[crowded]),
                place=f"{crowded / encoding.grid:g}",
                most=encoding.voices,
            )
        )
    if encoding.sets:
        return np.array([canonical(frame) for frame in sounding], dtype=np.int64)
    return _voiced(_parts(score, sounding, encoding), encoding.voices)


def _sounding(notes: Sequence[Note], grid: int) -> list[dict[int, int]]:
    """For each frame what sounds at its beginning: pitch to the frame in which it was struck. A note that starts less
    than half a frame late still counts; one that is over before the next frame begins counts nowhere."""
    rows = [(math.ceil(n.start * grid - NEAR), math.ceil((n.start + n.length) * grid - NEAR), n.pitch) for n in notes]
    found: list[dict[int, int]] = [{} for _frame in range(max(end for start, end, _pitch in rows))]
    for start, end, pitch in sorted(rows):
        for frame in range(max(start, 0), end):
            found[frame][pitch] = start
    return found


def canonical(pitches: Sequence[int] | dict[int, int]) -> list[int]:
    """A set of at most four pitches in canonical order: highest, lowest, the rest from high to low, then rests."""
    falling = sorted(set(pitches), reverse=True)
    ordered = falling[:1] + (falling[-1:] + falling[1:-1] if len(falling) > 1 else [])
    return ordered + [REST] * (4 - len(ordered))


def _parts(score: Score, sounding: list[dict[int, int]], encoding: Encoding) -> list[list[tuple[int, int] | None]]:
    """(pitch, frame in which it was struck) of each voice in each frame, or None."""
    own = _own_tracks(score, encoding)
    if own is not None:
        found: list[list[tuple[int, int] | None]] = []
        for index in range(len(sounding)):
            found.append([next(((p, s) for p, s in track.get(index, {}).items()), None) for track in own])
        return found
    found = []
    for frame in sounding:
        falling: list[tuple[int, int] | None] = [(pitch, frame[pitch]) for pitch in sorted(frame, reverse=True)]
        spare: list[tuple[int, int] | None] = [None] * (encoding.voices - len(falling))
        # Outer voices keep their places: of three notes the middle one is the alto's.
        found.append(falling[:-1] + spare + falling[-1:] if len(falling) > 1 else falling + spare)
    return found


def _own_tracks(score: Score, encoding: Encoding) -> list[dict[int, dict[int, int]]] | None:
    """Where each voice has a track in which one note sounds at a time: frame to (pitch to struck), high to low."""
    if len(score.tracks) != encoding.voices or encoding.voices == 1:
        return None
    tracks: list[dict[int, dict[int, int]]] = []
    heights = []
    for index in range(encoding.voices):
        notes = [note for note in score.notes if note.track == index]
        frames = _sounding(notes, encoding.grid) if notes else []
        if not frames or any(len(set(frame.values())) < len(frame) for frame in frames):
            return None  # chords: no voice
        # Where a note reaches into the next one, that has the voice.
        latest = [dict(sorted(frame.items(), key=lambda item: item[1])[-1:]) for frame in frames]
        tracks.append(dict(enumerate(latest)))
        heights.append(sum(note.pitch for note in notes) / len(notes))
    return [tracks[i] for i in sorted(range(len(tracks)), key=lambda i: -heights[i])]


def _voiced(parts: list[list[tuple[int, int] | None]], voices: int) -> NDArray[np.int64]:
    frames = np.full((len(parts), voices), REST, dtype=np.int64)
    for index, row in enumerate(parts):
        for voice, part in enumerate(row):
            if part is not None:
                before = parts[index - 1][voice] if index else None
                frames[index, voice] = HOLD if part == before and part[1] < index else part[0]
    return frames


def decode(frames: NDArray[np.int64], encoding: Encoding, *, tempo: float = 96.0) -> Score:
    """The score of frames (T, voices), with a track for each voice.

    Of sets, equal pitches in a row are struck again each quarter in no voice but held: nothing says otherwise, and a
    voice that repeats sounds the same as one that holds. Inner notes go to the voice that was nearest.
    """
    rows = _held(lines(frames)) if encoding.sets else frames
    notes = []
    for voice in range(encoding.voices):
        pitch, start = REST, 0
        for index, token in enumerate([*rows[:, voice].tolist(), REST]):
            if token == HOLD:
                continue
            if pitch != REST:
                notes.append(Note(start / encoding.grid, (index - start) / encoding.grid, pitch, track=voice))
            pitch, start = token, index
    notes.sort(key=lambda note: (note.start, note.track))
    return Score(tuple(notes), tempo, encoding.tracks)


def lines(frames: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sets in canonical order as four lines, high to low; a pitch that goes on stands again."""
    found = np.full_like(frames, REST)
    before = [REST] * 4
    for index, (top, bottom, upper, lower) in enumerate(frames.tolist()):
        row = [top, upper, lower, bottom]
        if lower == REST and upper != REST and _distance(upper, before[2]) < _distance(upper, before[1]):
            row = [top, REST, upper, bottom]
        found[index] = before = row
    return found


def _held(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Lines with hold where a pitch goes on."""
    found = rows.copy()
    found[1:][(rows[1:] == rows[:-1]) & (rows[1:] != REST)] = HOLD
    return found


def _distance(pitch: int, other: int) -> int:
    return 128 if other == REST else abs(pitch - other)


def transposed(frames: NDArray[np.int64], shift: int) -> NDArray[np.int64]:
    """Frames with all pitches ``shift`` semitones higher."""
    return np.where(frames < REST, frames + shift, frames)


def ranges(pieces: Sequence[NDArray[np.int64]], voices: int) -> list[tuple[int, int]]:
    """Lowest and highest pitch in each place of the frames of all pieces; (0, 127) where there are none."""
    found = []
    for voice in range(voices):
        pitches = [part[part < REST] for part in (piece[:, voice] for piece in pieces)]
        joined = np.concatenate(pitches) if pitches else np.empty(0, dtype=np.int64)
        found.append((int(joined.min()), int(joined.max())) if len(joined) else (0, 127))
    return found


def shifts(piece: NDArray[np.int64], limits: Sequence[tuple[int, int]]) -> list[int]:
    """Transpositions from -6 to 6 semitones with which each place of the frames stays within its range."""
    own = ranges([piece], piece.shape[1])
    heard = [(piece[:, voice] < REST).any() for voice in range(piece.shape[1])]
    return [
        shift
        for shift in range(-SHIFTS, SHIFTS + 1)
        if shift == 0
        or all(
            limit[0] <= low + shift and high + shift <= limit[1]
            for (low, high), limit, sounds in zip(own, limits, heard, strict=True)
            if sounds
        )
    ]


def allowed(tokens: Tensor, before: Tensor, encoding: Encoding, place: int) -> Tensor:
    """Which symbols may stand in ``place`` of a frame, given the places before it.

    Args:
        tokens: The frame, int64 (N, voices); ``place`` and what follows isn't looked at.
        before: The frame before it, likewise; ``START`` where there is none.

    Returns:
        bool (N, SYMBOLS).
    """
    symbols = torch.arange(SYMBOLS, device=tokens.device)
    keys = (symbols >= KEYS[0]) & (symbols <= KEYS[1])
    rest = symbols == REST
    if not encoding.sets:
        last = before[:, place : place + 1]
        sounding = (last != REST) & (last != START)
        return (keys | rest) | (sounding & (symbols == HOLD))
    if place == 0:
        return (keys | rest).expand(len(tokens), -1)
    earlier = tokens[:, place - 1 : place]
    silent = earlier == REST  # then nothing is left
    upper = tokens[:, 0:1] if place < 3 else tokens[:, 2:3]
    between = keys & (symbols < upper)
    if place > 1:
        between = between & (symbols > tokens[:, 1:2])
    return torch.where(silent, rest, between | rest)
