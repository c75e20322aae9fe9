"""Encoder and decoder: dense 3×3 residual blocks between a picture and one latent vector."""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.models.layers import SLOPE, PlainBlock, conv, linear
from luokuan.models.vae.config import VaeConfig

LOG_VARIANCES = (-12.0, 4.0)
"""Bounds of log σ² of q(z|x): beyond them exp() of a young network's output would drown every other gradient."""
FIRST_SCALE = 24.0
"""Scale of the likelihood before training, in steps of the 8-bit values."""
SCALE_SPEED = 8.0
"""Factor between the stored parameter and log s: Adam moves every parameter by about its rate a step, and log s has a
longer way to go than a weight."""


def _blocks(width: int, config: VaeConfig) -> nn.Sequential:
    layers = max(config.depth * len(config.widths), 1)
    return nn.Sequential(*(PlainBlock(width, "dense", layers) for _ in range(config.depth)))


class Encoder(nn.Module):
    """Pictures (B, 3, S, S), -1 to 1, to the moments of q(z|x) = N(μ, diag σ²)."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        widths = config.widths[-2::-1]  # fine to coarse, from half the side on
        # Pixel unshuffle: the first convolution runs on a quarter of the places with four times the channels.
        self.input = conv(12, widths[0], 3, gain=1.0)
        self.stages = nn.ModuleList(_blocks(width, config) for width in widths)
        self.transitions = nn.ModuleList(conv(a, b, 1, gain=1.0) for a, b in itertools.pairwise(widths))
        self.moments = linear(16 * widths[-1], 2 * config.latent, gain=1.0)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, S, S) to μ (B, D) and log σ² (B, D), float32."""
        h = self.input(F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last))
        for index, stage in enumerate(self.stages):
            if index:
                h = self.transitions[index - 1](F.avg_pool2d(h, 2))
            h = stage(h)
        found = self.moments(F.leaky_relu(h, SLOPE).flatten(1)).float()  # (B, 2·D)
        mean, log_variance = found.chunk(2, dim=1)
        return mean, log_variance.clamp(*LOG_VARIANCES)


class Decoder(nn.Module):
    """Latents (B, D) to the locations of p(x|z), (B, 3, S, S), about -1 to 1, unbounded; holds its scales too."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        widths = config.widths
        self.seed = linear(config.latent, 16 * widths[0], gain=1.0)
        self.stages = nn.ModuleList(_blocks(width, config) for width in widths)
        self.transitions = nn.ModuleList(conv(a, b, 1, gain=1.0) for a, b in itertools.pairwise(widths))
        self.output = conv(widths[-1], 3, 3, gain=1.0)
        count = 3 if config.scale == "channel" else 1
        self.scale = nn.Parameter(torch.full((count,), math.log(FIRST_SCALE) / SCALE_SPEED))

    @property
    def log_scale(self) -> Tensor:
        """log s of each channel, (3,) or (1,); s in steps of the 8-bit values, never under e⁻³ = 0.05 of a step."""
        return (self.scale.float() * SCALE_SPEED).clamp_min(-3)

    def forward(self, z: Tensor) -> Tensor:
        """(B, D) to (B, 3, S, S), float32."""
        h = self.seed(z).unflatten(1, (-1, 4, 4))  # (B, C, 4, 4)
        h = h.contiguous(memory_format=torch.channels_last)
        for index, stage in enumerate(self.stages):
            if index:
                # Narrow first, then enlarge: the 1×1 costs a quarter. Bilinear, because pixel shuffle leaves a grid.
                h = self.transitions[index - 1](h)
                h = F.interpolate(h, scale_factor=2, mode="bilinear", align_corners=False)
            h = stage(h)
        out: Tensor = self.output(F.leaky_relu(h, SLOPE))
        return out.float()
