"""The terms are what torch.distributions say; the bounds are in order, on a linear VAE against its exact evidence."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Categorical, MultivariateNormal, Normal, kl_divergence
from torch.nn import functional as F

from luokuan.models.vae import elbo
from luokuan.models.vae.prior import Mixture


def test_categorical_by_hand_and_what_is_masked_has_no_say() -> None:
    logits = torch.log(torch.tensor([[[0.5, 0.25, 0.25], [0.1, 0.1, 0.8], [1.0, 1.0, 1.0]]]))
    targets, mask = torch.tensor([[0, 2, 99]]), torch.tensor([[True, True, False]])
    assert float(elbo.categorical(logits, targets, mask)) == pytest.approx(math.log(0.5) + math.log(0.8))
    torch.manual_seed(0)
    logits, targets = torch.randn(4, 6, 9, requires_grad=True), torch.randint(9, (4, 6))
    mask = torch.arange(6)[None] < torch.tensor([6, 4, 1, 0])[:, None]
    found = elbo.categorical(logits, targets, mask)
    wanted = (Categorical(logits=logits).log_prob(targets) * mask).sum(dim=1)
    assert torch.allclose(found, wanted, atol=1e-5) and found[3].item() == 0
    found.sum().backward()
    assert bool((logits.grad[~mask] == 0).all())
    # d log softmax / d logits = onehot - p
    step = (F.one_hot(targets, 9) - logits.detach().softmax(dim=2))[mask]
    assert torch.allclose(logits.grad[mask], step, atol=1e-5)


def test_bernoulli_by_hand_and_far_out() -> None:
    values = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    logits = torch.tensor([[math.log(3.0), math.log(3.0)], [200.0, -200.0]], requires_grad=True)
    found = elbo.bernoulli(logits, values)
    assert found.tolist() == pytest.approx([math.log(0.75) + math.log(0.25), -200.0])
    found.sum().backward()
    assert logits.grad[0].tolist() == pytest.approx([0.25, -0.75])  # x - σ(l)
    assert bool(torch.isfinite(logits.grad).all())


def test_kl_by_hand_and_against_torch() -> None:
    assert float(elbo.kl_to_standard(torch.tensor([[2.0]]), torch.tensor([[0.0]]))) == pytest.approx(2.0)
    assert float(elbo.kl_to_standard(torch.zeros(1, 1), torch.zeros(1, 1))) == 0
    torch.manual_seed(0)
    mean, log_variance = torch.randn(5, 3), torch.randn(5, 3)
    wanted = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0))
    assert torch.allclose(elbo.kl_to_standard(mean, log_variance), wanted, atol=1e-5)


def test_normal_densities_against_torch() -> None:
    torch.manual_seed(0)
    z, mean, log_variance = torch.randn(7, 3), torch.randn(7, 3), torch.randn(7, 3)
    wanted = Normal(mean, (0.5 * log_variance).exp()).log_prob(z).sum(dim=1)
    assert torch.allclose(elbo.log_normal(z, mean, log_variance), wanted, atol=1e-4)
    assert torch.allclose(elbo.log_normal(z), Normal(0.0, 1.0).log_prob(z).sum(dim=1), atol=1e-5)


def test_free_bits_cost_nothing_below_the_floor() -> None:
    kl = torch.tensor([[0.1, 2.0], [0.5, 0.2]], requires_grad=True)
    by_item = elbo.free_bits(kl, 0.25)
    assert by_item.item() == pytest.approx((0.25 + 2.0 + 0.5 + 0.25) / 2)
    by_item.backward()
    assert kl.grad.tolist() == [[0.0, 0.5], [0.5, 0.0]]
    by_batch = elbo.free_bits(kl, 0.4, over="batch")
    assert by_batch.item() == pytest.approx(0.4 + 1.1)  # means 0.3 and 1.1
    assert elbo.free_bits(kl, 0.0).item() == pytest.approx(kl.sum().item() / 2)
    with pytest.raises(ValueError, match="item or batch"):
        elbo.free_bits(kl, 0.1, over="all")


def test_schedules_by_hand() -> None:
    assert [elbo.constant(2.0)(step, 10) for step in (0, 9)] == [2.0, 2.0]
    rise = elbo.linear(2.0, rising=0.5)
    assert [rise(step, 100) for step in (0, 25, 50, 99)] == [0.0, 1.0, 2.0, 2.0]
    later = elbo.linear(1.0, rising=0.5, start=0.25)
    assert [later(step, 100) for step in (0, 24, 25, 50, 75, 99)] == [0.0, 0.0, 0.0, 0.5, 1.0, 1.0]
    assert elbo.linear(1.0, rising=0.0)(0, 100) == 1.0
    wave = elbo.cyclical(1.0)  # four cycles of 25 steps, each rising over the first half
    assert [wave(step, 100) for step in (0, 5, 13, 24, 25, 30, 75, 99)] == pytest.approx([0, 0.4, 1, 1, 0, 0.4, 0, 1])
    assert all(0 <= wave(step, 3) <= 1 for step in range(3)) and elbo.cyclical(rising=0.0)(0, 8) == 1.0


class LinearVae:
    """x = W·z + b + noise, z ~ N(0, I): p(x) = N(b, W·Wᵀ + s²·I), and with orthogonal columns of W the posterior
    N((WᵀW + s²I)⁻¹Wᵀ(x - b), s²(WᵀW + s²I)⁻¹) has the diagonal covariance that an encoder can give."""

    def __init__(self, scales: tuple[float, ...] = (2.0, 0.7, 0.1), noise: float = 0.5) -> None:
        torch.manual_seed(0)
        basis = torch.linalg.qr(torch.randn(6, 6, dtype=torch.float64))[0][:, :3]
        self.w, self.b, self.noise = basis * torch.tensor(scales), torch.randn(6, dtype=torch.float64), noise
        z = torch.randn(50, 3, dtype=torch.float64)
        self.x = z @ self.w.T + self.b + noise * torch.randn(50, 6, dtype=torch.float64)
        precision = (self.w.square().sum(dim=0) + noise**2) / noise**2  # diagonal of (WᵀW + s²I) / s²
        self.mean = (self.x - self.b) @ self.w / noise**2 / precision
        self.log_variance = -precision.log().expand(50, -1)
        covariance = self.w @ self.w.T + noise**2 * torch.eye(6, dtype=torch.float64)
        self.evidence = MultivariateNormal(self.b, covariance).log_prob(self.x)  # exact log p(x), (50,)

    def given(self, z: torch.Tensor) -> torch.Tensor:
        """log p(x|z): (k, B, D) to (k, B)."""
        away = (self.x - self.b - z @ self.w.T) / self.noise
        return elbo.log_normal(away) - 6 * math.log(self.noise)

    def weigh(self, draws: int, shift: float = 0.0, wider: float = 0.0, chunk: int = 16) -> elbo.Weighed:
        """With the exact posterior, or one that is wrong on purpose."""
        torch.manual_seed(1)
        return elbo.weigh(self.given, self.mean + shift, self.log_variance + wider, draws=draws, chunk=chunk)


@pytest.mark.parametrize("draws", [1, 2, 33])
def test_with_the_exact_posterior_every_bound_is_the_evidence(draws: int) -> None:
    vae = LinearVae()
    found = vae.weigh(draws)
    assert torch.allclose(found.bound, vae.evidence, atol=1e-9) and torch.allclose(found.elbo, vae.evidence, atol=1e-9)
    # So is the ELBO by its two terms, of which the first is an expectation: E|x - b - Wz|² has a closed form.
    spread = (vae.log_variance.exp() * vae.w.square().sum(dim=0)).sum(dim=1) / vae.noise**2
    reconstruction = vae.given(vae.mean[None])[0] - 0.5 * spread
    kl = elbo.kl_to_standard(vae.mean, vae.log_variance).sum(dim=1)
    assert torch.allclose(reconstruction - kl, vae.evidence, atol=1e-9)


def test_with_a_wrong_posterior_the_bounds_rise_to_the_evidence() -> None:
    vae = LinearVae()
    means = [float(vae.weigh(draws, shift=0.2, wider=0.5).bound.mean()) for draws in (1, 8, 64, 8000)]
    lower, evidence = float(vae.weigh(8000, shift=0.2, wider=0.5).elbo.mean()), float(vae.evidence.mean())
    assert lower < means[1] < means[2] < evidence
    assert means[0] == pytest.approx(lower, abs=0.3)  # one draw is the ELBO, up to chance
    assert means[3] == pytest.approx(evidence, abs=0.01)
    # Closed form of the gap: log p(x) - ELBO = KL(q ‖ p(z|x)), here of two Gaussians.
    wrong = Normal(vae.mean + 0.2, (0.5 * (vae.log_variance + 0.5)).exp())
    right = Normal(vae.mean, (0.5 * vae.log_variance).exp())
    assert evidence - lower == pytest.approx(float(kl_divergence(wrong, right).sum(dim=1).mean()), abs=0.02)
    # Of the same draws the bound never lies below their mean (Jensen).
    found = vae.weigh(5, shift=0.2, wider=0.5)
    assert bool((found.bound >= found.elbo).all())


def test_draws_do_not_depend_on_the_chunk_and_huge_weights_stay_finite() -> None:
    vae = LinearVae()
    one, two = (vae.weigh(10, shift=0.3, chunk=chunk) for chunk in (1, 7))
    assert torch.allclose(one.bound, two.bound, atol=1e-12) and torch.allclose(one.elbo, two.elbo, atol=1e-12)
    low = elbo.importance_bound(torch.tensor([[-1e4], [-1e4]]))
    assert float(low) == pytest.approx(-1e4) and float(elbo.importance_bound(torch.tensor([[3.0]]))) == 3.0


def test_another_prior_can_be_weighed() -> None:
    vae = LinearVae()
    eye = torch.eye(3, dtype=torch.float64)[None]
    standard = Mixture(torch.ones(1, dtype=torch.float64), torch.zeros(1, 3, dtype=torch.float64), eye)
    torch.manual_seed(1)
    found = elbo.weigh(vae.given, vae.mean, vae.log_variance, draws=3, log_prior=standard.log_prob)
    assert torch.allclose(found.bound, vae.evidence, atol=1e-9)


def test_active_units_vary_over_pictures() -> None:
    means = torch.zeros(100, 4)
    means[:, 0] = torch.linspace(-1, 1, 100)
    means[:, 1] = 3.0
    means[:, 2] = torch.linspace(-0.1, 0.1, 100)  # variance 0.0034
    assert elbo.active_units(means) == 1
