"""Blocks of EfficientNet-Lite, for inference only, with their batch norms folded in.

Architecture: Tan & Le 2019 (arXiv 1905.11946) without squeeze-and-excitation and with ReLU6, as in Google's
EfficientNet-Lite (Apache-2.0). Weights: converted once by scripts/convert_feature_network.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""Of ImageNet's pictures, 0 to 1: how the networks' input is normalised."""
STEM = 32


class Stage(NamedTuple):
    """``repeats`` blocks of ``channels`` outputs; the first one has ``stride``."""

    repeats: int
    kernel: int
    stride: int
    expand: int
    channels: int


def same_padding(x: Tensor, kernel: int, stride: int) -> Tensor:
    """TensorFlow's SAME padding, which puts the odd row at the bottom and the odd column at the right."""
    height, width = x.shape[-2:]
    down = max((-(-height // stride) - 1) * stride + kernel - height, 0)
    across = max((-(-width // stride) - 1) * stride + kernel - width, 0)
    return F.pad(x, (across // 2, across - across // 2, down // 2, down - down // 2))


class Convolution(nn.Module):
    """SAME-padded convolution with the batch norm's scale and shift in weight and bias; ReLU6 if ``active``."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, *, active: bool = True
    ) -> None:
        super().__init__()
        # With stride 1 SAME is symmetric, and the convolution pads without a copy of its input.
        inside = kernel // 2 if stride == 1 else 0
        self.layer = nn.Conv2d(inputs, outputs, kernel, stride, padding=inside, groups=groups)
        self.kernel, self.stride, self.active = kernel, stride, active

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer(x if self.stride == 1 else same_padding(x, self.kernel, self.stride))
        return F.relu6(x, inplace=True) if self.active else x


class Block(nn.Module):
    """Inverted residual: expand 1×1, depthwise k×k, project 1×1 (MobileNetV2, arXiv 1801.04381)."""

    def __init__(self, inputs: int, stage: Stage, stride: int) -> None:
        super().__init__()
        inner = inputs * stage.expand
        self.expand = Convolution(inputs, inner, 1) if stage.expand > 1 else None
        self.depthwise = Convolution(inner, inner, stage.kernel, stride, groups=inner)
        self.project = Convolution(inner, stage.channels, 1, active=False)
        self.skip = stride == 1 and inputs == stage.channels

    def forward(self, x: Tensor) -> Tensor:
        h = self.expand(x) if self.expand is not None else x
        h = self.project(self.depthwise(h))
        return x + h if self.skip else h


def stem() -> Convolution:
    """The first convolution: (B, 3, H, W), normalised, to (B, 32, H/2, W/2)."""
    return Convolution(3, STEM, 3, 2)


def blocks(stages: Sequence[Stage]) -> nn.Sequential:
    """All blocks of ``stages`` in a row, after the stem."""
    found: list[nn.Module] = []
    inputs = STEM
    for stage in stages:
        for index in range(stage.repeats):
            found.append(Block(inputs, stage, stage.stride if index == 0 else 1))
            inputs = stage.channels
    return nn.Sequential(*found)
