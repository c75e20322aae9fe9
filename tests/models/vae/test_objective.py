"""The likelihood is a distribution, the terms are what torch.distributions say, and the bounds are in order."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Laplace, Normal, kl_divergence

from luokuan.models.vae import objective

KINDS = ["logistic", "laplace"]
VALUES = torch.arange(256.0)


def probabilities(kind: str, location: float, scale: float) -> torch.Tensor:
    """P of each of the 256 values, float64 (256,)."""
    pictures = VALUES.double().view(256, 1, 1, 1)
    made = torch.full_like(pictures, location / objective.HALF - 1)
    log_scale = torch.tensor([math.log(scale)], dtype=torch.float64)
    return objective.log_likelihood(pictures, made, log_scale, kind).double().exp()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("location", [-60.0, 0.0, 0.3, 100.5, 127.2, 254.9, 400.0])
@pytest.mark.parametrize("scale", [0.06, 0.5, 5.0, 60.0])
def test_the_probabilities_of_the_256_values_sum_to_1(kind: str, location: float, scale: float) -> None:
    found = probabilities(kind, location, scale)
    assert bool((found >= 0).all()) and float(found.sum()) == pytest.approx(1, abs=1e-4)


def test_steps_are_differences_of_the_distribution_function() -> None:
    place, scale = 100.25, 7.0
    laplace = Laplace(torch.tensor(place, dtype=torch.float64), torch.tensor(scale, dtype=torch.float64))
    inner = VALUES[1:-1].double()
    wanted = laplace.cdf(inner + 0.5) - laplace.cdf(inner - 0.5)
    assert torch.allclose(probabilities("laplace", place, scale)[1:-1], wanted, rtol=1e-4, atol=1e-12)
    assert float(probabilities("laplace", place, scale)[0]) == pytest.approx(
        float(laplace.cdf(torch.tensor(0.5))), 1e-4
    )
    steps = torch.sigmoid((inner + 0.5 - place) / scale) - torch.sigmoid((inner - 0.5 - place) / scale)
    assert torch.allclose(probabilities("logistic", place, scale)[1:-1], steps, rtol=1e-4, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_far_values_have_finite_gradients(kind: str) -> None:
    made = torch.tensor([-8.0, -1.0, 0.0, 1.0, 8.0]).repeat(3).view(1, 3, 1, 5).requires_grad_()
    log_scale = torch.full((3,), -3.0, requires_grad=True)
    pictures = torch.tensor([0.0, 255.0, 128.0]).view(1, 3, 1, 1).expand(1, 3, 1, 5)
    found = objective.log_likelihood(pictures, made, log_scale, kind)
    found.sum().backward()
    assert bool(torch.isfinite(found).all()) and bool(torch.isfinite(made.grad).all())
    assert bool(torch.isfinite(log_scale.grad).all())


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_by_finite_differences(kind: str) -> None:
    torch.manual_seed(0)
    pictures = torch.tensor([0.0, 3.0, 90.0, 140.0, 251.0, 255.0], dtype=torch.float64).view(1, 3, 1, 2)
    log_scale = torch.tensor([1.0, 2.0, 1.5], dtype=torch.float64)
    centre = (objective.HALF * (torch.randn(1, 3, 1, 2, dtype=torch.float64).tanh() + 1)).requires_grad_()

    def parts(where: torch.Tensor, spread: torch.Tensor) -> torch.Tensor:
        scale = spread.exp().view(1, -1, 1, 1)
        lower, upper = (pictures - 0.5 - where) / scale, (pictures + 0.5 - where) / scale
        function = objective._logistic if kind == "logistic" else objective._laplace
        return torch.stack(function(lower, upper, 1 / scale.expand_as(lower)))

    assert torch.autograd.gradcheck(parts, (centre, log_scale.requires_grad_()))


@pytest.mark.parametrize("x", [1e-6, 0.1, math.log(2), 1.0, 30.0])
def test_log1mexp(x: float) -> None:
    assert float(objective.log1mexp(torch.tensor(x, dtype=torch.float64))) == pytest.approx(
        math.log(-math.expm1(-x)), rel=1e-9
    )


def test_kl_by_hand_and_against_torch() -> None:
    assert float(objective.kl_to_standard(torch.tensor([[2.0]]), torch.tensor([[0.0]]))) == pytest.approx(2.0)
    assert float(objective.kl_to_standard(torch.zeros(1, 1), torch.zeros(1, 1))) == 0
    torch.manual_seed(0)
    mean, log_variance = torch.randn(5, 3), torch.randn(5, 3)
    wanted = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0))
    assert torch.allclose(objective.kl_to_standard(mean, log_variance), wanted, atol=1e-5)


def test_normal_densities_against_torch() -> None:
    torch.manual_seed(0)
    z, mean, log_variance = torch.randn(7, 3), torch.randn(7, 3), torch.randn(7, 3)
    wanted = Normal(mean, (0.5 * log_variance).exp()).log_prob(z).sum(dim=1)
    assert torch.allclose(objective.log_normal(z, mean, log_variance), wanted, atol=1e-4)
    assert torch.allclose(objective.log_normal(z), Normal(0.0, 1.0).log_prob(z).sum(dim=1), atol=1e-5)


def test_the_importance_bound_rises_to_the_evidence() -> None:
    """x|z ~ N(z, 1), z ~ N(0, 1): log p(x) is known; q is wrong on purpose."""
    torch.manual_seed(0)
    x = torch.tensor([1.3])
    mean, log_variance = torch.tensor([0.2]), torch.tensor([0.3])
    z = objective.draw(mean.expand(20_000, 1), log_variance.expand(20_000, 1))
    weights = objective.log_normal(x - z) + objective.log_normal(z) - objective.log_normal(z, mean, log_variance)
    evidence = float(Normal(0.0, math.sqrt(2)).log_prob(x))
    elbo = float(weights.mean())
    ten = float(objective.importance_bound(weights.view(10, -1)).mean())
    many = float(objective.importance_bound(weights[:, None])[0])
    assert elbo < ten - 0.01 < many < evidence + 0.02
    assert many == pytest.approx(evidence, abs=0.02)
    # Of the same draws it never lies below their mean (Jensen).
    assert bool((objective.importance_bound(weights.view(10, -1)) >= weights.view(10, -1).mean(dim=0)).all())


def test_active_units_vary_over_pictures() -> None:
    means = torch.zeros(100, 4)
    means[:, 0] = torch.linspace(-1, 1, 100)
    means[:, 1] = 3.0
    means[:, 2] = torch.linspace(-0.1, 0.1, 100)  # variance 0.0034
    assert objective.active_units(means) == 1
