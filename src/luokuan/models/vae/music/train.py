"""From a corpus of music to a music VAE's model folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from luokuan.foundation.corpus.scores import Piece, ScoreCorpus, open_scores
from luokuan.foundation.family import FamilyTraining
from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.foundation.objective import Objective
from luokuan.foundation.runs import check_choices, resumed
from luokuan.foundation.training import Outcome
from luokuan.models.evaluation.music import density, key_of
from luokuan.models.vae.music.bounds import cut, grouped, look
from luokuan.models.vae.music.card import music_card
from luokuan.models.vae.music.config import ATTRIBUTES, MusicConfig
from luokuan.models.vae.music.encodings import ENCODINGS, GRIDS, NAMES, REST, Encoding, decode, usual_grid
from luokuan.models.vae.music.learning import MusicLearning, MusicSettings
from luokuan.models.vae.music.material import Frames, frames_of, require_frames
from luokuan.models.vae.music.model import weights_of
from luokuan.models.vae.music.networks import Decoder
from luokuan.store.home import Home, open_home

_DEFAULTS = MusicSettings()
KEEPS = ("best", "last")
DESCRIBED = 4096
"""Most segments from which an attribute's direction is found."""


@dataclass(frozen=True, slots=True)
class MusicRun:
    """All choices of a run: written to run.json at its start, so that resume repeats them exactly.

    Args:
        kind: ``music``.
        encoding: See ``models.vae.music.encodings``.
        grid: Likewise; without one the encoding's first.
        latent: Length of a segment's latent; 0 trains the same decoder without any.
        free_bits: Nats a segment that the latent may carry for nothing.
        hide: Largest share of earlier frames that are hidden from the trunk while training.
        keep: ``best`` on held-out pieces, or ``last``.
    """

    name: str
    kind: str = "music"
    encoding: str = "satb"
    grid: str | None = None
    latent: int = 32
    width: int = 144
    beta: float = _DEFAULTS.beta
    warm_up: float = _DEFAULTS.rising
    free_bits: float = _DEFAULTS.free
    hide: float = _DEFAULTS.hide
    dropout: float = _DEFAULTS.dropout
    transpose: bool = _DEFAULTS.transpose
    steps: int | None = None
    minutes: float | None = None
    batch: int = 32
    accumulate: int = 1
    rate: float = _DEFAULTS.rate
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
                (self.encoding in NAMES, "--encoding", NAMES),
                (self.grid is None or self.grid in GRIDS, "--grid", GRIDS),
                (
                    self.encoding not in NAMES or (self.encoding, self.grid or usual_grid(self.encoding)) in ENCODINGS,
                    "--grid",
                    ", ".join(grid for name, grid in ENCODINGS if name == self.encoding),
                ),
                (0 <= self.latent <= 512, "--latent", "0 … 512"),
                (self.width % 8 == 0 and 32 <= self.width <= 512, "--width", "32, 40 … 512"),
                (0 <= self.beta <= 1000, "--beta", "0 … 1000"),
                (0 <= self.warm_up <= 1, "--warm-up", "0 … 1"),
                (0 <= self.free_bits <= 1000, "--free-bits", "0 … 1000"),
                (0 <= self.hide <= 1, "--hide", "0 … 1"),
                (0 <= self.dropout < 1, "--dropout", "0 … 0.99"),
                (0 < self.rate <= 0.1, "--rate", "0 … 0.1"),
                (self.keep in KEEPS, "--keep", KEEPS),
            ],
        )


class MusicTraining(FamilyTraining[MusicRun, ScoreCorpus]):
    """One prepared run of a music VAE on a corpus (see ``FamilyTraining``)."""

    family = "vae"
    unit = "pieces"
    config: MusicConfig
    frames: Frames

    def objective(self) -> Objective:
        """The networks on the frames of all training pieces."""
        run, (corpus,) = self.run, self.corpora
        train = corpus.split("train")
        self.frames = frames_of(train, run.way)
        require_frames(self.frames, corpus)
        held_out = frames_of(corpus.split("validation"), run.way).pieces
        self.held_out = len(held_out)
        self.best_by = "nats_per_frame" if run.keep == "best" and held_out else None
        self.config = config_of(run, train, self.frames.pieces)
        settings = MusicSettings(
            rate=run.rate,
            beta=run.beta,
            rising=run.warm_up,
            free=run.free_bits,
            dropout=run.dropout,
            hide=run.hide,
            transpose=run.transpose,
        )
        return MusicLearning(
            self.config,
            settings,
            self.frames.pieces,
            held_out=held_out,
            device=self.machine.device,
            seed=run.seed,
        )

    def details(self) -> dict[str, Any]:
        """What there is to learn from, and how it is written."""
        return {
            "kind": "music",
            "encoding": self.config.encoding,
            "grid": self.config.grid,
            "latent": self.config.latent,
            "segment_frames": self.config.way.segment,
            "frames": sum(map(len, self.frames.pieces)),
            "unfit": len(self.frames.unfit),
        }

    def save(self, outcome: Outcome, training: dict[str, Any]) -> ModelFolder:
        """The averaged networks in float16, with the directions of attributes in the latents of training segments."""
        found: dict[str, Tensor] = {}
        if self.config.latent:
            found = directions(self.config, outcome.average, self.frames.pieces, self.machine.device)
        training["corpus"] |= {"frames": sum(map(len, self.frames.pieces)), "unfit": len(self.frames.unfit)}
        config = self.config.to_json() | {"attributes": list(found)}
        return save_folder(
            self.home.models / self.run.name,
            config=config,
            tensors=weights_of(outcome.average, found),
            training=training,
            card=music_card(self.run.name, config, training),
        )


def config_of(run: MusicRun, pieces: Sequence[Piece], frames: Sequence[NDArray[np.int64]]) -> MusicConfig:
    """Shape of the networks, and what is typical of the material."""
    pitches = np.concatenate([piece[piece < REST] for piece in frames])
    bars = [piece.bar for piece in pieces]
    return MusicConfig(
        run.encoding,
        run.grid or usual_grid(run.encoding),
        latent=run.latent,
        width=run.width,
        bar=4.0 if run.encoding == "melody" else float(np.median(bars)),
        centre=float(pitches.mean()),
        frames=int(np.median([len(piece) for piece in frames])),
    )


@torch.no_grad()
def directions(
    config: MusicConfig, modules: Any, frames: Sequence[NDArray[np.int64]], device: str = "cpu"
) -> dict[str, Tensor]:
    """The difference of mean latents (Larsen et al. 2016, arXiv 1512.09300, sec. 5.1; MusicVAE, sec. 5.4) of training
    segments, (D,) each: of pieces in minor less those in major; of the third with most notes a quarter less that with
    fewest. An attribute without both sides is left out."""
    encoder, decoder = modules["encoder"], modules["decoder"]
    assert isinstance(decoder, Decoder)
    segment, way = config.way.segment, config.way
    chosen = (
        frames
        if len(frames) <= DESCRIBED
        else [frames[i] for i in np.linspace(0, len(frames) - 1, DESCRIBED).astype(int)]
    )
    means, minor, dense = [], [], []
    for piece in cut(chosen, segment):
        whole = piece[: len(piece) - len(piece) % segment]
        if not len(whole) or not (whole < REST).any():
            continue
        (group,) = grouped([whole], [0], segment, device)
        means.append(look(encoder, decoder, group).mean.cpu().float())
        mode = not key_of(decode(piece, way)).major
        for start in range(0, len(whole), segment):
            minor.append(mode)
            dense.append(density(decode(whole[start : start + segment], way)))
    if not means:
        return {}
    latents, labels, amounts = torch.cat(means), torch.tensor(minor), torch.tensor(dense)
    low, high = torch.quantile(amounts, torch.tensor([1 / 3, 2 / 3]))
    sides = {"mode": (labels, ~labels), "density": (amounts >= high, amounts <= low)}
    return {
        name: latents[sides[name][0]].mean(dim=0) - latents[sides[name][1]].mean(dim=0)
        for name in ATTRIBUTES
        if sides[name][0].any() and sides[name][1].any() and not bool((sides[name][0] & sides[name][1]).all())
    }


def prepare(corpus: Path | str, *, resume: bool, home: Home, quiet: bool, **choices: Any) -> MusicTraining:
    """A run on the music in ``corpus``.

    Args:
        resume: Take all choices but ``name`` from the run's record.

    Raises:
        UserError: see ``FamilyTraining``.
    """
    run = resumed(home, choices["name"], "vae", MusicRun) if resume else MusicRun(**choices)
    run.check()  # before the corpus is read
    return MusicTraining((open_scores(corpus),), run, home=home, quiet=quiet)


def train_music(
    corpus: Path | str,
    *,
    resume: bool = False,
    home: Home | None = None,
    quiet: bool = True,
    **choices: Any,
) -> ModelFolder | None:
    """Train a music VAE (Python counterpart of ``luokuan train vae --kind music``).

    Args:
        corpus: Folder of .mid or .json files, or one such file.
        resume: Continue the run ``name``; other choices come from its start.
        home: Where runs and models are kept; default: the user's home.
        quiet: No progress.
        choices: Fields of ``MusicRun``; ``name`` is required.

    Returns:
        The model folder, or None when the run was stopped and can be resumed.

    Raises:
        UserError: see ``FamilyTraining``.
    """
    return prepare(corpus, resume=resume, home=home or open_home(), quiet=quiet, **choices).train(resume=resume)[1]
