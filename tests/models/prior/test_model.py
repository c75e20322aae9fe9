"""A prior's folder: strict loading, its codec, sampling whatever the count, variations, ranking, the way between."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import priors_for_tests as tiny
import pytest
import torch
from codecs_for_tests import GAUSSIAN, save_codec

from luokuan.errors import UserError
from luokuan.models.interface import Wish
from luokuan.models.prior.condition import prefix_shape
from luokuan.models.prior.model import PriorModel
from luokuan.models.prior.sampling import log_probability
from luokuan.models.registry import load_model, load_picture_model


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LUOKUAN_HOME", str(tmp_path / "home"))
    folder = tmp_path / "home/models"
    tiny.save_prior(folder)
    return folder


@pytest.fixture
def model(models: Path) -> Any:
    return load_picture_model("tiny-prior")


def test_it_loads_through_the_registry(model: Any) -> None:
    assert isinstance(model, PriorModel) and model.size == 32 and model.classes == ("cat", "dog")
    assert model.class_weights == (0.75, 0.25)


def test_item_i_is_the_same_whatever_the_count(model: Any) -> None:
    many, few = model.sample(10, seed=3), model.sample(2, seed=3)
    assert many.shape == (10, 32, 32, 3) and many.dtype == np.uint8
    assert np.array_equal(many[:2], few) and not np.array_equal(many[0], many[1])
    assert not np.array_equal(few, model.sample(2, seed=4))


def test_labels_and_wishes_have_an_effect(model: Any) -> None:
    cat, dog = (model.sample(1, seed=0, labels=[y]) for y in (0, 1))
    assert not np.array_equal(cat, dog)
    assert np.array_equal(dog, model.sample(1, seed=0, wish=Wish(1)))
    with pytest.raises(UserError, match="classes from 0 to 1"):
        model.sample(1, seed=0, labels=[2])


def test_the_ranked_one_is_the_best_of_its_drafts(model: Any) -> None:
    prefix = model.prefixes(4, 0, labels=[1] * 4)
    manner = model._manner(1.0, None)
    drafts = model._draw(prefix, model._uniforms(4, 7, manner), manner)
    best = int(model._scores(drafts, prefix).argmax())
    assert np.array_equal(model.sample_ranked(1, seed=7, labels=[1], among=4)[0], model.render(drafts)[best])
    scores = model.score(model.render(drafts), [1] * 4)
    assert scores.shape == (4,) and np.isfinite(scores).all() and len(set(scores.tolist())) > 1


@pytest.mark.parametrize("condition", ["class", "attributes", "text", "none"])
def test_scores_by_hand(models: Path, condition: str) -> None:
    told = {
        "class": {},
        "attributes": {"classes": (), "class_counts": (), "attributes": ("hat",), "values": (("no", "yes"),)}
        | {"value_counts": ((1, 1),)},
        "text": {"classes": (), "class_counts": (), "words": ("cat", "dog")},
        "none": {"classes": (), "class_counts": ()},
    }[condition]
    tiny.save_prior(models, tiny.config(condition=condition, **told), name=condition)
    model: Any = load_picture_model(condition)
    prefix = torch.zeros(3, prefix_shape(model.config)[1], dtype=torch.int64)
    prefix[:, 0] = torch.tensor([0 if condition == "none" else 1, 0, 0 if condition == "none" else 2])
    tokens = torch.randint(0, 4, (3, model.config.cells**2, len(model.config.levels)))
    with_it = log_probability(model.prior, prefix, tokens)
    without = log_probability(model.prior, torch.zeros_like(prefix), tokens)
    wanted = with_it - without if condition == "attributes" else with_it
    assert torch.allclose(model._scores(tokens, prefix), wanted / tokens.shape[1], atol=1e-5)


def test_variations_keep_what_they_shall(model: Any) -> None:
    picture = model.sample(1, seed=1)[0]
    same = model.variations(picture, 2, seed=0, strength=0.0)
    assert np.array_equal(same[0], same[1])
    assert np.array_equal(same[0], model.codec.from_tokens(model.codec.tokens(picture[None]))[0])
    changed = model.variations(picture, 2, seed=0, strength=0.5)
    assert not np.array_equal(changed[0], changed[1])


def test_the_way_from_one_seed_to_another(model: Any) -> None:
    way = model.interpolate((1, 2), 5, labels=(0, 0))
    ends = [model.codec.reconstruct(model.sample(1, seed=s, labels=[0])) for s in (1, 2)]
    assert way.shape == (5, 32, 32, 3)
    assert np.array_equal(way[0], ends[0][0]) and np.array_equal(way[-1], ends[1][0])


@pytest.mark.parametrize("condition", ["attributes", "text", "none"])
def test_other_conditions_draw_from_what_the_training_pictures_were_told(models: Path, condition: str) -> None:
    told: dict[str, Any] = {
        "attributes": {"attributes": ("hair",), "values": (("black", "red"),), "value_counts": ((1, 1),)},
        "text": {"words": ("a", "b")},
        "none": {},
    }[condition]
    shape = tiny.config(condition=condition, classes=(), class_counts=(), **told)
    tiny.save_prior(models, shape, name="other")
    model = load_model("other")
    assert model.sample(3, seed=0).shape == (3, 32, 32, 3)
    assert {tuple(row) for row in model.prefixes(50, 0).tolist()} <= {tuple(r) for r in model._conditions.tolist()}


def test_the_masked_order_samples_too(models: Path) -> None:
    tiny.save_prior(models, tiny.config(order="masked"), name="masked")
    model = load_model("masked")
    assert np.array_equal(model.sample(3, seed=0)[:1], model.sample(1, seed=0))
    assert np.isfinite(model.score(model.sample(2, seed=0), [0, 1])).all()


def test_another_codec_is_refused(models: Path) -> None:
    shutil.rmtree(models / "tiny-codec")
    with pytest.raises(UserError, match="which isn't here") as missing:
        load_model("tiny-prior")
    assert missing.value.code == "model.codec_missing"
    save_codec(models / "tiny-codec", GAUSSIAN)
    with pytest.raises(UserError, match="works with the codec 'tiny-codec' of the digest") as other:
        load_model("tiny-prior")
    assert other.value.code == "model.codec_mismatch"


def test_damage_is_refused(models: Path) -> None:
    path = models / "tiny-prior/config.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | {"conditions": 5}))
    with pytest.raises(UserError):
        load_model("tiny-prior")
    path.write_text(json.dumps(values | {"classes": ["cat", "cat"]}))
    with pytest.raises(UserError, match="distinct"):
        load_model("tiny-prior")


def test_export_module_gives_the_same_logits(model: Any) -> None:
    module, examples, names, outputs = model.export_module()
    logits = module(*examples)
    assert names == ["prefix", "tokens"] and outputs == ["logits"]
    assert logits.shape == (2, 16, 3, 8)
    prefix, tokens = examples
    h = model.prior(prefix, tokens)
    wanted = model.prior.heads(h.flatten(0, 1), tokens.flatten(0, 1))[1].view(2, 16, 8)
    assert torch.equal(logits[:, :, 1], wanted.clamp_min(-1e4))
