"""From corpora to frames: what fits, melodies and their grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scores_for_tests import CHORALES

from luokuan.colophon.formats import Encoding
from luokuan.colophon.formats.midi import MIDI
from luokuan.errors import UserError
from luokuan.foundation.corpus.scores import open_scores
from luokuan.media import Note, Score
from luokuan.models.vae.music.encodings import ENCODINGS, HOLD, REST, Unfit
from luokuan.models.vae.music.material import aligned, frames_of, melody_track, require_frames, windows

MELODY = ENCODINGS["melody", "sixteenth"]
SCALE = (60, 62, 64, 65, 67, 69, 71, 72)


def song(late: float = 0.0, bars: int = 4) -> Score:
    """A scale in quarters, a chord for each bar; ``late``: quarter notes of silence before it."""
    line = [Note(at + late, 1, SCALE[at % 8]) for at in range(4 * bars)]
    chords = [Note(4 * bar + late, 4, pitch, track=1) for bar in range(bars) for pitch in (36, 40, 43)]
    return Score((*line, *chords), tracks=("MELODY", "PIANO"))


def test_all_pieces_of_the_chorales_fit() -> None:
    corpus = open_scores(CHORALES)
    found = frames_of(corpus.split("train"), ENCODINGS["satb", "quarter"])
    assert len(found.pieces) == 6 and not found.unfit and found.sources == tuple(range(6))
    require_frames(found, corpus)


def test_windows_of_two_bars() -> None:
    rows = windows(song(), MELODY)
    assert len(rows) == 3 and rows[0].shape == (32, 1)  # the last bar has no second one
    assert rows[0][:8, 0].tolist() == [60, HOLD, HOLD, HOLD, 62, HOLD, HOLD, HOLD]


def test_a_grid_that_begins_late_is_found() -> None:
    late = 2.6
    moved = aligned(song(late), 4)
    assert abs((late + moved + 1e-9) % 4) < 1e-6 or abs((late + moved) % 4 - 4) < 1e-6
    assert aligned(song(3.0), 4) == 0.0  # on the grid: the file's bars are believed
    rows = windows(song(late), MELODY)
    assert rows[0][:8, 0].tolist() == windows(song(), MELODY)[0][:8, 0].tolist()


def test_the_melody_is_found_by_name_or_height() -> None:
    score = song()
    assert {note.pitch for note in melody_track(score).notes} == set(SCALE)
    nameless = Score(score.notes, tracks=("", ""))
    assert {note.pitch for note in melody_track(nameless).notes} == set(SCALE)
    with pytest.raises(Unfit):
        melody_track(Score((Note(0, 1, 60), Note(0, 1, 50, track=1)), tracks=("a", "b")))


def test_sparse_windows_are_left_out() -> None:
    line = (*(Note(at, 0.25, 60) for at in range(16)), Note(40, 1, 60))
    found = windows(Score(line, tracks=("melody",)), MELODY)
    # The fourth bar with the silence after it, and all windows with a bar's rest, are none.
    assert len(found) == 3 and all((row < REST).sum() >= 3 for row in found)


def test_equal_melodies_count_once(tmp_path: Path) -> None:
    score = Score(song(bars=16).notes, tracks=("MELODY", "PIANO"))
    (tmp_path / "a.mid").write_bytes(MIDI.encode(score, Encoding()))
    found = frames_of(open_scores(tmp_path).pieces, MELODY)
    assert len(found.pieces) == 2  # eight notes that repeat, from either bar
    assert len({row.tobytes() for row in found.pieces}) == len(found.pieces)


def test_pieces_that_do_not_fit_are_named(tmp_path: Path) -> None:
    crowded = Score(tuple(Note(0, 1, pitch) for pitch in range(60, 66)))
    for name in ("a", "b"):
        (tmp_path / f"{name}.mid").write_bytes(MIDI.encode(crowded, Encoding()))
    corpus = open_scores(tmp_path)
    found = frames_of(corpus.pieces, ENCODINGS["satb", "quarter"])
    assert not found.pieces and found.unfit[0][0] == "a.mid" and "6 notes" in found.unfit[0][1]
    with pytest.raises(UserError, match="6 notes"):
        require_frames(found, corpus)


def test_trailing_frames_are_rests() -> None:
    rows = windows(song(bars=1), MELODY)
    assert rows == [] or np.all(rows[0][16:, 0] == REST)
