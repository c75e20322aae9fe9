"""Values by hand, gradients by finite differences, and the penalties on functions with known gradients."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from luokuan.models.gan.objective import Minimax, automatic_gamma, gradient_penalty, objective

REAL = torch.tensor([2.0, -1.0], dtype=torch.float64)
FAKE = torch.tensor([0.0, 1.0], dtype=torch.float64)


def softplus(t: float) -> float:
    return math.log1p(math.exp(t))


def test_relativistic_by_hand() -> None:
    game = objective("relativistic")
    # Pairs: (2, 0) and (-1, 1): differences D(x) - D(G(z)) = 2 and -2.
    assert game.discriminator(REAL, FAKE).item() == pytest.approx((softplus(-2) + softplus(2)) / 2)
    assert game.generator(REAL, FAKE).item() == pytest.approx((softplus(2) + softplus(-2)) / 2)


def test_relativistic_pairs_by_index() -> None:
    game = objective("relativistic")
    assert game.discriminator(REAL, FAKE).item() != pytest.approx(game.discriminator(REAL, FAKE.flip(0)).item())


def test_minimax_by_hand() -> None:
    game = objective("minimax")
    expected = (softplus(-2) + softplus(1)) / 2 + (softplus(0) + softplus(1)) / 2
    assert game.discriminator(REAL, FAKE).item() == pytest.approx(expected)
    assert game.generator(REAL, FAKE).item() == pytest.approx((softplus(0) + softplus(-1)) / 2)


def test_minimax_value_is_minus_log_4_when_the_discriminator_guesses() -> None:
    nothing = torch.zeros(3, dtype=torch.float64)
    assert Minimax().value(nothing, nothing).item() == pytest.approx(-math.log(4))


def test_hinge_by_hand() -> None:
    game = objective("hinge")
    # max(0, 1-2)=0, max(0, 1+1)=2; max(0, 1+0)=1, max(0, 1+1)=2.
    assert game.discriminator(REAL, FAKE).item() == pytest.approx((0 + 2) / 2 + (1 + 2) / 2)
    assert game.generator(REAL, FAKE).item() == pytest.approx(-0.5)


@pytest.mark.parametrize("name", ["relativistic", "minimax", "hinge"])
@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_gradients_by_finite_differences(name: str, player: str) -> None:
    loss = getattr(objective(name), player)
    stream = torch.Generator().manual_seed(3)
    real = torch.randn(5, dtype=torch.float64, generator=stream).requires_grad_()
    fake = torch.randn(5, dtype=torch.float64, generator=stream).requires_grad_()
    assert torch.autograd.gradcheck(loss, (real, fake))


@pytest.mark.parametrize("name", ["relativistic", "minimax", "hinge"])
def test_players_pull_in_opposite_directions(name: str) -> None:
    game = objective(name)
    fake = FAKE.clone().requires_grad_()
    (down,) = torch.autograd.grad(game.discriminator(REAL, fake), fake)
    (up,) = torch.autograd.grad(game.generator(REAL, fake), fake)
    assert (down >= 0).all() and (up < 0).all()


def test_penalty_of_a_linear_critic_is_its_squared_norm() -> None:
    weight = torch.tensor([3.0, 4.0], dtype=torch.float64).requires_grad_()
    x = torch.randn(6, 1, 1, 2, dtype=torch.float64, requires_grad=True)
    penalty = gradient_penalty((x.flatten(1) * weight).sum(1), x)
    assert penalty.item() == pytest.approx(25.0)
    (gradient,) = torch.autograd.grad(penalty, weight)
    assert torch.allclose(gradient, 2 * weight.detach())


def test_penalty_gradient_by_finite_differences() -> None:
    x = torch.randn(4, 1, 2, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))

    def penalty(weight: Tensor) -> Tensor:
        inputs = x.clone().requires_grad_()
        return gradient_penalty(torch.tanh(inputs.flatten(1) @ weight).sum(1), inputs)

    weight = torch.randn(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    assert torch.autograd.gradcheck(penalty, (weight.requires_grad_(),))


def test_automatic_gamma_follows_its_rule() -> None:
    assert automatic_gamma(64) == (2.0, 0.2)
    assert automatic_gamma(32).start == pytest.approx(0.25)
    assert automatic_gamma(128).start == pytest.approx(16.0)
    assert automatic_gamma(64, distance_ratio=0.5).start == pytest.approx(1.0)
    schedule = automatic_gamma(64)
    assert schedule.at(0) == pytest.approx(2.0) and schedule.at(1) == pytest.approx(0.2)
    assert schedule.at(0.5) == pytest.approx(1.1)
