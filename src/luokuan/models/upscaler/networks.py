"""The upscaler's network: bicubic interpolation, and what it lacks."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.models.layers import GAIN, SLOPE, PlainBlock, conv
from luokuan.models.upscaler.config import UpscalerConfig

TAPS = (-0.0703125, 0.8671875, 0.2265625, -0.0234375)
"""Weights of the pixels i - 1 … i + 2 for the place i + ¼: Keys' cubic kernel with a = -½ (1981, IEEE ASSP 29(6), eq.
15), which Pillow's bicubic uses too. The place i - ¼ has them in reverse, for i - 2 … i + 1."""


def _double(x: Tensor, dim: int) -> Tensor:
    """Twice as many places along ``dim`` of a (B, C, H, W), whose ends are padded by two: 2·(n - 4)."""
    count = x.shape[dim] - 4
    parts = []
    for first, taps in ((0, TAPS[::-1]), (1, TAPS)):
        parts.append(sum(tap * x.narrow(dim, first + k, count) for k, tap in enumerate(taps)))
    before, after = (part for part in parts if isinstance(part, Tensor))
    return torch.stack([before, after], dim=dim + 1).flatten(dim, dim + 1)


def bicubic(x: Tensor) -> Tensor:
    """Twice the size by bicubic interpolation, edges repeated. (B, C, H, W) to (B, C, 2H, 2W).

    Sums of slices and no convolution, which autocast would run in half precision.
    """
    x = F.pad(x, (2, 2, 2, 2), mode="replicate")
    return _double(_double(x, 2), 3)


class UpscalerNetwork(nn.Module):
    """Pictures (B, 3, H, W), -1 to 1, to (B, 3, 2H, 2W): bicubic(x) + net(x); at first net(x) = 0."""

    def __init__(self, config: UpscalerConfig) -> None:
        super().__init__()
        self.input = conv(3, config.width, 3, gain=1.0)
        self.blocks = nn.Sequential(*(PlainBlock(config.width, "dense", config.blocks) for _ in range(config.blocks)))
        self.fine = conv(config.width, config.fine, 3, gain=GAIN)
        self.output = conv(config.fine, 3, 3, gain=0.0)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, 3, 2H, 2W), float32, unbounded."""
        y = self.blocks(self.input(x.contiguous(memory_format=torch.channels_last)))  # (B, width, H, W)
        # Bilinear, because pixel shuffle leaves a grid.
        y = F.interpolate(F.leaky_relu(y, SLOPE), scale_factor=2, mode="bilinear", align_corners=False)
        y = F.leaky_relu(self.fine(y), SLOPE)  # (B, fine, 2H, 2W)
        out: Tensor = self.output(y)
        return bicubic(x.float()) + out.float()
