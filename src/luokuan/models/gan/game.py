"""The min-max game as the training loop plays it, whatever the items are: two phases and lazy penalties."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from luokuan.foundation.objective import Phase
from luokuan.foundation.optim import adam, cosine, set_beta2
from luokuan.media import Picture, Text
from luokuan.models.gan.diagnosis import diagnose
from luokuan.models.gan.objective import Gamma, Objective, gradient_penalty


@dataclass(frozen=True, slots=True)
class GameSettings:
    """How the two players learn.

    Args:
        objective: Their losses.
        gamma: Weight of R1 and R2 over the run.
        penalty_every: Penalties only at every k-th step, with weight k (lazy regularisation, StyleGAN2,
            arXiv 1912.04958, app. B).
        rate, rate_end: Adam's rate at the start and the end (R3GAN: 2e-4 to 5e-5, cosine).
        flip: Mirror real items at random; not for material where left and right differ (text, logos).
    """

    objective: Objective
    gamma: Gamma
    penalty_every: int = 4
    rate: float = 2e-4
    rate_end: float = 5e-5
    flip: bool = True


@dataclass(frozen=True, slots=True)
class Batch:
    """Real points, (B, C, H, W) for pictures, and their classes (B,), None without classes."""

    points: Tensor
    labels: Tensor | None


class Game(ABC):
    """A GAN as an objective of the training loop, but for its material and how it is looked at.

    Args:
        generator: (z (B, latent), classes (B,) or None) to points.
        discriminator: (points, classes or None) to logits, (B,).
        settings: How they learn.
        latent: Length of z.
        device: Where the networks live.
    """

    def __init__(
        self, generator: nn.Module, discriminator: nn.Module, settings: GameSettings, *, latent: int, device: str
    ) -> None:
        self.generator, self.discriminator, self.settings = generator, discriminator, settings
        self._latent, self._device = latent, device
        self._optimisers = {
            "generator": adam(generator.parameters(), rate=settings.rate, betas=(0.0, 0.9)),
            "discriminator": adam(discriminator.parameters(), rate=settings.rate, betas=(0.0, 0.9)),
        }
        self._fakes: dict[int, tuple[Tensor, Tensor | None]] = {}

    # --- what a kind of item brings -------------------------------------------------------------------

    @abstractmethod
    def items(self) -> int:
        """Training items."""

    @abstractmethod
    def batch(self, indices: NDArray[np.int64]) -> Batch:
        """The items at ``indices``, (B,), as points on the device."""

    def augment(self, points: Tensor) -> Tensor:
        """Differentiable augmentation before D, drawn from PyTorch's generator; here none."""
        return points

    @abstractmethod
    def validate(self, average: Mapping[str, nn.Module]) -> Mapping[str, float]:
        """Figures on held-out items; deterministic."""

    @abstractmethod
    def preview(self, average: Mapping[str, nn.Module]) -> Picture | Text | None:
        """What the average generator makes now; deterministic."""

    # --- what the loop asks ---------------------------------------------------------------------------

    def modules(self) -> Mapping[str, nn.Module]:
        """Both networks."""
        return {"generator": self.generator, "discriminator": self.discriminator}

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        """One for each player."""
        return self._optimisers

    def averaged(self) -> Sequence[str]:
        """The generator's average is what is kept."""
        return ("generator",)

    def verdict(self, history: Sequence[Mapping[str, Any]]) -> list[str]:
        """Collapse, an overpowering discriminator, or divergence, in words."""
        return diagnose(history)

    def phases(self, step: int, steps: int) -> Iterator[Phase]:
        """Discriminator, then generator."""
        progress = min(step / max(steps - 1, 1), 1.0)  # a probe may look past a short run
        gamma = self.settings.gamma.at(progress)
        rate = cosine(self.settings.rate, self.settings.rate_end)
        # β2 0.9 → 0.99 (R3GAN): short memory while the game is young and its gradients change fast.
        for optimiser in self._optimisers.values():
            set_beta2(optimiser, 0.9 + 0.09 * progress)
        every = self.settings.penalty_every
        weight = gamma * every if gamma > 0 and step % every == 0 else 0.0
        self._fakes.clear()

        def discriminator_loss(batch: Batch, part: int) -> tuple[Tensor, Mapping[str, Tensor | float]]:
            return self._discriminator_loss(batch, part, weight, gamma)

        yield Phase(
            "discriminator",
            list(self.discriminator.parameters()),
            self._optimisers["discriminator"],
            rate,
            discriminator_loss,
        )
        yield Phase(
            "generator",
            list(self.generator.parameters()),
            self._optimisers["generator"],
            rate,
            self._generator_loss,
            frozen=(self.discriminator,),
        )

    def _discriminator_loss(
        self, batch: Batch, part: int, weight: float, gamma: float
    ) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        z = torch.randn(len(batch.points), self._latent, device=self._device)
        # One forward of G serves both phases: its weights don't change before the generator's own step.
        fake = self.generator(z, batch.labels)  # as batch.points
        self._fakes[part] = (fake, batch.labels)
        real = self.augment(batch.points)
        shown = self.augment(fake.detach())
        if weight:
            # The penalties are taken at what D sees, after augmentation (R3GAN: before it): the gradient need not
            # pass through the augmentation a second time.
            real, shown = real.detach().requires_grad_(True), shown.detach().requires_grad_(True)
        real_logits = self.discriminator(real, batch.labels)  # (B,)
        fake_logits = self.discriminator(shown, batch.labels)  # (B,)
        loss = self.settings.objective.discriminator(real_logits, fake_logits)
        figures: dict[str, Tensor | float] = {
            "adversarial": loss.detach(),
            "real_logit": real_logits.detach().mean(),
            "fake_logit": fake_logits.detach().mean(),
            "logit_gap": (real_logits - fake_logits).detach().mean(),
            "gamma": gamma,
        }
        if weight:
            r1 = gradient_penalty(real_logits, real)
            r2 = gradient_penalty(fake_logits, shown)
            loss = loss + weight / 2 * (r1 + r2)
            figures |= {"r1": r1.detach(), "r2": r2.detach()}
        return loss, figures

    def _generator_loss(self, batch: Batch, part: int) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        fake, labels = self._fakes.pop(part)
        with torch.no_grad():
            real_logits = self.discriminator(self.augment(batch.points), labels)
        fake_logits = self.discriminator(self.augment(fake), labels)
        return self.settings.objective.generator(real_logits, fake_logits), {}
