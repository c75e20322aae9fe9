"""Opening music as a corpus: MIDI files, each one piece, and .json files that hold pieces as frames.

A .json file is an object such as ``{"train": [piece, …], "valid": […], "test": […]}``, a piece a list of frames, a
frame the pitches that sound in it (0 to 127; none: silence), as in the JSB Chorales of Boulanger-Lewandowski et al.
2012. If its name holds ``16th`` or ``sixteenth`` a frame lasts a sixteenth, the first pitch is the soprano's, the last
the bass's, and equal pitches in a row are one held note; else it lasts a quarter note, and each is a note of its own.

MIDI files are read again whenever their scores are asked for.
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from luokuan.errors import UserError
from luokuan.files import expand, sha256_bytes
from luokuan.foundation.corpus.card import UNKNOWN, Card, read_card
from luokuan.foundation.corpus.midi import BYTE_LIMIT, BrokenScore, read_midi
from luokuan.foundation.corpus.reader import BROKEN_LIMIT, HELD_OUT, SPLIT_NAMES, SPLITS, Broken, walk
from luokuan.foundation.corpus.sketches import near_duplicates, shingle_hashes, sketch_of
from luokuan.foundation.corpus.texts import split_by_name
from luokuan.i18n import _
from luokuan.media import MAX_TRACKS, Note, Score

MIDI = (".mid", ".midi")
FRAMES = (".json",)
JSON_LIMIT = 64 << 20
LONGEST = 100_000
"""Most frames of a piece."""
_FIRST_LETTER = 0x4E00


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece.

    Args:
        name: Path inside the corpus with ``/``; in a .json file with ``#SPLIT/NUMBER`` behind it.
        split: As given, or None.
        sha256: Of what it holds.
        bar: Quarter notes in a bar.
        path: Its MIDI file; None for a piece of frames.
        frames: Its frames, if it is one.
        grid: Frames a quarter note.
    """

    name: str
    split: str | None
    sha256: str
    bar: float = 4.0
    path: Path | None = None
    frames: tuple[tuple[int, ...], ...] = field(default=(), repr=False)
    grid: int = 1

    def score(self) -> Score:
        """Its notes.

        Raises:
            UserError: its file isn't what it was when the corpus was opened.
        """
        if self.path is None:
            return _score_of(self.frames, self.grid)
        try:
            data = self.path.read_bytes()
            if sha256_bytes(data) == self.sha256:
                return read_midi(data).score
        except (OSError, BrokenScore):
            pass
        raise UserError(
            _("{path} has changed since it was opened.", path=self.path),
            _("Put it back as it was when it was opened."),
            code="corpus.score",
        )


@dataclass(slots=True)
class ScoreCorpus:
    """Music at rest.

    Args:
        path: The folder, or the one file.
        pieces: Usable pieces, sorted by name.
        broken: Files and pieces that were skipped.
        digest: SHA-256 over the sorted lines ``name sha256\\n``: of MIDI files their bytes', of pieces of frames that
            of their frames as JSON.
        copies: For each piece the first one of which it is a near-duplicate, itself where there is none.
    """

    path: Path
    card: Card | None
    pieces: tuple[Piece, ...]
    broken: tuple[Broken, ...]
    digest: str
    copies: tuple[int, ...] = field(repr=False, default=())

    @property
    def licence(self) -> str:
        """Licence from the card, or ``unknown``."""
        return self.card.licence if self.card else UNKNOWN

    @property
    def skipped(self) -> int:
        """Broken files and pieces."""
        return len(self.broken)

    def split(self, name: str) -> tuple[Piece, ...]:
        """Pieces of ``train``, ``validation`` or ``test``.

        Given splits are kept as they are, because published figures belong to them; ``straddling`` says what lies on
        both sides. Where none is given, pieces are dealt 90/5/5 by the digest of the piece that they are
        near-duplicates of, so that none straddles; a split that chance left empty gets the smallest digests that train
        can spare.

        Raises:
            KeyError: another name.
        """
        if name not in SPLITS:
            raise KeyError(name)
        if any(piece.split not in (None, "train") for piece in self.pieces):
            return tuple(piece for piece in self.pieces if (piece.split or "train") == name)
        chosen = self._dealt()
        return tuple(piece for index, piece in enumerate(self.pieces) if chosen[index] == name)

    def _dealt(self) -> list[str]:
        def side(leader: int) -> str:
            percent = int(sha256_bytes(self.pieces[leader].sha256.encode())[:8], 16) % 100
            return SPLITS[0] if percent < HELD_OUT[0] else SPLITS[1] if percent < HELD_OUT[1] else SPLITS[2]

        sides = {leader: side(leader) for leader in sorted(set(self.copies))}
        for split in SPLITS[1:]:
            train = [leader for leader, found in sides.items() if found == SPLITS[0]]
            if split not in sides.values() and len(train) > 2:
                sides[min(train, key=lambda leader: self.pieces[leader].sha256)] = split
        return [sides[leader] for leader in self.copies]

    def straddling(self) -> int:
        """Held-out pieces with a near-duplicate in train."""
        names = {split: {piece.name for piece in self.split(split)} for split in SPLITS}
        train = {self.copies[i] for i, piece in enumerate(self.pieces) if piece.name in names["train"]}
        return sum(
            self.copies[i] in train for i, piece in enumerate(self.pieces) if piece.name not in names["train"]
        )  # fmt: skip


def open_scores(path: Path | str, *, broken_limit: float = BROKEN_LIMIT) -> ScoreCorpus:
    """Read a folder of .mid and .json files, or one such file.

    Args:
        broken_limit: Share of broken files and pieces above which the corpus is refused, 0 to 1.

    Raises:
        UserError: nothing there, no music in it, more than 5 % broken, or a wrong card.
    """
    place = expand(path)
    if not place.exists():
        raise UserError(
            _("{path} does not exist.", path=place),
            _("Give a folder of .mid files, or a .json file of frames."),
            code="corpus.absent",
            status=404,
        )
    folder = place if place.is_dir() else place.parent
    files = [p for p in (walk(place) if place.is_dir() else [place]) if p.suffix.lower() in (*MIDI, *FRAMES)]
    found: list[tuple[Piece, str]] = []
    broken: list[Broken] = []
    for item in files:
        for read in _look(item, folder, named=place.is_dir()):
            if isinstance(read, Broken):
                broken.append(read)
            else:
                found.append(read)
    if not found:
        first = f" ({broken[0].path}: {broken[0].reason})" if broken else ""
        raise UserError(
            _("{path} holds no usable music{why}.", path=place, why=first),
            _("Put .mid files into it, or a .json file of frames."),
            code="corpus.empty",
        )
    if len(broken) > broken_limit * (len(found) + len(broken)):
        raise UserError(
            _(
                "{broken} of {all} pieces are broken, for instance {path}: {reason}.",
                broken=len(broken),
                all=len(found) + len(broken),
                path=broken[0].path,
                reason=broken[0].reason,
            ),
            _("Take the broken ones out, or mend them."),
            code="corpus.broken",
        )
    found.sort(key=lambda pair: pair[0].name)
    pieces = tuple(piece for piece, _letters in found)
    digest = sha256_bytes("".join(f"{piece.name} {piece.sha256}\n" for piece in pieces).encode())
    sketches = np.stack([sketch_of(shingle_hashes(letters)) for _piece, letters in found])
    copies = near_duplicates(sketches, np.arange(len(found), dtype=np.int64))
    card = read_card(folder)
    return ScoreCorpus(place, card, pieces, tuple(broken), digest, tuple(copies.tolist()))


def _look(path: Path, folder: Path, *, named: bool) -> Iterator[tuple[Piece, str] | Broken]:
    """The pieces of a file, each with its letters (see ``letters_of``)."""
    name = path.relative_to(folder).as_posix()
    try:
        name.encode()
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
            raise BrokenScore(_("it is no ordinary file"))
        frames = path.suffix.lower() in FRAMES
        limit = JSON_LIMIT if frames else BYTE_LIMIT
        if status.st_size > limit:
            raise BrokenScore(_("the file is larger than {limit} MB", limit=limit >> 20))
        data = path.read_bytes()
        split = split_by_name(path, folder) if named else None
        if frames:
            yield from _pieces(path, name, split, data)
            return
        found = read_midi(data)
        yield Piece(name, split, sha256_bytes(data), found.bar, path), letters_of(found.score)
    except UnicodeEncodeError:
        yield Broken(path, _("its name is no valid UTF-8"))
    except OSError as error:
        yield Broken(path, _("it can't be read ({why})", why=error.strerror))
    except BrokenScore as error:
        yield Broken(path, str(error))


def _pieces(path: Path, name: str, given: str | None, data: bytes) -> Iterator[tuple[Piece, str] | Broken]:
    try:
        found: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BrokenScore(_("it is no JSON")) from error
    if not isinstance(found, dict) or not all(isinstance(value, list) for value in found.values()):
        raise BrokenScore(_("it is no object with a list of pieces for each split"))
    grid = 4 if any(word in path.stem.lower() for word in ("16th", "sixteenth")) else 1
    for key, pieces in found.items():
        split = SPLIT_NAMES.get(key.lower()) or given
        for number, rows in enumerate(pieces):
            frames = _frames(rows)
            if frames is None:
                yield Broken(path, _("piece {number} of '{split}' is no list of frames", number=number, split=key))
            elif not any(frames):
                yield Broken(path, _("piece {number} of '{split}' has no notes", number=number, split=key))
            else:
                sha256 = hashlib.sha256(json.dumps([grid, frames]).encode()).hexdigest()
                piece = Piece(f"{name}#{key}/{number:05d}", split, sha256, 4.0, None, frames, grid)
                yield piece, letters_of(piece.score())


def _frames(rows: Any) -> tuple[tuple[int, ...], ...] | None:
    """Frames of whole pitches 0 to 127; None if it is anything else."""
    if not isinstance(rows, list) or not 0 < len(rows) <= LONGEST:
        return None
    found = []
    for row in rows:
        if not isinstance(row, list) or len(row) > MAX_TRACKS:
            return None
        if not all(type(pitch) in (int, float) and pitch == pitch // 1 and 0 <= pitch <= 127 for pitch in row):
            return None
        found.append(tuple(int(pitch) for pitch in row))
    return tuple(found)


def _score_of(frames: Sequence[tuple[int, ...]], grid: int) -> Score:
    notes: list[Note] = []
    if grid == 1:
        notes = [Note(float(at), 1.0, pitch) for at, row in enumerate(frames) for pitch in sorted(set(row))]
        return Score(tuple(notes))
    voices = max(map(len, frames))
    for voice in range(voices):
        line = [row[voice] if voice < len(row) else None for row in frames]
        start = 0
        for at in range(1, len(line) + 1):
            if at == len(line) or line[at] != line[start]:
                if (pitch := line[start]) is not None:
                    notes.append(Note(start / grid, (at - start) / grid, pitch, track=voice))
                start = at
    notes.sort(key=lambda note: (note.start, note.track))
    return Score(tuple(notes), tracks=tuple(f"voice {voice + 1}" for voice in range(voices)))


def letters_of(score: Score) -> str:
    """A score as letters by which near-duplicates are found, whatever their key: one for each moment at which notes
    start, by how far the lowest moved, what stands above it, and how long until the next."""
    moments: dict[int, set[int]] = {}
    for note in score.notes:
        moments.setdefault(round(note.start * 4), set()).add(note.pitch)
    times = sorted(moments)
    letters, before = [], None
    for at, following in zip(times, [*times[1:], times[-1] + 4], strict=True):
        lowest = min(moments[at])
        told = (
            0 if before is None else lowest - before,
            sorted(p - lowest for p in moments[at]),
            min(following - at, 32),
        )
        letters.append(chr(_FIRST_LETTER + int(sha256_bytes(repr(told).encode())[:8], 16) % 20_000))
        before = lowest
    return "".join(letters)
