"""Shapes, the start of training, and what each network may depend on."""

from __future__ import annotations

import pytest
import torch

from luokuan.models.gan.config import GanConfig, grid_sides, preset
from luokuan.models.gan.networks import Discriminator, Generator, StyledBlock


def tiny(**changes: object) -> GanConfig:
    values: dict[str, object] = {"size": 16, "widths": (16, 16, 32), "style": 16, "latent": 8}
    return GanConfig(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["cpu-tiny", "cpu-small", "cpu", "gpu"])
@pytest.mark.parametrize("size", [32, 64])
def test_presets_build_and_keep_shapes(name: str, size: int) -> None:
    config = preset(name, size, classes=("a", "b"), class_counts=(1, 1))
    with torch.device("meta"):
        generator, discriminator = Generator(config), Discriminator(config)
        y = torch.zeros(2, dtype=torch.int64)
        pictures = generator(torch.zeros(2, config.latent), y)
        assert pictures.shape == (2, 3, size, size)
        assert discriminator(pictures, y).shape == (2,)
    if name != "gpu":
        assert all(width % 32 == 0 for width in config.widths)


@pytest.mark.parametrize("block", ["dense", "grouped"])
def test_residual_branches_start_at_zero(block: str) -> None:
    torch.manual_seed(0)
    network = Discriminator(tiny(block=block))
    x = torch.randn(2, network.config.widths[-1], 16, 16)
    assert torch.equal(network.stages[0](x), x)


def test_each_logit_depends_on_its_own_item_alone() -> None:
    # gradient_penalty sums logits before differentiating: true only without batch statistics.
    torch.manual_seed(0)
    network = Discriminator(tiny()).double()
    x = torch.randn(3, 3, 16, 16, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(network(x)[1], x)
    assert gradient[1].abs().sum() > 0
    assert gradient[0].abs().sum() == 0 and gradient[2].abs().sum() == 0


def test_classes_reach_both_networks() -> None:
    torch.manual_seed(0)
    config = tiny(classes=("a", "b"), class_counts=(3, 4))
    generator, discriminator = Generator(config), Discriminator(config)
    z = torch.randn(1, 8)
    a, b = (generator(z, torch.tensor([y])) for y in (0, 1))
    assert not torch.equal(a, b)
    assert discriminator(a, torch.tensor([0])).item() != discriminator(a, torch.tensor([1])).item()
    with pytest.raises(ValueError):
        generator(z)


def test_a_class_weighs_features_and_does_not_only_shift_the_logit() -> None:
    # Projection (Miyato & Koyama 2018): D(x, a) - D(x, b) depends on x.
    torch.manual_seed(0)
    network = Discriminator(tiny(classes=("a", "b"), class_counts=(3, 4)))
    x = torch.randn(8, 3, 16, 16)
    a, b = (network(x, torch.full((8,), y)) for y in (0, 1))
    assert (a - b).std() > 0.1 * a.std()


def test_styles_act_on_normalised_features() -> None:
    # Scale and shift are the style's alone: a map ten times as strong gets the same branch.
    torch.manual_seed(0)
    block = StyledBlock(16, 8, "dense", 2)
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    x, w = torch.randn(2, 16, 4, 4), torch.randn(2, 8)
    branch = block(x, w) - x
    assert branch.abs().mean() > 0.1
    assert torch.allclose(block(10 * x, w) - 10 * x, branch, atol=1e-2 * branch.abs().max().item())
    assert not torch.allclose(block(x, 2 * w) - x, branch, atol=1e-2 * branch.abs().max().item())


def test_activations_keep_their_scale_at_the_start() -> None:
    torch.manual_seed(0)
    config = preset("cpu-small", 32)
    pictures = Generator(config)(torch.randn(16, 64))
    assert 0.1 < pictures.std().item() < 3
    assert 0.01 < Discriminator(config)(torch.randn(16, 3, 32, 32)).std().item() < 10


def test_grid_sides() -> None:
    assert grid_sides(4) == [4]
    assert grid_sides(32) == [4, 8, 16, 32]


@pytest.mark.parametrize(
    "changes",
    [
        {"size": 24},
        {"widths": (16, 16)},
        {"block": "sparse"},
        {"classes": ("a",)},
        {"classes": ("a", "a"), "class_counts": (1, 1)},
        {"latent": 0},
        {"family": "vae"},
    ],
)
def test_config_refuses_what_cannot_be(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        tiny(**changes)
