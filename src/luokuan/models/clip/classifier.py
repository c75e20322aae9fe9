"""A small network that tells attributes of clips apart, such as actions: what generated clips are measured with."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.foundation.compute import mix_seed

SIDE = 32
"""Pixels to which frames are brought."""
STEPS, BATCH, RATE = 800, 32, 3e-3
EACH = 3
"""Steps a clip, where there are few."""
_WIDTHS = (6, 32, 64, 96)
_FEATURES = 128


class Classifier(nn.Module):
    """Clips to logits of each attribute: three convolutions a frame, which see it and how it differs from the
    mean of the clip; then one in time, whose mean and maximum count.

    Args:
        values: How many values each attribute has.
    """

    def __init__(self, values: Sequence[int]) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Sequential(nn.Conv2d(before, after, 3, 2, padding=1), nn.BatchNorm2d(after), nn.GELU())
            for before, after in pairwise(_WIDTHS)
        )
        self.rise = nn.Linear(_WIDTHS[-1] * (SIDE // 8) ** 2, _FEATURES)
        self.norm = nn.LayerNorm(_FEATURES)
        self.time = nn.Conv1d(_FEATURES, _FEATURES, 3, padding=1)
        self.heads = nn.ModuleList(nn.Linear(2 * _FEATURES, count) for count in values)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(B, frames, 3, SIDE, SIDE) to logits (B, values) of each attribute."""
        count, frames = x.shape[:2]
        h = torch.cat([x, x - x.mean(1, keepdim=True)], dim=2).flatten(0, 1)
        for convolution in self.convolutions:
            h = convolution(h)
        h = (
            F.gelu(self.norm(self.rise(h.flatten(1)))).unflatten(0, (count, frames)).transpose(1, 2)
        )  # (B, FEATURES, frames)
        h = F.gelu(self.time(h))
        pooled = torch.cat([h.mean(2), h.amax(2)], dim=1)
        return [head(pooled) for head in self.heads]


def as_seen(clips: NDArray[np.uint8], side: int = SIDE) -> Tensor:
    """Clips uint8 (N, frames, H, W, 3) as float32 (N, frames, 3, side, side), -1 to 1, by area."""
    parts = []
    for start in range(0, len(clips), 64):
        part = torch.from_numpy(np.array(clips[start : start + 64])).permute(0, 1, 4, 2, 3)
        small = F.interpolate(part.flatten(0, 1).float(), size=(side, side), mode="area")
        parts.append(small.unflatten(0, part.shape[:2]) / 127.5 - 1)
    return torch.cat(parts)


def train_classifier(
    x: Tensor, labels: NDArray[np.int64], values: Sequence[int], *, seed: int, steps: int | None = None
) -> Classifier:
    """Learn from real clips.

    Args:
        x: See ``as_seen``.
        labels: int64 (N, attributes); -1 where nothing is known.
        values: How many values each attribute has.
        seed: Of weights, order and changes: a little noise, moved by a pixel.
        steps: Of Adam; None: ``STEPS``, fewer for few clips.
    """
    torch.manual_seed(mix_seed(seed, "classifier"))
    network = Classifier(values)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.05)
    y = torch.from_numpy(labels)
    steps = min(STEPS, EACH * len(x)) if steps is None else steps
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = RATE * (1 - step / steps)
        chosen = torch.randint(len(x), (BATCH,))
        down, right = torch.randint(-1, 2, (2,)).tolist()
        part = x[chosen].roll((down, right), (3, 4))
        part = part + 0.05 * torch.randn_like(part)
        losses = [
            F.cross_entropy(logits, y[chosen, index], ignore_index=-1, label_smoothing=0.05)
            for index, logits in enumerate(network(part))
            if bool((y[chosen, index] >= 0).any())
        ]
        optimiser.zero_grad(set_to_none=True)
        torch.stack(losses).sum().backward()
        optimiser.step()
    return network.eval()


@torch.no_grad()
def recognised(network: Classifier, x: Tensor, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of the clips whose value of each attribute is recognised, among those of which it is known; NaN of none."""
    guesses = [torch.cat([network(part)[index].argmax(1) for part in x.split(64)]).numpy()
               for index in range(labels.shape[1])]  # fmt: skip
    known = labels >= 0
    right = np.stack(guesses, axis=1) == labels
    counts = known.sum(0)
    return np.where(counts > 0, (right & known).sum(0) / np.maximum(counts, 1), np.nan)
