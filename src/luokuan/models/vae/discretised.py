"""p(x|z) of 8-bit values: a logistic or Laplace distribution, cut into 256 steps.

It gives probabilities to the 256 values, not densities to real numbers: so its logarithm is in nats, and together with
the ELBO's other term an upper bound of the nats a lossless code needs.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

HALF = 127.5
"""Steps of the 8-bit values in one unit of the networks' -1..1."""


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
