"""From a corpus of text to a language model's folder; and the way to other kinds of material."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from luokuan.errors import UserError
from luokuan.files import expand, sha256_bytes, write_atomic
from luokuan.foundation.corpus import TextCorpus, open_texts
from luokuan.foundation.family import FamilyTraining
from luokuan.foundation.modelfolder import ModelFolder, find_tokenizer, save_folder
from luokuan.foundation.objective import Objective
from luokuan.foundation.runs import MOST_PATIENCE, check_choices, read_run, resumed
from luokuan.foundation.training import Outcome
from luokuan.i18n import _
from luokuan.models.kinds import Kind, prepare_kind
from luokuan.models.plm import tokenizers
from luokuan.models.plm.card import plm_card
from luokuan.models.plm.config import SIZES, qwen3_config
from luokuan.models.plm.finetune import TuneRun, TuneTraining, open_material
from luokuan.models.plm.learning import PlmLearning, PlmSettings
from luokuan.models.plm.learnt import LEAST, MOST, learn
from luokuan.models.plm.model import saved_files
from luokuan.models.plm.ngrams import ngrams_file, ngrams_of
from luokuan.models.plm.shards import Stream, load_stream, too_little
from luokuan.store.home import Home, open_home

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

_DEFAULTS = PlmSettings()
RATES = {"nano": 0.004}
"""``--rate`` if none is given, by size; of the others ``PlmSettings.rate``."""
KINDS: Mapping[str, Kind] = {
    "text": Kind("luokuan.models.plm.train", "PlmRun"),
    "music": Kind("luokuan.models.plm.music.train", "MusicPlmRun"),
}
"""Kinds of material that a language model learns, by ``--kind``."""
EXACT = ("nano",)
"""Sizes that compute in float32 if no ``--precision`` is given: such small matrices are no quicker in bf16."""
KEEPS = ("best", "last")
"""Which average of a run is kept: that which predicted held-out text best, or the last."""


@dataclass(frozen=True, slots=True)
class PlmRun:
    """All choices of a run: written to run.json at its start, so that resume repeats them exactly."""

    name: str
    size: str = "micro"
    layers: int | None = None
    tied: bool = False
    tokenizer: str = "bpe"
    vocabulary: int = tokenizers.VOCABULARY
    context: int | None = None
    steps: int | None = None
    minutes: float | None = None
    batch: int = 32
    accumulate: int = 1
    rate: float | None = None
    dropout: float = _DEFAULTS.dropout
    keep: str = "best"
    patience: int = 0
    seed: int = 0
    precision: str | None = None
    device: str | None = None

    @property
    def window(self) -> int:
        """``context``, or that of the size."""
        return SIZES[self.size].context if self.context is None else self.context

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
                (LEAST <= self.vocabulary <= MOST, "--vocabulary", f"{LEAST} … {MOST}"),
                (self.context is None or 8 <= self.context <= 1 << 15, "--context", "8 … 32768"),
                (self.rate is None or 0 < self.rate <= 0.1, "--rate", "0 … 0.1"),
                (0 <= self.dropout < 1, "--dropout", "0 … 0.99"),
                (self.keep in KEEPS, "--keep", KEEPS),
                (0 <= self.patience <= MOST_PATIENCE, "--patience", f"0 … {MOST_PATIENCE}"),
                (not self.patience or self.keep == "best", "--patience", _("only with --keep best")),
            ],
        )
        if self.vocabulary != tokenizers.VOCABULARY and self.tokenizer != "bpe":
            raise UserError(
                _("{option} has no say with {other}.", option="--vocabulary", other=f"--tokenizer {self.tokenizer}"),
                _("Leave one of them out."),
                code="training.option",
            )


class PlmTraining(FamilyTraining[PlmRun, TextCorpus]):
    """One prepared run of a language model on a corpus (see ``FamilyTraining``)."""

    family = "plm"
    unit = "windows"
    packages = ("transformers", "tokenizers")
    tokenizer: PreTrainedTokenizerFast
    stream: Stream

    def precision(self) -> str | None:
        """See ``FamilyTraining``."""
        return "float32" if self.run.precision is None and self.run.size in EXACT else self.run.precision

    def objective(self) -> Objective:
        """The transformer on the tokens of the training text."""
        run, corpus, context = self.run, self.corpora[0], self.run.window
        self.tokenizer = _tokenizer(run, corpus, self.home)
        self.stream = load_stream(corpus, "train", self.tokenizer, cache=self.home.cache)
        if len(self.stream.tokens) <= context:
            raise too_little(corpus.path, self.stream, context)
        held_out = load_stream(corpus, "validation", self.tokenizer, cache=self.home.cache)
        self.held_out = -(-max(len(held_out.tokens) - 1, 0) // context)
        self.unknown = _unknown(held_out, self.tokenizer)
        self.best_by = "nats_per_token" if run.keep == "best" and len(held_out.tokens) > 1 else None
        self.patience = run.patience
        end = int(self.tokenizer.eos_token_id)
        self.config = qwen3_config(
            run.size,
            vocabulary=tokenizers.size(self.tokenizer),
            context=context,
            end=end,
            layers=run.layers,
            tied=run.tied,
        )
        return PlmLearning(
            self.config,
            PlmSettings(rate=run.highest_rate, dropout=run.dropout),
            self.stream,
            held_out=held_out,
            context=context,
            decode=lambda numbers: str(self.tokenizer.decode(numbers)),
            device=self.machine.device,
            seed=run.seed,
        )

    def pinned(self) -> dict[str, str]:
        """The tokenizer."""
        return {"tokenizer": tokenizers.digest(self.tokenizer)}

    def published(self) -> dict[str, str]:
        """A tokenizer that was given as a folder, by its name alone."""
        given = self.run.tokenizer
        return {"tokenizer": resolved_name(given)} if given not in tokenizers.KINDS else {}

    def details(self) -> dict[str, Any]:
        """The tokens of the text, of the vocabulary and of a window."""
        return {
            "tokens": len(self.stream.tokens),
            "vocabulary": tokenizers.size(self.tokenizer),
            "context": self.run.window,
        }

    def save(self, outcome: Outcome, training: dict[str, Any]) -> ModelFolder:
        """The averaged transformer in bfloat16, as transformers writes it, with its tokenizer."""
        model = outcome.average["model"]
        config = json.loads(self.config.to_json_string()) | {
            "architectures": [type(model).__name__],
            "dtype": "bfloat16",
        }
        training["run"]["rate"] = self.run.highest_rate
        training["corpus"] |= {
            "documents": self.stream.documents,
            "tokens": len(self.stream.tokens),
            "bytes": self.stream.bytes,
            "held_out_unknown": self.unknown,
        }
        # Stored once: transformers ties the head to the embeddings by itself.
        left_out = {"lm_head.weight"} if self.config.tie_word_embeddings else set()
        tensors = {name: value for name, value in model.state_dict().items() if name not in left_out}
        return save_folder(
            self.home.models / self.run.name,
            config=config,
            tensors={name: value.detach().to("cpu", torch.bfloat16) for name, value in tensors.items()},
            training=training,
            card=plm_card(self.run.name, config, training),
            more=saved_files(int(config["vocab_size"]), self.tokenizer, self.run.window)
            | ngrams_file(ngrams_of(self.corpora[0])),
        )


def _tokenizer(run: PlmRun, corpus: TextCorpus, home: Home) -> PreTrainedTokenizerFast:
    """That of ``--tokenizer``: learnt from the training text once and kept in the cache, or that of another model."""
    if run.tokenizer not in tokenizers.KINDS:
        return tokenizers.read(find_tokenizer(run.tokenizer, home))
    if run.tokenizer == "bytes":
        return tokenizers.build("bytes", ())
    key = sha256_bytes(f"{tokenizers.FORMAT} {corpus.digest} {run.tokenizer} {run.vocabulary}".encode())[:32]
    path = home.cache / "tokenizers" / f"{key}.json"
    if (kept := tokenizers.kept(path)) is not None:
        return kept
    made = learn(corpus, run.tokenizer, run.vocabulary)
    write_atomic(path, made.backend_tokenizer.to_str().encode())
    return made


def resolved_name(reference: str) -> str:
    """A model by the name that means something elsewhere: a Hub id as it is, of a folder the last part."""
    path = expand(reference)
    return (path.resolve().name or "model") if path.exists() else reference


def _unknown(stream: Stream, tokenizer: PreTrainedTokenizerFast) -> int:
    """How many tokens stand for characters that the tokenizer doesn't know."""
    number = tokenizer.unk_token_id
    # Where the mark of documents stands for unknown characters too, the tokenizer has bytes and knows all.
    return 0 if number in (None, tokenizer.eos_token_id) else int((stream.tokens == number).sum())


def prepare(corpus: Path | str, *, resume: bool, home: Home, quiet: bool, **choices: Any) -> FamilyTraining[Any, Any]:
    """A run of the kind among ``choices`` (default: text), or of that with which the run ``name`` began. Text: from
    scratch, or going on from a model where ``base`` is among ``choices``.

    Args:
        resume: Take all choices but ``name`` from the run's record.

    Raises:
        UserError: see ``FamilyTraining``.
    """
    name = choices["name"]
    given = read_run(home, name, "plm")["run"] if resume else choices
    if given.get("kind", "text") != "text":
        own = {"name": name} if resume else choices
        return prepare_kind("plm", KINDS, corpus, resume=resume, home=home, quiet=quiet, **own)
    choices.pop("kind", None)  # runs of text are from before there were kinds
    if given.get("base") is None:
        run = resumed(home, name, "plm", PlmRun) if resume else PlmRun(**choices)
        run.check()  # before the corpus is read
        return PlmTraining((open_texts(corpus),), run, home=home, quiet=quiet)
    tuned = resumed(home, name, "plm", TuneRun) if resume else TuneRun(**choices)
    tuned.check()
    return TuneTraining((open_material(corpus, tuned),), tuned, home=home, quiet=quiet)


def train_plm(
    corpus: Path | str,
    *,
    resume: bool = False,
    home: Home | None = None,
    quiet: bool = True,
    **choices: Any,
) -> ModelFolder | None:
    """Train or fine-tune a language model (Python counterpart of ``luokuan train plm``).

    Args:
        corpus: Folder of .txt, .md or .jsonl files, of the kind music of .mid files; or one such file.
        resume: Continue the run ``name``; other choices come from its start.
        home: Where runs and models are kept; default: the user's home.
        quiet: No progress.
        choices: Fields of ``PlmRun``, with ``base`` of ``TuneRun``, with ``kind="music"`` of ``MusicPlmRun``; ``name``
            is required.

    Returns:
        The model folder, or None when the run was stopped and can be resumed.

    Raises:
        UserError: see ``FamilyTraining``.
    """
    return prepare(corpus, resume=resume, home=home or open_home(), quiet=quiet, **choices).train(resume=resume)[1]
