"""Exponential moving average of weights, whose half-life follows the number of items seen."""

from __future__ import annotations

import copy

import torch
from torch import nn

HALF_LIFE = 0.05
"""Half-life as a share of the items seen so far (StyleGAN3's ramp-up, arXiv 2106.12423, app. G)."""


def decay(items_seen: int, batch: int, half_life: float = HALF_LIFE) -> float:
    """Weight of the old average at a step of ``batch`` items after ``items_seen`` items.

    0.5^(batch / (half_life·items_seen)): early averages forget the random start quickly, late ones span
    many epochs. 0 before anything was seen.
    """
    horizon = half_life * items_seen
    return 0.5 ** (batch / horizon) if horizon > 0 else 0.0


class Ema:
    """The averaged copy of a module; ``module`` is in eval mode and needs no gradient."""

    def __init__(self, module: nn.Module) -> None:
        self.module = copy.deepcopy(module).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, module: nn.Module, weight: float) -> None:
        """average ← weight·average + (1 - weight)·module; buffers are copied."""
        for mine, theirs in zip(self.module.parameters(), module.parameters(), strict=True):
            mine.lerp_(theirs.to(mine.dtype), 1 - weight)
        for mine_b, theirs_b in zip(self.module.buffers(), module.buffers(), strict=True):
            mine_b.copy_(theirs_b)
