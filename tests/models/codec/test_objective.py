"""Each term by hand."""

from __future__ import annotations

import math

import pytest
import torch

from luokuan.models.codec import objective


def test_pixel_distance_of_a_constant_error() -> None:
    x = torch.rand(2, 3, 16, 16)
    # A constant error of 0.1 has no edges, and averaging keeps it: 0.1 at each of three scales.
    assert objective.pixel_distance(x, x + 0.1).item() == pytest.approx(0.3, abs=1e-5)
    assert objective.pixel_distance(x, x).item() == 0


def test_pixel_distance_counts_edges() -> None:
    x = torch.zeros(1, 1, 8, 8)
    stripes = torch.arange(8).remainder(2).float().expand(1, 1, 8, 8)  # 0, 1, 0, 1 … along a row
    # Full scale: mean 0.5, each horizontal difference 1, no vertical ones. Halved: constant 0.5 at two scales.
    assert objective.pixel_distance(x, stripes).item() == pytest.approx(0.5 + 0.5 * 1 + 0.5 + 0.5, abs=1e-6)


def test_reconstruction_nats_by_hand() -> None:
    x, r = torch.zeros(1, 3, 2, 2), torch.full((1, 3, 2, 2), 0.5)
    wanted = 12 * (1 + math.log(2 * 0.5) - math.log(2 / 255))
    assert objective.reconstruction_nats(x, r).tolist() == pytest.approx([wanted], rel=1e-6)
    # A perfect picture costs 1 nat a value at the smallest scale, never a negative number.
    assert objective.reconstruction_nats(x, x).tolist() == pytest.approx([12.0], rel=1e-5)


def test_hinge_by_hand() -> None:
    real, fake = torch.tensor([2.0, 0.5]), torch.tensor([-2.0, 0.5])
    assert objective.hinge_discriminator(real, fake).item() == pytest.approx((0 + 0.5) / 2 + (0 + 1.5) / 2)
    assert objective.hinge_decoder(fake).item() == pytest.approx(0.75)


def test_feature_matching_is_relative() -> None:
    one = [torch.full((1, 2, 2, 2), 4.0), torch.full((1, 2, 1, 1), 0.1)]
    other = [torch.full((1, 2, 2, 2), 3.0), torch.full((1, 2, 1, 1), 0.05)]
    assert objective.feature_matching(one, other).item() == pytest.approx((0.25 + 0.5) / 2)


def test_stages_count_the_same() -> None:
    real, fake = [torch.zeros(1, 1, 8, 8), torch.full((1, 1, 1, 1), 2.0)], [torch.zeros(1, 1, 8, 8), torch.zeros(1)]
    assert objective.over_stages(objective.hinge_discriminator, real, fake).item() == pytest.approx((2 + 1) / 2)
    assert objective.over_stages(objective.hinge_decoder, real).item() == pytest.approx(-1)


def test_views_of_equivariance() -> None:
    x = torch.arange(16.0).view(1, 1, 4, 4)
    assert objective.halve(x).flatten().tolist() == [2.5, 4.5, 10.5, 12.5]
    assert objective.mirror(x)[0, 0, 0].tolist() == [3, 2, 1, 0]
