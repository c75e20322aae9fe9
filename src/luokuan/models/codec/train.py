"""From corpora to a codec's model folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from luokuan.errors import UserError
from luokuan.foundation.corpus import PictureCorpus, open_corpus
from luokuan.foundation.corpus.arrays import load_pixels
from luokuan.foundation.family import FamilyTraining
from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.foundation.objective import Objective
from luokuan.foundation.runs import check_choices, resumed
from luokuan.foundation.training import Outcome
from luokuan.i18n import _
from luokuan.models.codec.card import codec_card
from luokuan.models.codec.config import BOTTLENECKS, LATENT_CHANNELS, LEVELS, USUAL_CHANNELS, CodecConfig, codec_config
from luokuan.models.codec.learning import CROP, LARGE, LARGE_FROM, CodecLearning, LearningSettings, Pictures
from luokuan.models.codec.model import latent_moments, weights_of
from luokuan.store.home import Home, open_home

_DEFAULTS = LearningSettings()


@dataclass(frozen=True, slots=True)
class CodecRun:
    """All choices of a run: written to run.json at its start, so that resume repeats them exactly."""

    name: str
    bottleneck: str = "fsq"
    latent_channels: int | None = None
    levels: tuple[int, ...] = LEVELS
    steps: int | None = None
    minutes: float | None = None
    batch: int = 32
    accumulate: int = 1
    rate: float = _DEFAULTS.rate
    rate_end: float = _DEFAULTS.rate_end
    perceptual: float = _DEFAULTS.perceptual
    adversary: float = _DEFAULTS.adversary
    adversary_from: float = _DEFAULTS.adversary_from
    seed: int = 0
    precision: str | None = None
    device: str | None = None

    def check(self) -> None:
        """Refuse what can't work.

        Raises:
            UserError: a value is out of its range, or has no say with this bottleneck.
        """
        continuous = self.bottleneck == "kl"
        # Records of older runs name the usual channels even with fsq.
        chosen = self.latent_channels not in (None, USUAL_CHANNELS)
        for option, other, silent in (
            ("--latent-channels", "--bottleneck kl", chosen and not continuous),
            ("--levels", "--bottleneck fsq", self.levels != LEVELS and continuous),
        ):
            if silent:
                raise UserError(
                    _("{option} has no say without {other}.", option=option, other=other),
                    _("Add {other}, or leave it out.", other=other),
                    code="training.option",
                )
        check_choices(
            self,
            [
                (self.bottleneck in BOTTLENECKS, "--bottleneck", BOTTLENECKS),
                (self.latent_channels in (None, *LATENT_CHANNELS), "--latent-channels", LATENT_CHANNELS),
                (1 <= len(self.levels) <= 64 and all(2 <= x <= 256 for x in self.levels), "--levels", "2 … 256"),
                (0 < self.rate_end <= self.rate <= 0.1, "--rate", "0 … 0.1"),
                (0 <= self.perceptual <= 100, "--perceptual", "0 … 100"),
                (0 <= self.adversary <= 10, "--adversary", "0 … 10"),
                (0 <= self.adversary_from <= 1, "--adversary-from", "0 … 1"),
            ],
        )  # fmt: skip


class CodecTraining(FamilyTraining[CodecRun, PictureCorpus]):
    """One prepared run of a codec on one or more corpora (see ``FamilyTraining``)."""

    family = "codec"
    config: CodecConfig

    def objective(self) -> Objective:
        """Encoder, decoder and discriminator on the training pictures of all corpora."""
        run = self.run
        for corpus in self.corpora:
            corpus.require_trainable(conditional=False)
        self.regimes = tuple(sorted({0.0, LARGE_FROM, *([run.adversary_from] if run.adversary else [])}))
        small, large = (self._pixels(("train",), side) for side in (CROP, LARGE))
        held_out = self._pixels(("validation", "test"), CROP)
        self.held_out = len(held_out)
        self.config = codec_config(
            run.bottleneck, latent_channels=run.latent_channels or USUAL_CHANNELS, levels=run.levels
        )
        settings = LearningSettings(
            rate=run.rate,
            rate_end=run.rate_end,
            perceptual=run.perceptual,
            adversary=run.adversary,
            adversary_from=run.adversary_from,
        )
        # Shuffled, because validation looks at the first 512.
        order = np.random.default_rng(0).permutation(len(held_out))
        return CodecLearning(
            self.config,
            settings,
            Pictures(small, large),
            held_out=held_out[order],
            device=self.machine.device,
            seed=run.seed,
        )

    def _pixels(self, splits: tuple[str, ...], side: int) -> NDArray[np.uint8]:
        arrays = [
            load_pixels(items, side, cache=self.home.cache)
            for corpus in self.corpora
            if (items := [item for split in splits for item in corpus.split(split)])
        ]
        return np.concatenate(arrays) if arrays else np.empty((0, side, side, 3), dtype=np.uint8)

    def details(self) -> dict[str, Any]:
        """Shape of a latent cell."""
        return {"bottleneck": self.config.bottleneck, "latent_channels": self.config.latent_channels}

    def save(self, outcome: Outcome, training: dict[str, Any]) -> ModelFolder:
        """Weights with the latents' mean and standard deviation over the training pictures."""
        learning = self.learning
        assert isinstance(learning, CodecLearning)
        encoder, decoder = outcome.average["encoder"], outcome.average["decoder"]
        pictures = self._pixels(("train",), CROP)
        with torch.no_grad():
            moments = latent_moments(encoder, learning.bottleneck, pictures, self.machine.device)
        return save_folder(
            self.home.models / self.run.name,
            config=self.config.to_json(),
            tensors=weights_of(encoder, decoder, moments),
            training=training,
            card=codec_card(self.run.name, self.config.to_json(), training),
        )


def train_codec(
    corpora: Path | str | list[Path | str],
    *,
    resume: bool = False,
    home: Home | None = None,
    quiet: bool = True,
    **choices: Any,
) -> ModelFolder | None:
    """Train a codec on folders of pictures (Python counterpart of ``luokuan train codec``).

    Args:
        corpora: One folder or several.
        resume: Continue the run ``name``; other choices come from its start.
        choices: Fields of ``CodecRun``; ``name`` is required.

    Returns:
        The model folder, or None when the run was stopped and can be resumed.

    Raises:
        UserError: see ``FamilyTraining``.
    """
    place = home or open_home()
    run = resumed(place, choices["name"], "codec", CodecRun) if resume else CodecRun(**choices)
    folders = corpora if isinstance(corpora, list) else [corpora]
    opened = tuple(open_corpus(folder) for folder in folders)
    return CodecTraining(opened, run, home=place, quiet=quiet).train(resume=resume)[1]
