"""The game in the latents of a VAE of sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from luokuan.foundation.compute import mix_seed
from luokuan.media import Text
from luokuan.models.evaluation.metrics import frechet_distance
from luokuan.models.gan.game import Batch, Game, GameSettings
from luokuan.models.gan.text.config import TextGanConfig
from luokuan.models.gan.text.networks import Discriminator, Generator

VALIDATED = 4096
"""Most held-out sentences that one validation looks at."""
SHOWN = 12
"""Sentences of a preview."""


class TextGame(Game):
    """A GAN of sentences as an objective of the training loop. An item is the posterior q(z|x) of a sentence; a real
    point is a draw from it, normalised: so no sentence is one point that D could learn by heart.

    Args:
        config: Shape of the networks.
        settings: How they learn; ``flip`` has no say.
        means, log_variances: μ and log σ² of the training sentences, float32 (N, D).
        held_out: Those of the held-out ones, (M, D) each; may be empty.
        write: Latents (n, D) to sentences, for previews.
        device: Where the networks live.
        seed: Of the initial weights.
    """

    def __init__(
        self,
        config: TextGanConfig,
        settings: GameSettings,
        means: Tensor,
        log_variances: Tensor,
        *,
        held_out: tuple[Tensor, Tensor],
        write: Callable[[Tensor], Sequence[str]],
        device: str = "cpu",
        seed: int = 0,
    ) -> None:
        torch.manual_seed(mix_seed(seed, "weights"))
        generator, discriminator = Generator(config).to(device), Discriminator(config).to(device)
        self._scale = (generator.mean, generator.spread)
        super().__init__(generator, discriminator, settings, latent=config.latent, device=device)
        self.config = config
        self._means, self._log_variances = means, log_variances
        # Law of total variance: of draws, not of the means alone.
        spread = (means.var(dim=0, unbiased=False) + log_variances.exp().mean(dim=0)).sqrt()
        generator.mean.copy_(means.mean(dim=0))
        generator.spread.copy_(spread)
        self._held_out, self._write = held_out, write

    def items(self) -> int:
        """Training sentences."""
        return len(self._means)

    def batch(self, indices: NDArray[np.int64]) -> Batch:
        """A draw from the posterior of each sentence, normalised, (B, D)."""
        chosen = torch.from_numpy(np.sort(indices))
        return Batch(self._normalised(self._drawn(self._means[chosen], self._log_variances[chosen])), None)

    def _drawn(self, means: Tensor, log_variances: Tensor) -> Tensor:
        return means + torch.randn_like(means) * (0.5 * log_variances).exp()

    def _normalised(self, codes: Tensor) -> Tensor:
        mean, spread = self._scale
        return (codes.to(self._device) - mean) / spread

    def validate(self, average: Mapping[str, nn.Module]) -> Mapping[str, float]:
        """Fréchet distance of samples from draws of as many held-out sentences' posteriors, in normalised points: 0 for
        equal Gaussians."""
        means, log_variances = (part[:VALIDATED] for part in self._held_out)
        if len(means) < 16:
            return {}
        real = self._normalised(self._drawn(means, log_variances))
        fake = average["generator"](torch.randn(len(real), self.config.latent).to(self._device))
        return {
            "samples": float(len(real)),
            "frechet": frechet_distance(real.cpu().numpy(), fake.float().cpu().numpy()),
        }

    def preview(self, average: Mapping[str, nn.Module]) -> Text:
        """A dozen sentences; the same noise each time."""
        generator = average["generator"]
        assert isinstance(generator, Generator)
        codes = generator.codes(torch.randn(SHOWN, self.config.latent).to(self._device))
        return Text("\n".join(self._write(codes.cpu())) + "\n")
