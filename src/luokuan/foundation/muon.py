"""The optimiser Muon, with its matrix products in the precision that the machine is quick in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, overload

import torch
from torch import Tensor
from torch.nn import Parameter

from luokuan.foundation.compute import machine

QUINTIC = (3.4445, -4.7750, 2.0315)
"""a, b, c of the Newton-Schulz step (Jordan 2024, kellerjordan.github.io/posts/muon): steepest at zero."""
STEPS = 5
SMALLEST = 1e-7


def orthogonalised(matrix: Tensor, dtype: torch.dtype) -> Tensor:
    """About U·Vᵀ of the matrix U·S·Vᵀ, its singular values within 0.5 … 1.5, by five Newton-Schulz steps X ← a·X +
    (b·G + c·G²)·X with G = X·Xᵀ (Jordan 2024).

    Args:
        matrix: (m, n).
        dtype: Of the products; bfloat16 is enough where it is quick.

    Returns:
        (m, n), ``dtype``.
    """
    a, b, c = QUINTIC
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix).to(dtype)
    x = x / x.norm().clamp(min=SMALLEST)  # no singular value above 1
    for _step in range(STEPS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x


@cache
def quick_precision(device: torch.device) -> torch.dtype:
    """bfloat16 where matrix products in it are quick. Emulated ones, as on CPUs without avx512_bf16 or AMX, take a
    hundred times as long as float32."""
    return torch.bfloat16 if device.type == "cuda" or machine("cpu").bf16 else torch.float32


class Muon(torch.optim.Optimizer):
    """Momentum whose steps are orthogonalised (Jordan 2024), with Nesterov's look-ahead and decoupled weight decay;
    torch.optim.Muon's arithmetic, which always multiplies in bfloat16.

    Args:
        matrices: Parameters with two dimensions, or groups of them.
        lr: Rate; a tall matrix (m, n) gets √(m/n) times it.
        momentum: Share of the past kept by a step.
        weight_decay: Shrinks matrices by ``lr`` times it each step.

    Raises:
        ValueError: a parameter that is no matrix.
    """

    def __init__(
        self,
        matrices: Iterable[Parameter] | Iterable[dict[str, Any]],
        *,
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(matrices, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        if any(p.ndim != 2 for group in self.param_groups for p in group["params"]):
            raise ValueError("Muon steps matrices only")

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One step of every matrix that has a gradient; ``closure``, if given, computes the loss first."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                if not (state := self.state[p]):
                    state["momentum_buffer"] = torch.zeros_like(p)
                buffer = state["momentum_buffer"].lerp_(p.grad, 1 - group["momentum"])
                update = orthogonalised(p.grad.lerp(buffer, group["momentum"]), quick_precision(p.device))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(update.to(p.dtype), alpha=-group["lr"] * math.sqrt(max(1.0, p.shape[0] / p.shape[1])))
        return loss
