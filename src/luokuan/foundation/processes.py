"""One process or many: what the loop needs of them, through Accelerate when there are many."""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterable

import torch
from torch.nn import Parameter

from luokuan.errors import UserError
from luokuan.i18n import _


def leave_group() -> None:
    """Close the group's connections and threads while the interpreter is whole: threads of gloo that outlive it
    abort a process whose work is done, now and then."""
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


class Processes:
    """The processes of a run (``torchrun`` or ``accelerate launch`` sets WORLD_SIZE; one otherwise).

    Gradients are averaged after each phase's backward, not by a wrapper around the modules: objectives call
    a network several times a step and differentiate twice through it, which DistributedDataParallel's hooks
    don't follow.
    """

    def __init__(self, device: str = "cpu") -> None:
        self.rank, self.count = 0, 1
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            try:
                from accelerate import PartialState
            except ImportError as error:
                raise UserError(
                    _("Training in several processes needs Accelerate."),
                    _("Install luokuan[distributed]."),
                    code="training.accelerate",
                ) from error
            self._state = PartialState(cpu=device == "cpu")
            atexit.unregister(leave_group)  # once, however many runs a process has
            atexit.register(leave_group)
            self.rank, self.count = self._state.process_index, self._state.num_processes

    @property
    def main(self) -> bool:
        """Whether this process writes files and progress."""
        return self.rank == 0

    def average_gradients(self, parameters: Iterable[Parameter]) -> None:
        """Replace each gradient by its mean over the processes; one flat message."""
        if self.count == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([g.flatten() for g in gradients])
        torch.distributed.all_reduce(flat)
        flat /= self.count
        for gradient, piece in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(piece.view_as(gradient))

    def any(self, flag: bool) -> bool:
        """Whether any process says so; the same answer in all of them."""
        if self.count == 1:
            return flag
        value = torch.tensor([float(flag)], device=self._state.device)
        torch.distributed.all_reduce(value)
        return bool(value.item() > 0)

    def wait(self) -> None:
        """Until every process is here."""
        if self.count > 1:
            self._state.wait_for_everyone()
