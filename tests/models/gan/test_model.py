"""Loading is strict; a sample depends on seed, index and class alone; truncation, ranking and interpolation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import ModelFolder, read_folder, save_folder
from luokuan.models.gan.config import GanConfig
from luokuan.models.gan.model import GanModel, expected_tensors, weights_of
from luokuan.models.gan.networks import Discriminator, Generator
from luokuan.models.registry import load_model

CONFIG = GanConfig(size=8, widths=(16, 16), style=16, latent=8, classes=("a", "b", "c"), class_counts=(6, 3, 1))


def save(path: Path, config: GanConfig = CONFIG) -> ModelFolder:
    torch.manual_seed(0)
    weights = weights_of(Generator(config), Discriminator(config))
    return save_folder(path, config=config.to_json(), tensors=weights, training={}, card="# Test\n")


@pytest.fixture
def model(tmp_path: Path) -> GanModel:
    return GanModel.from_folder(save(tmp_path / "model"))


def test_it_loads_through_the_registry(tmp_path: Path) -> None:
    save(tmp_path / "model")
    model = load_model(tmp_path / "model")
    assert isinstance(model, GanModel)
    assert (model.size, model.classes) == (8, ("a", "b", "c"))
    assert model.class_weights == pytest.approx((0.6, 0.3, 0.1))


def test_a_picture_does_not_depend_on_the_count(model: GanModel) -> None:
    many = model.sample(19, seed=5, truncation=0.7)
    for count in (1, 3, 8, 9):
        assert np.array_equal(model.sample(count, seed=5, truncation=0.7), many[:count])
    assert not np.array_equal(model.sample(1, seed=6), many[:1])
    assert many.shape == (19, 8, 8, 3) and many.dtype == np.uint8


def test_classes_are_drawn_with_the_balance_of_the_corpus(model: GanModel) -> None:
    shares = np.bincount(model.draw_labels(2000, seed=0), minlength=3) / 2000
    assert shares == pytest.approx([0.6, 0.3, 0.1], abs=0.04)


def test_truncation_draws_towards_the_class(model: GanModel) -> None:
    z = model.latents(16, 0)
    labels = [1] * 16
    spread = [model.styles(z, labels, t).std(dim=0).mean().item() for t in (1.0, 0.5, 0.0)]
    assert spread[0] > spread[1] > spread[2] == pytest.approx(0, abs=1e-6)
    assert spread[1] == pytest.approx(spread[0] / 2, rel=1e-3)


def test_ranking_takes_the_best_of_its_drafts(model: GanModel) -> None:
    best = model.sample_ranked(3, seed=2, labels=[0, 1, 2], among=5)
    drafts = model.sample(15, seed=2, labels=[y for y in (0, 1, 2) for _i in range(5)])
    scores = model.score(drafts, [y for y in (0, 1, 2) for _i in range(5)]).reshape(3, 5)
    for row in range(3):
        assert np.array_equal(best[row], drafts[5 * row + scores[row].argmax()])


def test_a_score_does_not_depend_on_the_count(model: GanModel) -> None:
    # Else a tie between drafts could fall differently for one picture and for many.
    pictures, labels = model.sample(13, seed=4, labels=[i % 3 for i in range(13)]), [i % 3 for i in range(13)]
    scores = model.score(pictures, labels)
    for count in range(1, 13):
        assert np.array_equal(model.score(pictures[:count], labels[:count]), scores[:count]), count


def test_truncation_0_is_the_mean_style_of_its_own_class(model: GanModel) -> None:
    with torch.no_grad():
        for label in (0, 2):
            z = torch.randn(4096, 8, generator=torch.Generator().manual_seed(1))
            mean = model.generator.style_of(z, torch.full((4096,), label)).mean(dim=0)
            assert torch.allclose(model.styles(model.latents(1, 0), [label], 0.0)[0], mean, atol=0.25)
    a, b = (model.styles(model.latents(1, 0), [y], 0.0) for y in (0, 2))
    assert (a - b).abs().max() > 0.5


def test_interpolation_meets_both_ends(model: GanModel) -> None:
    path = model.interpolate((3, 9), 5, labels=(0, 2))
    assert path.shape == (5, 8, 8, 3)
    assert np.array_equal(path[:1], model.sample(1, seed=3, labels=[0]))
    assert np.array_equal(path[-1:], model.sample(1, seed=9, labels=[2]))


@pytest.mark.parametrize("labels", [[3], [-1], [0, 1]])
def test_wrong_classes_are_one_sentence(model: GanModel, labels: list[int]) -> None:
    with pytest.raises(UserError, match="classes from 0 to 2"):
        model.sample(1, seed=0, labels=labels)


def test_weights_survive_storage_in_half_precision(tmp_path: Path) -> None:
    folder = save(tmp_path / "model")
    torch.manual_seed(0)
    original = Generator(CONFIG)
    loaded = GanModel.from_folder(folder).generator
    for a, b in zip(original.parameters(), loaded.parameters(), strict=True):
        assert torch.allclose(a, b, atol=2e-3)
        assert b.dtype == torch.float32


def change_config(path: Path, **values: object) -> ModelFolder:
    config = {**json.loads((path / "config.json").read_text()), **values}
    (path / "config.json").write_text(json.dumps(config))
    return read_folder(path)


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"widths": [16, 32]}, "don't fit"),
        ({"widths": "wide"}, "wrong type"),
        ({"colour": 1}, "'colour' is unknown"),
        ({"size": 9}, "power of two"),
        ({"space": "dreams"}, "dreams"),
        ({"classes": ["a", "b"], "class_counts": [1, 1]}, "don't fit"),
    ],
)
def test_a_wrong_config_is_one_sentence(tmp_path: Path, values: dict[str, object], match: str) -> None:
    save(tmp_path / "model")
    with pytest.raises(UserError, match=match):
        GanModel.from_folder(change_config(tmp_path / "model", **values))


def test_missing_extra_and_infinite_weights_are_refused(tmp_path: Path) -> None:
    folder = save(tmp_path / "model")
    weights = folder.tensors(expected_tensors(CONFIG))
    keep = {k: v for k, v in weights.items() if k != "generator.seed.bias"}
    missing = save_folder(tmp_path / "missing", config=CONFIG.to_json(), tensors=keep, training={}, card="")
    with pytest.raises(UserError, match=r"generator\.seed\.bias' is missing"):
        GanModel.from_folder(missing)
    extra = {**weights, "surplus": torch.zeros(1)}
    more = save_folder(tmp_path / "more", config=CONFIG.to_json(), tensors=extra, training={}, card="")
    with pytest.raises(UserError, match="surplus"):
        GanModel.from_folder(more)
    weights["generator.seed.bias"][0] = float("inf")
    infinite = save_folder(tmp_path / "inf", config=CONFIG.to_json(), tensors=weights, training={}, card="")
    with pytest.raises(UserError, match="finite"):
        GanModel.from_folder(infinite)


def test_unknown_family_is_one_sentence(tmp_path: Path) -> None:
    save(tmp_path / "model")
    change_config(tmp_path / "model", family="diffusion")
    with pytest.raises(UserError, match="diffusion"):
        load_model(tmp_path / "model")


def test_export_module_gives_clamped_pictures(model: GanModel) -> None:
    module, examples, inputs, outputs = model.export_module()
    pictures = module(*examples)
    assert inputs == ["latents", "labels"] and outputs == ["pictures"]
    assert pictures.shape == (2, 3, 8, 8) and pictures.abs().max() <= 1
