"""From a corpus and a codec to a prior's model folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from luokuan.errors import UserError
from luokuan.foundation import checkpoint
from luokuan.foundation.corpus import Item, PictureCorpus, open_corpus
from luokuan.foundation.family import FamilyTraining
from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.foundation.objective import Objective
from luokuan.foundation.runs import check_choices, resumed
from luokuan.foundation.training import Outcome
from luokuan.i18n import _
from luokuan.models.codec.cache import CROPS, load_tokens
from luokuan.models.codec.config import FACTOR
from luokuan.models.codec.finding import codec_named
from luokuan.models.codec.model import Codec
from luokuan.models.prior.base import base_named, check_base, start_from
from luokuan.models.prior.card import prior_card
from luokuan.models.prior.condition import attribute_table, prefixes, vocabulary
from luokuan.models.prior.config import CONDITIONS, ORDERS, SIZES, PriorConfig
from luokuan.models.prior.learning import Material, PriorLearning, PriorSettings
from luokuan.models.prior.model import CONDITIONS as KEPT
from luokuan.models.prior.model import weights_of
from luokuan.store.home import Home, open_home

_DEFAULTS = PriorSettings()
KEEPS = ("best", "last")
"""Which average of a run is kept: that which predicted held-out pictures best, or the last."""


@dataclass(frozen=True, slots=True)
class PriorRun:
    """All choices of a run: written to run.json at its start, so that resume repeats them exactly."""

    name: str
    codec: str = "picture-codec"
    size: int = 64
    condition: str | None = None
    order: str = "autoregressive"
    width: int = 256
    layers: int = 4
    steps: int | None = None
    minutes: float | None = None
    batch: int = 16
    accumulate: int = 1
    rate: float = _DEFAULTS.rate
    crops: int = 1
    flip: bool = True
    dropout: float = _DEFAULTS.dropout
    blank: float = _DEFAULTS.blank
    keep: str = "best"
    base: str | None = None
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
                (self.size in SIZES, "--size", SIZES),
                (self.condition in (None, *CONDITIONS), "--condition", CONDITIONS),
                (self.order in ORDERS, "--order", ORDERS),
                (64 <= self.width <= 2048 and self.width % 64 == 0, "--width", "64, 128 … 2048"),
                (1 <= self.layers <= 48, "--layers", "1 … 48"),
                (0 < self.rate <= 0.1, "--rate", "0 … 0.1"),
                (1 <= self.crops <= CROPS, "--crops", f"1 … {CROPS}"),
                (0 <= self.dropout < 1, "--dropout", "0 … 0.99"),
                (0 <= self.blank <= 1, "--blank", "0 … 1"),
                (self.keep in KEEPS, "--keep", KEEPS),
            ],
        )
        if self.order == "masked" and self.blank != _DEFAULTS.blank:
            raise UserError(
                _("{option} has no say with {other}.", option="--blank", other="--order masked"),
                _("Leave one of them out."),
                code="training.option",
            )


def fitting_condition(corpus: PictureCorpus) -> str:
    """The most that a corpus tells of its pictures: captions, attributes, classes or nothing."""
    train = corpus.split("train")
    if sum(bool(item.text and item.text.strip()) for item in train) > len(train) / 2:
        return "text"
    if attribute_table(train):
        return "attributes"
    return "class" if len(corpus.classes + corpus.empty) > 1 else "none"


def prior_config(run: PriorRun, corpus: PictureCorpus, codec: Codec) -> PriorConfig:
    """The shape that fits the corpus.

    Raises:
        UserError: the codec has no tokens, or the corpus lacks what the condition needs.
    """
    if not codec.token_levels:
        raise UserError(
            _("The codec '{name}' has continuous latents and no tokens.", name=codec.folder.name),
            _("Train one with `luokuan train codec --bottleneck fsq`."),
            code="codec.no_tokens",
        )
    condition = run.condition or fitting_condition(corpus)
    train = corpus.split("train")
    told: dict[str, Any] = {}
    if condition == "class":
        counts = Counter(item.label for item in train)
        told = {
            "classes": corpus.classes,
            "class_counts": tuple(counts[index] for index in range(len(corpus.classes))),
        }
    elif condition == "attributes":
        table = attribute_table(train)
        told = {
            "attributes": tuple(table),
            "values": tuple(tuple(sorted(values)) for values in table.values()),
            "value_counts": tuple(tuple(values[v] for v in sorted(values)) for values in table.values()),
        }
    elif condition == "text":
        told = {"words": vocabulary(item.text for item in train if item.text)}
    if condition != "none" and not next(iter(told.values())):
        raise UserError(
            _("{path} has nothing for --condition {condition}.", path=corpus.path, condition=condition),
            _("Give class folders, or label, text or attribute columns in metadata.jsonl."),
            code="training.condition",
        )
    return PriorConfig(
        codec=run.codec,
        codec_digest=codec.folder.network_digest,
        size=run.size,
        cells=run.size // FACTOR,
        levels=codec.token_levels,
        order=run.order,
        width=run.width,
        layers=run.layers,
        heads=run.width // 64,
        condition=condition,
        conditions=min(len(train), KEPT),
        **told,
    )


class PriorTraining(FamilyTraining[PriorRun, PictureCorpus]):
    """One prepared run of a prior on a corpus (see ``FamilyTraining``)."""

    family = "prior"
    config: PriorConfig
    known: int | None = None
    """Classes, values or words that the base knows; None without a base."""

    def objective(self) -> Objective:
        """The transformer on the tokens of the training pictures."""
        run, corpus = self.run, self.corpora[0]
        self._codec = codec_named(run.codec, self.home)
        begun = bool(checkpoint.saved(self.folder / "checkpoints"))  # they hold all weights
        self._base = None if run.base is None or begun else base_named(run.base, self.home)
        self.config = prior_config(run, corpus, self._codec)
        if self._base is not None:
            check_base(self.config, self._base)  # before the pictures are encoded
        corpus.require_trainable(conditional=self.config.condition == "class")
        validation, test = corpus.split("validation"), corpus.split("test")
        held_out = (*validation, *test)
        self.held_out = len(held_out)
        self.best_by = "choosing_nats_per_cell" if run.keep == "best" else None
        order = np.random.default_rng(0).permutation(len(held_out))
        self.material = self._material(corpus.split("train"), flip=run.flip, crops=run.crops)
        learning = PriorLearning(
            self.config,
            PriorSettings(rate=run.rate, dropout=run.dropout, blank=run.blank),
            self.material,
            held_out=self._material([held_out[i] for i in order], flip=False),
            choosing=order < len(validation),
            decode=self._codec.from_tokens,
            device=self.machine.device,
            seed=run.seed,
        )
        if self._base is not None:
            self.known = start_from(learning.prior, self._base)
        return learning

    def _material(self, items: Sequence[Item], *, flip: bool, crops: int = 1) -> Material:
        side, channels = self.config.cells, len(self.config.levels)
        if not items:
            empty = np.empty((0, 1, channels, side, side), dtype=np.uint8)
            return Material(empty, np.empty((0, 1, 1), dtype=np.int64))
        tokens = load_tokens(
            self._codec, items, self.run.size, cache=self.home.cache, crops=crops, quiet=self.quiet
        )  # (N, 2·crops, C, h, w)
        return Material(tokens if flip else tokens[:, ::2], prefixes(self.config, items))

    def codec(self) -> ModelFolder | None:
        """The codec whose tokens the prior speaks."""
        return self._codec.folder

    def base(self) -> ModelFolder | None:
        """The prior whose weights this one starts from."""
        return self._base

    def details(self) -> dict[str, Any]:
        """The grid and what the prior is told."""
        return {"cells": self.config.positions, "condition": self.config.condition, "order": self.config.order}

    def classes(self) -> tuple[str, ...]:
        """Classes that the prior tells apart."""
        return self.config.classes

    def save(self, outcome: Outcome, training: dict[str, Any]) -> ModelFolder:
        """The averaged transformer, and training conditions to draw from."""
        rows = np.linspace(0, len(self.material) - 1, self.config.conditions).round().astype(np.int64)
        conditions = torch.from_numpy(self.material.prefixes[rows, 0])
        return save_folder(
            self.home.models / self.run.name,
            config=self.config.to_json(),
            tensors=weights_of(outcome.average["prior"], conditions),
            training=training,
            card=prior_card(self.run.name, self.config.to_json(), training),
        )


def train_prior(
    corpus: Path | str,
    *,
    resume: bool = False,
    home: Home | None = None,
    quiet: bool = True,
    **choices: Any,
) -> ModelFolder | None:
    """Train a prior on a folder of pictures (Python counterpart of ``luokuan train prior``).

    Args:
        corpus: Folder of pictures.
        resume: Continue the run ``name``; other choices come from its start.
        choices: Fields of ``PriorRun``; ``name`` is required.

    Returns:
        The model folder, or None when the run was stopped and can be resumed.

    Raises:
        UserError: see ``FamilyTraining``.
    """
    place = home or open_home()
    run = resumed(place, choices["name"], "prior", PriorRun) if resume else PriorRun(**choices)
    return PriorTraining((open_corpus(corpus),), run, home=place, quiet=quiet).train(resume=resume)[1]
