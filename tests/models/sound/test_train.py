"""A tiny run: trained, stopped and resumed bit for bit, loaded strictly, measured, exported nowhere."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from soundmodels import NARROW, SMALL, save_sound_model, write_corpus

from luokuan.errors import UserError
from luokuan.foundation.corpus.sounds import open_sounds
from luokuan.foundation.modelfolder import ModelFolder, read_folder
from luokuan.models.registry import load_model, load_picture_model, load_sound_model
from luokuan.models.sound.classifier import train_classifier
from luokuan.models.sound.measure import measure
from luokuan.models.sound.model import SoundModel
from luokuan.models.sound.train import SoundRun, SoundTraining, train_sound
from luokuan.store.home import Home, open_home

CHOICES = {**SMALL, "steps": 20, "batch": 4, "codec_share": 0.5, "precision": "float32"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    write_corpus(folder / "corpus")
    return folder


@pytest.fixture(scope="module")
def home(place: Path) -> Home:
    return open_home(place / "home")


@pytest.fixture(scope="module")
def trained(place: Path, home: Home) -> ModelFolder:
    found = train_sound(place / "corpus", name="whole", home=home, **CHOICES)
    assert found is not None
    return found


def test_a_run_leaves_a_model_with_its_card(trained: ModelFolder, home: Home) -> None:
    assert trained.family == "sound" and trained.licence == "CC0-1.0"
    assert trained.config["classes"] == ["hiss", "hum", "tick"] and trained.config["clips"] == [9, 8, 3]
    card = (trained.path / "README.md").read_text(encoding="utf-8")
    assert (
        "tick (3)" in card and "Nearly copies" in card and "--codec-share 0.5" in card and "16 training clips" in card
    )
    rows = [json.loads(line) for line in (home.runs / "whole/metrics.jsonl").read_text().splitlines()]
    assert {"codec/loss", "prior/nats_per_cell"} <= {key for row in rows for key in row}
    assert any("validation/nats_per_cell_untold" in row for row in rows)
    assert list((home.runs / "whole/previews").glob("*.png"))


def test_a_stopped_run_goes_on_bit_for_bit(trained: ModelFolder, place: Path, home: Home) -> None:
    training = SoundTraining((open_sounds(place / "corpus"),), SoundRun("parts", **CHOICES), home=home, quiet=True)
    loop = training._training
    stopped = []

    def stops(steps: int) -> object:  # in the prior's share, whose tokens must come back
        made = loop(steps)
        step = made.step
        made.step = lambda number: (made.stop() if number == 14 else None, stopped.append(number), step(number))[2]  # type: ignore[method-assign]
        return made

    training._training = stops  # type: ignore[method-assign, assignment]
    assert training.train()[1] is None and stopped[-1] == 14
    found = train_sound(place / "corpus", name="parts", home=home, resume=True)
    assert found is not None
    assert (found.path / "model.safetensors").read_bytes() == (trained.path / "model.safetensors").read_bytes()


def test_loading_is_strict_and_sounds_repeat(trained: ModelFolder, tmp_path: Path) -> None:
    model = load_sound_model(str(trained.path))
    assert isinstance(model, SoundModel)
    one = model.sample(9000, label=0, seed=3)
    assert one.shape == (9000,) and one.dtype == np.float32
    assert np.array_equal(one, model.sample(9000, label=0, seed=3))
    assert not np.array_equal(one, model.sample(9000, label=0, seed=4))
    with pytest.raises(UserError, match="makes sounds and no pictures"):
        load_picture_model(str(trained.path))
    save_sound_model(tmp_path / "wrong")
    config = json.loads((tmp_path / "wrong/config.json").read_text())
    (tmp_path / "wrong/config.json").write_text(json.dumps(config | {"codec_layers": 3}))
    with pytest.raises(UserError):
        SoundModel.from_folder(read_folder(tmp_path / "wrong"))


def test_a_long_sound_goes_on_where_its_beginning_was(tmp_path: Path) -> None:
    save_sound_model(tmp_path / "m")
    model = load_model(tmp_path / "m")
    cells = NARROW.cells
    short, long = (model.tokens(count, label=1, seed=0) for count in (cells, 5 * cells + 3))
    assert long.shape == (5 * cells + 3, 2) and np.array_equal(long[:cells], short)
    together = model.first_windows([1, None, 1], [0, 5, 2])
    assert together.shape == (3, cells, 2) and np.array_equal(together[0], short)
    # Decoded piece by piece as if at once.
    at_once = model.decode(long, seed=0)
    import luokuan.models.sound.model as module

    piece = module.PIECE
    try:
        module.PIECE = 24
        parts = model.decode(long, seed=0)
    finally:
        module.PIECE = piece
    assert np.abs(at_once - parts).max() < 1e-4


def test_a_plan_tells_what_it_would_take(place: Path, home: Home) -> None:
    run = SoundRun("dry", **CHOICES | {"steps": 30})
    plan = SoundTraining((open_sounds(place / "corpus"),), run, home=home, quiet=True).plan()
    assert plan.unit == "clips" and plan.steps == 30 and plan.held_out_items == 2 and plan.gflop_per_item > 0
    assert plan.details["few"] == ["tick"] and plan.licence == "CC0-1.0"
    assert not (home.runs / "dry").exists()


def test_it_is_measured_beside_held_out_clips(
    trained: ModelFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two easy categories need no more.
    monkeypatch.setattr("luokuan.models.sound.measure.train_classifier", partial(train_classifier, steps=60))
    import soundfile
    from soundmodels import noise, tone

    for name in ("hiss", "hum", "tick"):
        (tmp_path / name).mkdir()
        for index in range(8):
            made = noise(3.1, index) if name == "hiss" else tone(3.1, 200 + 50 * index + 900 * (name == "tick"))
            soundfile.write(tmp_path / name / f"{index}.wav", made, 16_000)
    model = load_sound_model(str(trained.path))
    found = measure(model, open_sounds(tmp_path), count=9)
    told = found.to_json()
    assert told["made"]["windows"] == 9 and told["real"]["windows"] == 12
    assert found.real.accuracy is not None and found.real.accuracy > 0.8  # hiss and hum are easily told apart
    assert found.real.frechet is not None and found.real.frechet >= 0 and found.real.nearest > 0
    assert set(found.per_class) == {"hiss", "hum", "tick"} and "penultimate" in found.features
    with pytest.raises(UserError, match="other categories"):
        (tmp_path / "more").mkdir()
        soundfile.write(tmp_path / "more/a.wav", noise(0.2, 0), 16_000)
        measure(model, open_sounds(tmp_path))


@pytest.mark.parametrize(
    ("choice", "option"),
    [({"codec_share": 1.0}, "--codec-share"), ({"levels": (1,)}, "--levels"), ({"window": 1}, "--window"),
     ({"variants": 9}, "--variants"), ({"keep": "first"}, "--keep"), ({"batch": 1}, "--batch")],
)  # fmt: skip
def test_choices_out_of_range_are_refused(place: Path, home: Home, choice: dict[str, object], option: str) -> None:
    with pytest.raises(UserError, match=option):
        train_sound(place / "corpus", name="no", home=home, **choice)
