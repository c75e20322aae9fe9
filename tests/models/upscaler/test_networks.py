"""Bicubic interpolation as Pillow does it, and a network that begins as it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from upscalers_for_tests import NARROW, network

from luokuan.models.codec.learning import to_pictures, to_points
from luokuan.models.upscaler.config import UpscalerConfig
from luokuan.models.upscaler.networks import TAPS, UpscalerNetwork, bicubic


def keys(distance: float) -> float:
    """Keys' kernel with a = -1/2, by hand."""
    d = abs(distance)
    return 1.5 * d**3 - 2.5 * d**2 + 1 if d <= 1 else -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2


def test_the_taps_are_keys_kernel() -> None:
    assert pytest.approx([keys(x) for x in (1.25, 0.25, 0.75, 1.75)]) == TAPS
    assert sum(TAPS) == 1


def test_bicubic_agrees_with_pillow() -> None:
    pixels = np.random.default_rng(0).integers(70, 186, (13, 18, 3), dtype=np.uint8)
    ours = to_pictures(bicubic(to_points(torch.from_numpy(pixels[None]))))[0].numpy().astype(int)
    theirs = np.asarray(Image.fromarray(pixels).resize((36, 26), Image.Resampling.BICUBIC)).astype(int)
    # Pillow rounds (and would clip) between the two directions, and weighs the edge otherwise.
    assert np.abs(ours - theirs)[4:-4, 4:-4].max() <= 1
    assert np.abs(ours - theirs).max() < 40


def test_bicubic_keeps_constants_and_slopes() -> None:
    flat = torch.full((1, 3, 5, 7), 0.25)
    assert torch.allclose(bicubic(flat), torch.full((1, 3, 10, 14), 0.25))
    slope = torch.arange(12.0).view(1, 1, 1, 12).expand(1, 3, 12, 12)
    inner = bicubic(slope)[0, 0, 0, 4:-4]
    assert torch.allclose(inner.diff(), torch.full((15,), 0.5), atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (6, 5)])
def test_an_untrained_network_is_bicubic_interpolation(shape: tuple[int, int]) -> None:
    x = 2 * torch.rand(2, 3, *shape) - 1
    assert torch.equal(UpscalerNetwork(NARROW)(x), bicubic(x))
    assert not torch.equal(network()(x), bicubic(x))


def test_interpolation_stays_exact_under_autocast() -> None:
    x = 2 * torch.rand(1, 3, 8, 8) - 1
    with torch.autocast("cpu", torch.bfloat16):
        made = UpscalerNetwork(NARROW)(x)
    assert made.dtype == torch.float32 and torch.equal(made, bicubic(x))


@pytest.mark.parametrize("blocks", [1, 3])
def test_nothing_beyond_the_reach_changes_a_pixel(blocks: int) -> None:
    config = UpscalerConfig(width=8, blocks=blocks, fine=8)
    side = 2 * config.reach + 1
    x = (2 * torch.rand(1, 3, side, side) - 1).requires_grad_(True)
    middle = network(config)(x)[0, :, 2 * config.reach : 2 * config.reach + 2, 2 * config.reach : 2 * config.reach + 2]
    (gradient,) = torch.autograd.grad(middle.square().sum(), x)
    assert gradient[0, :, 0].abs().sum() == 0 and gradient[0, :, :, -1].abs().sum() == 0
    assert gradient[0, :, 2].abs().sum() > 0  # and the reach is no larger than it must be


def test_the_shipped_shape_fits_its_limit() -> None:
    count = sum(p.numel() for p in UpscalerNetwork(UpscalerConfig()).parameters())
    assert count <= 300_000 and 2 * count < 1_000_000


@pytest.mark.parametrize("change", [{"width": 4}, {"blocks": 0}, {"fine": 1000}, {"family": "gan"}, {"schema": 2}])
def test_a_wrong_shape_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"width|blocks|family"):
        UpscalerConfig(**change)  # type: ignore[arg-type]
