"""Music as a corpus: pieces of files and frames, what is skipped, splits that nothing straddles."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from scores_for_tests import CHORALES, DATA, END, NOTE, chunk, midi

from luokuan.errors import UserError
from luokuan.foundation.corpus.scores import letters_of, open_scores
from luokuan.media import Note, Score


def melody(seed: int, shift: int = 0, notes: int = 40) -> bytes:
    """A MIDI file of one voice, a walk by ``seed``."""
    events, base = b"", 60
    for index in range(notes):
        base = min(max(base + (seed * 7 + index * index * (seed + 3)) % 9 - 4, 40), 90)
        pitch = base + shift
        events += bytes((0, 0x90, pitch, 80, 0x81, 0x70, 0x80, pitch, 0))
    return midi(chunk(events + END))


def test_the_given_split_is_kept() -> None:
    corpus = open_scores(CHORALES)
    sizes = {name: len(corpus.split(name)) for name in ("train", "validation", "test")}
    assert sizes == {"train": 6, "validation": 2, "test": 2} and corpus.licence == "CC0-1.0"
    rows = json.loads(CHORALES.read_text())["test"][0]
    score = corpus.split("test")[0].score()
    held = [sorted(n.pitch for n in score.notes if n.start == at) for at in range(len(rows))]
    assert held == rows and {n.length for n in score.notes} == {1.0}
    with pytest.raises(KeyError):
        corpus.split("other")


def test_frames_of_sixteenths_are_voices_with_held_notes(tmp_path: Path) -> None:
    frames = [[72, 67, 60, 48], [72, 67, 60, 48], [74, 67.0, 60, 48], [], [72, 67]]
    (tmp_path / "own-16th.json").write_text(json.dumps({"train": [frames]}))
    score = open_scores(tmp_path).pieces[0].score()
    found = [(n.start, n.length, n.pitch, n.track) for n in score.notes]
    assert (0, 0.5, 72, 0) in found and (0.5, 0.25, 74, 0) in found and (0, 0.75, 48, 3) in found
    assert (1.0, 0.25, 67, 1) in found and len(found) == 7 and score.tracks[3] == "voice 4"


def test_the_digest_names_the_material(tmp_path: Path) -> None:
    shutil.copy(DATA / "chorale-1.mid", tmp_path / "a.mid")
    first = open_scores(tmp_path)
    shutil.copy(DATA / "chorale-2.mid", tmp_path / "b.mid")
    second = open_scores(tmp_path)
    assert first.digest != second.digest and [piece.name for piece in second.pieces] == ["a.mid", "b.mid"]
    (tmp_path / "b.mid").unlink()
    assert open_scores(tmp_path).digest == first.digest
    assert first.licence == "unknown"


def test_broken_files_are_listed_and_skipped(tmp_path: Path) -> None:
    for index in range(30):
        (tmp_path / f"{index:02d}.mid").write_bytes(melody(index))
    (tmp_path / "bad.mid").write_bytes(b"MThd" + bytes(30))
    os.mkfifo(tmp_path / "pipe.mid")
    with pytest.raises(UserError, match="2 of 32"):
        open_scores(tmp_path)
    corpus = open_scores(tmp_path, broken_limit=0.1)
    assert corpus.skipped == 2 and {b.path.name for b in corpus.broken} == {"bad.mid", "pipe.mid"}
    assert all(broken.reason for broken in corpus.broken)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"train": 3}', '{"train": [[[60, 200]]]}', '{"train": [[[60.5]]]}', '{"train": [[["a"]]]}',
     '{"train": [[[], []]]}', '{"train": [7]}', '{"train": [[[true]]]}', "[" * 100_000],
)  # fmt: skip
def test_wrong_frames_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(UserError) as caught:
        open_scores(tmp_path)
    assert caught.value.code == "corpus.empty"


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        open_scores(tmp_path / "absent")
    with pytest.raises(UserError, match="no usable music"):
        open_scores(tmp_path)


def test_near_duplicates_never_straddle_a_dealt_split(tmp_path: Path) -> None:
    for index in range(40):
        (tmp_path / f"{index:02d}.mid").write_bytes(melody(index % 20, shift=3 if index >= 20 else 0))
    corpus = open_scores(tmp_path)
    sides = {piece.name: name for name in ("train", "validation", "test") for piece in corpus.split(name)}
    assert len(sides) == 40 and set(sides.values()) == {"train", "validation", "test"}
    for index in range(20):
        assert sides[f"{index:02d}.mid"] == sides[f"{index + 20:02d}.mid"]  # the same, three semitones higher
    assert corpus.straddling() == 0


def test_what_straddles_a_given_split_is_counted(tmp_path: Path) -> None:
    found = json.loads(CHORALES.read_text())
    found["test"].append([[pitch + 2 for pitch in frame] for frame in found["train"][0]])
    (tmp_path / "x.json").write_text(json.dumps(found))
    assert open_scores(tmp_path).straddling() == 1 and open_scores(CHORALES).straddling() == 0


def test_a_file_that_changed_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "a.mid").write_bytes(midi(chunk(NOTE + END)))
    piece = open_scores(tmp_path).pieces[0]
    assert piece.score().notes[0].pitch == 60
    (tmp_path / "a.mid").write_bytes(melody(1))
    with pytest.raises(UserError, match="has changed"):
        piece.score()


def test_letters_know_no_key() -> None:
    notes = [Note(at, 1, pitch) for at, pitch in enumerate((60, 64, 67, 65, 62))]
    higher = [Note(note.start, 1, note.pitch + 5) for note in notes]
    slower = [Note(2 * note.start, 2, note.pitch) for note in notes]
    assert letters_of(Score(tuple(notes))) == letters_of(Score(tuple(higher)))
    assert letters_of(Score(tuple(notes))) != letters_of(Score(tuple(slower)))
    assert len(letters_of(Score(tuple(notes)))) == 5
