"""A small noisy regression as an objective of the training loop, and a program that runs (and kills) it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from luokuan.foundation.objective import Phase
from luokuan.foundation.optim import adam, cosine
from luokuan.foundation.training import Outcome, Settings, Training
from luokuan.media import Picture


class Toy:
    """Two phases over two layers; the loss draws noise, so that wrong seeding shows.

    Args:
        at: Called with the step at the start of each step (to kill, to stop, to slow down).
        bad: Steps whose loss is NaN while the learning rate is above ``bad_above``.
        noise: Scale of the noise in the loss.
    """

    def __init__(self, at: Any = None, bad: Sequence[int] = (), bad_above: float = 0.0, noise: float = 0.1) -> None:
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(3, 4), nn.Linear(4, 1)
        self._optimisers = {
            "first": adam(self.first.parameters(), rate=3e-2, betas=(0.9, 0.99)),
            "second": adam(self.second.parameters(), rate=3e-2, betas=(0.9, 0.99)),
        }
        stream = torch.Generator().manual_seed(1)
        self.x = torch.randn(24, 3, generator=stream)
        self.y = self.x.sum(dim=1, keepdim=True)
        self._at, self._bad, self._bad_above, self._noise = at, bad, bad_above, noise

    def modules(self) -> Mapping[str, nn.Module]:
        return {"first": self.first, "second": self.second}

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        return self._optimisers

    def averaged(self) -> Sequence[str]:
        return ("first",)

    def items(self) -> int:
        return len(self.x)

    def batch(self, indices: Any) -> tuple[Tensor, Tensor]:
        picked = torch.from_numpy(np.asarray(indices))
        return self.x[picked], self.y[picked]

    def phases(self, step: int, steps: int) -> Iterator[Phase]:
        if self._at:
            self._at(step)

        def loss(batch: tuple[Tensor, Tensor], _part: int) -> tuple[Tensor, Mapping[str, Tensor | float]]:
            x, y = batch
            out = self.second(torch.tanh(self.first(x))) + self._noise * torch.randn(len(x), 1)
            value = (out - y).square().mean()
            if step in self._bad and self._optimisers["first"].param_groups[0]["lr"] > self._bad_above:
                value = value * float("nan")
            return value, {"error": value.detach().sqrt()}

        rate = cosine(3e-2, 3e-3)
        for name, module, other in (("first", self.first, self.second), ("second", self.second, self.first)):
            yield Phase(name, list(module.parameters()), self._optimisers[name], rate, loss, frozen=(other,))

    def validate(self, average: Mapping[str, nn.Module]) -> Mapping[str, float]:
        out = self.second(torch.tanh(average["first"](self.x)))
        return {"error": float((out - self.y).square().mean())}

    def preview(self, average: Mapping[str, nn.Module]) -> Picture:
        return Picture(np.zeros((4, 4, 3), dtype=np.uint8))

    def verdict(self, history: Sequence[Mapping[str, Any]]) -> list[str]:
        return [f"{len(history)} records"]


def run(folder: Path, *, resume: bool = False, toy: Toy | None = None, **changes: Any) -> Outcome:
    """Train the toy in ``folder``: 40 steps of 8 items, a checkpoint after every step."""
    values: dict[str, Any] = {
        "steps": 40,
        "batch": 8,
        "log_every": 4,
        "validations": 4,
        "checkpoint_seconds": 0,
        "preview_seconds": 3600,
    }
    settings = Settings(**{**values, **changes})
    return Training(toy or Toy(), settings, folder, quiet=True).run(resume=resume)


def main() -> None:
    """``toy.py FOLDER kill|stop|run STEP``."""
    folder, action, step = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    number = {"kill": signal.SIGKILL, "stop": signal.SIGINT, "run": 0}[action]

    def at(now: int) -> None:
        if now == step and number:
            os.kill(os.getpid(), number)

    outcome = run(folder, resume=(folder / "checkpoints").exists(), toy=Toy(at=at))
    print(outcome.step, outcome.finished)


if __name__ == "__main__":
    main()
