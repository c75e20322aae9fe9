"""The evidence lower bound (ELBO), term by term, in nats.

L(x) = E_q(z|x)[log p(x|z)] - KL(q(z|x) ‖ N(0, I)) ≤ log p(x) (Kingma & Welling 2013, arXiv 1312.6114, eq. 3). p(x|z)
gives probabilities to the 256 values of each channel of each pixel, not densities to real numbers: so both terms are
nats, and -L / (values · log 2) is an upper bound of the bits a lossless code needs for a value.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

HALF = 127.5
"""Steps of the 8-bit values in one unit of the networks' -1..1."""
ACTIVE = 0.01
"""Variance of the posterior's mean over pictures from which a latent value counts as active."""


def log1mexp(x: Tensor) -> Tensor:
    """log(1 - e^-x) for x > 0, exact at both ends (Mächler 2012, "Accurately computing log(1 - exp(-|a|))")."""
    near = x < math.log(2)
    # The branch that isn't taken gets a harmless input: its gradient must be finite too.
    small = torch.log(-torch.expm1(-torch.where(near, x, torch.ones_like(x))))
    return torch.where(near, small, torch.log1p(-torch.exp(-torch.where(near, torch.ones_like(x), x))))


def _logistic(lower: Tensor, upper: Tensor, width: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    # σ(b) - σ(a) = σ(b)·σ(-a)·(1 - e^(a - b)): a product of positive numbers where the difference would cancel.
    below, above = F.logsigmoid(upper), F.logsigmoid(-lower)
    return below, above, below + above + log1mexp(width)


def _laplace(lower: Tensor, upper: Tensor, width: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    def log_below(x: Tensor) -> Tensor:
        # F(x) = e^x / 2 for x < 0, 1 - e^-x / 2 above; each branch sees only its own half.
        return torch.where(x < 0, x.clamp(max=0) - math.log(2), torch.log1p(-0.5 * torch.exp(-x.clamp(min=0))))

    # On one side of the peak: ½·e^-(distance of the nearer edge)·(1 - e^-width); across it: 1 minus both tails.
    nearer = torch.maximum(lower, -upper)  # > 0 exactly when the step lies on one side
    aside = -nearer.clamp(min=0) - math.log(2) + log1mexp(width)
    across = -0.5 * (torch.expm1(-upper.clamp(min=0)) + torch.expm1(lower.clamp(max=0)))
    inside = torch.where(nearer > 0, aside, torch.log(across.clamp_min(1e-30)))
    return log_below(upper), log_below(-lower), inside


def log_likelihood(pictures: Tensor, locations: Tensor, log_scale: Tensor, kind: str = "logistic") -> Tensor:
    """log p(x|z) of 8-bit pictures, nats a picture.

    A logistic (Kingma et al. 2016, arXiv 1606.04934; Salimans et al. 2017, arXiv 1701.05517, eq. 2) or Laplace
    distribution around each location, cut into 256 steps: P(v) = F(v + ½) - F(v - ½), and the outermost values take the
    tails, so that the 256 probabilities sum to 1. The scale is learnt and the same for all pictures (σ-VAE, Rybkin et
    al. 2020, arXiv 2006.13202).

    Args:
        pictures: Values 0..255 as float, (B, 3, H, W).
        locations: The decoder's output, (B, 3, H, W); -1 is the value 0 and 1 the value 255.
        log_scale: log s, (3,) or (1,); s in steps of the values.
        kind: ``logistic`` or ``laplace``.

    Returns:
        (B,), float32.
    """
    scale = log_scale.exp().view(1, -1, 1, 1)
    centre = (locations.float() + 1) * HALF
    lower, upper = (pictures - 0.5 - centre) / scale, (pictures + 0.5 - centre) / scale
    below, above, inside = (_logistic if kind == "logistic" else _laplace)(lower, upper, 1 / scale)
    found = torch.where(pictures < 0.5, below, torch.where(pictures > 254.5, above, inside))
    return found.sum(dim=(1, 2, 3))


def kl_to_standard(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(μ, diag σ²) ‖ N(0, I)) of each latent value: ½(μ² + σ² - 1 - log σ²), nats (arXiv 1312.6114, app. B).

    (B, D) each; (B, D). The sum over D is the ELBO's second term.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


def draw(mean: Tensor, log_variance: Tensor) -> Tensor:
    """z = μ + σ·ε, a differentiable draw from q(z|x) (reparametrisation, arXiv 1312.6114, sec. 2.4); (B, D)."""
    return mean + torch.randn_like(mean) * (0.5 * log_variance).exp()


def log_normal(z: Tensor, mean: Tensor | float = 0.0, log_variance: Tensor | float = 0.0) -> Tensor:
    """log N(z; μ, diag σ²), summed over the last axis, nats. (..., D) to (...)."""
    spread = torch.as_tensor(log_variance, dtype=z.dtype, device=z.device)
    terms = math.log(2 * math.pi) + spread + (z - mean).square() * (-spread).exp()
    return -0.5 * terms.sum(dim=-1)


def importance_bound(log_weights: Tensor) -> Tensor:
    """log of the mean of w_k = p(x|z_k)·p(z_k) / q(z_k|x) over K draws z_k ~ q(z|x), nats (IWAE, Burda et al. 2015,
    arXiv 1509.00519, eq. 8): between the ELBO (K = 1, on average) and log p(x) (K → ∞).

    Args:
        log_weights: log w, (K, B).

    Returns:
        (B,).
    """
    return torch.logsumexp(log_weights, dim=0) - math.log(len(log_weights))


def active_units(means: Tensor) -> int:
    """Latent values whose posterior mean varies over pictures: #{j : Var_x(E q(z_j|x)) ≥ 0.01} (Burda et al. 2015,
    arXiv 1509.00519, sec. 5.2).

    Args:
        means: μ of each picture, (N, D).
    """
    return int((means.double().var(dim=0, unbiased=False) >= ACTIVE).sum())
