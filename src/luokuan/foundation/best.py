"""The average that a validation liked best: with few items, the last one may know them by heart."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn


class Best:
    """A copy of the averaged modules from where a validation figure was lowest.

    Args:
        figure: Name of the figure, as ``Objective.validate`` gives it.
        modules: The averaged modules; copied.
    """

    def __init__(self, figure: str, modules: Mapping[str, nn.Module]) -> None:
        self.figure, self.modules = figure, {name: copy.deepcopy(module) for name, module in modules.items()}
        self.value, self.step = math.inf, 0

    @torch.no_grad()
    def offer(self, step: int, figures: Mapping[str, float], modules: Mapping[str, nn.Module]) -> None:
        """Copy ``modules`` if ``figures`` of ``step`` are better than all before; without the figure, do nothing."""
        value = figures.get(self.figure, math.inf)
        if value < self.value:
            self.value, self.step = value, step
            for name, module in self.modules.items():
                module.load_state_dict(modules[name].state_dict())

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps beside the modules; JSON knows no infinity."""
        return {"step": self.step, "value": self.value if self.step else None}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what ``state`` took."""
        self.step = int(state["step"])
        self.value = float(state["value"]) if self.step else math.inf
