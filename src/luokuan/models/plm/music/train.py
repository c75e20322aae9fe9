"""From a corpus of music to a language model's folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from luokuan.foundation.corpus.scores import ScoreCorpus, open_scores
from luokuan.foundation.family import FamilyTraining
from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.foundation.objective import Objective
from luokuan.foundation.runs import MOST_PATIENCE, check_choices, resumed
from luokuan.foundation.training import Outcome
from luokuan.i18n import _
from luokuan.models.plm import tokenizers
from luokuan.models.plm.config import SIZES, qwen3_config
from luokuan.models.plm.learning import PlmSettings
from luokuan.models.plm.model import saved_files
from luokuan.models.plm.music.card import music_plm_card
from luokuan.models.plm.music.learning import MusicLearning, MusicSettings
from luokuan.models.plm.music.material import Songs, density_limits, require_songs, songs_of
from luokuan.models.plm.music.model import SCHEMA, tokenizer
from luokuan.models.plm.music.tokens import END, TOKENS
from luokuan.models.plm.train import RATES
from luokuan.store.home import Home

_DEFAULTS, _OWN = PlmSettings(), MusicSettings()
CONTEXT = 512
"""Tokens of a window: about eight bars of a song."""
KEEPS = ("best", "last")


@dataclass(frozen=True, slots=True)
class MusicPlmRun:
    """All choices of a run: written to run.json at its start, so that resume repeats them exactly.

    Args:
        kind: ``music``.
        size: One of ``SIZES``.
        layers: Transformer blocks; None: as many as the size has.
        context: Tokens of a window.
        transpose: Whether excerpts are moved to any key.
        fill: Share of excerpts with a gap to fill.
        keep: ``best`` on held-out songs, or ``last``.
    """

    name: str
    kind: str = "music"
    size: str = "micro"
    layers: int | None = None
    context: int = CONTEXT
    transpose: bool = _OWN.transpose
    fill: float = _OWN.fill
    steps: int | None = None
    minutes: float | None = None
    batch: int = 16
    accumulate: int = 1
    rate: float | None = None
    dropout: float = _DEFAULTS.dropout
    keep: str = "best"
    patience: int = 0
    seed: int = 0
    precision: str | None = None
    device: str | None = None

    @property
    def highest_rate(self) -> float:
        """``rate``, or that of the size."""
        return RATES.get(self.size, _DEFAULTS.rate) if self.rate is None else self.rate

    def check(self) -> None:
        """Refuse what can't work.

        Raises:
            UserError: a value is out of its range.
        """
        check_choices(
            self,
            [
                (self.size in SIZES, "--size", tuple(SIZES)),
                (self.layers is None or 1 <= self.layers <= 64, "--layers", "1 … 64"),
                (128 <= self.context <= 1 << 13, "--context", "128 … 8192"),
                (0 <= self.fill <= 1, "--fill", "0 … 1"),
                (self.rate is None or 0 < self.rate <= 0.1, "--rate", "0 … 0.1"),
                (0 <= self.dropout < 1, "--dropout", "0 … 0.99"),
                (self.keep in KEEPS, "--keep", KEEPS),
                (0 <= self.patience <= MOST_PATIENCE, "--patience", f"0 … {MOST_PATIENCE}"),
                (not self.patience or self.keep == "best", "--patience", _("only with --keep best")),
            ],
        )


class MusicPlmTraining(FamilyTraining[MusicPlmRun, ScoreCorpus]):
    """One prepared run of a language model of music on a corpus (see ``FamilyTraining``)."""

    family = "plm"
    unit = "excerpts"
    packages = ("transformers", "tokenizers")
    songs: Songs

    def objective(self) -> Objective:
        """The transformer on excerpts of all training songs."""
        run, (corpus,) = self.run, self.corpora
        self.songs = songs_of(corpus.split("train"))
        require_songs(self.songs, corpus)
        unseen = songs_of(corpus.split("validation")).songs
        self.held_out = len(unseen)
        self.best_by = "nats_per_token" if run.keep == "best" and unseen else None
        self.patience = run.patience
        self.limits = density_limits(self.songs.songs)
        self.config = qwen3_config(
            run.size, vocabulary=len(TOKENS), context=run.context, end=END, layers=run.layers, seed_std=0.02
        )
        return MusicLearning(
            self.config,
            PlmSettings(rate=run.highest_rate, dropout=run.dropout),
            MusicSettings(transpose=run.transpose, fill=run.fill),
            self.songs.songs,
            limits=self.limits,
            held_out=unseen,
            context=run.context,
            device=self.machine.device,
            seed=run.seed,
        )

    def pinned(self) -> dict[str, str]:
        """The tokens."""
        return {"tokenizer": tokenizers.digest(tokenizer())}

    def details(self) -> dict[str, Any]:
        """What there is to learn from."""
        songs = self.songs.songs
        return {
            "kind": "music",
            "songs": len(songs),
            "bars": sum(song.bars for song in songs),
            "tokens": sum(len(song.tokens) for song in songs),
            "vocabulary": len(TOKENS),
            "context": self.run.context,
            "unfit": len(self.songs.unfit),
        }

    def save(self, outcome: Outcome, training: dict[str, Any]) -> ModelFolder:
        """The averaged transformer in bfloat16, as transformers writes it, with its tokens."""
        model = outcome.average["model"]
        config = json.loads(self.config.to_json_string()) | {
            "architectures": [type(model).__name__],
            "dtype": "bfloat16",
            "kind": "music",
            "schema": SCHEMA,
            "density": [round(limit, 3) for limit in self.limits],
        }
        training["run"]["rate"] = self.run.highest_rate
        told = self.details()
        training["corpus"] |= {key: told[key] for key in ("songs", "bars", "tokens", "unfit")}
        return save_folder(
            self.home.models / self.run.name,
            config=config,
            tensors={k: v.detach().to("cpu", torch.bfloat16) for k, v in model.state_dict().items()},
            training=training,
            card=music_plm_card(self.run.name, config, training),
            more=saved_files(int(config["vocab_size"]), tokenizer(), self.run.context),
        )


def prepare(corpus: Path | str, *, resume: bool, home: Home, quiet: bool, **choices: Any) -> MusicPlmTraining:
    """A run on the music in ``corpus``.

    Args:
        resume: Take all choices but ``name`` from the run's record.

    Raises:
        UserError: see ``FamilyTraining``.
    """
    run = resumed(home, choices["name"], "plm", MusicPlmRun) if resume else MusicPlmRun(**choices)
    run.check()  # before the corpus is read
    return MusicPlmTraining((open_scores(corpus),), run, home=home, quiet=quiet)
