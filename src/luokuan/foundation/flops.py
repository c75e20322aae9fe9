"""Counting floating-point operations by watching what PyTorch really runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry


class _Counter(TorchDispatchMode):
    """PyTorch's own formulas for each operation, without FlopCounterMode's module tracker: that one refuses
    ``autograd.grad`` with ``create_graph``, which gradient penalties need."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        formula = flop_registry.get(func._overloadpacket)
        if formula is not None:
            self.total += int(formula(*args, **(kwargs or {}), out_val=out))
        return out


def count_flop(work: Callable[[], object]) -> int:
    """FLOP of the convolutions and matrix products in ``work`` (a multiply-add is 2), backward included.

    Element-wise work isn't counted: it moves bytes and costs little arithmetic.
    """
    with _Counter() as counter:
        work()
    return counter.total
