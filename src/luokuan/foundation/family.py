"""Training of any family, from choices to a model: plan it, record it, train or resume it, save it."""

from __future__ import annotations

import json
import math
import resource
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import torch

from luokuan.errors import UserError
from luokuan.files import write_atomic
from luokuan.foundation import compute
from luokuan.foundation.corpus import Corpus
from luokuan.foundation.flops import count_flop
from luokuan.foundation.modelfolder import ModelFolder
from luokuan.foundation.objective import Objective
from luokuan.foundation.processes import Processes
from luokuan.foundation.runs import ChoicesT, busy, in_one_place, joint_digest, material, read_run, versions
from luokuan.foundation.training import Outcome, Settings, Training
from luokuan.i18n import LANGUAGES, _, speaking
from luokuan.store.home import Home

PROBE_STEPS = 20
NOMINAL_STEPS = 1000
"""Length of the run that is probed while the real one isn't known yet."""
OVERHEAD = 0.95
"""Share of the minutes that goes into steps; the rest pays for checkpoints, previews and validation."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What ``--dry-run`` prints. Memory in bytes, time in seconds, rates an item, of which ``unit`` says what it is."""

    parameters: dict[str, int]
    gflop_per_item: float
    items_per_second: float
    memory: int
    steps: int
    items: int
    seconds: float
    precision: str
    device: str
    unit: str
    training_items: int
    held_out_items: int
    classes: tuple[str, ...]
    licence: str
    """Of the model: that of all its material, and of the models on which it rests."""
    details: Mapping[str, Any]
    """What is particular to the family, such as the schedule of γ."""


CorpusT = TypeVar("CorpusT", bound=Corpus)


class FamilyTraining(ABC, Generic[ChoicesT, CorpusT]):
    """One prepared run: the corpora are read, the networks are built.

    A family gives ``family``, ``objective()`` (called once, with ``self.machine`` ready) and ``save()``.

    Args:
        corpora: Opened corpora, at least one.
        run: The choices.
        home: Where runs and models are kept.
        quiet: No progress.

    Raises:
        UserError: a corpus or a choice can't be used.
    """

    family: ClassVar[str]
    unit: str = "pictures"
    """What an item of the training is: ``pictures``, ``windows`` (of text), ``examples``, ``pairs`` (of answers),
    ``sentences`` with their translations, ``texts``, such as single sentences, or
    ``pieces`` of music or ``excerpts`` of them, ``clips`` of sound, ``animations``, which are short clips,
    ``utterances``."""
    packages: ClassVar[tuple[str, ...]] = ()
    """Further packages on whose versions the result depends."""
    period: int = 1
    """Steps after which the work of a step repeats (lazy penalties), so that a plan counts their share."""
    regimes: tuple[float, ...] = (0.0,)
    """Progress (0..1, rising from 0) at which the work of a step changes, so that a plan measures each part."""
    held_out = 0
    """Held-out items; set by ``objective``."""
    best_by: str | None = None
    """Validation figure whose lowest value decides which average is kept; set by ``objective``. None keeps the last."""
    patience = 0
    """Validations in a row without a better one after which the run ends; set by ``objective``. 0: never."""

    def __init__(self, corpora: tuple[CorpusT, ...], run: ChoicesT, *, home: Home, quiet: bool = False) -> None:
        run.check()
        self.corpora, self.run, self.home, self.quiet = corpora, run, home, quiet
        compute.prepare()
        self.machine = compute.machine(run.device, self.precision())
        self.processes = Processes(self.machine.device)
        self.learning = self.objective()

    def precision(self) -> str | None:
        """That of the run, or what suits its networks; None: the machine's own."""
        return self.run.precision

    @abstractmethod
    def objective(self) -> Objective:
        """Build what the loop trains."""

    @abstractmethod
    def save(self, outcome: Outcome, training: dict[str, Any]) -> ModelFolder:
        """Write the model folder of a finished run; ``training`` is its training.json."""

    def details(self) -> dict[str, Any]:
        """What a plan says beyond the common figures."""
        return {}

    def classes(self) -> tuple[str, ...]:
        """Classes that the model tells apart."""
        return ()

    def codec(self) -> ModelFolder | None:
        """The codec in whose space the model works: its digest is recorded, and its material's licence binds too."""
        return None

    def base(self) -> ModelFolder | None:
        """The model whose weights a fresh run starts from: recorded likewise. A resumed one needs it no more."""
        return None

    def parents(self) -> dict[str, ModelFolder]:
        """Models that this one rests on, by their part."""
        return {part: model for part, model in (("codec", self.codec()), ("base", self.base())) if model is not None}

    def pinned(self) -> dict[str, str]:
        """SHA-256, by name, of what else a resumed run must find as it was at the start."""
        return {}

    def published(self) -> dict[str, str]:
        """Choices as a model's record has them, where they would tell of this machine's folders."""
        return {}

    def choices(self) -> dict[str, Any]:
        """The choices as run.json keeps them."""
        return asdict(self.run)

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.home.runs / self.run.name

    def _training(self, steps: int) -> Training:
        run, machine = self.run, self.machine
        settings = Settings(
            steps=steps,
            batch=run.batch,
            seed=run.seed,
            device=machine.device,
            precision=machine.precision,
            accumulate=run.accumulate,
            best_by=self.best_by,
            patience=self.patience,
        )
        title = _("Training {name}", name=run.name)
        return Training(self.learning, settings, self.folder, processes=self.processes, title=title, quiet=self.quiet)

    def _shares(self) -> list[tuple[int, float]]:
        """(first step of a run of ``NOMINAL_STEPS``, share of the run) of each regime."""
        ends = (*self.regimes[1:], 1.0)
        # Rounded up: the first step that lies in the regime.
        return [
            (math.ceil(start * (NOMINAL_STEPS - 1)), end - start) for start, end in zip(self.regimes, ends, strict=True)
        ]

    def seconds_per_step(self) -> float:
        """Seconds a step over the whole run, measured on a few steps of each regime, which are then undone."""
        probe = self._training(NOMINAL_STEPS)
        return sum(share * probe.probe(PROBE_STEPS, first=first) for first, share in self._shares())

    def _gflop_per_item(self) -> float:
        probe, total = self._training(NOMINAL_STEPS), 0.0
        for first, share in self._shares():
            # From a multiple of the period on, so that each kind of step is counted once.
            start = -(-first // self.period) * self.period
            total += share * sum(count_flop(partial(probe.step, start + step)) for step in range(self.period))
        return total / (self.run.batch * self.period) / 1e9

    def _steps(self) -> tuple[int, float | None]:
        """Steps of the run and, if a probe was needed, the seconds a step it measured."""
        if self.run.steps is not None:
            return self.run.steps, None
        seconds = self.seconds_per_step()
        minutes = 10.0 if self.run.minutes is None else self.run.minutes
        return max(round(OVERHEAD * 60 * minutes / seconds), 1), seconds

    def plan(self) -> Plan:
        """Measure a few real steps, undo them, and say what the whole run would take."""
        steps, seconds = self._steps()
        seconds = seconds or self.seconds_per_step()
        gflop = self._gflop_per_item()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return Plan(
            parameters={k: sum(p.numel() for p in m.parameters()) for k, m in self.learning.modules().items()},
            gflop_per_item=gflop,
            items_per_second=self.run.batch / seconds,
            memory=peak,
            steps=steps,
            items=steps * self.run.batch,
            seconds=steps * seconds / OVERHEAD,
            precision=self.machine.precision,
            device=self.machine.device,
            unit=self.unit,
            training_items=self.learning.items(),
            held_out_items=self.held_out,
            classes=self.classes(),
            licence=material(self.corpora, self.parents())["licence"],
            details=self.details(),
        )

    def train(self, *, resume: bool = False) -> tuple[Outcome, ModelFolder | None]:
        """Run to the end or until stopped; save the model folder when finished.

        Returns:
            The outcome, and the model (None when stopped early: resume later).

        Raises:
            UserError: a name that is taken or in training elsewhere, nothing to resume, another corpus than at the
                start, divergence.
        """
        with ExitStack() as held:
            self._hold(held)
            record = self._resume_record() if resume else self._fresh_record()
            outcome = self._training(int(record["steps"])).run(resume=resume)
            if not outcome.finished or not self.processes.main:
                return outcome, None
            return outcome, self.save(outcome, self._training_record(outcome, record))

    def _hold(self, held: ExitStack) -> None:
        refused = None
        if self.processes.main:
            try:
                held.enter_context(in_one_place(self.home, self.run.name))
            except UserError as error:
                refused = error
        # All of them stop, or the others would wait for this one.
        if self.processes.any(refused is not None):
            raise refused or busy(self.run.name)

    def _fresh_record(self) -> dict[str, Any]:
        for place in (self.folder, self.home.models / self.run.name):
            if place.exists():
                raise UserError(
                    _("The name '{name}' is taken: {place} exists.", name=self.run.name, place=place),
                    _("Continue it with --resume, choose another --name, or remove it with `luokuan models remove`."),
                    code="training.name_taken",
                )
        steps, _seconds = self._steps()
        record = {
            "family": self.family,
            "run": self.choices(),
            "steps": steps,
            "corpus": {
                "path": ", ".join(str(corpus.path) for corpus in self.corpora),
                "digest": joint_digest(self.corpora),
            },
            **{part: {"name": m.name, "digest": m.network_digest} for part, m in self.parents().items()},
            **({"pinned": self.pinned()} if self.pinned() else {}),
            "material": material(self.corpora, self.parents()),
            "precision": self.machine.precision,
            "device": self.machine.device,
            "threads": torch.get_num_threads(),
            "versions": versions(*self.packages),
        }
        if self.processes.main:
            write_atomic(self.folder / "run.json", json.dumps(record, indent=1).encode())
        self.processes.wait()
        return record

    def _resume_record(self) -> dict[str, Any]:
        record = read_run(self.home, self.run.name, self.family)
        if record["corpus"]["digest"] != joint_digest(self.corpora):
            raise UserError(
                _(
                    "The corpus {path} has changed since the run began.",
                    path=", ".join(str(corpus.path) for corpus in self.corpora),
                ),
                _("Put the old material back, or start anew under another --name."),
                code="training.corpus_changed",
            )
        for name, digest in self.pinned().items():
            if record.get("pinned", {}).get(name) != digest:
                raise UserError(
                    _("'{name}', on which the run rests, has changed since it began.", name=name),
                    _("Put the old one back, or start anew under another --name."),
                    code=f"training.{name}_changed",
                )
        for part, model in self.parents().items():
            if record.get(part, {}).get("digest") != model.network_digest:
                raise UserError(
                    _("'{name}', on which the run rests, has changed since it began.", name=model.name),
                    _("Put the old one back, or start anew under another --name."),
                    code=f"training.{part}_changed",
                )
        return record

    def _recorded_verdicts(self, outcome: Outcome) -> list[str]:
        # In every language, English first: the model's digest must not depend on whose screen it was trained at.
        found = []
        for name in LANGUAGES:
            with speaking(name):
                found += self.learning.verdict(outcome.history)
        return found

    def _training_record(self, outcome: Outcome, record: dict[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = next((row for row in reversed(outcome.history) if row["step"] == outcome.kept), {})
        learnt = record.get("material") or material(self.corpora, self.parents())  # older runs have no record of it
        # By its name alone: a folder of this machine says nothing elsewhere.
        base = {"base": learnt["base"]["name"]} if "base" in learnt else {}
        return {
            "family": self.family,
            "corpus": {**learnt, self.unit: self.learning.items()},
            "run": {**record["run"], **base, **self.published()},
            "steps": outcome.step,
            # How fast the rate fell depends on how many were planned.
            **({"planned_steps": int(record["steps"])} if outcome.step < int(record["steps"]) else {}),
            "kept": outcome.kept,
            "items": outcome.step * self.run.batch,
            "seed": self.run.seed,
            "precision": record["precision"],
            "threads": record["threads"],
            "versions": record["versions"],
            "machine": {"cpu": self.machine.cpu_name, "cores": self.machine.cores, "gpu": self.machine.cuda},
            "measured": {k: v for k, v in kept.items() if k.startswith("validation/")},
            "verdicts": self._recorded_verdicts(outcome),
        }
