"""From corpora to an upscaler's model folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luokuan.foundation.corpus import PictureCorpus, open_corpus
from luokuan.foundation.corpus.arrays import load_pixels
from luokuan.foundation.family import FamilyTraining
from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.foundation.objective import Objective
from luokuan.foundation.runs import check_choices, resumed
from luokuan.foundation.training import Outcome
from luokuan.models.codec.fidelity import LEAST
from luokuan.models.upscaler.card import upscaler_card
from luokuan.models.upscaler.config import UpscalerConfig
from luokuan.models.upscaler.fidelity import compare
from luokuan.models.upscaler.learning import SIDE, LearningSettings, UpscalerLearning
from luokuan.models.upscaler.model import Enlarger, weights_of
from luokuan.models.upscaler.record import COMPARISON
from luokuan.store.home import Home, open_home

_DEFAULTS = LearningSettings()
COMPARED = 512
"""Held-out pictures that the comparison at the end looks at, at most."""


@dataclass(frozen=True, slots=True)
class UpscalerRun:
    """All choices of a run: written to run.json at its start, so that resume repeats them exactly."""

    name: str
    steps: int | None = None
    minutes: float | None = None
    batch: int = 32
    accumulate: int = 1
    rate: float = _DEFAULTS.rate
    rate_end: float = _DEFAULTS.rate_end
    adversary: float = _DEFAULTS.adversary
    adversary_from: float = _DEFAULTS.adversary_from
    matching: float = _DEFAULTS.matching
    seed: int = 0
    precision: str | None = None
    device: str | None = None

    def check(self) -> None:
        """Refuse what can't work.

        Raises:
            UserError: a value is out of its range.
        """
        check_choices(
            self,
            [
                (0 < self.rate_end <= self.rate <= 0.1, "--rate", "0 … 0.1"),
                (0 <= self.adversary <= 10, "--adversary", "0 … 10"),
                (0 <= self.matching <= 100, "--matching", "0 … 100"),
                (0 <= self.adversary_from <= 1, "--adversary-from", "0 … 1"),
            ],
        )


class UpscalerTraining(FamilyTraining[UpscalerRun, PictureCorpus]):
    """One prepared run of an upscaler on one or more corpora (see ``FamilyTraining``)."""

    family = "upscaler"
    config = UpscalerConfig()

    def objective(self) -> Objective:
        """Upscaler and discriminator on the training pictures of all corpora."""
        run = self.run
        for corpus in self.corpora:
            corpus.require_trainable(conditional=False)
        self.regimes = tuple(sorted({0.0, *([run.adversary_from] if run.adversary and run.adversary_from < 1 else [])}))
        self.pictures = self._pixels(("train",))
        held_out = self._pixels(("validation", "test"))
        self.held_out = len(held_out)
        # Shuffled, because validation and comparison look at the first ones.
        self.unseen = held_out[np.random.default_rng(0).permutation(len(held_out))]
        settings = LearningSettings(
            rate=run.rate,
            rate_end=run.rate_end,
            adversary=run.adversary,
            adversary_from=run.adversary_from,
            matching=run.matching,
        )
        return UpscalerLearning(
            self.config, settings, self.pictures, held_out=self.unseen, device=self.machine.device, seed=run.seed
        )

    def _pixels(self, splits: tuple[str, ...]) -> NDArray[np.uint8]:
        arrays = [
            load_pixels(items, SIDE, cache=self.home.cache)
            for corpus in self.corpora
            if (items := [item for split in splits for item in corpus.split(split)])
        ]
        return np.concatenate(arrays) if arrays else np.empty((0, SIDE, SIDE, 3), dtype=np.uint8)

    def save(self, outcome: Outcome, training: dict[str, Any]) -> ModelFolder:
        """Weights, and how they fare on held-out pictures: what ``create`` decides by."""
        weights = weights_of(outcome.average["upscaler"])
        unseen = self.unseen[:COMPARED]
        if min(len(unseen), len(self.pictures)) >= LEAST:
            found = compare(Enlarger(self.config, weights).double, train=self.pictures, held_out=unseen)
            training = training | {COMPARISON: found.to_json()}
        return save_folder(
            self.home.models / self.run.name,
            config=self.config.to_json(),
            tensors=weights,
            training=training,
            card=upscaler_card(self.run.name, self.config.to_json(), training),
        )


def train_upscaler(
    corpora: Path | str | list[Path | str],
    *,
    resume: bool = False,
    home: Home | None = None,
    quiet: bool = True,
    **choices: Any,
) -> ModelFolder | None:
    """Train an upscaler on folders of pictures (Python counterpart of ``luokuan train upscaler``).

    Args:
        corpora: One folder or several.
        resume: Continue the run ``name``; other choices come from its start.
        home: Where runs and models are kept; default: the user's home.
        quiet: No progress.
        choices: Fields of ``UpscalerRun``; ``name`` is required.

    Returns:
        The model folder, or None when the run was stopped and can be resumed.

    Raises:
        UserError: see ``FamilyTraining``.
    """
    place = home or open_home()
    run = resumed(place, choices["name"], "upscaler", UpscalerRun) if resume else UpscalerRun(**choices)
    folders = corpora if isinstance(corpora, list) else [corpora]
    opened = tuple(open_corpus(folder) for folder in folders)
    return UpscalerTraining(opened, run, home=place, quiet=quiet).train(resume=resume)[1]
