"""The mixture is a density, EM finds a mixture that is known, and thin corpora don't break it."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from luokuan.models.vae.prior import Mixture, _expected_log_joint, _maximise, _start, fit, moment_matched

CENTRES = torch.tensor([[-4.0, 0.0], [3.0, 3.0], [2.0, -4.0]], dtype=torch.float64)
ROOTS = torch.tensor(
    [[[1.0, 0.0], [0.8, 0.5]], [[0.5, 0.0], [0.0, 1.2]], [[0.7, 0.0], [-0.5, 0.6]]], dtype=torch.float64
)
WEIGHTS = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)


def truth() -> MixtureSameFamily:
    return MixtureSameFamily(Categorical(WEIGHTS), MultivariateNormal(CENTRES, scale_tril=ROOTS))


def draws(count: int) -> torch.Tensor:
    torch.manual_seed(0)
    return truth().sample((count,))


def test_em_recovers_a_known_mixture() -> None:
    points = draws(4000)
    found = fit(points, torch.zeros_like(points), 3, seed=1)
    order = [int((found.means - centre).square().sum(dim=1).argmin()) for centre in CENTRES]
    assert sorted(order) == [0, 1, 2]
    assert torch.allclose(found.weights[order], WEIGHTS, atol=0.03)
    assert torch.allclose(found.means[order], CENTRES, atol=0.12)
    covariances = found.roots[order] @ found.roots[order].mT
    assert torch.allclose(covariances, ROOTS @ ROOTS.mT, atol=0.15)


def test_the_density_is_that_of_torch() -> None:
    mixture, points = Mixture(WEIGHTS, CENTRES, ROOTS), draws(50)
    assert torch.allclose(mixture.log_prob(points), truth().log_prob(points))


def test_each_round_raises_the_bound() -> None:
    points = draws(300)
    spread = torch.full_like(points, 0.2)
    mixture, bounds = _maximise(points, spread, _start(points, 5, 0)), []
    for _round in range(8):
        joint = _expected_log_joint(points, spread, mixture.weights, mixture.means, mixture.roots)
        bounds.append(float(torch.logsumexp(joint, dim=1).mean()))
        mixture = _maximise(points, spread, torch.softmax(joint, dim=1))
    assert all(b > a - 1e-3 for a, b in itertools.pairwise(bounds)) and bounds[-1] > bounds[0]


def test_the_bound_is_below_what_it_bounds() -> None:
    torch.manual_seed(1)
    means, variances = torch.randn(20, 2, dtype=torch.float64), torch.full((20, 2), 0.3, dtype=torch.float64)
    bound = torch.logsumexp(_expected_log_joint(means, variances, WEIGHTS, CENTRES, ROOTS), dim=1).mean()
    z = means + variances.sqrt() * torch.randn(4000, 20, 2, dtype=torch.float64)
    assert float(bound) < float(truth().log_prob(z).mean())


def test_one_gaussian_has_the_moments_of_the_aggregate_posterior() -> None:
    torch.manual_seed(2)
    means, variances = torch.randn(200, 3, dtype=torch.float64) * 2 + 1, torch.rand(200, 3, dtype=torch.float64)
    found = moment_matched(means, variances)
    wanted = torch.cov(means.T, correction=0) + torch.diag(variances.mean(dim=0))
    assert torch.allclose(found.roots[0] @ found.roots[0].T, wanted, atol=1e-3)
    assert torch.allclose(found.means[0], means.mean(dim=0), atol=1e-6)


def test_draws_follow_weights_and_truncation() -> None:
    mixture = Mixture(WEIGHTS, CENTRES, ROOTS)
    assert [mixture.pick(share) for share in (0.0, 0.49, 0.51, 0.79, 0.81, 1.0)] == [0, 0, 1, 1, 2, 2]
    noise = torch.tensor([1.0, -1.0], dtype=torch.float64)
    assert torch.equal(mixture.draw(1, noise, 0.0), CENTRES[1])
    half, whole = (mixture.draw(1, noise, psi) - CENTRES[1] for psi in (0.5, 1.0))
    assert torch.allclose(2 * half, whole)


@pytest.mark.parametrize(
    "points", [torch.zeros(3, 2), torch.arange(2.0)[None], torch.ones(8, 2)], ids=["equal", "one", "flat"]
)
def test_thin_material_still_gives_a_legal_mixture(points: torch.Tensor) -> None:
    found = fit(points, torch.zeros_like(points), 4)
    assert float(found.weights.sum()) == pytest.approx(1)
    assert bool((found.weights > 0).all()) and bool(torch.isfinite(found.roots).all())
    assert bool((found.roots.diagonal(dim1=1, dim2=2) > 0).all())


def test_equal_seeds_give_equal_mixtures() -> None:
    points = draws(200)
    one, two = (fit(points, torch.zeros_like(points), 4, seed=3) for _time in range(2))
    assert torch.equal(one.roots, two.roots)
