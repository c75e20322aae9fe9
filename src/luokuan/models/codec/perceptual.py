"""What a picture looks like to a frozen network: feature maps for a perceptual distance and for the discriminator.

The maps are those of the first five stages of EfficientNet-Lite1, at 1/2 to 1/16 of the side. ``luokuan evaluate``
measures with another network (Lite0), but one of the same kind, trained on the same photographs: distances between
sets flatter a codec that learnt with these maps more than PSNR and SSIM do.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from luokuan.files import sha256_file
from luokuan.foundation.compute import channels_last
from luokuan.models.efficientnet import MEAN, STD, Stage, blocks, stem
from luokuan.models.layers import GAIN, SLOPE, conv

NAME = "EfficientNet-Lite1, stages 1 to 5"
WEIGHTS = Path(__file__).parent / "weights" / "efficientnet-lite1-stages.safetensors"
SHA256 = "026c262d3b80d63b85da7a06dcd3aeaabbf3258cee68580c10ae4f5172787249"
STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(3, 3, 2, 6, 24),
    Stage(3, 5, 2, 6, 40),
    Stage(4, 3, 2, 6, 80),
    Stage(4, 5, 1, 6, 112),
)
"""Lite1: B0's stages a tenth deeper, rounded up. The last two, at 1/32 of the side, say little of places."""


class PerceptualNetwork(nn.Module):
    """Pictures to one feature map a stage, with gradients to the pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = stem()
        self.blocks = blocks(STAGES)
        self._ends = {sum(stage.repeats for stage in STAGES[: index + 1]) - 1 for index in range(len(STAGES))}
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1), persistent=False)
        self.mean: Tensor
        self.std: Tensor

    def forward(self, x: Tensor) -> list[Tensor]:
        """x (B, 3, H, W), -1 to 1, to maps (B, 16, H/2, W/2), (B, 24, H/4, W/4) … (B, 112, H/16, W/16)."""
        x = ((x + 1) / 2 - self.mean) / self.std
        x = x.contiguous(memory_format=torch.channels_last)
        maps = []
        # Depthwise convolutions' backward is slower in bfloat16 than in float32 on a CPU.
        with torch.autocast("cpu", enabled=False) if x.device.type == "cpu" else nullcontext():
            x = self.stem(x)
            for index, block in enumerate(self.blocks):
                x = block(x)
                if index in self._ends:
                    maps.append(x)
        return maps


class ProjectedDiscriminator(nn.Module):
    """Feature maps of ``PerceptualNetwork`` to logits, one a place and stage, by a small head for each stage.

    A discriminator in the space of frozen features needs far fewer pictures than one that has to find features itself
    (Projected GAN, Sauer et al. 2021, arXiv 2111.01007; without its random mixing of stages). Spectral normalisation
    (Miyato et al. 2018, arXiv 1802.05957) bounds its slope: without it the decoder's gradient exploded after some
    hundred steps."""

    SCALE = 1 / 9
    """Maps of photographs have a mean magnitude of 7 to 11 at each stage."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(
                spectral_norm(conv(stage.channels, width, 1, gain=GAIN)),
                nn.LeakyReLU(SLOPE),
                spectral_norm(conv(width, width, 3, gain=GAIN)),
                nn.LeakyReLU(SLOPE),
                spectral_norm(conv(width, 1, 1, gain=1.0)),
            )
            for stage in STAGES
        )

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Maps (B, channels, h, w) of the stages to logits (B, 1, h, w), float32."""
        return [head(x * self.SCALE).float() for x, head in zip(maps, self.heads, strict=True)]


@lru_cache(maxsize=1)
def perceptual_network() -> PerceptualNetwork:
    """The network with its pinned weights, frozen, on the CPU.

    Raises:
        RuntimeError: the weights shipped with the package have been altered.
    """
    from safetensors.torch import load_file

    if sha256_file(WEIGHTS) != SHA256:
        raise RuntimeError(f"{WEIGHTS} is not the file that belongs to this version")
    network = PerceptualNetwork()
    network.load_state_dict({k: v.float() for k, v in load_file(WEIGHTS).items()}, strict=True)
    return channels_last(network.eval().requires_grad_(False))
