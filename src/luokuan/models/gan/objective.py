"""The objectives of the two players, each as its paper writes it, and the penalties.

Notation: D(x), D(G(z)) are logits, σ the logistic function, softplus(t) = log(1 + e^t) = -log σ(-t).
All losses are minimised and return scalars (mean over the batch, nats).
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F


class Objective(Protocol):
    """A pair of losses over logits of real (B,) and generated (B,) items, paired by index."""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """L_D, a scalar; ``fake`` carries no gradient to the generator."""
        ...

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """L_G, a scalar; ``real`` carries no gradient that matters."""
        ...


class Relativistic:
    """Relativistic pairing: each player compares a real item with a generated one (R3GAN, NeurIPS 2024).

    L_D = E softplus(-(D(x) - D(G(z)))),  L_G = E softplus(-(D(G(z)) - D(x))).
    With R1 and R2 the game is locally convergent (their theorem); the pairing alone resists mode dropping,
    because the discriminator's surface near every real item stays relative to generated ones.
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """L_D over logits (B,), (B,): scalar, nats."""
        return F.softplus(-(real - fake)).mean()

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """L_G over logits (B,), (B,): scalar, nats."""
        return F.softplus(-(fake - real)).mean()


class Minimax:
    """The min-max game (Goodfellow et al. 2014, arXiv 1406.2661, eq. 1):

        min_G max_D V(D, G) = E_x[log σ(D(x))] + E_z[log(1 - σ(D(G(z))))].

    Its training, step by step: (1) both networks start at random; (2) the generator turns noise into items;
    (3) the discriminator sees real and generated ones and learns to tell them apart, L_D = -V; (4) the
    generator learns from the discriminator's answer; (5) again, until the discriminator can only guess
    (σ = 1/2, V = -log 4). Step 4 uses the paper's non-saturating form, L_G = -E log σ(D(G(z))): the same
    fixed point, but a gradient even while the discriminator is sure.
    """

    def value(self, real: Tensor, fake: Tensor) -> Tensor:
        """V(D, G) over logits (B,), (B,): scalar, nats; -log 4 where the discriminator can only guess."""
        return -F.softplus(-real).mean() - F.softplus(fake).mean()

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """L_D = -V: scalar, nats."""
        return -self.value(real, fake)

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """L_G = -E log σ(D(G(z))): scalar, nats."""
        return F.softplus(-fake).mean()


class Hinge:
    """Hinge losses (Lim & Ye 2017, arXiv 1705.02894; Miyato et al. 2018, arXiv 1802.05957, eq. 16-17):

    L_D = E max(0, 1 - D(x)) + E max(0, 1 + D(G(z))),  L_G = -E D(G(z)).
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """L_D over logits (B,), (B,): scalar."""
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """L_G over logits (B,): scalar."""
        return -fake.mean()


_BY_NAME: dict[str, type[Objective]] = {"relativistic": Relativistic, "minimax": Minimax, "hinge": Hinge}


def objective(name: str) -> Objective:
    """The objective ``relativistic``, ``minimax`` or ``hinge``.

    Raises:
        KeyError: another name.
    """
    return _BY_NAME[name]()


def gradient_penalty(logits: Tensor, inputs: Tensor) -> Tensor:
    """E ‖∇_x D(x)‖²: R1 on real items, R2 on generated ones (Mescheder et al. 2018, arXiv 1801.04406).

    Args:
        logits: D(x), (B,), made from ``inputs`` with gradients on.
        inputs: x, (B, …), such as (B, C, H, W), ``requires_grad``.

    Returns:
        A scalar (squared logits a squared unit of the space), differentiable in D's parameters. The loss
        adds γ/2 times it.
    """
    # Each logit depends on its own item alone (no batch statistics), so the sum's gradient holds all rows.
    (gradient,) = torch.autograd.grad(logits.sum(), inputs, create_graph=True)  # (B, …)
    return gradient.square().flatten(1).sum(dim=1).mean()


class Gamma(NamedTuple):
    """Weight γ of the penalties: from ``start`` down to ``end``."""

    start: float
    end: float

    def at(self, progress: float) -> float:
        """γ at ``progress`` in 0..1, cosine between the ends (R3GAN's schedule)."""
        cosine = torch.pi * min(max(progress, 0.0), 1.0)
        return self.end + (self.start - self.end) * 0.5 * (1 + float(torch.cos(torch.tensor(cosine))))


def automatic_gamma(size: int, *, distance_ratio: float = 1.0) -> Gamma:
    """The rule for γ where the user gives none.

    γ₀ = 2·(size/64)³, falling to γ₀/10: the cube through R3GAN's 2 at 64² and near its 150 at 256² (the rule says
    128); at 32² it says 0.25, five times R3GAN's 0.05 for CIFAR-10. In another space than pixels γ₀ is multiplied by
    ``distance_ratio`` = E‖u - u'‖² / E‖x - x'‖² (points of the space over pixels), because the squared
    gradient has the inverse unit of the squared distance.
    """
    start = 2.0 * (size / 64) ** 3 * distance_ratio
    return Gamma(start, start / 10)
