"""From recordings with their texts to a model folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from luokuan.errors import UserError
from luokuan.foundation.corpus.utterances import SpeechCorpus, open_speech
from luokuan.foundation.family import FamilyTraining
from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.foundation.objective import Objective
from luokuan.foundation.runs import check_choices, resumed
from luokuan.foundation.training import Outcome
from luokuan.i18n import _
from luokuan.models.speech.card import speech_card
from luokuan.models.speech.config import SpeechConfig
from luokuan.models.speech.learning import SpeechLearning, SpeechSettings
from luokuan.models.speech.material import loaded, median_hertz
from luokuan.models.speech.model import weights_of
from luokuan.store.home import Home, open_home

_DEFAULTS, _SHAPE = SpeechSettings(), SpeechConfig()
KEEPS = ("last", "best")


@dataclass(frozen=True, slots=True)
class SpeechRun:
    """All choices of a run: written to run.json at its start, so that resume repeats them exactly.

    Args:
        width: Channels of text encoder, prior and posterior.
        decoder_width: Channels of the decoder.
        decoder_layers: Its blocks.
        latent: Length of a frame's latent vector.
        flows: Coupling layers.
        dropout: Share dropped in text encoder and prior, against learning by heart.
        adversary_from: Progress from which the discriminator plays; 1: never.
        keep: ``last``, or ``best`` by held-out sentences, said with their own durations.
    """

    name: str
    width: int = _SHAPE.width
    decoder_width: int = _SHAPE.decoder_width
    decoder_layers: int = _SHAPE.decoder_layers
    latent: int = _SHAPE.latent
    flows: int = _SHAPE.flows
    steps: int | None = None
    minutes: float | None = None
    batch: int = 16
    accumulate: int = 1
    rate: float = _DEFAULTS.rate
    kl: float = _DEFAULTS.kl
    dropout: float = _DEFAULTS.dropout
    adversary_from: float = _DEFAULTS.adversary_from
    keep: str = "last"
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
                (8 <= self.width <= 1024, "--width", "8 … 1024"),
                (8 <= self.decoder_width <= 1024, "--decoder-width", "8 … 1024"),
                (1 <= self.decoder_layers <= 32, "--decoder-layers", "1 … 32"),
                (2 <= self.latent <= 256 and self.latent % 2 == 0, "--latent", "2, 4 … 256"),
                (1 <= self.flows <= 32, "--flows", "1 … 32"),
                (0 < self.rate <= 0.1, "--rate", "0 … 0.1"),
                (0 < self.kl <= 10, "--kl", "0 … 10"),
                (0 <= self.dropout < 1, "--dropout", "0 … 0.99"),
                (0 <= self.adversary_from <= 1, "--adversary-from", "0 … 1"),
                (self.keep in KEEPS, "--keep", KEEPS),
            ],
        )


class SpeechTraining(FamilyTraining[SpeechRun, SpeechCorpus]):
    """One prepared run of a voice on a corpus (see ``FamilyTraining``)."""

    family = "speech"
    unit = "utterances"
    packages = ("hibari-tts", "scipy", "soundfile")
    config: SpeechConfig

    def objective(self) -> Objective:
        """The voice on the training utterances."""
        run, (corpus,) = self.run, self.corpora
        corpus.require_trainable()
        shape = SpeechConfig(
            width=run.width,
            flow_width=max(8, run.width * _SHAPE.flow_width // _SHAPE.width),
            decoder_width=run.decoder_width,
            decoder_layers=run.decoder_layers,
            latent=run.latent,
            flows=run.flows,
        )
        train, unseen = loaded(corpus.split("train"), shape), loaded(corpus.split("validation"), shape)
        self.unread = len(corpus.split("train")) - len(train)
        if len(train) < 2:
            raise UserError(
                _("{path} has {count} usable sentences; that is too few.", path=corpus.path, count=len(train)),
                _("Texts must be English, and each recording must hold the whole of its text."),
                code="corpus.too_small",
            )
        self.held_out = len(unseen)
        self.regimes = (0.0, run.adversary_from) if 0 < run.adversary_from < 1 else (0.0,)
        self.best_by = "said" if run.keep == "best" and unseen else None
        self.config = SpeechConfig(**shape.to_json() | {"hertz": median_hertz(train)})
        settings = SpeechSettings(
            rate=run.rate,
            rate_end=min(_DEFAULTS.rate_end, run.rate),
            kl=run.kl,
            dropout=run.dropout,
            adversary_from=run.adversary_from,
        )
        self.seconds = sum(line.frames for line in train) * self.config.seconds
        return SpeechLearning(self.config, settings, train, held_out=unseen, device=self.machine.device, seed=run.seed)

    def details(self) -> dict[str, Any]:
        """How much there is, and of whom."""
        return {
            "seconds": round(self.seconds, 1),
            "hertz": self.config.hertz,
            "unread": self.unread,
            "consent": self.corpora[0].consent,
        }

    def save(self, outcome: Outcome, training: dict[str, Any]) -> ModelFolder:
        """The averaged voice in float16."""
        training["corpus"] |= {"seconds": round(self.seconds, 1)}
        config = self.config.to_json()
        return save_folder(
            self.home.models / self.run.name,
            config=config,
            tensors=weights_of(outcome.average),
            training=training,
            card=speech_card(self.run.name, config, training),
        )


def train_speech(
    corpus: Path | str,
    *,
    resume: bool = False,
    home: Home | None = None,
    quiet: bool = True,
    **choices: Any,
) -> ModelFolder | None:
    """Train a voice (Python counterpart of ``luokuan train speech``).

    Args:
        corpus: Folder of recordings with their texts.
        resume: Continue the run ``name``; other choices come from its start.
        home: Where runs and models are kept; default: the user's home.
        quiet: No progress.
        choices: Fields of ``SpeechRun``; ``name`` is required.

    Returns:
        The model folder, or None when the run was stopped and can be resumed.

    Raises:
        UserError: see ``FamilyTraining``.
    """
    place = home or open_home()
    run = resumed(place, choices["name"], "speech", SpeechRun) if resume else SpeechRun(**choices)
    run.check()  # before the corpus is read
    return SpeechTraining((open_speech(corpus),), run, home=place, quiet=quiet).train(resume=resume)[1]
