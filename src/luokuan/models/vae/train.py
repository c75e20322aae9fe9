"""From a corpus to a VAE's model folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from luokuan.foundation.corpus import PictureCorpus, open_corpus
from luokuan.foundation.corpus.arrays import load_pixels
from luokuan.foundation.family import FamilyTraining
from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.foundation.objective import Objective
from luokuan.foundation.runs import check_choices, resumed
from luokuan.foundation.training import Outcome
from luokuan.models.vae.card import vae_card
from luokuan.models.vae.config import KINDS, LIKELIHOODS, SCALES, SIZES, VaeConfig, vae_config
from luokuan.models.vae.learning import LearningSettings, VaeLearning, posteriors
from luokuan.models.vae.model import weights_of
from luokuan.models.vae.prior import fit
from luokuan.store.home import Home

_DEFAULTS = LearningSettings()


@dataclass(frozen=True, slots=True)
class VaeRun:
    """All choices of a run: written to run.json at its start, so that resume repeats them exactly."""

    name: str
    kind: str = "image"
    size: int = 64
    latent: int = 64
    likelihood: str = "logistic"
    scale: str = "channel"
    beta: float = _DEFAULTS.beta
    warm_up: float = _DEFAULTS.warm_up
    steps: int | None = None
    minutes: float | None = None
    batch: int = 32
    accumulate: int = 1
    rate: float = _DEFAULTS.rate
    rate_end: float = _DEFAULTS.rate_end
    flip: bool = _DEFAULTS.flip
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
                (self.kind in KINDS, "--kind", KINDS),
                (self.size in SIZES, "--size", SIZES),
                (1 <= self.latent <= 512, "--latent", "1 … 512"),
                (self.likelihood in LIKELIHOODS, "--likelihood", LIKELIHOODS),
                (self.scale in SCALES, "--scale", SCALES),
                (0 <= self.beta <= 1000, "--beta", "0 … 1000"),
                (0 <= self.warm_up <= 1, "--warm-up", "0 … 1"),
                (0 < self.rate_end <= self.rate <= 0.1, "--rate", "0 … 0.1"),
            ],
        )


class VaeTraining(FamilyTraining[VaeRun, PictureCorpus]):
    """One prepared run of a VAE on a corpus (see ``FamilyTraining``)."""

    family = "vae"
    config: VaeConfig

    def objective(self) -> Objective:
        """Encoder and decoder on the training pictures."""
        run, (corpus,) = self.run, self.corpora
        corpus.require_trainable(conditional=False)
        train = corpus.split("train")
        held_out = (*corpus.split("validation"), *corpus.split("test"))
        self.held_out = len(held_out)
        self.config = vae_config(
            run.size, latent=run.latent, likelihood=run.likelihood, scale=run.scale, pictures=len(train)
        )
        self._pictures = load_pixels(train, run.size, cache=self.home.cache)
        settings = LearningSettings(
            rate=run.rate, rate_end=run.rate_end, beta=run.beta, warm_up=run.warm_up, flip=run.flip
        )
        return VaeLearning(
            self.config,
            settings,
            self._pictures,
            held_out=load_pixels(held_out, run.size, cache=self.home.cache) if held_out else None,
            device=self.machine.device,
            seed=run.seed,
        )

    def details(self) -> dict[str, Any]:
        """Shape of the latent space and of the likelihood."""
        return {"kind": self.config.kind, "latent": self.config.latent, "likelihood": self.config.likelihood}

    def save(self, outcome: Outcome, training: dict[str, Any]) -> ModelFolder:
        """The averaged networks, with the mixture fitted on the posteriors of the training pictures."""
        encoder, decoder = outcome.average["encoder"], outcome.average["decoder"]
        with torch.no_grad():
            found = posteriors(encoder, self._pictures, self.machine.device, flip=self.run.flip)
            mixture = fit(*found, self.config.components, seed=self.run.seed)
        return save_folder(
            self.home.models / self.run.name,
            config=self.config.to_json(),
            tensors=weights_of(encoder, decoder, mixture),
            training=training,
            card=vae_card(self.run.name, self.config.to_json(), training),
        )


def prepare(corpus: Path | str, *, resume: bool, home: Home, quiet: bool, **choices: Any) -> VaeTraining:
    """A run on a folder of pictures.

    Args:
        resume: Take all choices but ``name`` from the run's record.

    Raises:
        UserError: see ``FamilyTraining``.
    """
    ends = (choices.get("rate_end", _DEFAULTS.rate_end), choices.get("rate", _DEFAULTS.rate))
    run = resumed(home, choices["name"], "vae", VaeRun) if resume else VaeRun(**choices | {"rate_end": min(ends)})
    run.check()  # before the corpus is read
    return VaeTraining((open_corpus(corpus),), run, home=home, quiet=quiet)
