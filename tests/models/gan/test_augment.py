"""The augmentations are differentiable, keep shapes, and do what they say."""

from __future__ import annotations

import pytest
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


def test_cutout_blanks_a_square_of_half_the_side_less_one() -> None:
    torch.manual_seed(2)
    blank = cutout(torch.ones(400, 1, 32, 32))[:, 0] == 0
    rows, columns = blank.any(dim=2).sum(dim=1), blank.any(dim=1).sum(dim=1)
    assert rows.max() == columns.max() == 15 and min(rows.min(), columns.min()) == 7
    assert torch.equal(blank.sum(dim=(1, 2)), rows * columns)


def test_cutout_blanks_at_most_a_quarter_and_something() -> None:
    torch.manual_seed(2)
    out = cutout(torch.ones(200, 1, 32, 32))
    blank = (out == 0).float().mean(dim=(1, 2, 3))
    assert blank.max() <= 0.25 and blank.mean() > 0.1


def test_color_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # One pixel of three channels and one black pixel; brightness 0.25 up, saturation ×0.5, contrast ×1.25.
    draws = torch.tensor([0.75, 0.25, 0.75]).view(3, 1, 1, 1, 1)
    monkeypatch.setattr(torch, "rand", lambda *_shape, **_how: draws)
    x = torch.tensor([[0.6, 0.0, 0.0], [0.0, 0.0, 0.0]]).T.reshape(1, 3, 1, 2)
    # Brighter: (0.85, 0.25, 0.25) of mean 0.45, and 0.25. Half as far from the mean: (0.65, 0.35, 0.35), and 0.25.
    # Mean of all: 0.35; 1.25 times as far from it: (0.725, 0.35, 0.35), and 0.225.
    wanted = torch.tensor([[0.725, 0.35, 0.35], [0.225, 0.225, 0.225]]).T.reshape(1, 3, 1, 2)
    assert torch.allclose(color(x), wanted, atol=1e-6)


def test_color_keeps_the_difference_between_rows() -> None:
    torch.manual_seed(3)
    x = torch.rand(8, 3, 4, 4)
    out = color(x)
    assert out.shape == x.shape and not torch.equal(out, x)
    grey = torch.full((8, 3, 4, 4), 0.2)
    flat = color(grey)
    assert torch.allclose(flat.std(dim=(1, 2, 3)), torch.zeros(8), atol=1e-6)
