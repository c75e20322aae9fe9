"""From scores to bars: which track is which part, where the bars begin, which key and how dense."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from luokuan.errors import UserError
from luokuan.foundation.corpus.scores import Piece, ScoreCorpus
from luokuan.i18n import _
from luokuan.media import Note, Score
from luokuan.models.evaluation.music import key_of
from luokuan.models.plm.music.tokens import BAR, GRID, HIGH, LOW, PARTS, STEPS, Bar, Struck, bar_tokens
from luokuan.models.vae.music.encodings import Unfit
from luokuan.models.vae.music.material import MELODY, aligned

BRIDGE = ("bridge", "lead 2", "second melody", "counter melody", "countermelody", "副旋律", "间奏")
"""Names of tracks that hold the second melody."""
SINGLE = 0.9
"""Share of moments with one note from which on a track counts as one voice."""
LEAST_BARS = 4
"""What is shorter is no piece to learn from."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A score as the model reads it.

    Args:
        notes: Its own notes, moved so that bars begin at multiples of ``BAR``, each in the track of its part.
        bars: The same on the grid.
        key: See ``tokens.Told``.
        tempo: Its own.
    """

    notes: tuple[Note, ...]
    bars: tuple[Bar, ...]
    key: int
    tempo: float


@dataclass(frozen=True, slots=True)
class Song:
    """A piece to learn from.

    Args:
        name: Path inside the corpus.
        tokens: Of all its bars, uint8 (T,).
        starts: Where each bar begins, and the end, int64 (bars + 1,).
        counts: Notes of each bar, int64 (bars,).
        key: See ``tokens.Told``.
        tempo: Quarter notes a minute.
    """

    name: str
    tokens: NDArray[np.uint8]
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]
    key: int
    tempo: float

    @property
    def bars(self) -> int:
        """How many."""
        return len(self.counts)


@dataclass(frozen=True, slots=True)
class Songs:
    """The songs of a split; ``unfit``: (name, why) of pieces that don't fit."""

    songs: tuple[Song, ...]
    unfit: tuple[tuple[str, str], ...]


def parts_of(score: Score, *, melody: bool = False) -> list[int]:
    """The part of each track: by its name; else the highest one that has one voice is the melody, and all others are
    the piano.

    Args:
        melody: A score of one track is a melody, whatever it holds.
    """
    names = [name.strip().lower() for name in score.tracks]
    found = [0 if name in MELODY else 1 if name in BRIDGE else 2 for name in names]
    tracks = sorted({note.track for note in score.notes})
    if len(tracks) == 1 and melody:
        found[tracks[0]] = 0
    if 0 in found:
        return found
    starts: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    pitches: dict[int, list[int]] = defaultdict(list)
    for note in score.notes:
        starts[note.track][round(note.start * GRID)] += 1
        pitches[note.track].append(note.pitch)
    single = [
        track
        for track in tracks
        if found[track] == 2 and np.mean([count == 1 for count in starts[track].values()]) >= SINGLE
    ]
    if single:
        found[max(single, key=lambda track: float(np.mean(pitches[track])))] = 0
    return found


def placed(score: Score, *, melody: bool = False) -> Placed:
    """A score on the grid of sixteenths, in bars of four quarters.

    Args:
        melody: See ``parts_of``.

    Raises:
        Unfit: it has no notes, or none within the piano's range.
    """
    if not any(LOW <= note.pitch <= HIGH for note in score.notes):
        raise Unfit(_("it has no notes"))
    shift = aligned(score, GRID)
    early = shift + BAR if shift < 0 else shift  # nothing may start before 0
    parts = parts_of(score, melody=melody)
    own = tuple(
        Note(max(note.start + early, 0.0), note.length, note.pitch, note.velocity, parts[note.track])
        for note in score.notes
        if LOW <= note.pitch <= HIGH
    )
    return Placed(own, gridded(own), _key(score), score.tempo)


def gridded(notes: Sequence[Note]) -> tuple[Bar, ...]:
    """Notes of the three parts on the grid, bar by bar; of equal ones the longest stays."""
    longest: dict[tuple[int, int, int], int] = {}
    for note in notes:
        key = (round(note.start * GRID), note.track, note.pitch)
        length = min(max(round(note.length * GRID), 1), STEPS)
        longest[key] = max(longest.get(key, 0), length)
    bars: list[list[Struck]] = [[] for _bar in range(max(at for at, _part, _pitch in longest) // STEPS + 1)]
    for (at, part, pitch), length in longest.items():
        bars[at // STEPS].append((part, at % STEPS, pitch, length))
    return tuple(tuple(sorted(bar)) for bar in bars)


def _key(score: Score) -> int:
    key = key_of(score)
    return key.tonic + (0 if key.major else 12)


def song_of(name: str, score: Score) -> Song:
    """A score to learn from, without silent bars at its ends.

    Raises:
        Unfit: it has no notes, or fewer than ``LEAST_BARS`` bars.
    """
    place = placed(score)
    sounding = [number for number, bar in enumerate(place.bars) if bar]
    bars = place.bars[sounding[0] : sounding[-1] + 1]
    if len(bars) < LEAST_BARS:
        raise Unfit(_("it has fewer than {least} bars", least=LEAST_BARS))
    written = [bar_tokens(bar) for bar in bars]
    starts = np.cumsum([0, *map(len, written)])
    tokens = np.array([token for bar in written for token in bar], np.uint8)
    return Song(name, tokens, starts, np.array([len(bar) for bar in bars]), place.key, place.tempo)


def songs_of(pieces: Sequence[Piece]) -> Songs:
    """All pieces that fit. Such with bars of three or six quarters don't: the grid has bars of four."""
    songs, unfit = [], []
    for piece in pieces:
        try:
            if piece.bar not in (1.0, 2.0, 4.0):
                raise Unfit(_("its bars don't have four quarter notes"))
            songs.append(song_of(piece.name, piece.score()))
        except Unfit as error:
            unfit.append((piece.name, str(error)))
    return Songs(tuple(songs), tuple(unfit))


def require_songs(found: Songs, corpus: ScoreCorpus) -> None:
    """Refuse material that can't be trained on.

    Raises:
        UserError: fewer than two training pieces fit.
    """
    if len(found.songs) >= 2:
        return
    why = f" ({found.unfit[0][0]}: {found.unfit[0][1]})" if found.unfit else ""
    raise UserError(
        _("{path} has {count} training pieces that fit; that is too few{why}.", path=corpus.path,
          count=len(found.songs), why=why),
        _("Add MIDI files with bars of four quarter notes."),
        code="corpus.too_small",
    )  # fmt: skip


def density_limits(songs: Sequence[Song], bars: int = 8) -> tuple[float, float]:
    """Notes a bar that part the excerpts of ``bars`` bars into thirds."""
    means = [
        float(song.counts[start : start + bars].mean()) for song in songs for start in range(0, song.bars, bars)
    ]  # fmt: skip
    low, high = np.quantile(means, [1 / 3, 2 / 3])
    return float(low), float(high)


def has_part(bars: Sequence[Bar], part: str) -> bool:
    """Whether anything is played by a part."""
    number = PARTS.index(part)
    return any(note[0] == number for bar in bars for note in bar)
