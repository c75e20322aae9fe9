"""The augmentations are differentiable, keep shapes, and do what they say."""

from __future__ import annotations

import torch

from luokuan.models.gan.augment import color, cutout, diff_augment, translation


def test_gradient_reaches_the_pixels() -> None:
    torch.manual_seed(0)
    x = torch.randn(4, 3, 16, 16, requires_grad=True)
    (gradient,) = torch.autograd.grad(diff_augment(x).square().sum(), x)
    assert gradient.shape == x.shape and gradient.abs().sum() > 0


def test_translation_moves_whole_pictures() -> None:
    torch.manual_seed(1)
    x = torch.zeros(64, 1, 16, 16)
    x[:, :, 8, 8] = 1
    moved = translation(x)
    assert torch.equal(moved.sum(dim=(1, 2, 3)), torch.ones(64))  # reach 2 never pushes the centre out
    places = moved.flatten(1).argmax(dim=1)
    assert len(places.unique()) > 10
    rows, columns = places // 16, places % 16
    assert rows.min() >= 6 and rows.max() <= 10 and columns.min() >= 6 and columns.max() <= 10


def test_translation_without_reach_is_the_identity() -> None:
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(translation(x, ratio=0.0), x)


def test_cutout_blanks_at_most_a_quarter_and_something() -> None:
    torch.manual_seed(2)
    out = cutout(torch.ones(200, 1, 32, 32))
    blank = (out == 0).float().mean(dim=(1, 2, 3))
    assert blank.max() <= 0.25 and blank.mean() > 0.1


def test_color_keeps_the_difference_between_rows() -> None:
    torch.manual_seed(3)
    x = torch.rand(8, 3, 4, 4)
    out = color(x)
    assert out.shape == x.shape and not torch.equal(out, x)
    grey = torch.full((8, 3, 4, 4), 0.2)
    flat = color(grey)
    assert torch.allclose(flat.std(dim=(1, 2, 3)), torch.zeros(8), atol=1e-6)
