"""The frozen network: its pinned weights, what it sees, and the discriminator on its maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from luokuan.models.codec import objective, perceptual
from luokuan.models.codec.learning import to_points

MEANS = [8.254, 10.869, 9.393, 7.755, 7.463]
PHOTOS = sorted((Path(__file__).parents[3] / "examples/clothing-small/test").rglob("*.jpg"))


def photos(count: int) -> torch.Tensor:
    arrays = [np.asarray(Image.open(p).convert("RGB").resize((64, 64))) for p in PHOTOS[:count]]
    return to_points(torch.from_numpy(np.stack(arrays)))


def test_maps_shrink_stage_by_stage_and_are_frozen() -> None:
    network = perceptual.perceptual_network()
    maps = network(torch.zeros(2, 3, 64, 64))
    assert [tuple(x.shape[1:]) for x in maps] == [(16, 32, 32), (24, 16, 16), (40, 8, 8), (80, 4, 4), (112, 4, 4)]
    assert not any(p.requires_grad for p in network.parameters()) and not network.training


def test_blur_looks_different_and_the_same_picture_does_not() -> None:
    x = photos(4)
    blurred = torch.nn.functional.interpolate(torch.nn.functional.avg_pool2d(x, 4), scale_factor=4, mode="bilinear")
    network = perceptual.perceptual_network()
    assert objective.feature_matching(network(x), network(x)).item() == 0
    assert objective.feature_matching(network(x), network(blurred)).item() > 0.3


def test_features_are_those_of_this_version() -> None:
    found = perceptual.perceptual_network()(photos(2))
    means = [float(x.abs().mean()) for x in found]
    assert means == pytest.approx(MEANS, rel=1e-3)


def test_gradients_reach_the_picture_through_the_discriminator() -> None:
    x = photos(2).requires_grad_(True)
    discriminator = perceptual.ProjectedDiscriminator()
    logits = discriminator(perceptual.perceptual_network()(x))
    assert [tuple(y.shape[1:]) for y in logits] == [(1, 32, 32), (1, 16, 16), (1, 8, 8), (1, 4, 4), (1, 4, 4)]
    objective.over_stages(objective.hinge_decoder, logits).backward()
    assert x.grad is not None and float(x.grad.abs().sum()) > 0


def test_altered_weights_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    copy = tmp_path / "weights.safetensors"
    copy.write_bytes(perceptual.WEIGHTS.read_bytes() + b"x")
    monkeypatch.setattr(perceptual, "WEIGHTS", copy)
    with pytest.raises(RuntimeError, match="is not the file"):
        perceptual.perceptual_network.__wrapped__()
