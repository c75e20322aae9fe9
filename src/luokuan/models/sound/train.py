"""From a corpus of sounds to a model folder."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from luokuan.foundation.corpus.sounds import SoundCorpus, open_sounds
from luokuan.foundation.family import FamilyTraining
from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.foundation.objective import Objective
from luokuan.foundation.runs import check_choices, resumed
from luokuan.foundation.training import Outcome
from luokuan.models.sound.card import sound_card
from luokuan.models.sound.config import LEAST_CLIPS, RATE, SoundConfig
from luokuan.models.sound.learning import SoundLearning, SoundSettings
from luokuan.models.sound.material import SPEEDS, loaded
from luokuan.models.sound.model import weights_of
from luokuan.store.home import Home, open_home

_DEFAULTS, _SHAPE = SoundSettings(), SoundConfig()
KEEPS = ("best", "last")


@dataclass(frozen=True, slots=True)
class SoundRun:
    """All choices of a run: written to run.json at its start, so that resume repeats them exactly.

    Args:
        codec_share: Share of the run in which the codec learns; the rest is the prior's.
        codec_width: Channels of the codec.
        codec_layers: Blocks of its decoder.
        levels: Levels of each token channel.
        width: Length of a cell's vector in the prior.
        layers: Blocks of the prior.
        window: Square root of the cells that the prior sees at once.
        variants: Copies of each clip at slightly other speeds of which the prior learns.
        keep: ``best`` on held-out clips, or ``last``.
    """

    name: str
    codec_share: float = _DEFAULTS.codec_share
    codec_width: int = _SHAPE.codec_width
    codec_layers: int = _SHAPE.codec_layers
    levels: tuple[int, ...] = _SHAPE.levels
    width: int = _SHAPE.width
    layers: int = _SHAPE.layers
    window: int = _SHAPE.window
    steps: int | None = None
    minutes: float | None = None
    batch: int = 16
    accumulate: int = 1
    rate: float = _DEFAULTS.rate
    prior_rate: float = _DEFAULTS.prior_rate
    dropout: float = _DEFAULTS.dropout
    blank: float = _DEFAULTS.blank
    variants: int = _DEFAULTS.variants
    keep: str = "best"
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
                (0.05 <= self.codec_share <= 0.95, "--codec-share", "0.05 … 0.95"),
                (8 <= self.codec_width <= 1024, "--codec-width", "8 … 1024"),
                (2 <= self.codec_layers <= 32, "--codec-layers", "2 … 32"),
                (
                    1 <= len(self.levels) <= 32 and all(2 <= level <= 256 for level in self.levels),
                    "--levels",
                    "8,8,8,8,8,8",
                ),
                (self.width % 8 == 0 and 16 <= self.width <= 2048, "--width", "16, 24 … 2048"),
                (1 <= self.layers <= 48, "--layers", "1 … 48"),
                (2 <= self.window <= 32, "--window", "2 … 32"),
                (0 < self.rate <= 0.1, "--rate", "0 … 0.1"),
                (0 < self.prior_rate <= 0.1, "--prior-rate", "0 … 0.1"),
                (0 <= self.dropout < 1, "--dropout", "0 … 0.99"),
                (0 <= self.blank <= 1, "--blank", "0 … 1"),
                (1 <= self.variants <= len(SPEEDS), "--variants", f"1 … {len(SPEEDS)}"),
                (self.keep in KEEPS, "--keep", KEEPS),
            ],
        )


class SoundTraining(FamilyTraining[SoundRun, SoundCorpus]):
    """One prepared run of codec and prior on a corpus (see ``FamilyTraining``)."""

    family = "sound"
    unit = "clips"
    packages = ("scipy", "soundfile")
    config: SoundConfig

    def objective(self) -> Objective:
        """Codec and prior on the training clips."""
        run, (corpus,) = self.run, self.corpora
        corpus.require_trainable()
        train, unseen = corpus.split("train"), corpus.split("validation")
        self.held_out = len(unseen)
        self.regimes = (0.0, run.codec_share)
        self.best_by = "nats_per_cell" if run.keep == "best" and unseen else None
        counts = Counter(clip.label for clip in corpus.clips)
        self.config = SoundConfig(
            corpus.classes,
            tuple(counts[index] for index in range(len(corpus.classes))),
            levels=run.levels,
            codec_width=run.codec_width,
            codec_layers=run.codec_layers,
            width=run.width,
            layers=run.layers,
            window=run.window,
        )
        settings = SoundSettings(
            codec_share=run.codec_share,
            rate=run.rate,
            rate_end=min(_DEFAULTS.rate_end, run.rate),
            prior_rate=run.prior_rate,
            dropout=run.dropout,
            blank=run.blank,
            variants=run.variants,
        )
        self.seconds = sum(clip.seconds for clip in train)
        return SoundLearning(
            self.config,
            settings,
            loaded(train, RATE),
            held_out=loaded(unseen, RATE),
            device=self.machine.device,
            seed=run.seed,
        )

    def details(self) -> dict[str, Any]:
        """How much there is, and of which categories there is too little."""
        return {
            "seconds": round(self.seconds, 1),
            "few": [
                name for name, count in zip(self.config.classes, self.config.clips, strict=True) if count < LEAST_CLIPS
            ],
            "clipped": len(self.corpora[0].clipped),
            "unclassed": len(self.corpora[0].unclassed),
        }

    def classes(self) -> tuple[str, ...]:
        """Categories that the prior tells apart."""
        return self.config.classes

    def save(self, outcome: Outcome, training: dict[str, Any]) -> ModelFolder:
        """The averaged networks in float16."""
        training["corpus"] |= {"clips": len(self.corpora[0].split("train")), "seconds": round(self.seconds, 1)}
        config = self.config.to_json()
        return save_folder(
            self.home.models / self.run.name,
            config=config,
            tensors=weights_of(outcome.average),
            training=training,
            card=sound_card(self.run.name, config, training),
        )


def train_sound(
    corpus: Path | str,
    *,
    resume: bool = False,
    home: Home | None = None,
    quiet: bool = True,
    **choices: Any,
) -> ModelFolder | None:
    """Train a model of sound effects (Python counterpart of ``luokuan train sound``).

    Args:
        corpus: Folder of sounds.
        resume: Continue the run ``name``; other choices come from its start.
        home: Where runs and models are kept; default: the user's home.
        quiet: No progress.
        choices: Fields of ``SoundRun``; ``name`` is required.

    Returns:
        The model folder, or None when the run was stopped and can be resumed.

    Raises:
        UserError: see ``FamilyTraining``.
    """
    place = home or open_home()
    run = resumed(place, choices["name"], "sound", SoundRun) if resume else SoundRun(**choices)
    run.check()  # before the corpus is read
    return SoundTraining((open_sounds(corpus),), run, home=place, quiet=quiet).train(resume=resume)[1]
