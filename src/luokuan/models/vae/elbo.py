"""The evidence lower bound (ELBO), term by term, in nats an item.

L(x) = E_q(z|x)[log p(x|z)] - KL(q(z|x) ‖ p(z)) ≤ log p(x) (Kingma & Welling 2013, arXiv 1312.6114, eq. 3). An item x is
a picture, a sentence, a bar. Its first term is ``categorical``, ``bernoulli``, or of 8-bit values
``discretised.log_likelihood``: log probabilities, summed over the item. Its second is ``kl_to_standard`` summed over
the latent values. Where a family prints a figure by token, pixel or note, it divides these sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from luokuan.foundation.optim import Schedule

ACTIVE = 0.01
"""Variance of the posterior's mean over items from which a latent value counts as active."""

# --- log p(x|z) ---------------------------------------------------------------------------------------


def categorical(logits: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """log p(x|z) of tokens, summed over an item's: Σ_t log softmax(logits_t)[target_t], nats an item.

    Args:
        logits: (B, T, V).
        targets: int64 (B, T); any number where ``mask`` is False.
        mask: bool (B, T): which places count.

    Returns:
        (B,), float32.
    """
    aims = targets.masked_fill(~mask, 0)
    # Tokens as rows: with the vocabulary in the middle, (B, V, T), the same takes several times as long on CPUs.
    nats = F.cross_entropy(logits.float().flatten(0, 1), aims.flatten(), reduction="none").view_as(aims)
    return -(nats * mask).sum(dim=1)


def bernoulli(logits: Tensor, values: Tensor) -> Tensor:
    """log p(x|z) of values 0 or 1: Σ x·log σ(l) + (1 - x)·log σ(-l), nats an item.

    Args:
        logits: l = log p(1) / p(0), (B, …).
        values: x, each 0 or 1 (between them this would be no likelihood), (B, …).

    Returns:
        (B,), float32.
    """
    nats = F.binary_cross_entropy_with_logits(logits.float(), values.float(), reduction="none")
    return -nats.flatten(1).sum(dim=1)


# --- KL(q ‖ p) ----------------------------------------------------------------------------------------


def kl_to_standard(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(μ, diag σ²) ‖ N(0, I)) of each latent value: ½(μ² + σ² - 1 - log σ²), nats (arXiv 1312.6114, app. B).

    (B, D) each; (B, D). The sum over D is the ELBO's second term.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


def free_bits(kl: Tensor, floor: float, *, over: str = "item") -> Tensor:
    """The KL term with a free part for each latent value: Σ_j max(λ, KL_j), nats an item. Below λ a value costs nothing
    more and gets no gradient, so that it may carry something before it has to pay.

    Args:
        kl: KL of each item and latent value, (B, D).
        floor: λ, nats a latent value, ≥ 0; 0 gives the plain KL.
        over: ``item``: KL_j of each item by itself (Li et al. 2019, arXiv 1909.00868); ``batch``: the batch's mean of
            KL_j (Kingma et al. 2016, arXiv 1606.04934, eq. 15).

    Returns:
        A scalar: the mean over the batch.

    Raises:
        ValueError: another ``over``.
    """
    if over == "item":
        return kl.clamp_min(floor).sum(dim=1).mean()
    if over == "batch":
        return kl.mean(dim=0).clamp_min(floor).sum()
    raise ValueError("over is item or batch")


# --- β ------------------------------------------------------------------------------------------------


def constant(beta: float = 1.0) -> Schedule:
    """β at every step; 1 is the ELBO, more asks for fewer and more regular latents (β-VAE, Higgins et al. 2017)."""
    return lambda _step, _steps: beta


def linear(beta: float = 1.0, *, rising: float, start: float = 0.0) -> Schedule:
    """From 0 to β in a straight line, then constant (Bowman et al. 2016, arXiv 1511.06349; Sønderby et al. 2016, arXiv
    1602.02282): a young decoder would otherwise learn to ignore z.

    Args:
        rising: Share of the run, from ``start`` on, in which it rises; 0: at once.
        start: Share of the run before which it is 0.
    """

    def value(step: int, steps: int) -> float:
        gone, whole = step - start * steps, rising * steps
        if gone < 0:
            return 0.0
        return beta * (min(gone / whole, 1.0) if whole > 0 else 1.0)

    return value


def cyclical(beta: float = 1.0, *, cycles: int = 4, rising: float = 0.5) -> Schedule:
    """``cycles`` times from 0 to β, in the first part R = ``rising`` of each cycle, and constant in the rest of it (Fu
    et al. 2019, arXiv 1903.10145, eq. 6 and 7)."""

    def value(step: int, steps: int) -> float:
        period = max(math.ceil(steps / cycles), 1)
        share = step % period / period
        return beta * (min(share / rising, 1.0) if rising > 0 else 1.0)

    return value


# --- draws and bounds ---------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class Weighed:
    """Bounds on log p(x) of each item from the same draws, nats, float64 (B,) each: ``elbo`` ≤ ``bound``, and
    ``bound`` ≤ log p(x) on average over draws."""

    elbo: Tensor
    bound: Tensor


@torch.no_grad()
def weigh(
    log_given: Callable[[Tensor], Tensor],
    mean: Tensor,
    log_variance: Tensor,
    *,
    draws: int,
    chunk: int = 16,
    log_prior: Callable[[Tensor], Tensor] = log_normal,
) -> Weighed:
    """Importance-weighted bound of a batch of items, ``chunk`` draws at a time: -``bound`` is the NLL that tables of
    VAEs give. Takes its draws from the current generator, all at the start, so that they don't depend on ``chunk``.

    Args:
        log_given: z (k, B, D) to log p(x|z) (k, B), nats.
        mean: μ of q(z|x), (B, D).
        log_variance: log σ², (B, D).
        draws: K ≥ 1.
        chunk: Draws whose p(x|z) is computed at a time.
        log_prior: z (N, D) to log p(z) (N,), nats; such as ``Mixture.log_prob``.
    """
    noise = torch.randn(draws, *mean.shape, dtype=mean.dtype, device=mean.device)  # (K, B, D)
    parts = []
    for piece in noise.split(chunk):
        z = mean + piece * (0.5 * log_variance).exp()  # (k, B, D)
        prior = log_prior(z.flatten(0, 1)).unflatten(0, z.shape[:2]).double()
        parts.append(log_given(z).double() + prior - log_normal(z, mean, log_variance).double())
    log_weights = torch.cat(parts)  # (K, B)
    return Weighed(log_weights.mean(dim=0), importance_bound(log_weights))


def active_units(means: Tensor) -> int:
    """Latent values whose posterior mean varies over items: #{j : Var_x(E q(z_j|x)) ≥ 0.01} (Burda et al. 2015, arXiv
    1509.00519, sec. 5.2).

    Args:
        means: μ of each item, (N, D).
    """
    return int((means.double().var(dim=0, unbiased=False) >= ACTIVE).sum())
