"""A tiny run: trained, stopped and resumed bit for bit, loaded strictly, sampled, measured."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from shutil import rmtree

import numpy as np
import pytest
import torch
from clipmodels import NARROW, SMALL, save_clip_model, write_corpus
from codecs_for_tests import GAUSSIAN, TOKENS, save_codec

from luokuan.errors import UserError
from luokuan.foundation.corpus.clips import open_clips
from luokuan.foundation.modelfolder import ModelFolder, read_folder
from luokuan.models.clip.config import ClipConfig
from luokuan.models.clip.measure import flicker, measure, nearest
from luokuan.models.clip.model import ClipModel
from luokuan.models.clip.train import ClipRun, ClipTraining, train_clip
from luokuan.models.prior.networks import Prior
from luokuan.models.registry import load_clip_model, load_picture_model
from luokuan.store.home import Home, open_home

CHOICES = {**SMALL, "steps": 20, "batch": 4, "codec_share": 0.5, "precision": "float32"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clip")
    write_corpus(folder / "corpus", characters=12)
    return folder


@pytest.fixture(scope="module")
def home(place: Path) -> Home:
    return open_home(place / "home")


@pytest.fixture(scope="module")
def trained(place: Path, home: Home) -> ModelFolder:
    found = train_clip(place / "corpus", name="whole", home=home, **CHOICES)
    assert found is not None
    return found


def test_a_run_leaves_a_model_with_its_card(trained: ModelFolder, home: Home) -> None:
    assert trained.family == "clip" and trained.licence == "CC-BY-SA-3.0"
    assert trained.config["attributes"] == ["action", "colour"] and trained.config["values"][0] == ["jump", "slide"]
    card = (trained.path / "README.md").read_text(encoding="utf-8")
    assert "--codec-share 0.5" in card and "training clips" in card and "action: jump, slide" in card
    assert "CC-BY-SA-3.0" in card and "without its attributes" in card
    rows = [json.loads(line) for line in (home.runs / "whole/metrics.jsonl").read_text().splitlines()]
    assert {"codec/loss", "prior/nats_per_cell"} <= {key for row in rows for key in row}
    assert any("validation/nats_per_cell_untold" in row for row in rows)
    assert list((home.runs / "whole/previews").glob("*.png"))


def test_a_stopped_run_goes_on_bit_for_bit(trained: ModelFolder, place: Path, home: Home) -> None:
    training = ClipTraining((open_clips(place / "corpus"),), ClipRun("parts", **CHOICES), home=home, quiet=True)  # type: ignore[arg-type]
    loop = training._training
    stopped = []

    def stops(steps: int) -> object:  # in the prior's share, whose tokens must come back
        made = loop(steps)
        step = made.step
        made.step = lambda number: (made.stop() if number == 14 else None, stopped.append(number), step(number))[2]  # type: ignore[method-assign]
        return made

    training._training = stops  # type: ignore[method-assign, assignment]
    assert training.train()[1] is None and stopped[-1] == 14
    found = train_clip(place / "corpus", name="parts", home=home, resume=True)
    assert found is not None
    assert (found.path / "model.safetensors").read_bytes() == (trained.path / "model.safetensors").read_bytes()


def test_loading_is_strict_and_clips_repeat(trained: ModelFolder, tmp_path: Path) -> None:
    model = load_clip_model(str(trained.path))
    told = {"action": "jump", "colour": "red"}
    clips = model.sample([told, None, {}], seeds=[3, 4, 5])
    assert clips.shape == (3, 4, 16, 16, 3) and clips.dtype == np.uint8
    assert np.array_equal(model.sample([told], seeds=[3])[0], clips[0])  # whatever the company
    assert not np.array_equal(model.sample([told], seeds=[6])[0], clips[0])
    assert model.sample([told], seeds=[3], among=3).shape == (1, 4, 16, 16, 3)
    tokens = model.encode(clips)
    assert tokens.shape == (3, 4, 8) and model.decode(tokens).shape == clips.shape
    with pytest.raises(UserError, match="makes clips and no pictures"):
        load_picture_model(str(trained.path))
    save_clip_model(tmp_path / "wrong")
    config = json.loads((tmp_path / "wrong/config.json").read_text())
    for change in ({"layers": 2}, {"frames": 99}, {"size": 20}, {"codec": "x"}, {"codec": "x", "codec_digest": "y"}):
        (tmp_path / "wrong/config.json").write_text(json.dumps(config | change))
        with pytest.raises(UserError):
            ClipModel.from_folder(read_folder(tmp_path / "wrong"))


def test_a_prior_of_frames_draws_what_it_predicts() -> None:
    torch.manual_seed(0)
    prior = Prior(ClipConfig(size=32, frames=3, levels=(4, 4), width=64, layers=2, heads=1).prior).eval()
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        tokens = torch.randint(4, (2, 12, 8))
        prefix = torch.zeros(2, 1, dtype=torch.int64)
        whole = prior(prefix, tokens)
        past = prior.new_past(2)
        steps = [prior.extend(prior.condition(prefix), past, 0)]
        steps += [prior.extend(prior.next_input(tokens, cell), past, 1 + cell) for cell in range(11)]
        assert torch.allclose(torch.stack(steps, dim=1), whole, atol=1e-4)
        later = tokens.clone()
        later[:, 7:] = 3 - later[:, 7:]
        assert torch.allclose(prior(prefix, later)[:, :8], whole[:, :8], atol=1e-5)  # none sees what comes


def test_a_codec_that_is_there_is_used_and_missed(place: Path, tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    save_codec(home.models / "frames")
    choices = {key: value for key, value in CHOICES.items() if key not in ("levels", "codec_share")} | {"steps": 4}
    found = train_clip(place / "corpus", name="onit", codec="frames", home=home, **choices)
    assert found is not None and found.config["codec"] == "frames" and "Codec" in (found.path / "README.md").read_text()
    assert ClipModel.from_folder(found).sample([None], seeds=[0]).shape == (1, 4, 16, 16, 3)
    rmtree(home.models / "frames")
    save_codec(home.models / "frames", replace(TOKENS, decoder_depth=(2, 0, 0, 0)))
    with pytest.raises(UserError, match="codec"):
        ClipModel.from_folder(found)
    save_codec(home.models / "smooth", GAUSSIAN)
    with pytest.raises(UserError, match="no tokens"):
        train_clip(place / "corpus", name="smooth-one", codec="smooth", home=home, **choices)


@pytest.mark.parametrize(
    ("choices", "why"),
    [
        ({"frames": 0}, "--frames"),
        ({"frames": 1}, "--frames"),
        ({"frames": 10_000}, "--frames"),
        ({"size": 0}, "--size"),
        ({"size": 20}, "--size"),
        ({"size": 4096}, "--size"),
        ({"size": 128, "frames": 32}, "2048 places; 1024 at most"),
        ({"codec": "picture-codec", "rate": 0.1}, "--rate has no say with --codec"),
        ({"codec": "nowhere"}, "nowhere"),
        ({"codec": "chorale"}, "chorale"),
        ({"width": 100}, "--width"),
    ],
)
def test_what_cant_be_trained_is_refused(place: Path, home: Home, choices: dict[str, object], why: str) -> None:
    with pytest.raises(UserError, match=why):
        train_clip(place / "corpus", name="never", home=home, **choices)
    assert not (home.runs / "never").exists()


def test_a_plan_tells_what_it_would_take(place: Path, home: Home) -> None:
    run = ClipRun("dry", **CHOICES)  # type: ignore[arg-type]
    plan = ClipTraining((open_clips(place / "corpus"),), run, home=home, quiet=True).plan()
    assert plan.unit == "animations" and plan.steps == 20 and plan.gflop_per_item > 0
    assert plan.details["attributes"] == {"action": 2, "colour": 2} and plan.licence == "CC-BY-SA-3.0"


def test_it_is_measured_beside_held_out_characters(trained: ModelFolder, place: Path, home: Home) -> None:
    model = load_clip_model(str(trained.path))
    corpus = open_clips(place / "corpus")
    found = measure(model, corpus, seed=1, home=home)
    assert found.attributes == ("action", "colour") and found.made.clips == found.real.clips >= 4
    assert found.real.accuracy["action"] == 1.0 and 0 <= found.made.accuracy["action"] <= 1
    assert found.real.flicker > 0 and found.real.copies == 0 and found.training_clips == len(corpus.split("train"))
    assert measure(model, corpus, seed=1, home=home) == found
    still = np.zeros((2, 4, 16, 16, 3), np.uint8)
    assert flicker(still) == 0
    still[:, 1::2] = 255
    assert flicker(still) == 255
    assert nearest(still, np.concatenate([still, 255 - still])).tolist() == [0, 0]
    save_clip_model(home.models / "other", ClipConfig(**{**NARROW.to_json(), "attributes": ("hat", "colour")}))
    with pytest.raises(UserError, match="other attributes"):
        measure(load_clip_model(str(home.models / "other")), corpus, home=home)
