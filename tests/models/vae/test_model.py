"""A VAE loads strictly, samples from both priors item by item, ranks, walks, reconstructs and exports."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from vaes_for_tests import colours, save_vae

from luokuan.errors import UserError
from luokuan.models import export
from luokuan.models.registry import load_picture_model
from luokuan.models.vae.measure import measure, sheet_of
from luokuan.models.vae.model import Vae


@pytest.fixture
def vae(tmp_path: Path) -> Vae:
    save_vae(tmp_path / "vae")
    loaded = load_picture_model(tmp_path / "vae")
    assert isinstance(loaded, Vae)
    return loaded


def test_samples_depend_on_seed_and_item_alone(vae: Vae) -> None:
    many = vae.sample(19, seed=5)
    assert many.shape == (19, 8, 8, 3) and many.dtype == np.uint8
    for count in (1, 16, 17):
        assert np.array_equal(vae.sample(count, seed=5), many[:count])
    assert not np.array_equal(vae.sample(1, seed=6), many[:1])


def test_both_priors(vae: Vae) -> None:
    standard = vae.with_prior("standard")
    assert vae.prior == "mixture" and standard.folder is vae.folder
    far = vae.latents(200, 0).mean(dim=1).abs()
    assert float(far.mean()) > 4  # the two components lie at -5 and 5
    assert float(standard.latents(200, 0).std()) == pytest.approx(1, abs=0.1)
    signs = vae.latents(200, 0).mean(dim=1) > 0
    assert 60 < int(signs.sum()) < 140
    with pytest.raises(ValueError, match="prior"):
        vae.with_prior("vamp")


def test_truncation_draws_to_the_centre(vae: Vae) -> None:
    standard = vae.with_prior("standard")
    assert torch.allclose(standard.latents(5, 1, truncation=0.5), 0.5 * standard.latents(5, 1))
    assert float(standard.latents(5, 1, truncation=0.0).abs().max()) == 0
    centres = vae.latents(5, 1, truncation=0.0)
    assert all(bool((torch.isclose(z, vae.mixture.means)).all(dim=1).any()) for z in centres)


def test_reconstruction_and_score(vae: Vae) -> None:
    pictures = colours(19)
    made = vae.reconstruct(pictures)
    assert made.shape == pictures.shape and np.array_equal(vae.reconstruct(pictures[:3]), made[:3])
    scores = vae.score(pictures)
    assert scores.shape == (19,) and bool((scores < 0).all()) and np.array_equal(scores, vae.score(pictures))
    # Pictures that the decoder makes itself are explained better than noise.
    noise = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
    assert vae.score(vae.reconstruct(pictures)[:4]).mean() > vae.score(noise).mean()
    for bad in (pictures.astype(np.float32), colours(2, side=16)):
        with pytest.raises(ValueError, match="uint8"):
            vae.reconstruct(bad)


def test_ranking_takes_the_best_draft(vae: Vae) -> None:
    drafts = vae.sample(8, seed=2)
    best = vae.sample_ranked(2, seed=2, among=4)
    scores = vae.score(drafts).reshape(2, 4)
    assert np.array_equal(best, drafts[scores.argmax(axis=1) + np.array([0, 4])])


def test_the_way_between_two_seeds(vae: Vae) -> None:
    way = vae.interpolate((3, 4), 5)
    assert way.shape == (5, 8, 8, 3)
    assert np.array_equal(way[0], vae.sample(1, seed=3)[0]) and np.array_equal(way[-1], vae.sample(1, seed=4)[0])


def test_it_has_no_classes(vae: Vae) -> None:
    assert vae.classes == () and vae.class_weights == () and vae.size == 8
    with pytest.raises(ValueError, match="no classes"):
        vae.draw_labels(1, 0)


def test_bounds_are_in_order_and_repeat(vae: Vae) -> None:
    pictures = colours(20)
    found = measure(vae, pictures, draws=50, seed=3)
    assert found == measure(vae, pictures, draws=50, seed=3)
    assert found.importance_nats is not None and found.importance_elbo_nats is not None
    assert found.importance_nats < found.importance_elbo_nats
    nats = (found.reconstruction_nats + found.kl_nats) / (192 * np.log(2))
    assert found.bits_per_value == pytest.approx(nats) and found.values == 192 and len(found.scale) == 3
    assert found.importance_pictures == 20 and found.importance_mixture_nats is not None
    none = measure(vae, pictures, draws=0)
    assert none.importance_nats is None and none.importance_pictures == 0
    json.dumps(none.to_json())


def test_the_sheet_has_seven_rows(vae: Vae) -> None:
    assert sheet_of(vae, colours(5), 0).shape == (7 * 10 - 2, 12 * 10 - 2, 3)


def test_onnx_gives_the_same_pictures(vae: Vae, tmp_path: Path) -> None:
    assert export.to_onnx(vae, tmp_path / "vae.onnx") < 1e-4


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"kind": "scent"}, "kind"),
        ({"size": 9}, "size"),
        ({"widths": [16]}, "widths"),
        ({"latent": 0}, "latent"),
        ({"latent": 5}, "weights"),
        ({"components": 3}, "weights"),
        ({"scale": "pixel"}, "scale"),
        ({"scale": "shared"}, "weights"),
        ({"likelihood": "normal"}, "likelihood"),
        ({"depth": "1"}, "depth"),
        ({"schema": 2}, "schema"),
        ({"colour": 1}, "colour"),
    ],
)
def test_a_wrong_config_is_refused(tmp_path: Path, change: dict[str, object], what: str) -> None:
    folder = save_vae(tmp_path / "vae")
    (folder.path / "config.json").write_text(json.dumps(folder.config | change))
    with pytest.raises(UserError, match=what):
        load_picture_model(folder.path)


@pytest.mark.parametrize(
    ("name", "value"),
    [("prior.weights", 0.0), ("prior.weights", 2.0), ("prior.roots", -1.0), ("prior.means", float("nan"))],
)
def test_a_broken_mixture_is_refused(tmp_path: Path, name: str, value: float) -> None:
    folder = save_vae(tmp_path / "vae")
    tensors = load_file(folder.path / "model.safetensors")
    tensors[name].view(-1)[0] = value
    save_file(tensors, folder.path / "model.safetensors")
    with pytest.raises(UserError, match="not finite or not a distribution"):
        load_picture_model(folder.path)


def test_a_missing_tensor_is_refused(tmp_path: Path) -> None:
    folder = save_vae(tmp_path / "vae")
    tensors = load_file(folder.path / "model.safetensors")
    del tensors["prior.roots"]
    save_file(tensors, folder.path / "model.safetensors")
    with pytest.raises(UserError, match="is missing"):
        load_picture_model(folder.path)
