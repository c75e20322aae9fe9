"""The likelihood of 8-bit values is a distribution, with gradients that are right and finite."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Laplace

from luokuan.models.vae import discretised

KINDS = ["logistic", "laplace"]
VALUES = torch.arange(256.0)


def probabilities(kind: str, location: float, scale: float) -> torch.Tensor:
    """P of each of the 256 values, float64 (256,)."""
    pictures = VALUES.double().view(256, 1, 1, 1)
    made = torch.full_like(pictures, location / discretised.HALF - 1)
    log_scale = torch.tensor([math.log(scale)], dtype=torch.float64)
    return discretised.log_likelihood(pictures, made, log_scale, kind).double().exp()


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
    found = discretised.log_likelihood(pictures, made, log_scale, kind)
    found.sum().backward()
    assert bool(torch.isfinite(found).all()) and bool(torch.isfinite(made.grad).all())
    assert bool(torch.isfinite(log_scale.grad).all())


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_by_finite_differences(kind: str) -> None:
    torch.manual_seed(0)
    pictures = torch.tensor([0.0, 3.0, 90.0, 140.0, 251.0, 255.0], dtype=torch.float64).view(1, 3, 1, 2)
    log_scale = torch.tensor([1.0, 2.0, 1.5], dtype=torch.float64)
    centre = (discretised.HALF * (torch.randn(1, 3, 1, 2, dtype=torch.float64).tanh() + 1)).requires_grad_()

    def parts(where: torch.Tensor, spread: torch.Tensor) -> torch.Tensor:
        scale = spread.exp().view(1, -1, 1, 1)
        lower, upper = (pictures - 0.5 - where) / scale, (pictures + 0.5 - where) / scale
        function = discretised._logistic if kind == "logistic" else discretised._laplace
        return torch.stack(function(lower, upper, 1 / scale.expand_as(lower)))

    assert torch.autograd.gradcheck(parts, (centre, log_scale.requires_grad_()))


@pytest.mark.parametrize("x", [1e-6, 0.1, math.log(2), 1.0, 30.0])
def test_log1mexp(x: float) -> None:
    assert float(discretised.log1mexp(torch.tensor(x, dtype=torch.float64))) == pytest.approx(
        math.log(-math.expm1(-x)), rel=1e-9
    )
