"""EfficientNet-Lite0 as a feature network (see ``luokuan.models.efficientnet``; weights/NOTICE.txt)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.files import sha256_bytes, sha256_file
from luokuan.foundation.compute import channels_last
from luokuan.models.efficientnet import MEAN, STD, Convolution, Stage, blocks, stem

NAME = "EfficientNet-Lite0"
WEIGHTS = Path(__file__).parent / "weights" / "efficientnet-lite0.safetensors"
SHA256 = "e7828a6eef1c35281ecc6aa1fb6eea25b98f96965b81f3a963965eced4ee5896"
FEATURES = 1280
RESOLUTION = 128
"""Default side to which pictures are resized before the network."""
BATCH = 32
"""Measured on two Zen 4 cores at 128²: a quarter faster than 64."""


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


class FeatureNetwork(nn.Module):
    """Pictures to 1280 features each: the last convolution, averaged over places."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = stem()
        self.blocks = blocks(STAGES)
        self.head = Convolution(STAGES[-1].channels, FEATURES, 1)

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
        mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (MEAN, STD))
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
