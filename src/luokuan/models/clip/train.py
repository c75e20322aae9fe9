"""From a corpus of clips to a model folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from luokuan.errors import UserError
from luokuan.foundation.corpus.clips import ClipCorpus, ClipItem, load_clips, open_clips
from luokuan.foundation.family import FamilyTraining
from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.foundation.objective import Objective
from luokuan.foundation.runs import check_choices, resumed
from luokuan.foundation.training import Outcome
from luokuan.i18n import _
from luokuan.models.clip.card import clip_card
from luokuan.models.clip.config import FRAMES, MOST_CELLS, SIZES, USUAL_FPS, ClipConfig
from luokuan.models.clip.learning import ClipLearning, Clips, ClipSettings
from luokuan.models.clip.model import CONDITIONS, weights_of
from luokuan.models.codec.config import FACTOR
from luokuan.models.codec.finding import codec_named
from luokuan.models.codec.model import Codec
from luokuan.models.prior.condition import attribute_table, prefixes
from luokuan.models.prior.learning import PriorSettings
from luokuan.store.home import Home, open_home

_DEFAULTS, _SHAPE = ClipSettings(), ClipConfig()
KEEPS = ("best", "last")


@dataclass(frozen=True, slots=True)
class ClipRun:
    """All choices of a run: written to run.json at its start, so that resume repeats them exactly.

    Args:
        size: Side of a frame in pixels.
        frames: Frames of a clip.
        codec: One that was trained before: store name, starter name, folder; None: it learns its own first.
        codec_share: Share of the run in which its own codec learns; the rest is the prior's.
        levels: Levels of each token channel of its own codec.
        width: Length of a cell's vector in the prior.
        layers: Blocks of the prior.
        keep: ``best`` on held-out clips, or ``last``.
    """

    name: str
    size: int = _SHAPE.size
    frames: int = _SHAPE.frames
    codec: str | None = None
    codec_share: float = _DEFAULTS.codec_share
    levels: tuple[int, ...] = _SHAPE.levels
    width: int = _SHAPE.width
    layers: int = _SHAPE.layers
    steps: int | None = None
    minutes: float | None = None
    batch: int = 16
    accumulate: int = 1
    rate: float = _DEFAULTS.rate
    prior_rate: float = _DEFAULTS.prior.rate
    dropout: float = _DEFAULTS.prior.dropout
    blank: float = _DEFAULTS.prior.blank
    keep: str = "best"
    seed: int = 0
    precision: str | None = None
    device: str | None = None

    def check(self) -> None:
        """Refuse what can't work.

        Raises:
            UserError: a value is out of its range.
        """
        fits = self.size % FACTOR == 0 and SIZES[0] <= self.size <= SIZES[1]
        check_choices(
            self,
            [
                (fits, "--size", f"{SIZES[0]}, {SIZES[0] + FACTOR} … {SIZES[1]}"),
                (FRAMES[0] <= self.frames <= FRAMES[1], "--frames", f"{FRAMES[0]} … {FRAMES[1]}"),
                (0.05 <= self.codec_share <= 0.95, "--codec-share", "0.05 … 0.95"),
                (
                    1 <= len(self.levels) <= 32 and all(2 <= level <= 256 for level in self.levels),
                    "--levels",
                    "8,8,8,8,8,8",
                ),
                (self.width % 64 == 0 and 64 <= self.width <= 2048, "--width", "64, 128 … 2048"),
                (1 <= self.layers <= 48, "--layers", "1 … 48"),
                (0 < self.rate <= 0.1, "--rate", "0 … 0.1"),
                (0 < self.prior_rate <= 0.1, "--prior-rate", "0 … 0.1"),
                (0 <= self.dropout < 1, "--dropout", "0 … 0.99"),
                (0 <= self.blank <= 1, "--blank", "0 … 1"),
                (self.keep in KEEPS, "--keep", KEEPS),
            ],
        )
        side = self.size // FACTOR // ClipConfig.fitting(self.size, len(self.levels))
        cells = self.frames * side**2
        if cells > MOST_CELLS:
            raise UserError(
                _("{frames} frames of {size} pixels have {cells} places; {most} at most.", frames=self.frames,
                  size=self.size, cells=cells, most=MOST_CELLS),
                _("Give a smaller --size or fewer --frames."),
                code="training.option",
            )  # fmt: skip
        usual = {"levels": _SHAPE.levels, "rate": _DEFAULTS.rate, "codec_share": _DEFAULTS.codec_share}
        silent = next((name for name, value in usual.items() if getattr(self, name) != value), None)
        if self.codec is not None and silent is not None:
            raise UserError(
                _("{option} has no say with {other}.", option="--" + silent.replace("_", "-"), other="--codec"),
                _("Leave one of them out."),
                code="training.option",
            )


class ClipTraining(FamilyTraining[ClipRun, ClipCorpus]):
    """One prepared run of codec and prior on a corpus (see ``FamilyTraining``)."""

    family = "clip"
    unit = "animations"
    config: ClipConfig

    def objective(self) -> Objective:
        """Codec and prior on the training clips."""
        run, (corpus,) = self.run, self.corpora
        corpus.require_trainable()
        self._codec = None if run.codec is None else _token_codec(run.codec, self.home)
        train, unseen = corpus.split("train"), corpus.split("validation")
        self.held_out = len(unseen)
        self.regimes = (0.0,) if self._codec is not None else (0.0, run.codec_share)
        self.best_by = "nats_per_cell" if run.keep == "best" and unseen else None
        table = attribute_table(train)
        codec = self._codec
        levels = run.levels if codec is None else codec.token_levels
        self.config = ClipConfig(
            size=run.size,
            frames=run.frames,
            fps=_usual_fps(train),
            levels=levels,
            together=ClipConfig.fitting(run.size, len(levels)),
            codec="" if codec is None else str(run.codec),
            codec_digest="" if codec is None else codec.folder.network_digest,
            width=run.width,
            layers=run.layers,
            heads=run.width // 64,
            conditions=min(len(train), CONDITIONS),
            attributes=tuple(table),
            values=tuple(tuple(sorted(values)) for values in table.values()),
            value_counts=tuple(tuple(values[v] for v in sorted(values)) for values in table.values()),
        )
        usual = _DEFAULTS.prior
        settings = ClipSettings(
            codec_share=run.codec_share,
            rate=run.rate,
            rate_end=min(_DEFAULTS.rate_end, run.rate),
            prior=PriorSettings(
                rate=run.prior_rate, dropout=run.dropout, blank=run.blank, weight_decay=usual.weight_decay
            ),
        )
        self.material = self._clips(train)
        return ClipLearning(
            self.config,
            settings,
            self.material,
            held_out=self._clips(unseen),
            codec=codec,
            device=self.machine.device,
            seed=run.seed,
        )

    def _clips(self, items: Sequence[ClipItem]) -> Clips:
        frames = load_clips(items, self.run.frames, self.run.size, cache=self.home.cache)
        return Clips(frames, prefixes(self.config.prior, items))

    def codec(self) -> ModelFolder | None:
        """The codec whose tokens the prior speaks, unless it is its own."""
        return None if self._codec is None else self._codec.folder

    def details(self) -> dict[str, Any]:
        """What a clip is, and what the model is told of it."""
        corpus = self.corpora[0]
        return {
            "frames": self.config.frames,
            "size": self.config.size,
            "fps": self.config.fps,
            "attributes": {
                name: len(values) for name, values in zip(self.config.attributes, self.config.values, strict=True)
            },
            "thinned": sum(item.frames > self.config.frames for item in corpus.items),
            "held": sum(item.frames < self.config.frames for item in corpus.items),
        }

    def save(self, outcome: Outcome, training: dict[str, Any]) -> ModelFolder:
        """The averaged networks in float16, and training conditions to draw from."""
        train = self.corpora[0].split("train")
        training["corpus"] |= {
            "seconds": round(len(train) * self.config.frames / self.config.fps, 1),
        }
        rows = np.linspace(0, len(train) - 1, self.config.conditions).round().astype(np.int64)
        config = self.config.to_json()
        return save_folder(
            self.home.models / self.run.name,
            config=config,
            tensors=weights_of(outcome.average, torch.from_numpy(self.material.prefixes[rows, 0])),
            training=training,
            card=clip_card(self.run.name, config, training),
        )


def _token_codec(name: str, home: Home) -> Codec:
    codec = codec_named(name, home)
    if not codec.token_levels:
        raise UserError(
            _("The codec '{name}' has continuous latents and no tokens.", name=codec.folder.name),
            _("Train one with `luokuan train codec --bottleneck fsq`."),
            code="codec.no_tokens",
        )
    return codec


def _usual_fps(items: Sequence[ClipItem]) -> float:
    said = [item.fps for item in items if item.fps is not None]
    return float(np.clip(np.median(said), 1, 60)) if said else USUAL_FPS


def train_clip(
    corpus: Path | str,
    *,
    resume: bool = False,
    home: Home | None = None,
    quiet: bool = True,
    **choices: Any,
) -> ModelFolder | None:
    """Train a model of clips (Python counterpart of ``luokuan train clip``).

    Args:
        corpus: Folder of clips.
        resume: Continue the run ``name``; other choices come from its start.
        home: Where runs and models are kept; default: the user's home.
        quiet: No progress.
        choices: Fields of ``ClipRun``; ``name`` is required.

    Returns:
        The model folder, or None when the run was stopped and can be resumed.

    Raises:
        UserError: see ``FamilyTraining``.
    """
    place = home or open_home()
    run = resumed(place, choices["name"], "clip", ClipRun) if resume else ClipRun(**choices)
    run.check()  # before the corpus is read
    return ClipTraining((open_clips(corpus),), run, home=place, quiet=quiet).train(resume=resume)[1]
