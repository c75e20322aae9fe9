"""The discriminator: judges spectrograms in windows of several lengths (Jang et al. 2021, UnivNet, arXiv 2106.07889).

VITS uses HiFi-GAN's eight discriminators of waveforms, which cost many times the generator. Ours are two, of
magnitudes: phases come from the pulses here, and nothing could be learnt by judging them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.models.sound.spectrum import Frames

WINDOWS = (512, 1024)
FLOOR = 1e-3


class Judge(nn.Module):
    """One window's: 2-D convolutions over frames and bins."""

    def __init__(self, window: int, width: int) -> None:
        super().__init__()
        self.frames = Frames(window, window // 4)
        sizes = [(1, width), (width, width), (width, 2 * width), (2 * width, 2 * width)]
        self.layers = nn.ModuleList(nn.Conv2d(a, b, (3, 5), stride=(1, 3), padding=(1, 2)) for a, b in sizes)
        self.last = nn.Conv2d(2 * width, 1, (3, 3), padding=1)

    def forward(self, samples: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(B, samples) to logits of patches and the maps before them."""
        with torch.autocast(samples.device.type, enabled=False):
            z = self.frames(samples)
            x = ((z.real.square() + z.imag.square() + FLOOR**2).log() / 4)[:, None]  # (B, 1, T, bins)
        maps = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.1)
            maps.append(x)
        return self.last(x).float(), maps


class Adversary(nn.Module):
    """All of them."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.judges = nn.ModuleList(Judge(window, width) for window in WINDOWS)

    def forward(self, samples: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """(B, samples), as many as a multiple of 256, to each judge's logits, and all maps."""
        found = [judge(samples) for judge in self.judges]
        return [logits for logits, _maps in found], [one for _logits, maps in found for one in maps]
