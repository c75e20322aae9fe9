"""EfficientNet-Lite0 as a feature network, for inference only, with its batch norms folded in.

Architecture: Tan & Le 2019 (arXiv 1905.11946) without squeeze-and-excitation and with ReLU6, as in Google's
EfficientNet-Lite (Apache-2.0). Weights: converted once by scripts/convert_feature_network.py; see weights/NOTICE.txt.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.files import sha256_bytes, sha256_file
from luokuan.foundation.compute import channels_last

NAME = "EfficientNet-Lite0"
WEIGHTS = Path(__file__).parent / "weights" / "efficientnet-lite0.safetensors"
SHA256 = "e7828a6eef1c35281ecc6aa1fb6eea25b98f96965b81f3a963965eced4ee5896"
FEATURES = 1280
RESOLUTION = 128
"""Default side to which pictures are resized before the network."""
BATCH = 32
"""Measured on two Zen 4 cores at 128²: a quarter faster than 64."""
_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)


class Stage(NamedTuple):
    """``repeats`` blocks of ``channels`` outputs; the first one has ``stride``."""

    repeats: int
    kernel: int
    stride: int
    expand: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
"""Lite0: B0's stages, the first and the last not repeated."""


def same_padding(x: Tensor, kernel: int, stride: int) -> Tensor:
    """TensorFlow's SAME padding, which puts the odd row at the bottom and the odd column at the right."""
    height, width = x.shape[-2:]
    down = max((-(-height // stride) - 1) * stride + kernel - height, 0)
    across = max((-(-width // stride) - 1) * stride + kernel - width, 0)
    return F.pad(x, (across // 2, across - across // 2, down // 2, down - down // 2))


class _Convolution(nn.Module):
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


class _Block(nn.Module):
    """Inverted residual: expand 1×1, depthwise k×k, project 1×1 (MobileNetV2, arXiv 1801.04381)."""

    def __init__(self, inputs: int, stage: Stage, stride: int) -> None:
        super().__init__()
        inner = inputs * stage.expand
        self.expand = _Convolution(inputs, inner, 1) if stage.expand > 1 else None
        self.depthwise = _Convolution(inner, inner, stage.kernel, stride, groups=inner)
        self.project = _Convolution(inner, stage.channels, 1, active=False)
        self.skip = stride == 1 and inputs == stage.channels

    def forward(self, x: Tensor) -> Tensor:
        h = self.expand(x) if self.expand is not None else x
        h = self.project(self.depthwise(h))
        return x + h if self.skip else h


class FeatureNetwork(nn.Module):
    """Pictures to 1280 features each: the last convolution, averaged over places."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _Convolution(3, 32, 3, 2)
        blocks: list[nn.Module] = []
        inputs = 32
        for stage in STAGES:
            for index in range(stage.repeats):
                blocks.append(_Block(inputs, stage, stage.stride if index == 0 else 1))
                inputs = stage.channels
        self.blocks = nn.Sequential(*blocks)
        self.head = _Convolution(inputs, FEATURES, 1)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, 3, R, R), normalised, R a multiple of 32, to (B, 1280)."""
        out: Tensor = self.head(self.blocks(self.stem(x)))
        return out.mean(dim=(2, 3))

    def features(
        self,
        pictures: NDArray[np.uint8],
        *,
        resolution: int = RESOLUTION,
        progress: Callable[[int], None] | None = None,
    ) -> NDArray[np.float32]:
        """Features of uint8 pictures (N, H, W, 3): float32 (N, 1280).

        Pictures are resized to ``resolution`` (bilinear, without antialiasing) and normalised with ImageNet's mean and
        standard deviation; computed in float32, so that equal pictures give equal features on every CPU kind.

        Args:
            resolution: A multiple of 32.
            progress: Called with the number of pictures done.
        """
        mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (_MEAN, _STD))
        out = np.empty((len(pictures), FEATURES), dtype=np.float32)
        # Out of any autocast of the caller: features must not depend on the machine's precision.
        with torch.inference_mode(), torch.autocast("cpu", enabled=False):
            for start in range(0, len(pictures), BATCH):
                # A copy, because PyTorch warns of memory that can't be written, such as a mapped cache.
                piece = torch.from_numpy(np.array(pictures[start : start + BATCH]))
                x = piece.permute(0, 3, 1, 2).float().div_(255)  # (B, 3, H, W)
                x = F.interpolate(x, size=(resolution, resolution), mode="bilinear", align_corners=False)
                x = ((x - mean) / std).contiguous(memory_format=torch.channels_last)
                out[start : start + len(piece)] = self(x).numpy()
                if progress is not None:
                    progress(start + len(piece))
        return out


@lru_cache(maxsize=1)
def feature_network() -> FeatureNetwork:
    """The network with its pinned weights.

    Raises:
        RuntimeError: the weights shipped with the package have been altered.
    """
    from safetensors.torch import load_file

    if sha256_file(WEIGHTS) != SHA256:
        raise RuntimeError(f"{WEIGHTS} is not the file that belongs to this version")
    network = FeatureNetwork()
    network.load_state_dict({k: v.float() for k, v in load_file(WEIGHTS).items()}, strict=True)
    return channels_last(network.eval().requires_grad_(False))


def coverage_function() -> Callable[[NDArray[np.uint8], NDArray[np.uint8]], float]:
    """A function (real, generated) to coverage, for use while training; features of the last real pictures are kept."""
    from luokuan.models.evaluation.metrics import coverage_of

    known: dict[str, NDArray[np.float32]] = {}

    def coverage(real: NDArray[np.uint8], generated: NDArray[np.uint8]) -> float:
        # By content: callers pass new views of the same pictures, and an address may be another array's tomorrow.
        key = f"{real.shape} {sha256_bytes(real.tobytes())}"
        if key not in known:
            known.clear()
            known[key] = feature_network().features(real)
        return coverage_of(known[key], feature_network().features(generated))

    return coverage
