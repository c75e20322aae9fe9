"""From the scores of a corpus to frames: what fits the encoding, and for melodies the grid that a file has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from luokuan.errors import UserError
from luokuan.foundation.corpus.scores import Piece, ScoreCorpus
from luokuan.i18n import _
from luokuan.media import Note, Score
from luokuan.models.vae.music.encodings import REST, Encoding, Unfit, encode

MELODY = ("melody", "vocal", "lead", "soprano", "旋律")
"""Names of tracks that hold the melody; else the highest track of at least 16 notes, or the only one."""
FEWEST = 16
LEAST_ONSETS = 3
"""Notes of a melody of two bars; what has fewer is left out, and what rests for a bar or longer
(MusicVAE, arXiv 1803.05428, appendix A)."""
BAR = 4.0
NEAR = 0.125
"""Distance of a file's own grid from its ticks, in sixteenths, under which its bars are believed."""


@dataclass(frozen=True, slots=True)
class Frames:
    """Pieces of one split as frames, int64 (T, voices) each; ``sources``: the place in the split's pieces from which
    each came; ``unfit``: (name, why) of pieces that the encoding can't hold."""

    pieces: tuple[NDArray[np.int64], ...]
    sources: tuple[int, ...]
    unfit: tuple[tuple[str, str], ...]


def frames_of(pieces: Sequence[Piece], encoding: Encoding) -> Frames:
    """All pieces that fit: whole ones, or for ``melody`` all windows of two bars that begin with a bar, each once."""
    found: list[NDArray[np.int64]] = []
    sources: list[int] = []
    unfit: list[tuple[str, str]] = []
    seen: set[bytes] = set()
    for index, piece in enumerate(pieces):
        try:
            if encoding.name == "melody":
                rows = {row.tobytes(): row for row in windows(piece.score(), encoding)}
                new = [row for key, row in rows.items() if key not in seen]
                seen |= rows.keys()
            else:
                new = [encode(piece.score(), encoding)]
        except Unfit as error:
            unfit.append((piece.name, str(error)))
            continue
        found += new
        sources += [index] * len(new)
    return Frames(tuple(found), tuple(sources), tuple(unfit))


def require_frames(found: Frames, corpus: ScoreCorpus) -> None:
    """Refuse material that can't be trained on.

    Raises:
        UserError: fewer than two training pieces, or most of them don't fit.
    """
    if len(found.pieces) < 2:
        why = f" ({found.unfit[0][0]}: {found.unfit[0][1]})" if found.unfit else ""
        raise UserError(
            _("{path} has {count} training pieces that fit; that is too few{why}.", path=corpus.path,
              count=len(found.pieces), why=why),
            _("Add pieces, or choose another --encoding or --grid."),
            code="corpus.too_small",
        )  # fmt: skip


def melody_track(score: Score) -> Score:
    """The melody alone, in the first track.

    Raises:
        Unfit: no track has enough notes.
    """
    counts = [sum(note.track == index for note in score.notes) for index in range(len(score.tracks))]
    named = [i for i, name in enumerate(score.tracks) if name.strip().lower() in MELODY and counts[i]]
    full = [index for index, count in enumerate(counts) if count >= FEWEST] or [
        index for index, count in enumerate(counts) if count and sum(map(bool, counts)) == 1
    ]
    if not named and not full:
        raise Unfit(_("no track has {count} notes", count=FEWEST))

    def height(index: int) -> float:
        return float(np.mean([note.pitch for note in score.notes if note.track == index]))

    chosen = named[0] if named else max(full, key=height)
    notes = [Note(n.start, n.length, n.pitch, n.velocity) for n in score.notes if n.track == chosen]
    return Score(tuple(notes), score.tempo)


def aligned(score: Score, grid: int) -> float:
    """Quarter notes by which a score must be moved so that its notes start on the grid, and its bars where most long
    notes start. Files that were fitted to a recording begin anywhere.

    The place within a step is the circular mean of all starts; that within the bar of four quarters the one at whose
    steps notes start that are longest together. Files whose notes lie on the grid are believed: 0.
    """
    starts = np.array([note.start for note in score.notes]) * grid
    lengths = np.array([note.length for note in score.notes])
    turn = np.angle(np.exp(2j * np.pi * starts).mean()) / (2 * np.pi)
    if abs(turn) < NEAR:
        return 0.0
    steps = np.round(starts - turn).astype(np.int64) % round(BAR * grid)
    weights = np.bincount(steps, weights=np.minimum(lengths, BAR), minlength=round(BAR * grid))
    return float(-(turn + int(weights.argmax())) / grid)


def windows(score: Score, encoding: Encoding) -> list[NDArray[np.int64]]:
    """The melodies of two bars in a score: windows that begin with each bar, int64 (segment, 1).

    A note that sounds already when its window begins is left out of it, as in MusicVAE.

    Raises:
        Unfit: see ``melody_track`` and ``encode``.
    """
    moved = aligned(score, encoding.grid)
    line = melody_track(score)
    early = moved + BAR if moved < 0 else moved  # nothing may start before 0
    notes = tuple(Note(n.start + early, n.length, n.pitch) for n in line.notes)
    frames = encode(Score(notes), encoding)
    step, found = round(BAR * encoding.grid), []
    for start in range(0, len(frames), step):
        piece = frames[start : start + encoding.segment]
        piece = np.pad(piece, ((0, encoding.segment - len(piece)), (0, 0)), constant_values=REST)
        held = int(np.argmax(piece[:, 0] <= REST))  # what goes on from before the window
        piece[:held] = REST
        if (piece < REST).sum() >= LEAST_ONSETS and _longest_rest(piece[:, 0]) < step:
            found.append(piece)
    return found


def _longest_rest(line: NDArray[np.int64]) -> int:
    longest = run = 0
    for silent in (line == REST).tolist():
        run = run + 1 if silent else 0
        longest = max(longest, run)
    return longest
