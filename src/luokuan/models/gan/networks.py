"""Generator and discriminator: residual networks without normalisation layers in the discriminator.

Blocks after R3GAN (Huang et al., NeurIPS 2024, arXiv 2501.05441; see ``luokuan.models.layers``): no batch
statistics. Dense 3×3 blocks replace R3GAN's grouped ones in the CPU presets: grouped convolutions reach half
of the dense ones' rate there. Styles enter the generator by
channel-wise scale and shift of an RMS-normalised feature map; classes enter the discriminator by
projection (Miyato & Koyama 2018, arXiv 1802.05637).
"""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.models.gan.config import GanConfig, grid_sides
from luokuan.models.layers import SLOPE, Branch, PlainBlock, conv, linear


class StyledBlock(nn.Module):
    """x + branch(x/rms(x)·(1 + s(w)) + t(w)), with s and t linear in the style and zero at the start."""

    def __init__(self, width: int, style: int, kind: str, layers: int) -> None:
        super().__init__()
        self.affine = linear(style, 2 * width, gain=0.0)
        self.branch = Branch(width, kind, layers)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """x (B, C, H, W), w (B, style) to (B, C, H, W)."""
        scale, shift = self.affine(w)[:, :, None, None].chunk(2, dim=1)  # (B, C, 1, 1) each
        rms = x.square().mean(dim=1, keepdim=True).add(1e-4).rsqrt()  # (B, 1, H, W)
        return x + self.branch(torch.addcmul(shift, x * rms, 1 + scale))


class Generator(nn.Module):
    """G: (z, y) to a point of the space, (B, channels, size, size), unbounded (pixels: about -1 to 1)."""

    layout = torch.channels_last
    """Memory format of feature maps: oneDNN's convolutions are quickest on it (see benchmarks/gan.py)."""

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        self.config = config
        sides = grid_sides(config.size)
        layers = len(sides) * config.depth
        conditional = len(config.classes) > 0
        self.embedding = nn.Embedding(len(config.classes), config.latent) if conditional else None
        self.mapping = nn.Sequential(
            linear(config.latent * (2 if conditional else 1), config.style),
            nn.LeakyReLU(SLOPE),
            linear(config.style, config.style),
            nn.LeakyReLU(SLOPE),
        )
        self.seed = linear(config.style, config.widths[0] * 16, gain=1.0)
        self.stages = nn.ModuleList(
            nn.ModuleList(StyledBlock(width, config.style, config.block, layers) for _ in range(config.depth))
            for width in config.widths
        )
        self.transitions = nn.ModuleList(
            nn.Identity() if a == b else conv(a, b, 1, gain=1.0) for a, b in itertools.pairwise(config.widths)
        )
        self.output = conv(config.widths[-1], config.channels, 3, gain=1.0)

    def style_of(self, z: Tensor, y: Tensor | None) -> Tensor:
        """z (B, latent) and classes y (B,) to styles w (B, style)."""
        if self.embedding is not None:
            if y is None:
                raise ValueError("a conditional generator needs classes")
            z = torch.cat([z, self.embedding(y)], dim=1)  # (B, 2·latent)
        w: Tensor = self.mapping(z)
        return w

    def synthesise(self, w: Tensor) -> Tensor:
        """Styles w (B, style) to (B, channels, size, size), float32."""
        x = self.seed(w).unflatten(1, (self.config.widths[0], 4, 4))  # (B, C, 4, 4)
        x = x.contiguous(memory_format=self.layout)
        for index, stage in enumerate(self.stages):
            if index:
                # Narrow first, then enlarge: the 1×1 costs a quarter. Bilinear is [1, 2, 1]-like: no grid.
                x = self.transitions[index - 1](x)
                x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            for block in stage:  # type: ignore[attr-defined]
                x = block(x, w)
        out: Tensor = self.output(F.leaky_relu(x, SLOPE))
        return out.float()

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """z (B, latent) standard normal, y (B,) int64 classes to (B, channels, size, size)."""
        return self.synthesise(self.style_of(z, y))


class Discriminator(nn.Module):
    """D: a point of the space and its class to one logit, (B,); higher is more real."""

    HEAD = 256
    layout = torch.channels_last

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.widths[::-1]  # fine to coarse
        layers = len(widths) * config.depth
        self.input = conv(config.channels, widths[0], 3, gain=1.0)
        self.stages = nn.ModuleList(
            nn.Sequential(*(PlainBlock(width, config.block, layers) for _ in range(config.depth))) for width in widths
        )
        self.transitions = nn.ModuleList(
            nn.Identity() if a == b else conv(a, b, 1, gain=1.0) for a, b in itertools.pairwise(widths)
        )
        # A 4×4 depthwise reduction (R3GAN) needs 16·C weights where a dense layer needs 16·C·HEAD.
        self.reduce = nn.Conv2d(widths[-1], widths[-1], 4, groups=widths[-1])
        nn.init.normal_(self.reduce.weight, std=1 / 4)
        self.head = linear(widths[-1], self.HEAD)
        self.logit = linear(self.HEAD, 1, gain=1.0)
        conditional = len(config.classes) > 0
        self.embedding = nn.Embedding(len(config.classes), self.HEAD) if conditional else None
        if self.embedding is not None:
            nn.init.normal_(self.embedding.weight, std=1 / math.sqrt(self.HEAD))

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """x (B, channels, size, size), y (B,) int64 classes to logits (B,), float32."""
        h = self.input(x.contiguous(memory_format=self.layout))
        for index, stage in enumerate(self.stages):
            if index:
                h = self.transitions[index - 1](F.avg_pool2d(h, 2))
            h = stage(h)
        h = self.reduce(F.leaky_relu(h, SLOPE)).flatten(1)  # (B, C)
        h = F.leaky_relu(self.head(F.leaky_relu(h, SLOPE)), SLOPE)  # (B, HEAD)
        logit = self.logit(h).squeeze(1)
        if self.embedding is not None:
            if y is None:
                raise ValueError("a conditional discriminator needs classes")
            logit = logit + (h * self.embedding(y)).sum(dim=1)
        out: Tensor = logit.float()
        return out
