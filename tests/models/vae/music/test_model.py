"""A loaded music VAE: strict, deterministic, and useful to a person."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from scores_for_tests import DATA, save_music

from luokuan.errors import UserError
from luokuan.foundation.corpus.midi import read_midi
from luokuan.media import Note, Score
from luokuan.models.registry import load_model, load_music_model, load_picture_model
from luokuan.models.vae.music.config import MusicConfig
from luokuan.models.vae.music.encodings import HOLD, REST, Unfit, decode, encode
from luokuan.models.vae.music.model import MusicVae, one_after_another
from luokuan.models.vae.music.networks import Decoder
from luokuan.models.vae.music.sampling import FREE, dissolved, stream_of, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_music(tmp_path_factory.mktemp("music") / "tiny").path


@pytest.fixture(scope="module")
def model(folder: Path) -> MusicVae:
    return load_music_model(folder)


def excerpt(name: str) -> Score:
    """The first twenty quarter notes."""
    whole = read_midi((DATA / name).read_bytes()).score
    notes = tuple(replace(n, length=min(n.length, 20 - n.start)) for n in whole.notes if n.start < 20)
    return Score(notes, whole.tempo, whole.tracks)


@pytest.fixture(scope="module")
def chorale() -> Score:
    return excerpt("chorale-1.mid")


def test_equal_seeds_equal_music(model: MusicVae) -> None:
    one, again, other = (model.sample(seed, bars=2) for seed in (1, 1, 2))
    assert one == again and one != other and one.quarters <= 8 and len(one.tracks) == 4
    assert model.sample(1, bars=2, temperature=0) == model.sample(1, bars=2, temperature=0)


def test_a_score_is_placed_at_the_models_height(model: MusicVae, chorale: Score) -> None:
    place = model.placed(chorale)
    assert abs(float(np.mean(place.frames[place.frames < 128])) - model.config.centre) < 13
    low = model.placed(Score(tuple(Note(n.start, n.length, n.pitch - 12) for n in chorale.notes)))
    assert low.moved == place.moved + 12 and np.array_equal(low.frames, place.frames)


def shared(one: Score, other: Score, *, moved: bool = False) -> float:
    """Share of the notes of either that stand in both, at their place, or ``moved`` to that key in which most do."""
    first = {(n.start, n.length, n.pitch) for n in one.notes}
    second = [
        {(n.start, n.length, n.pitch + shift) for n in other.notes} for shift in (range(-48, 49) if moved else (0,))
    ]
    return max(len(first & notes) / len(first | notes) for notes in second)


def test_a_reconstruction_keeps_length_and_tempo(model: MusicVae, chorale: Score) -> None:
    found = model.reconstruct(chorale)
    assert found == model.reconstruct(chorale) and found.quarters <= 20 and found.tempo == chorale.tempo


def test_a_variation_keeps_what_is_not_written_anew(model: MusicVae, chorale: Score) -> None:
    whole = decode(encode(chorale, model.way), model.way, tempo=chorale.tempo)
    same, near, nearer, far = (model.vary(chorale, 0, noise=n) for n in (0.0, 0.3, 0.1, 1.0))
    assert shared(same, whole) == 1 and same.quarters == whole.quarters
    assert 1 > shared(nearer, whole) > shared(near, whole) > shared(far, whole)
    assert shared(near, whole) > 0.5 and near == model.vary(chorale, 0, noise=0.3)
    assert model.vary(chorale, 4, noise=1.0) != model.vary(chorale, 5, noise=1.0)
    # What is asked of the whole piece changes the whole.
    assert shared(model.vary(chorale, 0, noise=0.0, nudges={"mode": 1.0}), whole) < 0.5


def test_the_way_begins_and_ends_with_the_pieces(model: MusicVae, chorale: Score) -> None:
    other = excerpt("chorale-2.mid")
    steps = model.interpolate(chorale, other, 5)
    first, last = (decode(encode(score, model.way), model.way) for score in (chorale, other))
    assert len(steps) == 5 and shared(steps[0], first) == shared(steps[-1], last) == 1
    from_first, to_last = ([shared(step, end, moved=True) for step in steps] for end in (first, last))
    assert from_first[0] == to_last[4] == 1 and from_first[0] > from_first[1] > 0.3 > from_first[2]
    assert to_last[4] > to_last[3] > 0.3 > to_last[2]
    joined = one_after_another(steps, 4.0)
    assert len(joined.notes) == sum(len(step.notes) for step in steps) and joined.quarters > 4 * 16


def test_what_may_not_stand_is_written_anew() -> None:
    """A hold has nothing to hold after a rest."""
    config = MusicConfig(
        encoding="melody", grid="sixteenth", width=16, heads=2, latent=0, trunk=1, decoder=1, encoder=1
    )
    torch.manual_seed(0)
    kept = np.full((8, 1), FREE)
    kept[0], kept[1], kept[2], kept[3] = REST, HOLD, 60, HOLD
    found = write(Decoder(config).eval(), config, 8, [stream_of(0)], kept=kept)[0, :, 0]
    assert found[0] == REST and found[1] != HOLD and list(found[2:4]) == [60, HOLD]


def test_more_dissolves_with_a_larger_share() -> None:
    frames = np.arange(20).reshape(10, 2)
    free = [dissolved(frames, share, 4, 3)[:, 0] == FREE for share in (0.0, 0.01, 0.5, 1.0)]
    assert [int(rows.sum()) for rows in free][::3] == [0, 10] and 2 <= free[1].sum() <= 4 < free[2].sum() < 10
    assert all((less <= more).all() for less, more in pairwise(free)) and frames[0, 0] == 0


def test_nudges_change_the_latents(model: MusicVae) -> None:
    plain, moved = model.sample(1, bars=2), model.sample(1, bars=2, nudges={"mode": 3.0})
    assert plain != moved
    with pytest.raises(UserError, match="no direction for 'tempo'"):
        model.sample(1, nudges={"tempo": 1.0})


def test_what_does_not_fit_is_said(model: MusicVae) -> None:
    with pytest.raises(Unfit, match="5 notes"):
        model.placed(Score(tuple(Note(0, 1, pitch) for pitch in range(60, 65))))
    with pytest.raises(Unfit, match="longer than 256 bars"):
        model.placed(Score(tuple(Note(at, 1, 60) for at in range(1200))))
    with pytest.raises(UserError, match="bars"):
        model.frames_for(0)


def test_a_model_without_latents_only_samples(tmp_path: Path, chorale: Score) -> None:
    plain = load_music_model(save_music(tmp_path / "plain", latent=0, attributes=()).path)
    assert plain.sample(1, bars=1) == plain.sample(1, bars=1)
    with pytest.raises(UserError, match="no latents"):
        plain.reconstruct(chorale)


def test_melodies_have_two_bars(tmp_path: Path) -> None:
    model = load_music_model(
        save_music(tmp_path / "melody", encoding="melody", grid="sixteenth", centre=66.0).path
    )  # fmt: skip
    assert model.sample(1, bars=9).quarters <= 8
    line = Score(tuple(Note(at / 2, 0.5, 60 + at % 7) for at in range(16)), tracks=("melody",))
    assert model.reconstruct(line).tracks == ("melody",)


def test_loading_is_strict(folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    broken = tmp_path / "broken"
    broken.mkdir()
    for item in folder.iterdir():
        (broken / item.name).write_bytes(item.read_bytes())
    weights = load_file(broken / "model.safetensors")
    save_file({k: v for k, v in weights.items() if k != "directions.mode"}, broken / "model.safetensors")
    with pytest.raises(UserError):
        load_model(broken)
    save_file({**weights, "directions.mode": torch.full((4,), torch.nan)}, broken / "model.safetensors")
    with pytest.raises(UserError, match="not finite"):
        load_model(broken)
    config = json.loads((folder / "config.json").read_text())
    for changes in ({"grid": "eighth"}, {"heads": 0}, {"width": 10**6}, {"attributes": ["joy"]}, {"trunk": 99}):
        (broken / "config.json").write_text(json.dumps(config | changes))
        with pytest.raises(UserError, match=r"config\.json"):
            load_model(broken)


def test_it_makes_no_pictures(folder: Path) -> None:
    with pytest.raises(UserError, match="music and no pictures"):
        load_picture_model(folder)
    with pytest.raises(UserError, match="makes no music"):
        load_music_model("garments-32")
