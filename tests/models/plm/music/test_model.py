"""Pieces by a language model of music: the asked length, what is given stays, equal seeds give equal music."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from musicplms import save_music_plm, song

from luokuan.errors import UserError
from luokuan.models.plm.music.grammar import wrong
from luokuan.models.plm.music.material import gridded, placed
from luokuan.models.plm.music.measure import Measured, excerpts_of, in_key, repeated, similar
from luokuan.models.plm.music.model import LONGEST, Asked, MusicPlm
from luokuan.models.plm.music.tokens import bar_tokens
from luokuan.models.registry import load_model, load_music_model, load_writing_model, makes_pictures

GIVEN = placed(song())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_music_plm(tmp_path_factory.mktemp("plm") / "songs").path


@pytest.fixture(scope="module")
def model(folder: Path) -> MusicPlm:
    found = load_music_model(folder)
    assert isinstance(found, MusicPlm) and not makes_pictures(folder)
    return found


@pytest.mark.parametrize("bars", [1, 3, 20])
def test_a_piece_has_the_bars_and_the_tempo_that_were_asked_for(model: MusicPlm, bars: int) -> None:
    score = model.write(Asked(bars=bars, key=0, tempo=120, density="low"), seed=3)
    assert score.tempo == 120 and score.quarters <= 4 * bars and score.tracks == ("melody", "bridge", "piano")
    tokens = [token for bar in gridded(score.notes) for token in bar_tokens(bar)]
    assert wrong(np.array(tokens, np.uint8)) is None
    assert model.write(Asked(bars=bars, key=0, tempo=120, density="low"), seed=3) == score
    assert model.write(Asked(bars=bars, key=0, tempo=120, density="low"), seed=4) != score


def test_a_piece_goes_on(model: MusicPlm) -> None:
    score = model.go_on(GIVEN, Asked(bars=12), seed=1)
    assert score.tempo == 80 and 24 < score.quarters <= 72
    assert {n for n in score.notes if n.start < 23.9} == set(GIVEN.notes)


def test_a_melody_is_accompanied_and_stays_as_it_is(model: MusicPlm) -> None:
    score = model.accompany(GIVEN, Asked(), seed=1)
    melody = [note for note in GIVEN.notes if note.track == 0]
    assert {n for n in score.notes if n.track == 0} == set(melody)
    assert {n.track for n in score.notes} > {0} and score.quarters <= 24
    with pytest.raises(UserError, match="no melody"):
        bars = placed(type(song())(tuple(n for n in song().notes if n.track == 2), 80, song().tracks))
        model.accompany(bars, Asked(), seed=1)


@pytest.mark.parametrize(("first", "last"), [(1, 1), (3, 4), (5, 6), (1, 6)])
def test_a_gap_is_filled_and_the_rest_stays(model: MusicPlm, first: int, last: int) -> None:
    score = model.infill(GIVEN, first, last, Asked(), seed=2)
    inside = range(4 * (first - 1), 4 * last)

    def outside(notes: object) -> list[tuple[float, int, int]]:
        return sorted((n.start, n.track, n.pitch) for n in notes if int(n.start) not in inside)  # type: ignore[attr-defined]

    assert outside(score.notes) == outside(GIVEN.notes) and score.quarters <= 24
    assert score == model.infill(GIVEN, first, last, Asked(), seed=2)


@pytest.mark.parametrize(("first", "last"), [(0, 2), (3, 2), (6, 7)])
def test_bars_outside_the_piece_are_refused(model: MusicPlm, first: int, last: int) -> None:
    with pytest.raises(UserError, match="not in the piece"):
        model.infill(GIVEN, first, last, Asked(), seed=0)


@pytest.mark.parametrize("bars", [0, -1, LONGEST + 1, 10**9])
def test_lengths_that_are_not_written(model: MusicPlm, bars: int) -> None:
    with pytest.raises(UserError, match="number of bars"):
        model.write(Asked(bars=bars), seed=0)
    with pytest.raises(UserError, match="number of bars"):
        model.go_on(GIVEN, Asked(bars=bars), seed=0)


def test_it_is_loaded_strictly_and_writes_no_text(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="writes no text"):
        load_writing_model(folder)
    for number, (key, value) in enumerate([("density", [1]), ("schema", 9), ("num_hidden_layers", 1)]):
        other = save_music_plm(tmp_path / f"broken{number}").path
        config = json.loads((other / "config.json").read_text())
        (other / "config.json").write_text(json.dumps(config | {key: value}))
        with pytest.raises(UserError):
            load_model(other)


def test_figures_of_excerpts() -> None:
    bar, other = ((0, 0, 60, 4), (2, 0, 48, 16)), ((0, 0, 61, 4), (2, 0, 48, 16))
    assert repeated([bar, other, bar, ()]) == pytest.approx(1 / 3)
    assert repeated([bar, other], pitches=False) == 0.5
    assert similar([bar, other, bar]) == pytest.approx((1 / 3 + 1) / 2) and similar([bar]) == 0
    from luokuan.models.plm.music.material import song_of

    found = excerpts_of([song_of("a", song(9))], 4)
    assert len(found) == 2 and all(len(one.bars) == 4 for one in found) and in_key(found[0]) > 0.7


def test_verdicts_follow_from_the_figures() -> None:
    same = {
        "copy_rate": 0.0,
        "melody_copy_rate": 0.0,
        "in_key": 0.98,
        "in_metre": 0.7,
        "similar": 0.28,
        "repeated": 0.02,
    }

    def of(**changes: float) -> list[str]:
        return Measured("test", 9, 0, 90, 16, 0, 0.95, 0.95, {}, {**same, **changes}, same).verdicts()

    assert of() == ["In key, metre and repetition its pieces are as held-out music is, and copy no more."]
    wandering = ["Its bars come back less than those of held-out music: it wanders."]
    assert of(repeated=0.001) == of(similar=0.1) == wandering, "each alone"
    assert of(similar=0.5) == ["Its bars come back more than those of held-out music: it repeats itself."]
    assert len(of(in_key=0.9, in_metre=0.5, copy_rate=0.2)) == 3
