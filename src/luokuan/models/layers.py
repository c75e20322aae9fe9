"""Layers that the picture networks share: convolutions with fix-up gains and the dense residual block.

No normalisation layers: the last convolution of a block starts at zero and the others with the gain
√(2/1.04)·L^(-1/4) (fix-up, arXiv 1901.09321, as R3GAN uses it, arXiv 2501.05441). On a CPU a normalisation of a
feature map costs as much memory traffic as the convolution beside it.
"""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn import functional as F

SLOPE = 0.2
"""Of LeakyReLU below zero."""
GAIN = math.sqrt(2 / (1 + SLOPE**2))
"""Keeps the variance of activations through LeakyReLU (He et al. 2015, arXiv 1502.01852, eq. 15)."""
GROUP_WIDTH = 16
"""Channels of one group of the grouped 3×3 convolution (R3GAN)."""


def conv(inputs: int, outputs: int, kernel: int, *, gain: float, groups: int = 1, stride: int = 1) -> nn.Conv2d:
    """A convolution that keeps the side (or divides it by ``stride``); weights N(0, gain²/fan-in), no bias at first."""
    layer = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups)
    fan_in = inputs // groups * kernel**2
    nn.init.normal_(layer.weight, std=gain / math.sqrt(fan_in))
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


def linear(inputs: int, outputs: int, *, gain: float = GAIN) -> nn.Linear:
    """A linear layer with weights N(0, gain²/inputs), no bias at first."""
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=gain / math.sqrt(inputs))
    nn.init.zeros_(layer.bias)
    return layer


class Branch(nn.Module):
    """The residual branch: activation first, last convolution zero. (B, C, H, W) to (B, C, H, W).

    Args:
        width: Channels C.
        kind: ``dense``: 3×3 → 3×3; ``grouped``: 1×1 to 2C → grouped 3×3 → 1×1 back to C.
        layers: Number L of residual blocks in the whole network, for the fix-up gain.
    """

    def __init__(self, width: int, kind: str, layers: int) -> None:
        super().__init__()
        gain = GAIN * layers**-0.25
        if kind == "dense":
            convolutions = [conv(width, width, 3, gain=gain), conv(width, width, 3, gain=0.0)]
        else:
            inner = 2 * width
            convolutions = [
                conv(width, inner, 1, gain=gain),
                conv(inner, inner, 3, gain=gain, groups=inner // GROUP_WIDTH),
                conv(inner, width, 1, gain=0.0),
            ]
        self.convolutions = nn.ModuleList(convolutions)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, H, W)."""
        for convolution in self.convolutions:
            x = convolution(F.leaky_relu(x, SLOPE))
        return x


class PlainBlock(nn.Module):
    """x + branch(x)."""

    def __init__(self, width: int, kind: str, layers: int) -> None:
        super().__init__()
        self.branch = Branch(width, kind, layers)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, H, W)."""
        return x + self.branch(x)
