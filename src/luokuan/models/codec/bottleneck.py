"""What stands between encoder and decoder: a Gaussian posterior, or a quantiser.

Both are variational posteriors q(z|x) with a prior p(z), so that both have the ELBO's second term,
KL(q(z|x) ‖ p(z)), in nats.
"""

from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor, nn

from luokuan.models.codec.config import CodecConfig


class Bottleneck(Protocol):
    """From the encoder's output to what the decoder sees."""

    outputs: int
    """Channels that the encoder must give."""

    def sample(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        """A differentiable draw from q(z|x).

        Args:
            raw: The encoder's output, (B, outputs, h, w).

        Returns:
            z (B, C, h, w), float32, and KL(q ‖ p) of each item in nats, (B,).
        """
        ...

    def latents(self, raw: Tensor) -> Tensor:
        """The centre of q(z|x): continuous, without noise and not rounded, (B, C, h, w), float32."""
        ...

    def settle(self, latents: Tensor) -> Tensor:
        """What the decoder is meant to see for continuous ``latents`` (B, C, h, w): rounded, or as they are."""
        ...


class Gaussian(nn.Module):
    """q(z|x) = N(μ, σ²), p(z) = N(0, I) in each cell (Kingma & Welling, arXiv 1312.6114, app. B)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.outputs = 2 * channels

    def _moments(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = raw.float().chunk(2, dim=1)  # (B, C, h, w) each
        # Beyond these bounds exp() of a young network's output would drown every other gradient.
        return mean, log_variance.clamp(-12, 4)

    def sample(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        """μ + σ·ε, and Σ ½(μ² + σ² - 1 - log σ²) of each item, nats."""
        mean, log_variance = self._moments(raw)
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=(1, 2, 3))  # (B,)
        return mean + torch.randn_like(mean) * (0.5 * log_variance).exp(), kl

    def latents(self, raw: Tensor) -> Tensor:
        """μ."""
        return self._moments(raw)[0]

    def settle(self, latents: Tensor) -> Tensor:
        """As they are."""
        return latents


class Quantiser(nn.Module):
    """Finite scalar quantisation (Mentzer et al. 2023, arXiv 2309.15505): each channel squashed and rounded.

    A channel of L levels takes the values (k - ⌊L/2⌋) / ⌊L/2⌋, k = 0 … L - 1. While training, half of the items are
    rounded (gradients pass straight through), the other half get noise U(-½, ½) of a level instead (the additive-noise
    model of Ballé et al. 2017, arXiv 1611.01704): the decoder learns to read tokens and the continuous values between
    them, so that token models and GANs can share one codec. q is then uniform over a level and p over all of them:
    KL(q ‖ p) = Σ log L nats a cell, a constant.

    Args:
        levels: L of each channel, each ≥ 2.
    """

    def __init__(self, levels: tuple[int, ...]) -> None:
        super().__init__()
        self.levels = levels
        self.outputs = len(levels)
        table = torch.tensor(levels, dtype=torch.float32).view(1, -1, 1, 1)
        self.register_buffer("unit", torch.div(table, 2, rounding_mode="floor"), persistent=False)
        self.register_buffer("reach", (table - 1) / 2, persistent=False)
        self.register_buffer("shift", torch.where(table % 2 == 0, 0.5, 0.0), persistent=False)
        self.unit: Tensor
        self.reach: Tensor
        self.shift: Tensor

    def _bounded(self, raw: Tensor) -> Tensor:
        """To the open interval that rounds to -⌊L/2⌋ … L - 1 - ⌊L/2⌋, in levels."""
        # 0.499 beyond the outer levels: all levels have the same width, and none lies outside.
        bounded: Tensor = torch.tanh(raw.float()) * (self.reach + 0.499) - self.shift
        return bounded

    def sample(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        """Rounded or with uniform noise, item by item at random; KL in nats."""
        inner = self._bounded(raw)
        rounded = inner + (inner.round() - inner).detach()
        noisy = inner + torch.rand_like(inner) - 0.5
        chosen = torch.rand(len(raw), 1, 1, 1, device=raw.device) < 0.5
        cells = raw.shape[2] * raw.shape[3]
        rate = cells * sum(math.log(level) for level in self.levels)
        return torch.where(chosen, rounded, noisy) / self.unit, inner.new_full((len(raw),), rate)

    def latents(self, raw: Tensor) -> Tensor:
        """The values before rounding, about -1 to 1."""
        return self._bounded(raw) / self.unit

    def settle(self, latents: Tensor) -> Tensor:
        """Rounded to the nearest level, with the gradient passed straight through."""
        inner = latents.float() * self.unit
        low = -self.unit
        nearest = torch.minimum(torch.maximum(inner.round(), low), low + 2 * self.reach)
        return (inner + (nearest - inner).detach()) / self.unit

    def tokens(self, latents: Tensor) -> Tensor:
        """Level of each channel of each cell: int64 (B, C, h, w), 0 … L - 1."""
        return (self.settle(latents) * self.unit + self.unit).round().long()

    def from_tokens(self, tokens: Tensor) -> Tensor:
        """Latents of ``tokens`` (B, C, h, w), float32."""
        return (tokens.float() - self.unit) / self.unit


def bottleneck(config: CodecConfig) -> Gaussian | Quantiser:
    """The bottleneck that the config names."""
    return Quantiser(config.levels) if config.bottleneck == "fsq" else Gaussian(config.latent_channels)
