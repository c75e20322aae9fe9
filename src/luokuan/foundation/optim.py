"""Learning-rate schedules and optimisers that objectives choose from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.nn import Parameter

from luokuan.foundation.muon import Muon

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


def hold_then_fall(rate: float, *, warm_up: int, decay_from: float) -> Schedule:
    """Linear rise over ``warm_up`` steps, ``rate``, then a linear fall to zero from the progress ``decay_from``
    (trapezoidal schedule; Hägele et al. 2024, arXiv 2405.18392)."""

    def value(step: int, steps: int) -> float:
        rise = (step + 1) / warm_up if warm_up else 1.0
        fall = (1 - min(step / steps, 1.0)) / max(1 - decay_from, 1e-9)
        return rate * min(rise, fall, 1.0)

    return value


def adam(
    parameters: Iterable[Parameter], *, rate: float, betas: tuple[float, float], decay: float = 0.0
) -> torch.optim.Optimizer:
    """Adam (Kingma & Ba, arXiv 1412.6980), decoupled weight decay (arXiv 1711.05101), fused kernel."""
    return torch.optim.AdamW(list(parameters), lr=rate, betas=betas, eps=1e-8, weight_decay=decay, fused=True)


def muon(
    matrices: Iterable[Parameter], others: Iterable[Parameter], *, rate: float, factor: float = 10.0, decay: float = 0.0
) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
    """Muon for the hidden matrices, AdamW for all else (Jordan 2024, kellerjordan.github.io/posts/muon; momentum 0.95
    with Nesterov's look-ahead, five Newton-Schulz steps).

    Args:
        matrices: Parameters with two dimensions that map vectors to vectors.
        others: Embeddings, heads, scales.
        rate: AdamW's rate.
        factor: Muon's rate as a multiple of it.
        decay: Decoupled weight decay of the matrices.
    """
    first = Muon([{"params": list(matrices), "factor": factor}], lr=rate, weight_decay=decay)
    return first, adam(others, rate=rate, betas=(0.9, 0.95))


class Together:
    """Several optimisers that step as one."""

    def __init__(self, *optimisers: torch.optim.Optimizer) -> None:
        self.optimisers = optimisers

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The groups of all."""
        return [group for optimiser in self.optimisers for group in optimiser.param_groups]

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients."""
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=set_to_none)

    def step(self) -> None:
        """One step of each."""
        for optimiser in self.optimisers:
            optimiser.step()


def set_rate(optimiser: torch.optim.Optimizer | Together, rate: float) -> None:
    """Set the learning rate of every group: ``rate`` times the group's ``factor``, if it has one."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group.get("factor", 1.0)


def set_beta2(optimiser: torch.optim.Optimizer, beta2: float) -> None:
    """Set Adam's second momentum of every group, keeping the first."""
    for group in optimiser.param_groups:
        group["betas"] = (group["betas"][0], beta2)
