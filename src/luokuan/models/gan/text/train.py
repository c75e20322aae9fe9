"""From a corpus of sentences and a VAE of sentences to the folder of a GAN."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from luokuan.foundation.corpus import TextCorpus, open_texts
from luokuan.foundation.corpus.sentences import read_sentences
from luokuan.foundation.family import FamilyTraining
from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.foundation.objective import Objective
from luokuan.foundation.runs import check_choices, resumed
from luokuan.foundation.training import Outcome
from luokuan.models.gan.config import OBJECTIVES
from luokuan.models.gan.game import GameSettings
from luokuan.models.gan.objective import Gamma, objective
from luokuan.models.gan.text.card import text_gan_card
from luokuan.models.gan.text.config import TextGanConfig
from luokuan.models.gan.text.game import TextGame
from luokuan.models.gan.text.model import weights_of
from luokuan.models.vae.text.finding import DEFAULT, text_vae_named
from luokuan.models.vae.text.learning import posteriors
from luokuan.models.vae.text.material import lay_out, require_rows
from luokuan.store.home import Home


@dataclass(frozen=True, slots=True)
class TextGanRun:
    """All choices of a run: written to run.json at its start, so that resume repeats them exactly.

    Args:
        codec: Name of the VAE of sentences in whose latents the game is played.
        gamma: Weight of the gradient penalties at the start, falling to a tenth. Points are normalised, so that one
            weight does for all VAEs.
        keep: ``best``: the average with the lowest Fréchet distance from held-out sentences' codes; ``last``.
    """

    name: str
    kind: str = "text"
    codec: str = DEFAULT
    objective: str = "relativistic"
    width: int = 256
    depth: int = 3
    steps: int | None = None
    minutes: float | None = None
    batch: int = 256
    accumulate: int = 1
    rate: float = 5e-4
    rate_end: float = 5e-5
    gamma: float = 0.1
    penalty_every: int = 4
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
                (self.kind == "text", "--kind", ("text",)),
                (self.objective in OBJECTIVES, "--objective", OBJECTIVES),
                (8 <= self.width <= 2048, "--width", "8 … 2048"),
                (1 <= self.depth <= 16, "--depth", "1 … 16"),
                (0 < self.rate_end <= self.rate <= 0.1, "--rate", "0 … 0.1"),
                (0 <= self.gamma <= 1e6, "--gamma", "≥ 0"),
                (self.penalty_every >= 1, "--penalty-every", "≥ 1"),
                (self.keep in ("best", "last"), "--keep", ("best", "last")),
            ],
        )


DEFAULTS = TextGanRun("")


class TextGanTraining(FamilyTraining[TextGanRun, TextCorpus]):
    """One prepared run of a GAN of sentences (see ``FamilyTraining``)."""

    family = "gan"
    unit = "texts"
    packages = ("transformers", "tokenizers")
    config: TextGanConfig

    def __init__(self, corpora: tuple[TextCorpus, ...], run: TextGanRun, *, home: Home, quiet: bool = False) -> None:
        self.period = run.penalty_every
        self._vae = text_vae_named(run.codec, home)
        super().__init__(corpora, run, home=home, quiet=quiet)

    def objective(self) -> Objective:
        """The game on the posteriors of the training sentences."""
        run, (corpus,), vae = self.run, self.corpora, self._vae
        parts = read_sentences(corpus, whole=vae.config.items == "documents")
        material = lay_out(vae.tokenizer, parts["train"], context=vae.config.context)
        require_rows(material, corpus.path, vae.config.context)
        held_out = lay_out(vae.tokenizer, parts["validation"], context=vae.config.context)
        self.held_out, self.left_out, self.tokens = len(held_out.rows), material.left_out, material.tokens
        self.best_by = "frechet" if run.keep == "best" and self.held_out >= 16 else None
        self.config = TextGanConfig(
            points=vae.config.latent,
            codec=vae.folder.name,
            codec_digest=vae.folder.network_digest,
            width=run.width,
            depth=run.depth,
            items=vae.config.items,
        )
        settings = GameSettings(
            objective(run.objective),
            Gamma(run.gamma, run.gamma / 10),
            penalty_every=run.penalty_every,
            rate=run.rate,
            rate_end=run.rate_end,
        )
        return TextGame(
            self.config,
            settings,
            *posteriors(vae.network, material.rows),
            held_out=posteriors(vae.network, held_out.rows),
            write=vae.write,
            device=self.machine.device,
            seed=run.seed,
        )

    def codec(self) -> ModelFolder:
        """The VAE in whose latents the game is played."""
        return self._vae.folder

    def details(self) -> dict[str, Any]:
        """The VAE, and what there is to learn from."""
        config = self.config
        return {
            "kind": "text",
            "codec": config.codec,
            "codec_digest": config.codec_digest,
            "points": config.points,
            "left_out": self.left_out,
        }

    def save(self, outcome: Outcome, training: dict[str, Any]) -> ModelFolder:
        """The averaged generator and the discriminator."""
        game = self.learning
        assert isinstance(game, TextGame)
        training["corpus"] |= {"tokens": self.tokens, "left_out": self.left_out}
        config = self.config.to_json()
        return save_folder(
            self.home.models / self.run.name,
            config=config,
            tensors=weights_of(outcome.average["generator"], game.discriminator),
            training=training,
            card=text_gan_card(self.run.name, config, training),
        )


def prepare(corpus: Path | str, *, resume: bool, home: Home, quiet: bool, **choices: Any) -> TextGanTraining:
    """A run on the sentences of ``corpus``.

    Args:
        resume: Take all choices but ``name`` from the run's record.

    Raises:
        UserError: see ``FamilyTraining``.
    """
    ends = (choices.get("rate_end", DEFAULTS.rate_end), choices.get("rate", DEFAULTS.rate))
    run = (
        resumed(home, choices["name"], "gan", TextGanRun) if resume else TextGanRun(**choices | {"rate_end": min(ends)})
    )
    run.check()  # before the corpus is read
    return TextGanTraining((open_texts(corpus),), run, home=home, quiet=quiet)
