"""What a codec minimises, term by term. All functions return scalars or one value an item, and are differentiable."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

SCALES = 3
EDGE_WEIGHT = 0.5
"""Weight of the differences between neighbouring pixels beside the pixels themselves."""


def pixel_distance(picture: Tensor, reconstruction: Tensor) -> Tensor:
    """Mean |x - r| plus ``EDGE_WEIGHT`` times that of their neighbour differences, summed over three scales (halved by
    averaging). (B, 3, H, W) each, -1 to 1; scalar."""
    total = picture.new_zeros(())
    for scale in range(SCALES):
        if scale:
            picture, reconstruction = F.avg_pool2d(picture, 2), F.avg_pool2d(reconstruction, 2)
        error = picture - reconstruction
        total = total + error.abs().mean()
        # Linear in the pictures, so the difference of differences is the difference of the error.
        total = total + EDGE_WEIGHT * (error.diff(dim=3).abs().mean() + error.diff(dim=2).abs().mean())
    return total


def reconstruction_nats(picture: Tensor, reconstruction: Tensor) -> Tensor:
    """The ELBO's first term, -log p(x|z), of 8-bit pictures under a Laplace likelihood, nats an item, (B,).

    p(x|z) = Π Laplace(x; r, b) · w, w = 2/255 the width of one of the 256 values on -1…1, and b = the item's mean
    |x - r|, its maximum-likelihood scale: each value costs 1 + log(2b) - log w. b is kept above w/2, where the density
    times the width stops being a probability.
    """
    width = 2 / 255
    scale = (picture - reconstruction).abs().mean(dim=(1, 2, 3)).clamp_min(width / 2)  # (B,)
    values = picture[0].numel()
    return values * (1 + torch.log(2 * scale) - math.log(width))


def hinge_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """E max(0, 1 - D(x)) + E max(0, 1 + D(r)) over patch logits of equal shape (Lim & Ye 2017, arXiv 1705.02894)."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def hinge_decoder(fake: Tensor) -> Tensor:
    """-E D(r)."""
    return -fake.mean()


def over_stages(term: Callable[..., Tensor], *logits: Sequence[Tensor]) -> Tensor:
    """Mean of ``term`` over a discriminator's stages, each with logits of its own: all stages count the same."""
    return torch.stack([term(*stage) for stage in zip(*logits, strict=True)]).mean()


def feature_matching(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """Perceptual distance: mean over layers of |f(x) - f(r)| relative to the mean |f(x)|, so that no layer outweighs
    the others (Johnson et al. 2016, arXiv 1603.08155; relative form after Défossez et al. 2022, arXiv 2210.13438,
    eq. 4); scalar."""
    terms = [
        (one.float() - other.float()).abs().mean() / one.float().abs().mean().clamp_min(1e-4)
        for one, other in zip(real, fake, strict=True)
    ]
    return torch.stack(terms).mean()


def halve(x: Tensor) -> Tensor:
    """Half the side by averaging, for pictures and latents alike. (B, C, H, W)."""
    return F.avg_pool2d(x, 2)


def mirror(x: Tensor) -> Tensor:
    """Left to right. (B, C, H, W)."""
    return x.flip(3)
