"""A small network that tells categories of sound apart: what generated sounds are measured with."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.foundation.compute import mix_seed
from luokuan.models.sound.config import SoundConfig
from luokuan.models.sound.networks import log_mel
from luokuan.models.sound.spectrum import Frames, mel_bands

FEATURES = 32
"""Numbers of the penultimate layer, of which the Fréchet distance is taken."""
STEPS, BATCH, RATE = 400, 32, 2e-3
_WIDTH = 48
NAME = f"log-mel frames, 3 convolutions in time trained on real clips, penultimate layer of {FEATURES} numbers"
"""Of the features, as a report has it."""


class Classifier(nn.Module):
    """Log-mel frames (B, mels, T) to logits: convolutions in time, mean and deviation over time, two layers."""

    def __init__(self, mels: int, classes: int) -> None:
        super().__init__()
        widths = (mels, _WIDTH, _WIDTH, _WIDTH)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(before, after, 5, 2, padding=2) for before, after in pairwise(widths)
        )
        self.rise = nn.Linear(2 * _WIDTH, FEATURES)
        self.last = nn.Linear(FEATURES, classes)

    def features(self, x: Tensor) -> Tensor:
        """(B, mels, T) to (B, FEATURES)."""
        for convolution in self.convolutions:
            x = F.gelu(convolution(x))
        pooled = torch.cat([x.mean(2), (x.var(2) + 1e-6).sqrt()], dim=1)
        return F.gelu(self.rise(pooled))

    def forward(self, x: Tensor) -> Tensor:
        """(B, mels, T) to logits (B, classes)."""
        out: Tensor = self.last(self.features(x))
        return out


def mel_frames(windows: NDArray[np.float32], config: SoundConfig) -> Tensor:
    """(N, samples) as the classifier sees it, float32 (N, mels, T)."""
    frames, bands = Frames(config.fft, config.hop), mel_bands(config.mels, config.fft // 2 + 1, config.rate)
    with torch.no_grad():
        parts = [log_mel(frames(part), bands) for part in torch.from_numpy(windows).split(64)]
    return torch.cat(parts).transpose(1, 2).contiguous()


def train_classifier(
    x: Tensor, labels: NDArray[np.int64], classes: int, *, seed: int, steps: int = STEPS
) -> Classifier:
    """Learn from windows of real clips; each category is drawn as often as the others.

    Args:
        x: float32 (N, mels, T).
        labels: int64 (N,).
        classes: How many categories there are.
        seed: Of weights, order and changes: other levels, a little noise, other beginnings.
        steps: Of Adam.
    """
    torch.manual_seed(mix_seed(seed, "classifier"))
    network = Classifier(x.shape[1], classes)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.05)
    y = torch.from_numpy(labels)
    weights = 1 / torch.bincount(y, minlength=classes).clamp_min(1)[y].double()
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = RATE * (1 - step / steps)
        chosen = torch.multinomial(weights, BATCH, replacement=True)
        part = x[chosen].roll(int(torch.randint(x.shape[2], (1,))), 2)
        part = part + 0.1 * torch.randn(BATCH, 1, 1) + 0.05 * torch.randn_like(part)
        loss = F.cross_entropy(network(part), y[chosen], label_smoothing=0.05)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    return network.eval()
