"""From a corpus to a GAN's model folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luokuan.foundation.corpus import PictureCorpus, open_corpus
from luokuan.foundation.corpus.arrays import load_labels, load_pixels
from luokuan.foundation.corpus.reader import Item
from luokuan.foundation.family import FamilyTraining
from luokuan.foundation.modelcard import gan_card
from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.foundation.objective import Objective
from luokuan.foundation.runs import resumed
from luokuan.foundation.training import Outcome
from luokuan.models.codec.cache import load_latents
from luokuan.models.codec.finding import codec_named
from luokuan.models.evaluation.network import coverage_function
from luokuan.models.gan.config import GanConfig, latent_preset, preset
from luokuan.models.gan.game import GameSettings
from luokuan.models.gan.model import weights_of
from luokuan.models.gan.objective import Gamma, objective
from luokuan.models.gan.picturegame import CoverageFunction, PictureGame
from luokuan.models.gan.run import GanRun
from luokuan.models.gan.space import LatentSpace, PixelSpace, Space
from luokuan.store.home import Home, open_home

DEFAULTS = GanRun("")


class GanTraining(FamilyTraining[GanRun, PictureCorpus]):
    """One prepared run of a GAN (see ``FamilyTraining``).

    Args:
        corpus: Folder of pictures.
        run: The choices.
        coverage: Measures coverage at validation (see ``PictureGame``); None leaves it out.
        home: Where runs and models are kept.
        quiet: No progress.

    Raises:
        UserError: the corpus, the codec or a choice can't be used.
    """

    family = "gan"
    config: GanConfig
    space: Space
    gamma: Gamma
    """γ over the run."""

    def __init__(
        self,
        corpus: Path | PictureCorpus,
        run: GanRun,
        *,
        coverage: CoverageFunction | None = None,
        home: Home | None = None,
        quiet: bool = False,
    ) -> None:
        run = run.whole()
        run.check()  # before the corpus is read
        self._coverage = coverage
        self.period = run.penalty_every
        place = home or open_home()
        self._codec = codec_named(run.codec, place) if run.codec is not None else None
        opened = corpus if isinstance(corpus, PictureCorpus) else open_corpus(corpus)
        super().__init__((opened,), run, home=place, quiet=quiet)

    def objective(self) -> Objective:
        """The game on the training pictures."""
        run, corpus = self.run, self.corpora[0]
        conditional = run.condition == "class" and len(corpus.classes) > 1
        corpus.require_trainable(conditional=run.condition == "class" and len(corpus.classes + corpus.empty) > 1)
        train = corpus.split("train")
        held_out = (*corpus.split("validation"), *corpus.split("test"))
        labels = load_labels(train) if conditional else None
        counts = np.bincount(labels, minlength=len(corpus.classes)).tolist() if labels is not None else []
        material = self._material(train, {"classes": corpus.classes if conditional else (), "class_counts": counts})
        self.gamma = run.gamma_schedule(self.space.distance_ratio)
        self.held_out = len(held_out)
        settings = GameSettings(
            objective(run.objective),
            self.gamma,
            penalty_every=run.penalty_every,
            rate=run.rate,
            rate_end=run.rate_end,
            flip=run.flip,
        )
        return PictureGame(
            self.config,
            settings,
            self.space,
            material,
            labels,
            held_out=load_pixels(held_out, run.size, cache=self.home.cache) if held_out else None,
            coverage=self._coverage,
            device=self.machine.device,
            seed=run.seed,
        )

    def _material(self, items: Sequence[Item], classes: dict[str, Any]) -> NDArray[Any]:
        """The training pictures as the space keeps them; sets the space and the shape of the networks."""
        run, cache = self.run, self.home.cache
        name = run.preset or ("gpu" if self.machine.device.startswith("cuda") else "cpu-small")
        if self._codec is None:
            self.space = PixelSpace()
            self.config = preset(name, run.size, **classes)
            return load_pixels(items, run.size, cache=cache)
        latents = load_latents(self._codec, items, run.size, cache=cache, crops=run.crops or 1, quiet=self.quiet)
        self.space = LatentSpace(self._codec, latents.distance_ratio)
        folder = self._codec.folder
        self.config = latent_preset(
            name,
            run.size,
            channels=self._codec.channels,
            codec=folder.name,
            codec_digest=folder.network_digest,
            **classes,
        )
        return latents.values

    def codec(self) -> ModelFolder | None:
        """The codec in whose latents the game is played."""
        return None if self._codec is None else self._codec.folder

    def choices(self) -> dict[str, Any]:
        """All choices; for pixels without those that latents brought, so that such records stay as they were."""
        values = asdict(self.run)
        if self.run.space == "pixels":
            for later in ("space", "codec", "crops"):
                del values[later]
        return values

    def details(self) -> dict[str, Any]:
        """The schedule of γ; in latents also the codec, the grid and how far points lie apart."""
        found: dict[str, Any] = {"gamma": (self.gamma.start, self.gamma.end)}
        if self._codec is not None:
            config = self.config
            found |= {"codec": config.codec, "codec_digest": config.codec_digest}
            found |= {"cells": config.size, "channels": config.channels, "distance_ratio": self.space.distance_ratio}
        return found

    def classes(self) -> tuple[str, ...]:
        """Classes that the networks are conditioned on."""
        return self.config.classes

    def save(self, outcome: Outcome, training: dict[str, Any]) -> ModelFolder:
        """The averaged generator and the discriminator."""
        game = self.learning
        assert isinstance(game, PictureGame)
        return save_folder(
            self.home.models / self.run.name,
            config=self.config.to_json(),
            tensors=weights_of(outcome.average["generator"], game.discriminator),
            training=training,
            card=gan_card(self.run.name, self.config.to_json(), training),
        )


def prepare(corpus: Path | str, *, resume: bool, home: Home, quiet: bool, **choices: Any) -> GanTraining:
    """A run on a folder of pictures, with coverage at each validation.

    Args:
        resume: Take all choices but ``name`` from the run's record.

    Raises:
        UserError: see ``GanTraining``.
    """
    ends = (choices.get("rate_end", DEFAULTS.rate_end), choices.get("rate", DEFAULTS.rate))
    run = resumed(home, choices["name"], "gan", GanRun) if resume else GanRun.of(**choices | {"rate_end": min(ends)})
    return GanTraining(Path(corpus), run, coverage=coverage_function(), home=home, quiet=quiet)
