"""The one training loop: objectives say what to minimise, the loop owns everything else.

Randomness: before each loss PyTorch is seeded from (seed, step, phase, micro-batch, process), and the items of
a step are a pure function of (seed, step). A checkpoint therefore needs no generator state, and a resumed run
equals an uninterrupted one bit for bit on the same machine, thread count and versions.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from luokuan.errors import UserError
from luokuan.files import disk_errors, write_atomic
from luokuan.foundation import checkpoint, ema
from luokuan.foundation.best import Best
from luokuan.foundation.compute import autocast, mix_seed
from luokuan.foundation.feed import Order
from luokuan.foundation.metrics import MetricsFile
from luokuan.foundation.objective import Objective
from luokuan.foundation.optim import set_rate
from luokuan.foundation.processes import Processes
from luokuan.foundation.progress import Progress
from luokuan.foundation.stopping import stopping_signals
from luokuan.i18n import _
from luokuan.logs import get
from luokuan.media import Picture


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run. ``batch`` is over all processes; ``accumulate`` splits it into that many micro-batches.

    ``best_by`` names the validation figure whose lowest value decides which average is kept; None keeps the last.
    ``patience``: with it, the run ends after so many validations in a row that were no better than the best; 0: never.
    """

    steps: int
    batch: int
    seed: int = 0
    device: str = "cpu"
    precision: str = "float32"
    accumulate: int = 1
    log_every: int = 10
    validations: int = 10
    checkpoint_seconds: float = 60.0
    preview_seconds: float = 60.0
    best_by: str | None = None
    patience: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 1 or self.accumulate < 1:
            raise ValueError("steps, batch and accumulate are at least 1")


@dataclass(slots=True)
class Outcome:
    """How a run ended: ``finished`` is False when it was stopped and can be resumed; ``average`` is that after
    ``kept`` steps."""

    step: int
    kept: int
    finished: bool
    average: Mapping[str, nn.Module]
    history: list[dict[str, Any]]
    verdicts: list[str] = field(default_factory=list)


class Diverged(Exception):
    """A loss or a gradient was not finite."""


class Training:
    """One run of one objective in ``folder`` (metrics.jsonl, tensorboard/, previews/, checkpoints/)."""

    def __init__(
        self,
        objective: Objective,
        settings: Settings,
        folder: Path,
        *,
        processes: Processes | None = None,
        title: str = "",
        quiet: bool = False,
    ) -> None:
        self.objective, self.settings, self.folder = objective, settings, folder
        self.processes = processes or Processes(settings.device)
        self.title, self.quiet = title, quiet
        if settings.batch % (self.processes.count * settings.accumulate):
            raise UserError(
                _("A batch of {batch} can't be shared evenly.", batch=settings.batch),
                _(
                    "Choose a multiple of {parts} (processes × accumulation).",
                    parts=self.processes.count * settings.accumulate,
                ),
                code="training.batch",
            )
        self._order = Order(objective.items(), settings.batch, settings.seed)
        self._rate_factor = 1.0
        self._rollbacks = 0
        self._stop = threading.Event()
        self._emas: dict[str, ema.Ema] = {}
        self._best: Best | None = None

    def stop(self) -> None:
        """Ask the run to save and end after the current step (safe from signals and other threads)."""
        self._stop.set()

    # --- one step -------------------------------------------------------------------------------------

    def step(self, step: int) -> dict[str, float]:
        """Run all phases of ``step`` (from 0).

        Returns:
            The logged figures, each ``phase/figure``, averaged over micro-batches.

        Raises:
            Diverged: a loss or gradient is not finite; the step's remaining updates were not made.
        """
        settings, processes = self.settings, self.processes
        indices = self._order.indices(step)[processes.rank :: processes.count]
        torch.manual_seed(mix_seed(settings.seed, step, "data", processes.rank))
        pieces = [self.objective.batch(indices[part :: settings.accumulate]) for part in range(settings.accumulate)]
        figures: dict[str, float] = {}
        for phase in self.objective.phases(step, settings.steps):
            rate = phase.rate(step, settings.steps) * self._rate_factor
            set_rate(phase.optimiser, rate)
            phase.optimiser.zero_grad(set_to_none=True)
            with _frozen(phase.frozen):
                for part, piece in enumerate(pieces):
                    torch.manual_seed(mix_seed(settings.seed, step, phase.name, part, processes.rank))
                    with autocast(settings.device, settings.precision):
                        loss, extra = phase.loss(piece, part)
                    if processes.any(not bool(torch.isfinite(loss))):
                        raise Diverged(f"{phase.name}: loss {loss.item()}")
                    (loss / settings.accumulate).backward()
                    for key, value in {"loss": loss.detach(), **extra}.items():
                        name = f"{phase.name}/{key}"
                        figures[name] = figures.get(name, 0.0) + float(value) / settings.accumulate
            processes.average_gradients(phase.parameters)
            norm = float(nn.utils.clip_grad_norm_(phase.parameters, phase.clip or math.inf))
            if not math.isfinite(norm):
                raise Diverged(f"{phase.name}: gradient norm {norm}")
            phase.optimiser.step()
            figures[f"{phase.name}/gradient_norm"] = norm
            figures[f"{phase.name}/rate"] = rate
        return figures

    def _average(self, step: int) -> None:
        modules = self.objective.modules()
        weight = ema.decay((step + 1) * self.settings.batch, self.settings.batch)
        for name, average in self._emas.items():
            average.update(modules[name], weight)

    def probe(self, steps: int = 20, *, first: int = 0) -> float:
        """Seconds a step, measured over the last three quarters of ``steps`` steps from ``first`` on, then undone."""
        before = checkpoint.gather(self.objective.modules(), self.objective.optimisers())
        spent: list[float] = []
        for step in range(first, first + steps):
            start = time.perf_counter()
            self.step(step)
            spent.append(time.perf_counter() - start)
        checkpoint.scatter(before, self.objective.modules(), self.objective.optimisers())
        counted = spent[steps // 4 :] or spent
        return sum(counted) / len(counted)

    # --- state ----------------------------------------------------------------------------------------

    @property
    def average(self) -> dict[str, nn.Module]:
        """The averaged modules by name."""
        return {name: average.module for name, average in self._emas.items()}

    def _all_modules(self) -> dict[str, nn.Module]:
        best = self._best.modules if self._best else {}
        return {
            **self.objective.modules(),
            **{f"{k}.average": v for k, v in self.average.items()},
            **{f"{k}.best": v for k, v in best.items()},
        }

    def save(self, step: int) -> None:
        """Write a checkpoint after ``step`` steps (main process; the others wait)."""
        if self.processes.main:
            tensors = checkpoint.gather(self._all_modules(), self.objective.optimisers())
            state = {
                "rate_factor": self._rate_factor,
                "rollbacks": self._rollbacks,
                **({"best": self._best.state()} if self._best else {}),
            }
            checkpoint.save(self.folder / "checkpoints", step, tensors, state)
        self.processes.wait()

    def load(self) -> int | None:
        """Put the newest checkpoint back; its step, or None when there is none.

        Raises:
            UserError: checkpoints exist, but none can be read or they are of other networks.
        """
        found = checkpoint.load_latest(self.folder / "checkpoints")
        if found is None:
            return None
        tensors, state = found
        if "best" not in state:
            self._best = None  # begun before there was a choice: the last average is kept
        try:
            checkpoint.scatter(tensors, self._all_modules(), self.objective.optimisers())
            if self._best:
                self._best.restore(state["best"])
        except (KeyError, RuntimeError, ValueError) as error:
            raise UserError(
                _("The checkpoint in {path} belongs to other networks.", path=self.folder),
                _("Resume with the settings of the first start, or start anew under another name."),
                code="training.checkpoint",
            ) from error
        self._rate_factor = float(state["rate_factor"])
        self._rollbacks = int(state["rollbacks"])
        return int(state["step"])

    def _roll_back(self, cause: Diverged, metrics: MetricsFile) -> int:
        rollbacks, factor = self._rollbacks, self._rate_factor
        if rollbacks >= 1 or (step := self.load()) is None:
            raise UserError(
                _("Training diverged ({cause}), also after a roll-back with half the rate.", cause=cause),
                _("Try a lower --rate, or with a GAN a higher --gamma or another --objective. Checkpoints remain."),
                code="training.diverged",
            ) from cause
        self._rollbacks, self._rate_factor = rollbacks + 1, factor / 2
        get("foundation.training").warning("rolled back", cause=str(cause), step=step, rate=self._rate_factor)
        metrics.truncate(step)
        self.save(step)
        return step

    # --- the run --------------------------------------------------------------------------------------

    def run(self, *, resume: bool = False) -> Outcome:
        """Train to the last step, or until stopped.

        Args:
            resume: Continue from the newest checkpoint (from the start if there is none).

        Raises:
            UserError: divergence after one roll-back, unreadable checkpoints, no room on the disk.
        """
        settings = self.settings
        modules = self.objective.modules()
        self._emas = {name: ema.Ema(modules[name]) for name in self.objective.averaged()}
        self._best = Best(settings.best_by, self.average) if settings.best_by else None
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        step = (self.load() if resume else None) or 0
        metrics = MetricsFile(self.folder, from_step=step, write=self.processes.main)
        if step == 0:
            self.save(0)  # what a roll-back returns to before the first timed checkpoint
        checkpoints = previews = time.monotonic()
        progress = Progress(
            self.title,
            settings.steps,
            done=step,
            quiet=self.quiet or not self.processes.main,
        )
        mark, marked = time.monotonic(), step
        stopped = False
        with progress, metrics, stopping_signals(self.stop):
            while not self._ended(step):
                try:
                    figures = self.step(step)
                except Diverged as cause:
                    step = marked = self._roll_back(cause, metrics)
                    mark = time.monotonic()
                    continue
                self._average(step)
                step += 1
                last = step == settings.steps
                if step % settings.log_every == 0 or last:
                    now = time.monotonic()
                    figures["items_per_second"] = (step - marked) * settings.batch / max(now - mark, 1e-9)
                    if self._validation_due(step):
                        figures |= self._validate(step)
                    mark, marked = time.monotonic(), step
                    metrics.write(step, step * settings.batch, figures)
                last = self._ended(step)
                progress.update(step, _note(figures))
                stopped = self.processes.any(self._stop.is_set())
                now = time.monotonic()
                if last or stopped or self.processes.any(now - checkpoints >= settings.checkpoint_seconds):
                    metrics.flush()
                    self.save(step)
                    checkpoints = time.monotonic()
                if last or stopped or now - previews >= settings.preview_seconds:
                    self._preview(step)
                    previews = time.monotonic()
                if stopped:
                    break
        history = metrics.read()
        finished = self._ended(step)
        verdicts = self.objective.verdict(history)
        if finished and self._best and self._best.step:
            return Outcome(step, self._best.step, finished, self._best.modules, history, verdicts)
        return Outcome(step, step, finished, self.average, history, verdicts)

    def _ended(self, step: int) -> bool:
        """Whether a run is over after ``step`` steps, as far as validations say that were made up to there."""
        settings, best = self.settings, self._best
        if step >= settings.steps:
            return True
        if not settings.patience or best is None or not best.step:
            return False

        # Counted from the steps alone, so that a resumed run ends where an uninterrupted one does.
        def made(at: int) -> int:
            return (at - at % settings.log_every) * settings.validations // settings.steps

        return made(step) - made(best.step) >= settings.patience

    def _validation_due(self, step: int) -> bool:
        # At fixed steps, not times, so that a resumed run validates where an uninterrupted one does.
        settings = self.settings
        if settings.validations < 1:
            return False
        return step * settings.validations // settings.steps > (
            (step - settings.log_every) * settings.validations // settings.steps
        )

    def _validate(self, step: int) -> dict[str, float]:
        torch.manual_seed(mix_seed(self.settings.seed, "validate"))
        with torch.no_grad(), autocast(self.settings.device, self.settings.precision):
            found = self.objective.validate(self.average)
        if self._best:
            self._best.offer(step, found, self.average)
        return {f"validation/{key}": value for key, value in found.items()}

    def _preview(self, step: int) -> None:
        if not self.processes.main:
            return
        torch.manual_seed(mix_seed(self.settings.seed, "preview"))
        with torch.no_grad(), autocast(self.settings.device, self.settings.precision):
            found = self.objective.preview(self.average)
        place = self.folder / "previews" / f"step-{step:08d}"
        if isinstance(found, Picture):
            write_atomic(place.with_suffix(".png"), _png(found))
        elif found is not None:
            write_atomic(place.with_suffix(".txt"), found.text.encode(errors="replace"))


def _note(figures: Mapping[str, float]) -> str:
    return "  ".join(f"{k.split('/')[0]} {v:.3f}" for k, v in figures.items() if k.endswith("/loss"))


def _png(picture: Picture) -> bytes:
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture.pixels).save(buffer, "PNG")
    return buffer.getvalue()


@contextmanager
def _frozen(modules: Sequence[nn.Module]) -> Iterator[None]:
    parameters = [p for module in modules for p in module.parameters() if p.requires_grad]
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)
