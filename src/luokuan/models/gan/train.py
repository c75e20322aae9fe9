"""From a corpus to a GAN's model folder: plan, train or resume, save."""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from luokuan.errors import UserError
from luokuan.files import write_atomic
from luokuan.foundation import compute
from luokuan.foundation.corpus import PictureCorpus, open_corpus
from luokuan.foundation.corpus.arrays import load_labels, load_pixels
from luokuan.foundation.flops import count_flop
from luokuan.foundation.modelcard import gan_card
from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.foundation.processes import Processes
from luokuan.foundation.training import Outcome, Settings, Training
from luokuan.i18n import _
from luokuan.models.gan.config import GanConfig, preset
from luokuan.models.gan.game import CoverageFunction, Game, GameSettings
from luokuan.models.gan.model import weights_of
from luokuan.models.gan.objective import objective
from luokuan.models.gan.run import GanRun, read_run, resumed, versions
from luokuan.models.gan.space import space
from luokuan.store.home import Home, open_home

PROBE_STEPS = 20
OVERHEAD = 0.95
"""Share of the minutes that goes into steps; the rest pays for checkpoints, previews and validation."""


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
    gamma: tuple[float, float]
    precision: str
    device: str
    training_pictures: int
    held_out_pictures: int
    classes: tuple[str, ...]


class GanTraining:
    """One prepared run: the corpus is read, the networks are built.

    Args:
        corpus: Folder of pictures.
        run: The choices.
        coverage: Measures coverage at validation (see ``Game``); None leaves it out.
        home: Where runs and models are kept.
        quiet: No progress.

    Raises:
        UserError: the corpus or a choice can't be used.
    """

    def __init__(
        self,
        corpus: Path | PictureCorpus,
        run: GanRun,
        *,
        coverage: CoverageFunction | None = None,
        home: Home | None = None,
        quiet: bool = False,
    ) -> None:
        run.check()
        self.home, self.run, self.quiet = home or open_home(), run, quiet
        self.corpus = corpus if isinstance(corpus, PictureCorpus) else open_corpus(corpus)
        self.conditional = run.condition == "class" and len(self.corpus.classes) > 1
        self.corpus.require_trainable(conditional=self.conditional)
        compute.prepare()
        self.machine = compute.machine(run.device, run.precision)
        self.processes = Processes(self.machine.device)
        self._coverage = coverage
        self.game = self._build()

    def _build(self) -> Game:
        run, train = self.run, self.corpus.split("train")
        held_out = (*self.corpus.split("validation"), *self.corpus.split("test"))
        pictures = load_pixels(train, run.size, cache=self.home.cache)
        labels = load_labels(train) if self.conditional else None
        counts = np.bincount(labels, minlength=len(self.corpus.classes)).tolist() if labels is not None else []
        fitting = "gpu" if self.machine.device.startswith("cuda") else "cpu-small"
        self.config: GanConfig = preset(
            run.preset or fitting,
            run.size,
            classes=self.corpus.classes if self.conditional else (),
            class_counts=counts,
        )
        self.held_out = len(held_out)
        settings = GameSettings(
            objective(run.objective),
            run.gamma_schedule,
            penalty_every=run.penalty_every,
            rate=run.rate,
            rate_end=run.rate_end,
            flip=run.flip,
        )
        return Game(
            self.config,
            settings,
            space(self.config.space),
            pictures,
            labels,
            held_out=load_pixels(held_out, run.size, cache=self.home.cache) if held_out else None,
            coverage=self._coverage,
            device=self.machine.device,
            seed=run.seed,
        )

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.home.runs / self.run.name

    def _settings(self, steps: int) -> Settings:
        run, machine = self.run, self.machine
        return Settings(
            steps=steps,
            batch=run.batch,
            seed=run.seed,
            device=machine.device,
            precision=machine.precision,
            accumulate=run.accumulate,
        )

    def _training(self, steps: int) -> Training:
        title = _("Training {name}", name=self.run.name)
        return Training(
            self.game,
            self._settings(steps),
            self.folder,
            processes=self.processes,
            title=title,
            quiet=self.quiet,
        )

    def _steps(self) -> tuple[int, float | None]:
        """Steps of the run and, if a probe was needed, the seconds a step it measured."""
        if self.run.steps is not None:
            return self.run.steps, None
        seconds = self._training(PROBE_STEPS).probe(PROBE_STEPS)
        minutes = 10.0 if self.run.minutes is None else self.run.minutes
        return max(round(OVERHEAD * 60 * minutes / seconds), 1), seconds

    def plan(self) -> Plan:
        """Measure a few real steps, undo them, and say what the whole run would take."""
        steps, seconds = self._steps()
        probe = self._training(max(self.run.penalty_every, PROBE_STEPS))
        seconds = seconds or probe.probe(PROBE_STEPS)
        every = self.run.penalty_every
        # One period of the lazy penalties, so that their share is counted as it falls.
        flop = count_flop(lambda: [probe.step(step) for step in range(every)])
        items = self.run.batch * every
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        gamma = self.run.gamma_schedule
        return Plan(
            parameters={k: sum(p.numel() for p in m.parameters()) for k, m in self.game.modules().items()},
            gflop_per_item=flop / items / 1e9,
            items_per_second=self.run.batch / seconds,
            memory=peak,
            steps=steps,
            items=steps * self.run.batch,
            seconds=steps * seconds / OVERHEAD,
            gamma=(gamma.start, gamma.end),
            precision=self.machine.precision,
            device=self.machine.device,
            training_pictures=self.game.items(),
            held_out_pictures=self.held_out,
            classes=self.config.classes,
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
        return outcome, self._save(outcome, record)

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
            "run": asdict(self.run),
            "steps": steps,
            "corpus": {"path": str(self.corpus.path), "digest": self.corpus.digest},
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
        record = read_run(self.home, self.run.name)
        if record["corpus"]["digest"] != self.corpus.digest:
            raise UserError(
                _("The corpus {path} has changed since the run began.", path=self.corpus.path),
                _("Put the old pictures back, or start anew under another --name."),
                code="training.corpus_changed",
            )
        return record

    def _save(self, outcome: Outcome, record: dict[str, Any]) -> ModelFolder:
        card = self.corpus.card
        last = outcome.history[-1] if outcome.history else {}
        measured = {k: v for k, v in last.items() if k.startswith("validation/")}
        training = {
            "family": "gan",
            "corpus": {
                "title": card.title if card else self.corpus.path.name,
                "digest": self.corpus.digest,
                "licence": self.corpus.licence,
                "credit": card.credit if card else "",
                "source": card.source if card else "",
                "pictures": self.game.items(),
                "aliases": dict(card.aliases) if card else {},
            },
            "run": record["run"],
            "steps": outcome.step,
            "items": outcome.step * self.run.batch,
            "seed": self.run.seed,
            "precision": record["precision"],
            "threads": record["threads"],
            "versions": record["versions"],
            "machine": {"cpu": self.machine.cpu_name, "cores": self.machine.cores, "gpu": self.machine.cuda},
            "measured": measured,
            "verdicts": outcome.verdicts,
        }
        return save_folder(
            self.home.models / self.run.name,
            config=self.config.to_json(),
            tensors=weights_of(outcome.average["generator"], self.game.discriminator),
            training=training,
            card=gan_card(self.run.name, self.config.to_json(), training),
        )


def train_gan(
    corpus: Path | str,
    *,
    resume: bool = False,
    home: Home | None = None,
    quiet: bool = True,
    coverage: CoverageFunction | None = None,
    **choices: Any,
) -> ModelFolder | None:
    """Train a GAN on a folder of pictures (Python counterpart of ``luokuan train gan``).

    Args:
        corpus: Folder of pictures.
        resume: Continue the run ``name``; other choices come from its start.
        choices: Fields of ``GanRun``; ``name`` is required.

    Returns:
        The model folder, or None when the run was stopped and can be resumed.

    Raises:
        UserError: see ``GanTraining``.
    """
    place = home or open_home()
    run = resumed(place, choices["name"]) if resume else GanRun(**choices)
    training = GanTraining(Path(corpus), run, coverage=coverage, home=place, quiet=quiet)
    return training.train(resume=resume)[1]
