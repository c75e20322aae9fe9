"""Learning-rate schedules and optimisers that objectives choose from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
from torch.nn import Parameter

Schedule = Callable[[int, int], float]
"""(step, steps) to a value; step counts from 0, steps is the whole run."""


def cosine(start: float, end: float, *, warm_up: int = 0) -> Schedule:
    """From ``start`` to ``end`` along half a cosine (SGDR, arXiv 1608.03983, eq. 5, one cycle).

    ``warm_up``: that many first steps rise linearly to ``start``.
    """

    def value(step: int, steps: int) -> float:
        if step < warm_up:
            return start * (step + 1) / warm_up
        progress = min((step - warm_up) / max(steps - 1 - warm_up, 1), 1.0)
        return end + (start - end) * 0.5 * (1 + math.cos(math.pi * progress))

    return value


def adam(
    parameters: Iterable[Parameter], *, rate: float, betas: tuple[float, float], decay: float = 0.0
) -> torch.optim.Optimizer:
    """Adam (Kingma & Ba, arXiv 1412.6980), decoupled weight decay (arXiv 1711.05101), fused kernel."""
    return torch.optim.AdamW(list(parameters), lr=rate, betas=betas, eps=1e-8, weight_decay=decay, fused=True)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of every group."""
    for group in optimiser.param_groups:
        group["lr"] = rate


def set_beta2(optimiser: torch.optim.Optimizer, beta2: float) -> None:
    """Set Adam's second momentum of every group, keeping the first."""
    for group in optimiser.param_groups:
        group["betas"] = (group["betas"][0], beta2)
