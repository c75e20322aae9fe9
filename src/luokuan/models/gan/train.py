"""From a corpus to a GAN's model folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from luokuan.foundation.corpus import PictureCorpus, open_corpus
from luokuan.foundation.corpus.arrays import load_labels, load_pixels
from luokuan.foundation.family import FamilyTraining
from luokuan.foundation.modelcard import gan_card
from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.foundation.runs import resumed
from luokuan.foundation.training import Objective, Outcome
from luokuan.models.gan.config import GanConfig, preset
from luokuan.models.gan.game import CoverageFunction, Game, GameSettings
from luokuan.models.gan.model import weights_of
from luokuan.models.gan.objective import objective
from luokuan.models.gan.run import GanRun
from luokuan.models.gan.space import space
from luokuan.store.home import Home, open_home


class GanTraining(FamilyTraining[GanRun]):
    """One prepared run of a GAN (see ``FamilyTraining``).

    Args:
        corpus: Folder of pictures.
        run: The choices.
        coverage: Measures coverage at validation (see ``Game``); None leaves it out.
        home: Where runs and models are kept.
        quiet: No progress.

    Raises:
        UserError: the corpus or a choice can't be used.
    """

    family = "gan"
    config: GanConfig

    def __init__(
        self,
        corpus: Path | PictureCorpus,
        run: GanRun,
        *,
        coverage: CoverageFunction | None = None,
        home: Home | None = None,
        quiet: bool = False,
    ) -> None:
        run.check()  # before the corpus is read
        self._coverage = coverage
        self.period = run.penalty_every
        opened = corpus if isinstance(corpus, PictureCorpus) else open_corpus(corpus)
        super().__init__((opened,), run, home=home or open_home(), quiet=quiet)

    def objective(self) -> Objective:
        """The game on the training pictures."""
        run, corpus = self.run, self.corpora[0]
        conditional = run.condition == "class" and len(corpus.classes) > 1
        corpus.require_trainable(conditional=conditional)
        train = corpus.split("train")
        held_out = (*corpus.split("validation"), *corpus.split("test"))
        pictures = load_pixels(train, run.size, cache=self.home.cache)
        labels = load_labels(train) if conditional else None
        counts = np.bincount(labels, minlength=len(corpus.classes)).tolist() if labels is not None else []
        fitting = "gpu" if self.machine.device.startswith("cuda") else "cpu-small"
        self.config = preset(
            run.preset or fitting,
            run.size,
            classes=corpus.classes if conditional else (),
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

    def details(self) -> dict[str, Any]:
        """The schedule of γ."""
        gamma = self.run.gamma_schedule
        return {"gamma": (gamma.start, gamma.end)}

    def classes(self) -> tuple[str, ...]:
        """Classes that the networks are conditioned on."""
        return self.config.classes

    def save(self, outcome: Outcome, training: dict[str, Any]) -> ModelFolder:
        """The averaged generator and the discriminator."""
        game = self.learning
        assert isinstance(game, Game)
        return save_folder(
            self.home.models / self.run.name,
            config=self.config.to_json(),
            tensors=weights_of(outcome.average["generator"], game.discriminator),
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
    run = resumed(place, choices["name"], "gan", GanRun) if resume else GanRun(**choices)
    training = GanTraining(Path(corpus), run, coverage=coverage, home=place, quiet=quiet)
    return training.train(resume=resume)[1]
