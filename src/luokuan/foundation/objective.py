"""What a family of models gives to the training loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import Parameter

from luokuan.foundation.optim import Schedule, Together
from luokuan.media import Picture, Text

LossFunction = Callable[[Any, int], tuple[Tensor, Mapping[str, Tensor | float]]]
"""(micro-batch, its index) to (scalar loss, figures to log)."""


@dataclass(frozen=True, slots=True)
class Phase:
    """One player's move within a step.

    Args:
        name: Such as ``discriminator``; figures are logged as ``name/figure``.
        parameters: What this phase changes.
        optimiser: Whose step it takes.
        rate: Learning-rate schedule.
        loss: The loss of a micro-batch; called under autocast.
        frozen: Modules that need no gradient of their own meanwhile (it saves their backward).
        clip: Largest gradient norm, or None for no clipping.
    """

    name: str
    parameters: Sequence[Parameter]
    optimiser: torch.optim.Optimizer | Together
    rate: Schedule
    loss: LossFunction
    frozen: Sequence[nn.Module] = ()
    clip: float | None = None


class Objective(Protocol):
    """What a family gives to the loop."""

    def modules(self) -> Mapping[str, nn.Module]:
        """All networks with state, by name."""
        ...

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        """All optimisers, by name."""
        ...

    def averaged(self) -> Sequence[str]:
        """Names of the modules whose moving average is kept."""
        ...

    def items(self) -> int:
        """Training items in the corpus."""
        ...

    def batch(self, indices: Any) -> Any:
        """The items at ``indices`` (int64 (B,)), on the device; drawn under the step's seed."""
        ...

    def phases(self, step: int, steps: int) -> Iterator[Phase]:
        """The phases of ``step``, in order."""
        ...

    def validate(self, average: Mapping[str, nn.Module]) -> Mapping[str, float]:
        """Figures on held-out items; deterministic."""
        ...

    def preview(self, average: Mapping[str, nn.Module]) -> Picture | Text | None:
        """What the model makes now; deterministic."""
        ...

    def verdict(self, history: Sequence[Mapping[str, Any]]) -> list[str]:
        """What the figures mean, in words."""
        ...
