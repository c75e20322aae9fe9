"""From a corpus of music to the folder of a GAN."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from luokuan.foundation.corpus.scores import ScoreCorpus, open_scores
from luokuan.foundation.family import FamilyTraining
from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.foundation.objective import Objective
from luokuan.foundation.runs import check_choices, resumed
from luokuan.foundation.training import Outcome
from luokuan.models.gan.config import OBJECTIVES
from luokuan.models.gan.game import GameSettings
from luokuan.models.gan.music.card import music_gan_card
from luokuan.models.gan.music.config import MusicGanConfig, window_of
from luokuan.models.gan.music.game import LEAST, MusicGame
from luokuan.models.gan.music.material import counts_of, parts_of, require_parts
from luokuan.models.gan.music.model import weights_of
from luokuan.models.gan.objective import Gamma, objective
from luokuan.models.vae.music.encodings import ENCODINGS, GRIDS, NAMES, Encoding, usual_grid
from luokuan.models.vae.music.material import Frames, frames_of, require_frames
from luokuan.store.home import Home


@dataclass(frozen=True, slots=True)
class MusicGanRun:
    """All choices of a run: written to run.json at its start, so that resume repeats them exactly.

    Args:
        encoding: See ``models.vae.music.encodings``.
        grid: Likewise; without one the encoding's first.
        gamma: Weight of the gradient penalties at the start, falling to a tenth.
        transpose: Whether pieces are transposed, as far as all voices stay in the material's ranges.
        keep: ``best``: the average whose windows are nearest to held-out ones; ``last``.
    """

    name: str
    kind: str = "music"
    encoding: str = "satb"
    grid: str | None = None
    objective: str = "relativistic"
    width: int = 96
    depth: int = 2
    steps: int | None = None
    minutes: float | None = None
    batch: int = 16
    accumulate: int = 1
    rate: float = 1e-3
    rate_end: float = 1e-4
    gamma: float = 0.1
    penalty_every: int = 4
    transpose: bool = True
    keep: str = "best"
    seed: int = 0
    precision: str | None = None
    device: str | None = None

    @property
    def way(self) -> Encoding:
        """How scores are written.

        Raises:
            KeyError: there is no such encoding on that grid.
        """
        return ENCODINGS[self.encoding, self.grid or usual_grid(self.encoding)]

    def check(self) -> None:
        """Refuse what can't work.

        Raises:
            UserError: a value is out of its range.
        """
        check_choices(
            self,
            [
                (self.kind == "music", "--kind", ("music",)),
                (self.encoding in NAMES, "--encoding", NAMES),
                (self.grid is None or self.grid in GRIDS, "--grid", GRIDS),
                (
                    self.encoding not in NAMES or (self.encoding, self.grid or usual_grid(self.encoding)) in ENCODINGS,
                    "--grid",
                    ", ".join(grid for name, grid in ENCODINGS if name == self.encoding),
                ),
                (self.objective in OBJECTIVES, "--objective", OBJECTIVES),
                (8 <= self.width <= 1024, "--width", "8 … 1024"),
                (1 <= self.depth <= 8, "--depth", "1 … 8"),
                (0 < self.rate_end <= self.rate <= 0.1, "--rate", "0 … 0.1"),
                (0 <= self.gamma <= 1e6, "--gamma", "≥ 0"),
                (self.penalty_every >= 1, "--penalty-every", "≥ 1"),
                (self.keep in ("best", "last"), "--keep", ("best", "last")),
            ],
        )


DEFAULTS = MusicGanRun("")


class MusicGanTraining(FamilyTraining[MusicGanRun, ScoreCorpus]):
    """One prepared run of a GAN of music (see ``FamilyTraining``)."""

    family = "gan"
    unit = "pieces"
    config: MusicGanConfig
    frames: Frames

    def __init__(self, corpora: tuple[ScoreCorpus, ...], run: MusicGanRun, *, home: Home, quiet: bool = False) -> None:
        self.period = run.penalty_every
        super().__init__(corpora, run, home=home, quiet=quiet)

    def objective(self) -> Objective:
        """The game on windows of the training pieces."""
        run, (corpus,), way = self.run, self.corpora, self.run.way
        train, window = corpus.split("train"), window_of(self.run.way)
        self.frames = frames_of(train, way)
        require_frames(self.frames, corpus)
        bar = 4.0 if run.encoding == "melody" else float(np.median([piece.bar for piece in train]))
        parts = parts_of(self.frames.pieces, way, window=window, bar=bar, transpose=run.transpose)
        require_parts(parts, corpus, window)
        self.short = len(self.frames.pieces) - len(parts)
        held_out = parts_of(frames_of(corpus.split("validation"), way).pieces, way, window=window, bar=bar)
        self.held_out = len(held_out)
        self.config = MusicGanConfig(
            run.encoding,
            run.grid or usual_grid(run.encoding),
            counts_of(parts),
            width=run.width,
            depth=run.depth,
            bar=bar,
            frames=int(np.median([len(piece) for piece in self.frames.pieces])),
        )
        settings = GameSettings(
            objective(run.objective),
            Gamma(run.gamma, run.gamma / 10),
            penalty_every=run.penalty_every,
            rate=run.rate,
            rate_end=run.rate_end,
        )
        game = MusicGame(
            self.config, settings, parts, held_out=held_out, device=self.machine.device, seed=run.seed
        )  # fmt: skip
        self.best_by = "frechet" if run.keep == "best" and game.validated >= LEAST else None
        return game

    def details(self) -> dict[str, Any]:
        """What there is to learn from, and how it is written."""
        return {
            "kind": "music",
            "encoding": self.config.encoding,
            "grid": self.config.grid,
            "window_frames": self.config.window,
            "frames": sum(map(len, self.frames.pieces)),
            "unfit": len(self.frames.unfit),
            "short": self.short,
        }

    def save(self, outcome: Outcome, training: dict[str, Any]) -> ModelFolder:
        """The averaged generator and the discriminator."""
        game = self.learning
        assert isinstance(game, MusicGame)
        learnt = self.details()
        training["corpus"] |= {key: learnt[key] for key in ("frames", "unfit", "short")}
        config = self.config.to_json()
        return save_folder(
            self.home.models / self.run.name,
            config=config,
            tensors=weights_of(outcome.average["generator"], game.discriminator),
            training=training,
            card=music_gan_card(self.run.name, config, training),
        )


def prepare(corpus: Path | str, *, resume: bool, home: Home, quiet: bool, **choices: Any) -> MusicGanTraining:
    """A run on the music in ``corpus``.

    Args:
        resume: Take all choices but ``name`` from the run's record.

    Raises:
        UserError: see ``FamilyTraining``.
    """
    ends = (choices.get("rate_end", DEFAULTS.rate_end), choices.get("rate", DEFAULTS.rate))
    run = (
        resumed(home, choices["name"], "gan", MusicGanRun)
        if resume
        else MusicGanRun(**choices | {"rate_end": min(ends)})
    )
    run.check()  # before the corpus is read
    return MusicGanTraining((open_scores(corpus),), run, home=home, quiet=quiet)
