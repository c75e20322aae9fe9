"""What a checkpoint puts back moves on as if nothing had happened, whatever the layout of the weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from luokuan.foundation import checkpoint
from luokuan.foundation.optim import adam


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_adam_goes_on_exactly_in_any_layout(layout: torch.memory_format) -> None:
    def make() -> tuple[nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        layer = nn.Conv2d(4, 6, 3).to(memory_format=layout)  # type: ignore[call-overload]
        return layer, adam(layer.parameters(), rate=1e-2, betas=(0.9, 0.99))

    def move(layer: nn.Module, optimiser: torch.optim.Optimizer, step: int) -> None:
        torch.manual_seed(step)
        optimiser.zero_grad()
        layer(torch.randn(2, 4, 8, 8)).square().mean().backward()
        optimiser.step()

    one, first = make()
    for step in range(3):
        move(one, first, step)
    kept = checkpoint.gather({"m": one}, {"o": first})
    two, second = make()
    checkpoint.scatter(kept, {"m": two}, {"o": second})
    for step in range(3, 5):
        move(one, first, step)
        move(two, second, step)
    assert torch.equal(one.weight, two.weight) and torch.equal(one.bias, two.bias)
