"""A run of any family from its choices to its model: plan it, record it, train or resume it, save it."""

from __future__ import annotations

import json
import math
import platform
import resource
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import torch

from luokuan.errors import UserError
from luokuan.files import sha256_bytes, write_atomic
from luokuan.foundation import compute
from luokuan.foundation.corpus import PictureCorpus
from luokuan.foundation.flops import count_flop
from luokuan.foundation.modelfolder import ModelFolder, check_name
from luokuan.foundation.processes import Processes
from luokuan.foundation.training import Objective, Outcome, Settings, Training
from luokuan.i18n import _
from luokuan.store.home import Home

PROBE_STEPS = 20
NOMINAL_STEPS = 1000
"""Length of the run that is probed while the real one isn't known yet."""
OVERHEAD = 0.95
"""Share of the minutes that goes into steps; the rest pays for checkpoints, previews and validation."""


class Choices(Protocol):
    """What every family's run has: a dataclass of plain values, written to run.json at its start."""

    @property
    def name(self) -> str: ...
    @property
    def steps(self) -> int | None: ...
    @property
    def minutes(self) -> float | None: ...
    @property
    def batch(self) -> int: ...
    @property
    def accumulate(self) -> int: ...
    @property
    def seed(self) -> int: ...
    @property
    def precision(self) -> str | None: ...
    @property
    def device(self) -> str | None: ...
    def check(self) -> None:
        """Refuse what can't work (UserError)."""
        ...


Rules = list[tuple[bool, str, object]]
"""(whether it holds, the option, what is allowed)."""


def check_choices(run: Choices, rules: Rules) -> None:
    """Refuse what no run can do, and where one of ``rules`` doesn't hold.

    Raises:
        UserError: a value is out of its range, or both steps and minutes were given.
    """
    check_name(run.name)
    common: Rules = [
        (run.steps is None or run.steps >= 1, "--steps", "≥ 1"),
        (run.minutes is None or 0 < run.minutes <= 100_000, "--minutes", "> 0"),
        (run.batch >= 2, "--batch", "≥ 2"),
    ]
    for good, option, allowed in (*rules, *common):
        if not good:
            raise UserError(
                _("{option} is out of its range.", option=option),
                _("Allowed: {allowed}.", allowed=allowed),
                code="training.option",
            )
    if run.steps is not None and run.minutes is not None:
        raise UserError(_("Both --steps and --minutes were given."), _("Give one of them."), code="training.option")


def versions() -> dict[str, str]:
    """Versions that a result depends on."""
    found = {"python": platform.python_version()}
    for package in ("luokuan", "torch", "numpy", "pillow"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found


def read_run(home: Home, name: str, family: str) -> dict[str, Any]:
    """What run.json of the run ``name`` says; its ``run`` holds the choices.

    Raises:
        UserError: there is no such run, it is of another family, or its record can't be read.
    """
    check_name(name)
    path = home.runs / name / "run.json"
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        dict(record["run"]), int(record["steps"]), str(record["corpus"]["digest"])
        found = str(record["family"])
    except FileNotFoundError as error:
        raise UserError(
            _("There is no run named '{name}' to resume.", name=name),
            _("Start it without --resume; runs are kept in {path}.", path=home.runs),
            code="training.no_run",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(path) from error
    if found != family:
        raise UserError(
            _("The run '{name}' trains a model of the family '{family}'.", name=name, family=found),
            _("Resume it with `luokuan train {family}`, or choose another --name.", family=found),
            code="training.family",
        )
    return record


ChoicesT = TypeVar("ChoicesT", bound=Choices)


def resumed(home: Home, name: str, family: str, kind: type[ChoicesT]) -> ChoicesT:
    """The choices of the run ``name``, as it was started.

    Raises:
        UserError: see ``read_run``; or the choices don't fit this version.
    """
    values = read_run(home, name, family)["run"]
    try:
        # JSON has no tuples.
        return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})
    except TypeError as error:
        raise _unreadable(home.runs / name / "run.json") from error


def _unreadable(path: object) -> UserError:
    return UserError(
        _("The record {path} can't be read.", path=path),
        _("Start anew under another --name."),
        code="training.record",
    )


def material(corpora: tuple[PictureCorpus, ...]) -> dict[str, Any]:
    """The corpora as training.json names them: one digest, all licences, all credits."""
    cards = [corpus.card for corpus in corpora]
    licences = sorted({corpus.licence for corpus in corpora})
    digests = [corpus.digest for corpus in corpora]

    def joined(values: list[str]) -> str:
        return "; ".join(dict.fromkeys(value for value in values if value))

    return {
        "title": joined([c.title if c and c.title else p.path.name for c, p in zip(cards, corpora, strict=True)]),
        "digest": joint_digest(corpora),
        # An SPDX expression: all of them bind. One unknown licence makes the whole unknown.
        "licence": "unknown" if "unknown" in licences else " AND ".join(licences),
        "credit": joined([c.credit for c in cards if c]),
        "source": joined([c.source for c in cards if c]),
        "aliases": {key: value for c in cards if c for key, value in c.aliases.items()},
        **({"digests": digests} if len(digests) > 1 else {}),
    }


def joint_digest(corpora: tuple[PictureCorpus, ...]) -> str:
    """The corpus's digest, or SHA-256 over the sorted digests of several, a line each."""
    if len(corpora) == 1:
        return corpora[0].digest
    return sha256_bytes("".join(f"{digest}\n" for digest in sorted(c.digest for c in corpora)).encode())


@dataclass(frozen=True, slots=True)
class Plan:
    """What ``--dry-run`` prints. Memory in bytes, time in seconds, rates an item (training picture)."""

    parameters: dict[str, int]
    gflop_per_item: float
    items_per_second: float
    memory: int
    steps: int
    items: int
    seconds: float
    precision: str
    device: str
    training_pictures: int
    held_out_pictures: int
    classes: tuple[str, ...]
    details: Mapping[str, Any]
    """What is particular to the family, such as the schedule of γ."""


class FamilyTraining(ABC, Generic[ChoicesT]):
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
    period: int = 1
    """Steps after which the work of a step repeats (lazy penalties), so that a plan counts their share."""
    regimes: tuple[float, ...] = (0.0,)
    """Progress (0..1, rising from 0) at which the work of a step changes, so that a plan measures each part."""
    held_out = 0
    """Held-out pictures; set by ``objective``."""

    def __init__(self, corpora: tuple[PictureCorpus, ...], run: ChoicesT, *, home: Home, quiet: bool = False) -> None:
        run.check()
        self.corpora, self.run, self.home, self.quiet = corpora, run, home, quiet
        compute.prepare()
        self.machine = compute.machine(run.device, run.precision)
        self.processes = Processes(self.machine.device)
        self.learning = self.objective()

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

    @property
    def folder(self) -> Any:
        """The run's folder (a ``Path``)."""
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
            steps = range(start, start + self.period)
            total += share * count_flop(lambda steps=steps: [probe.step(step) for step in steps])  # type: ignore[misc]
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
            training_pictures=self.learning.items(),
            held_out_pictures=self.held_out,
            classes=self.classes(),
            details=self.details(),
        )

    def train(self, *, resume: bool = False) -> tuple[Outcome, ModelFolder | None]:
        """Run to the end or until stopped; save the model folder when finished.

        Returns:
            The outcome, and the model (None when stopped early: resume later).

        Raises:
            UserError: a name that is taken, nothing to resume, another corpus than at the start, divergence.
        """
        record = self._resume_record() if resume else self._fresh_record()
        outcome = self._training(int(record["steps"])).run(resume=resume)
        if not outcome.finished or not self.processes.main:
            return outcome, None
        return outcome, self.save(outcome, self._training_record(outcome, record))

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
            "run": asdict(self.run),  # type: ignore[call-overload]
            "steps": steps,
            "corpus": {
                "path": ", ".join(str(corpus.path) for corpus in self.corpora),
                "digest": joint_digest(self.corpora),
            },
            "precision": self.machine.precision,
            "device": self.machine.device,
            "threads": torch.get_num_threads(),
            "versions": versions(),
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
                _("Put the old pictures back, or start anew under another --name."),
                code="training.corpus_changed",
            )
        return record

    def _training_record(self, outcome: Outcome, record: dict[str, Any]) -> dict[str, Any]:
        last = outcome.history[-1] if outcome.history else {}
        return {
            "family": self.family,
            "corpus": {**material(self.corpora), "pictures": self.learning.items()},
            "run": record["run"],
            "steps": outcome.step,
            "items": outcome.step * self.run.batch,
            "seed": self.run.seed,
            "precision": record["precision"],
            "threads": record["threads"],
            "versions": record["versions"],
            "machine": {"cpu": self.machine.cpu_name, "cores": self.machine.cores, "gpu": self.machine.cuda},
            "measured": {k: v for k, v in last.items() if k.startswith("validation/")},
            "verdicts": outcome.verdicts,
        }
