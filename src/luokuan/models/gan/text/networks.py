"""Generator and discriminator of latent vectors: residual perceptrons without batch statistics.

Adversarially regularised autoencoders (Zhao et al. 2018, arXiv 1706.04223) play the game with such perceptrons on the
codes of sentences. Words are discrete and carry no gradient; their codes do.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.models.gan.text.config import TextGanConfig
from luokuan.models.layers import GAIN, SLOPE, linear


class Block(nn.Module):
    """x + B·LeakyReLU(A·LeakyReLU(x)), with B zero at the start; ``layers`` blocks in all (fix-up gain, arXiv
    1901.09321)."""

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.rise = linear(width, width, gain=GAIN * layers**-0.25)
        self.fall = linear(width, width, gain=0.0)

    def forward(self, x: Tensor) -> Tensor:
        """(B, W) to (B, W)."""
        found: Tensor = x + self.fall(F.leaky_relu(self.rise(F.leaky_relu(x, SLOPE)), SLOPE))
        return found


def _perceptron(inputs: int, config: TextGanConfig, outputs: int) -> nn.Sequential:
    blocks = (Block(config.width, config.depth) for _n in range(config.depth))
    last = linear(config.width, outputs, gain=1.0)
    return nn.Sequential(linear(inputs, config.width, gain=1.0), *blocks, nn.LeakyReLU(SLOPE), last)


class Generator(nn.Module):
    """G: z to a point of the VAE's latent space, normalised.

    ``mean`` and ``spread`` (D,) are those of the training sentences' codes: a point times ``spread`` plus ``mean`` is a
    code. They are kept with the weights, because no other scale would fit them.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, config: TextGanConfig) -> None:
        super().__init__()
        self.body = _perceptron(config.latent, config, config.points)
        self.register_buffer("mean", torch.zeros(config.points))
        self.register_buffer("spread", torch.ones(config.points))

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """z (B, latent) to points (B, D), float32; there are no classes ``y``."""
        found: Tensor = self.body(z)
        return found.float()

    def codes(self, z: Tensor) -> Tensor:
        """z (B, latent) to latents of the VAE, (B, D)."""
        return self(z) * self.spread + self.mean


class Discriminator(nn.Module):
    """D: a normalised point to one logit; higher is more real."""

    def __init__(self, config: TextGanConfig) -> None:
        super().__init__()
        self.body = _perceptron(config.points, config, 1)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """x (B, D) to (B,), float32."""
        found: Tensor = self.body(x)
        return found.float().squeeze(1)
