"""The game as the training loop plays it: two phases, lazy penalties, validation, preview, verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from luokuan.foundation.compute import channels_last, mix_seed
from luokuan.foundation.objective import Phase
from luokuan.foundation.optim import adam, cosine, set_beta2
from luokuan.media import Picture
from luokuan.models.gan.config import GanConfig
from luokuan.models.gan.diagnosis import diagnose
from luokuan.models.gan.networks import Discriminator, Generator
from luokuan.models.gan.objective import Gamma, Objective, gradient_penalty
from luokuan.models.gan.space import Space

VALIDATED = 512
"""Most held-out pictures that one validation looks at."""


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
    """Real points (B, C, H, W) and their classes (B,), None without classes."""

    points: Tensor
    labels: Tensor | None


CoverageFunction = Callable[[NDArray[np.uint8], NDArray[np.uint8]], float]
"""(real pictures, generated pictures), each uint8 (N, H, W, 3), to coverage in 0..1."""


class Game:
    """A GAN as an objective of the training loop.

    Args:
        config: Shape of the networks.
        settings: How they learn.
        space: Where they play.
        material: Training pictures as ``space.take`` wants them: uint8 (N, H, W, 3) for pixels, float16
            (N, variants, C, h, w) for latents.
        labels: Their classes, int64 (N,), or None.
        held_out: Pictures for validation, uint8 (M, H, W, 3) of the model's size; may be empty.
        coverage: Measures coverage at validation; None leaves it out.
        device: Where the networks live.
        seed: Of the initial weights and of validation.
    """

    def __init__(
        self,
        config: GanConfig,
        settings: GameSettings,
        space: Space,
        material: NDArray[Any],
        labels: NDArray[np.int64] | None,
        *,
        held_out: NDArray[np.uint8] | None = None,
        coverage: CoverageFunction | None = None,
        device: str = "cpu",
        seed: int = 0,
    ) -> None:
        self.config, self.settings, self.space, self.seed = config, settings, space, seed
        self._material, self._labels = material, labels
        self._held_out, self._coverage, self._device = held_out, coverage, device
        torch.manual_seed(mix_seed(seed, "weights"))
        self.generator = channels_last(Generator(config).to(device))
        self.discriminator = channels_last(Discriminator(config).to(device))
        self._optimisers = {
            "generator": adam(self.generator.parameters(), rate=settings.rate, betas=(0.0, 0.9)),
            "discriminator": adam(self.discriminator.parameters(), rate=settings.rate, betas=(0.0, 0.9)),
        }
        self._fakes: dict[int, tuple[Tensor, Tensor | None]] = {}

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

    def items(self) -> int:
        """Training pictures."""
        return len(self._material)

    def batch(self, indices: NDArray[np.int64]) -> Batch:
        """Pictures at ``indices`` as points, half of them mirrored."""
        chosen = np.sort(indices)
        points = self.space.take(self._material, chosen, flip=self.settings.flip, device=self._device)
        labels = None
        if self._labels is not None and self.config.classes:
            labels = torch.from_numpy(self._labels[chosen]).to(self._device)
        return Batch(points, labels)

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
        z = torch.randn(len(batch.points), self.config.latent, device=self._device)
        # One forward of G serves both phases: its weights don't change before the generator's own step.
        fake = self.generator(z, batch.labels)  # (B, C, H, W)
        self._fakes[part] = (fake, batch.labels)
        real = self.space.augment(batch.points)
        shown = self.space.augment(fake.detach())
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
            real_logits = self.discriminator(self.space.augment(batch.points), labels)
        fake_logits = self.discriminator(self.space.augment(fake), labels)
        return self.settings.objective.generator(real_logits, fake_logits), {}

    # --- looking at it --------------------------------------------------------------------------------

    def _sample(self, generator: nn.Module, labels: Tensor | None, count: int) -> NDArray[np.uint8]:
        z = torch.randn(count, self.config.latent).to(self._device)
        y = None if labels is None else labels.to(self._device)
        points = torch.cat(
            [generator(z[i : i + 64], None if y is None else y[i : i + 64]) for i in range(0, count, 64)]
        )
        return self.space.decode(points).cpu().numpy()

    def validate(self, average: Mapping[str, nn.Module]) -> Mapping[str, float]:
        """Coverage of held-out pictures (``VALIDATED`` at most) by as many samples."""
        if self._held_out is None or len(self._held_out) < 16:
            return {}
        # Evenly spread: pictures come class by class, and the first ones would be of the first classes.
        chosen = np.linspace(0, len(self._held_out) - 1, min(len(self._held_out), VALIDATED)).round().astype(np.int64)
        real = np.ascontiguousarray(self._held_out[chosen])
        labels = None
        if self._labels is not None and self.config.classes:
            # With replacement from the training labels: the corpus's own balance of classes.
            labels = torch.from_numpy(self._labels[torch.randint(len(self._labels), (len(real),)).numpy()])
        fake = self._sample(average["generator"], labels, len(real))
        figures = {"samples": float(len(real))}
        if self._coverage is not None:
            figures["coverage"] = self._coverage(real, fake)
        return figures

    def preview(self, average: Mapping[str, nn.Module]) -> Picture:
        """A sheet of samples: a column for each class (10 at most), 8 rows; the same latents each time."""
        columns = min(len(self.config.classes), 10) or 8
        labels = torch.arange(8 * columns) % columns if self.config.classes else None
        pictures = self._sample(average["generator"], labels, 8 * columns)  # (8·columns, H, W, 3)
        side = pictures.shape[1]
        sheet = pictures.reshape(8, columns, side, side, 3).transpose(0, 2, 1, 3, 4)
        return Picture(np.ascontiguousarray(sheet.reshape(8 * side, columns * side, 3)))

    def verdict(self, history: Sequence[Mapping[str, Any]]) -> list[str]:
        """Collapse, an overpowering discriminator, or divergence, in words."""
        return diagnose(history)
