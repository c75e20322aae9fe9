"""What pictures show, how sounds sound, what scores sing: near copies are found, strangers are not."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drafts import DIGEST
from hypothesis import given
from hypothesis import strategies as st
from market_for_tests import offered, unchecked
from people import make_account
from PIL import Image
from scores_for_tests import DATA as MUSIC
from sounds import guitar

from luokuan.colophon.fingerprint.sound import program
from luokuan.colophon.finish import finish
from luokuan.colophon.schema import Draft, Recipe, Work
from luokuan.foundation.corpus.scores import open_scores
from luokuan.media import Note, Picture, Score, Sound
from luokuan.rights import corpus_readings, likeness, melodies
from luokuan.rights.guard import Guarding, guard
from luokuan.store.database import open_database
from luokuan.store.home import Home
from luokuan.store.ownership import set_owner
from luokuan.store.works import find_work

DRESS = Path(__file__).parents[1] / "data/fingerprints/dress.jpg"
RECIPE = Recipe("toy", DIGEST, licence="CC0-1.0")
notes = st.lists(
    st.tuples(st.integers(30, 90), st.sampled_from([0.25, 0.5, 1.0, 1.5, 2.0])), min_size=16, max_size=60
)  # fmt: skip


def score_of(rows: list[tuple[int, float]], shift: int = 0, slower: float = 1.0) -> Score:
    start, found = 0.0, []
    for pitch, length in rows:
        found.append(Note(start * slower, length * slower, pitch + shift))
        start += length
    return Score(tuple(found))


def looked_at(work: Work, home: Home, *corpora: Path) -> Guarding:
    with open_database(home) as database, database.read() as connection:
        row = find_work(connection, work.id)
    assert row is not None
    return guard(row, home, corpora=corpora)


@given(notes, st.integers(-12, 12), st.sampled_from([0.5, 1.5, 2.0, 3.0]))
def test_a_line_keeps_neither_key_nor_tempo(rows: list[tuple[int, float]], shift: int, slower: float) -> None:
    lines = melodies.lines_of(score_of(rows))
    assert lines == melodies.lines_of(score_of(rows, shift, slower)) and len(lines) <= 1
    assert all(len(line) == len(rows) - 2 for line in lines)


def test_what_is_too_short_or_nobodys_melody() -> None:
    assert melodies.lines_of(Score(())) == () == melodies.lines_of(score_of([(60, 1.0)] * 10))
    scale = melodies.lines_of(score_of([(40 + at, 1.0) for at in range(40)]))
    assert melodies.resemblance(scale, scale) == melodies.Resemblance(0, 0.0)
    tune = [(60, 1.0), (64, 0.5), (62, 0.5), (67, 2.0), (65, 1.0), (60, 1.5), (59, 0.25), (72, 1.0)] * 2
    lines = melodies.lines_of(score_of(tune))
    assert melodies.resemblance(lines, lines).run == 14, "of sixteen notes"
    low = Score((*score_of(tune).notes, *(replace(note, pitch=note.pitch - 24) for note in score_of(tune).notes)))
    assert melodies.lines_of(low) == lines, "another harmony"


def test_chorales_are_told_from_one_another() -> None:
    lines = [melodies.lines_of(piece.score()) for piece in open_scores(MUSIC / "chorales-quarter.json").pieces]
    for at, one in enumerate(lines):
        assert melodies.resemblance(one, one).copy
        assert not any(melodies.resemblance(one, other).told for other in lines[at + 1 :])


def test_a_score_is_compared_with_its_corpus_and_with_what_others_offer(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unchecked(monkeypatch)
    folder = tmp_path / "chorales"
    folder.mkdir()
    shutil.copy(MUSIC / "chorale-1.mid", folder)
    (folder / "more.json").write_text('{"no": "music"}')
    first, second = (open_scores(MUSIC / f"chorale-{number}.mid").pieces[0].score() for number in (1, 2))
    moved = replace(first, notes=tuple(replace(note, pitch=note.pitch + 2) for note in first.notes))
    made = [finish(Draft(score, RECIPE, kind="music"), home=home, media_type="audio/midi") for score in (moved, second)]
    found = looked_at(made[0], home, folder)
    (hit,) = found.hits
    assert (hit.kind, hit.blocks, hit.details["item"]) == ("training-score", True, "chorale-1.mid")
    assert hit.details["notes"] > 30 and "melodies of the corpus chorales" in found.compared and found.blocked
    assert not looked_at(made[1], home, folder).hits
    with open_database(home) as database:
        bo = make_account(database, "bo")
        with database.write() as connection:
            set_owner(connection, made[0].id, bo.id)
    offered(home, made[0].id, person=bo)
    again = finish(Draft(first, RECIPE, kind="music"), home=home, media_type="audio/midi")
    assert [(one.kind, one.blocks, one.details["like"]) for one in looked_at(again, home).hits] == [
        ("score", True, made[0].id)
    ]  # fmt: skip
    assert not looked_at(made[0], home).hits, "one's own offer is no other's"


def test_a_sound_is_compared_with_its_corpus(home: Home, tmp_path: Path) -> None:
    if program() is None:
        pytest.skip("no program takes fingerprints of sounds here")
    folder = tmp_path / "sounds"
    folder.mkdir()
    shutil.copy(Path(__file__).parents[1] / "data/sound/sp_guit_e_fifths.flac", folder)
    (folder / "broken.wav").write_bytes(b"RIFF")
    made = guitar()
    quieter = Sound(made.samples * 0.5, made.rate)
    work = finish(Draft(quieter, RECIPE, kind="sound"), home=home, media_type="audio/flac")
    found = looked_at(work, home, folder)
    assert [(one.kind, one.blocks, one.details["item"]) for one in found.hits] == [
        ("training-sound", True, "sp_guit_e_fifths.flac")
    ]  # fmt: skip
    assert "sounds of the corpus sounds" in found.compared


def test_a_picture_is_compared_by_what_it_shows(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unchecked(monkeypatch)
    folder = tmp_path / "clothes"
    folder.mkdir()
    for name in ("dress", "shoes", "shirt"):
        shutil.copy(DRESS.with_name(f"{name}.jpg"), folder)
    with Image.open(DRESS) as opened:
        image = opened.convert("RGB").resize((128, 128))
    turned = image.rotate(4, Image.Resampling.BICUBIC, fillcolor=image.getpixel((0, 0)))
    copy = finish(Draft(Picture(np.asarray(turned)), RECIPE), home=home)
    found = [one for one in looked_at(copy, home, folder).hits if one.kind == "training-likeness"]
    assert [one.details["item"] for one in found] == ["dress.jpg"] and found[0].details["likeness"] >= likeness.SHOWN
    with open_database(home) as database:
        bo = make_account(database, "bo")
        with database.write() as connection:
            set_owner(connection, copy.id, bo.id)
    offered(home, copy.id, person=bo)
    mine = finish(Draft(Picture(np.asarray(turned.rotate(-4))[:, ::-1].copy()), RECIPE), home=home)
    kinds = {one.kind: one for one in looked_at(mine, home).hits}
    assert kinds["likeness"].details["like"] == copy.id
    place = home.cache / "rights" / "works" / copy.id
    assert place.is_file()
    place.write_text("damaged")
    assert "likeness" in {one.kind for one in looked_at(mine, home).hits}


def test_pictures_of_one_kind_are_no_copies_of_one_another() -> None:
    crowd = np.random.default_rng(0).normal(size=(40, 16)).astype(np.float32) + 2.0
    crowd /= np.linalg.norm(crowd, axis=1, keepdims=True)
    limit = likeness.usual(crowd)
    assert limit > likeness.SHOWN and likeness.usual(crowd[:2]) == 0.0
    assert corpus_readings.unpacked(corpus_readings.packed(crowd[0] * 7)) == pytest.approx(crowd[0], abs=1e-3)
