"""From a corpus of sentences to the folder of a VAE."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from torch import Tensor

from luokuan.files import sha256_bytes, write_atomic
from luokuan.foundation.corpus import TextCorpus, open_texts
from luokuan.foundation.corpus.sentences import Sentence, read_sentences
from luokuan.foundation.family import FamilyTraining
from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.foundation.objective import Objective
from luokuan.foundation.runs import check_choices, resumed
from luokuan.foundation.training import Outcome
from luokuan.models.plm import tokenizers
from luokuan.models.plm.learnt import LEAST, MOST
from luokuan.models.plm.ngrams import ngrams_file, ngrams_of
from luokuan.models.plm.train import KEEPS
from luokuan.models.vae.prior import Mixture, fit
from luokuan.models.vae.text.attributes import directions
from luokuan.models.vae.text.card import text_vae_card
from luokuan.models.vae.text.config import ITEMS, SIZES, TextVaeConfig, text_vae_config
from luokuan.models.vae.text.learning import TextVaeLearning, TextVaeSettings, posteriors
from luokuan.models.vae.text.material import Rows, lay_out, require_rows
from luokuan.models.vae.text.model import weights_of
from luokuan.models.vae.text.networks import TextVaeNetwork
from luokuan.store.home import Home

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

_DEFAULTS = TextVaeSettings()
SCHEDULES = ("linear", "cyclical")
VOCABULARY = 4096
FITTED = 20_000
"""Most sentences on whose posteriors the mixture is fitted."""
IDEOGRAPHS = ("\u3040", "\u9fff")
"""Where kana and hanzi lie."""


@dataclass(frozen=True, slots=True)
class TextVaeRun:
    """All choices of a run: written to run.json at its start, so that resume repeats them exactly. For what a share is
    of, see ``TextVaeSettings``.

    Args:
        tokenizer: ``bpe``, ``chars`` or ``bytes``; None: characters where most letters are hanzi or kana, else byte
            pairs.
        items: ``lines``, or ``documents``: whole texts of .jsonl files.
        keep: ``best``: the average whose ELBO of held-out sentences was best; ``last``.
    """

    name: str
    kind: str = "text"
    size: str = "micro"
    latent: int = 32
    tokenizer: str | None = None
    vocabulary: int = VOCABULARY
    context: int = 64
    items: str = "lines"
    beta: float = _DEFAULTS.beta
    warm_up: float = _DEFAULTS.rising
    schedule: str = _DEFAULTS.schedule
    autoencoder: float = _DEFAULTS.autoencoder
    free_bits: float = _DEFAULTS.free_bits
    word_dropout: float = _DEFAULTS.word_dropout
    dropout: float = _DEFAULTS.dropout
    steps: int | None = None
    minutes: float | None = None
    batch: int = 256
    accumulate: int = 1
    rate: float = _DEFAULTS.rate
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
                (self.size in SIZES, "--size", tuple(SIZES)),
                (1 <= self.latent <= 512, "--latent", "1 … 512"),
                (self.tokenizer is None or self.tokenizer in tokenizers.KINDS, "--tokenizer", tokenizers.KINDS),
                (LEAST <= self.vocabulary <= MOST, "--vocabulary", f"{LEAST} … {MOST}"),
                (8 <= self.context <= 1024, "--context", "8 … 1024"),
                (self.items in ITEMS, "--items", ITEMS),
                (0 <= self.beta <= 1000, "--beta", "0 … 1000"),
                (0 <= self.warm_up <= 1, "--warm-up", "0 … 1"),
                (self.schedule in SCHEDULES, "--schedule", SCHEDULES),
                (0 <= self.autoencoder <= 0.9, "--autoencoder", "0 … 0.9"),
                (0 <= self.free_bits <= 1000, "--free-bits", "0 … 1000"),
                (0 <= self.word_dropout <= 1, "--word-dropout", "0 … 1"),
                (0 <= self.dropout < 1, "--dropout", "0 … 0.99"),
                (0 < self.rate <= 0.1, "--rate", "0 … 0.1"),
                (self.keep in KEEPS, "--keep", KEEPS),
            ],
        )

    @property
    def settings(self) -> TextVaeSettings:
        """How it learns."""
        return TextVaeSettings(
            rate=self.rate,
            autoencoder=self.autoencoder,
            schedule=self.schedule,
            rising=self.warm_up,
            beta=self.beta,
            free_bits=self.free_bits,
            word_dropout=self.word_dropout,
            dropout=self.dropout,
        )


class TextVaeTraining(FamilyTraining[TextVaeRun, TextCorpus]):
    """One prepared run of a VAE on sentences (see ``FamilyTraining``)."""

    family = "vae"
    unit = "texts"
    packages = ("transformers", "tokenizers")
    tokenizer: PreTrainedTokenizerFast
    config: TextVaeConfig
    material: Rows

    def objective(self) -> Objective:
        """The network on the training sentences."""
        run, (corpus,) = self.run, self.corpora
        parts = read_sentences(corpus, whole=run.items == "documents")
        self.tokenizer = tokenizer_of(run, corpus, parts["train"], self.home)
        self.material = lay_out(self.tokenizer, parts["train"], context=run.context)
        require_rows(self.material, corpus.path, run.context)
        held_out = lay_out(self.tokenizer, parts["validation"], context=run.context)
        self.held_out = len(held_out.rows)
        self.unknown = held_out.unknown
        self.best_by = "bound_nats" if run.keep == "best" and held_out.rows else None
        self.config = text_vae_config(
            run.size,
            tokens=tokenizers.size(self.tokenizer),
            context=run.context,
            end=int(self.tokenizer.eos_token_id),
            latent=run.latent,
            items=run.items,
            sentences=len(self.material.rows),
        )
        return TextVaeLearning(
            self.config,
            run.settings,
            self.material.rows,
            held_out=held_out.rows,
            spell=lambda row: str(self.tokenizer.decode(row)),
            device=self.machine.device,
            seed=run.seed,
        )

    def pinned(self) -> dict[str, str]:
        """The tokenizer."""
        return {"tokenizer": tokenizers.digest(self.tokenizer)}

    def details(self) -> dict[str, Any]:
        """What there is to learn from, and the latent vector."""
        return {
            "kind": "text",
            "latent": self.config.latent,
            "vocabulary": self.config.tokens,
            "tokens": self.material.tokens,
            "left_out": self.material.left_out,
        }

    def save(self, outcome: Outcome, training: dict[str, Any]) -> ModelFolder:
        """The averaged network, with the mixture fitted on the posteriors of the training sentences and the directions
        of their attributes."""
        network = cast(TextVaeNetwork, outcome.average["vae"])
        mean, log_variance = posteriors(network, self.material.rows)
        mixture = prior_of(mean, log_variance, self.config.components, seed=self.run.seed)
        found = directions(self.material.sentences, mean)
        config = dataclasses.replace(self.config, directions=tuple(found)).to_json()
        training["corpus"] |= {
            "tokens": self.material.tokens,
            "left_out": self.material.left_out,
            "held_out_unknown": self.unknown,
        }
        self.tokenizer.model_max_length = self.config.context
        texts = ([one.text] for one in self.material.sentences)
        return save_folder(
            self.home.models / self.run.name,
            config=config,
            tensors=weights_of(network, mixture, list(found.values())),
            training=training,
            card=text_vae_card(self.run.name, config, training),
            more=tokenizers.files(self.tokenizer) | ngrams_file(ngrams_of(texts)),
        )


def prior_of(mean: Tensor, log_variance: Tensor, components: int, *, seed: int) -> Mixture:
    """The mixture on the posteriors of the training sentences, (N, D) each; of many, ``FITTED`` at most."""
    every = -(-len(mean) // FITTED)
    return fit(mean[::every], log_variance[::every].exp(), components, seed=seed)


def kind_of(sentences: Sequence[Sentence]) -> str:
    """``chars`` where most letters are hanzi or kana, else ``bpe``."""
    letters = [c for one in sentences[:2000] for c in one.text if c.isalpha()]
    wide = sum(IDEOGRAPHS[0] <= c <= IDEOGRAPHS[1] for c in letters)
    return "chars" if 2 * wide > len(letters) else "bpe"


def tokenizer_of(
    run: TextVaeRun, corpus: TextCorpus, sentences: Sequence[Sentence], home: Home
) -> PreTrainedTokenizerFast:
    """Learnt from the training sentences once, and kept in the cache."""
    kind = run.tokenizer or kind_of(sentences)
    parts = (tokenizers.FORMAT, "sentences", corpus.digest, kind, run.vocabulary, run.items)
    key = sha256_bytes(" ".join(map(str, parts)).encode())[:32]
    path = home.cache / "tokenizers" / f"{key}.json"
    if (kept := tokenizers.kept(path)) is not None:
        return kept
    made = tokenizers.build(kind, (one.text for one in sentences), vocabulary=run.vocabulary)
    write_atomic(path, made.backend_tokenizer.to_str().encode())
    return made


def prepare(corpus: Path | str, *, resume: bool, home: Home, quiet: bool, **choices: Any) -> TextVaeTraining:
    """A run on the sentences of ``corpus``.

    Args:
        resume: Take all choices but ``name`` from the run's record.

    Raises:
        UserError: see ``FamilyTraining``.
    """
    run = resumed(home, choices["name"], "vae", TextVaeRun) if resume else TextVaeRun(**choices)
    run.check()  # before the corpus is read
    return TextVaeTraining((open_texts(corpus),), run, home=home, quiet=quiet)
