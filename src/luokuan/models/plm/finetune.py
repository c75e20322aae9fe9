"""From a trained language model and more material to one that goes on from it."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from luokuan.errors import UserError
from luokuan.files import sha256_bytes
from luokuan.foundation.compute import autocast, mix_seed
from luokuan.foundation.corpus import Corpus, ExampleCorpus, TextCorpus, holds_examples, open_examples, open_texts
from luokuan.foundation.family import FamilyTraining
from luokuan.foundation.modelfolder import LANGUAGE, TOKENIZER, ModelFolder, resolve, save_folder
from luokuan.foundation.objective import Objective
from luokuan.foundation.runs import MOST_PATIENCE, check_choices
from luokuan.foundation.training import Outcome
from luokuan.i18n import _
from luokuan.models.plm import lowrank, tokenizers
from luokuan.models.plm.chat import chat_template
from luokuan.models.plm.layout import TEMPLATE, Rows, lay_out
from luokuan.models.plm.learning import PlmSettings, add_dropout
from luokuan.models.plm.model import PlmModel
from luokuan.models.plm.ngrams import ngrams_file, ngrams_of
from luokuan.models.plm.preferences import Preferring, reference_of
from luokuan.models.plm.shards import load_stream, too_little
from luokuan.models.plm.tunecard import tuned_card
from luokuan.models.plm.tuning import TextTuning, TuneSettings, Tuning
from luokuan.models.plm.writing import context_of
from luokuan.store.home import Home

METHODS = ("sft", "lora", "dpo")
RATES = {"sft": 1e-4, "lora": 1e-3, "dpo": 1e-5}
"""``--rate`` if none is given, by method."""
CONTEXT = 1024
"""Most tokens of a row if none are given: models of others can look at many times more than fits into memory."""
BETA = 0.1
"""``--beta`` if none is given."""
KEEPS = ("best", "last")
CHAT = "chat_template.jinja"


@dataclass(frozen=True, slots=True)
class TuneRun:
    """All choices of a run: written to run.json at its start, so that resume repeats them exactly."""

    name: str
    base: str
    method: str = "sft"
    chat: bool = False
    context: int | None = None
    steps: int | None = None
    minutes: float | None = None
    batch: int = 32
    accumulate: int = 1
    rate: float | None = None
    dropout: float = 0.0
    keep: str = "best"
    patience: int = 0
    rank: int | None = None
    alpha: float | None = None
    beta: float | None = None
    seed: int = 0
    precision: str | None = None
    device: str | None = None

    @property
    def rank_or_usual(self) -> int:
        """``rank``, or its usual value."""
        return lowrank.RANK if self.rank is None else self.rank

    @property
    def alpha_or_usual(self) -> float:
        """``alpha``, or twice the rank."""
        return 2.0 * self.rank_or_usual if self.alpha is None else self.alpha

    @property
    def strength(self) -> float:
        """``beta``, or its usual value."""
        return BETA if self.beta is None else self.beta

    @property
    def highest_rate(self) -> float:
        """``rate``, or that of the method."""
        return RATES[self.method] if self.rate is None else self.rate

    def check(self) -> None:
        """Refuse what can't work.

        Raises:
            UserError: a value is out of its range.
        """
        check_choices(
            self,
            [
                (self.method in METHODS, "--method", METHODS),
                (self.context is None or 8 <= self.context <= 1 << 15, "--context", "8 … 32768"),
                (self.rate is None or 0 < self.rate <= 0.1, "--rate", "0 … 0.1"),
                (0 <= self.dropout < 1, "--dropout", "0 … 0.99"),
                (self.keep in KEEPS, "--keep", KEEPS),
                (0 <= self.patience <= MOST_PATIENCE, "--patience", f"0 … {MOST_PATIENCE}"),
                (not self.patience or self.keep == "best", "--patience", _("only with --keep best")),
                (self.rank is None or 1 <= self.rank <= lowrank.MOST, "--rank", f"1 … {lowrank.MOST}"),
                (self.alpha is None or 0 < self.alpha <= 10_000, "--alpha", "0 … 10000"),
                (self.beta is None or 0 < self.beta <= 100, "--beta", "0 … 100"),
            ],
        )
        for option, value, method in (
            ("--rank", self.rank, "lora"),
            ("--alpha", self.alpha, "lora"),
            ("--beta", self.beta, "dpo"),
        ):
            if value is not None and self.method != method:
                raise UserError(
                    _("{option} has no say without {other}.", option=option, other=f"--method {method}"),
                    _("Leave it out, or choose that method."),
                    code="training.option",
                )


def open_material(path: Path | str, run: TuneRun) -> TextCorpus | ExampleCorpus:
    """The corpus as ``run`` takes it: pairs for preferences, else examples where its .jsonl files hold some, or text.

    Raises:
        UserError: see ``open_examples`` and ``open_texts``; or the run can't use text.
    """
    if run.method == "dpo":
        return open_examples(path, "pairs")
    if holds_examples(path):
        return open_examples(path, "answers")
    if run.chat:
        raise UserError(
            _("{path} holds text and no examples, which {option} needs.", path=path, option="--chat"),
            _("Give .jsonl files whose lines have the columns prompt and completion, or messages with role and "
              "content."),
            code="corpus.no_examples",
        )  # fmt: skip
    return open_texts(path)


class TuneTraining(FamilyTraining[TuneRun, Corpus]):
    """One prepared run of fine-tuning (see ``FamilyTraining``)."""

    family = "plm"
    packages = ("transformers", "tokenizers")
    model: PlmModel
    network: torch.nn.Module
    """What learns: the model's network, or that with adapters."""
    context: int
    learnt: dict[str, int]
    """What there is to learn from, for the record."""

    def objective(self) -> Objective:
        """The network of the base on the material."""
        run, (corpus,) = self.run, self.corpora
        self._base = base_named(run.base, self.home)
        self.model = PlmModel.from_folder(self._base)
        self.context = _context(run, self.model)
        if chat_template(self.model) is None and isinstance(corpus, ExampleCorpus) and _talks(run, corpus):
            self.model.tokenizer.chat_template = TEMPLATE
        # As it was: without dropout, and never changed.
        reference = copy.deepcopy(self.model.network).eval().requires_grad_(False) if run.method == "dpo" else None
        self.network = self._learning_network()
        add_dropout(self.network, run.dropout)
        settings = TuneSettings(rate=run.highest_rate, beta=run.strength, best=run.keep == "best")
        self.patience = self.run.patience
        if reference is not None and isinstance(corpus, ExampleCorpus):
            return self._pairs(corpus, settings, reference.to(self.machine.device))
        if isinstance(corpus, ExampleCorpus):
            return self._examples(corpus, settings)
        assert isinstance(corpus, TextCorpus)
        return self._text(corpus, settings)

    def _learning_network(self) -> torch.nn.Module:
        run, network = self.run, self.model.network
        if run.method != "lora":
            return network
        return lowrank.with_adapters(network, rank=run.rank_or_usual, alpha=run.alpha_or_usual, seed=run.seed)

    def _text(self, corpus: TextCorpus, settings: TuneSettings) -> Objective:
        self.unit = "windows"
        tokenizer, context = self.model.tokenizer, self.context
        stream = load_stream(corpus, "train", tokenizer, cache=self.home.cache)
        if len(stream.tokens) <= context:
            raise too_little(corpus.path, stream, context)
        held_out = load_stream(corpus, "validation", tokenizer, cache=self.home.cache)
        self.held_out = -(-max(len(held_out.tokens) - 1, 0) // context)
        self.best_by = "nats_per_token" if settings.best and len(held_out.tokens) > 1 else None
        self.learnt = {"documents": stream.documents, "tokens": len(stream.tokens), "bytes": stream.bytes}
        return TextTuning(
            self.model.network.config,
            PlmSettings(),
            stream,
            held_out=held_out,
            context=context,
            decode=lambda numbers: str(tokenizer.decode(numbers)),
            device=self.machine.device,
            seed=self.run.seed,
            end=int(tokenizer.eos_token_id),
            tuned=settings,
            network=self.network,
        )

    def _examples(self, corpus: ExampleCorpus, settings: TuneSettings) -> Objective:
        self.unit = "examples"
        rows, held_out = self._rows(corpus, "train"), self._rows(corpus, "validation")
        self.best_by = "nats_per_token" if settings.best and held_out.rows else None
        self.held_out = len(held_out.rows)
        self._tell(rows)
        return Tuning(self.model, self.network, settings, rows, held_out=held_out, device=self.machine.device)

    def _pairs(self, corpus: ExampleCorpus, settings: TuneSettings, reference: torch.nn.Module) -> Objective:
        self.unit = "pairs"
        rows, held_out, choosing = self._rows(corpus, "train"), *self._held_out_pairs(corpus, settings)
        self.best_by = "dpo_loss" if settings.best and held_out.rows else None
        self.held_out = len(held_out.rows)
        self._tell(rows)
        machine, tokenizer = self.machine, self.model.tokenizer
        # On them, the rows and the base all reference values depend.
        pinned = f"{self._base.network_digest} {machine.device} {machine.precision}"
        values = []
        for name, part in (("train", rows), ("held-out", held_out)):
            key = sha256_bytes(f"{pinned} {corpus.digest} {self.context} {self.run.chat}".encode())[:32]
            with autocast(machine.device, machine.precision):
                values.append(
                    reference_of(
                        reference,
                        part,
                        fill=int(tokenizer.eos_token_id),
                        words=int(self.model.network.get_input_embeddings().weight.shape[0]),
                        device=machine.device,
                        path=self.home.cache / "reference" / f"{key}-{name}.json",
                        pinned=pinned,
                    )
                )
        return Preferring(
            self.model,
            self.network,
            settings,
            rows,
            held_out=held_out,
            choosing=choosing,
            reference=reference,
            values=(values[0], values[1]),
            device=machine.device,
        )

    def _held_out_pairs(self, corpus: ExampleCorpus, settings: TuneSettings) -> tuple[Rows, NDArray[np.bool_]]:
        """Validation pairs, which choose the average that is kept, and test pairs, of which is told; mixed, so that
        the first ones are of both kinds."""
        parts = [self._rows(corpus, split) for split in ("validation", "test")]
        rows = [*parts[0].rows, *parts[1].rows]
        order = np.random.default_rng(0).permutation(len(rows))
        choosing = (order < len(parts[0].rows)) & settings.best & bool(parts[1].rows)
        left_out, cut = (sum(getattr(part, name) for part in parts) for name in ("left_out", "cut"))
        return Rows(tuple(rows[i] for i in order), left_out, cut), choosing

    def _rows(self, corpus: ExampleCorpus, split: str) -> Rows:
        return lay_out(self.model, corpus.split(split), context=self.context, as_chat=self.run.chat)

    def _tell(self, rows: Rows) -> None:
        self.learnt = {"answer_tokens": rows.answer_tokens, "left_out": rows.left_out, "cut": rows.cut}

    def base(self) -> ModelFolder:
        """The model that goes on."""
        return self._base

    def pinned(self) -> dict[str, str]:
        """The chat template, which no digest of the base's network covers."""
        template = chat_template(self.model)
        return {} if template is None else {"template": sha256_bytes(template.encode())}

    def details(self) -> dict[str, Any]:
        """The method and the longest row."""
        return {"method": self.run.method, "base": self._base.name, "context": self.context, **self.learnt}

    def save(self, outcome: Outcome, training: dict[str, Any]) -> ModelFolder:
        """The averaged network in bfloat16 with the base's tokenizer; what is measured is measured once more, on the
        weights as they are written: a small step may be lost by rounding."""
        network, run = outcome.average["model"], self.run
        if run.method == "lora":
            network = lowrank.merged(network)
            training["run"] |= {"rank": run.rank_or_usual, "alpha": run.alpha_or_usual}
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.copy_(parameter.to(torch.bfloat16))
            torch.manual_seed(mix_seed(self.run.seed, "validate"))
            with autocast(self.machine.device, self.machine.precision):
                found = self.learning.validate({"model": network})
        training["measured"] = {f"validation/{key}": value for key, value in found.items()}
        if run.method == "dpo":
            training["run"]["beta"] = run.strength
        training["run"]["rate"], training["run"]["context"] = self.run.highest_rate, self.context
        training["corpus"] |= self.learnt
        corpus = self.corpora[0]
        assert isinstance(corpus, TextCorpus | ExampleCorpus)
        config = {k: v for k, v in self._base.config.items() if k != "torch_dtype"} | {"dtype": "bfloat16"}
        return save_folder(
            self.home.models / self.run.name,
            config=config,
            tensors={name: value.to("cpu", torch.bfloat16) for name, value in _own_tensors(network).items()},
            training=training,
            card=tuned_card(self.run.name, config, training),
            more=_files(self._base, self.model) | ngrams_file(ngrams_of(corpus, base=self.model.ngrams)),
        )


def base_named(reference: str, home: Home) -> ModelFolder:
    """The language model that ``reference`` names.

    Raises:
        UserError: there is no such model, or it makes no text.
    """
    folder = resolve(reference, home)
    if folder.family != "plm" or folder.config.get("kind") == "music":
        raise UserError(
            _("'{name}' is a model of the family '{family}' and no language model.", name=reference,
              family=folder.family or "-"),
            _("Choose another --from; see `luokuan models list`."),
            code="training.base",
        )  # fmt: skip
    return folder


def _context(run: TuneRun, model: PlmModel) -> int:
    most = context_of(model)
    if run.context is None:
        return CONTEXT if most is None else min(CONTEXT, most)
    if most is not None and run.context > most:
        raise UserError(
            _("'{name}' looks at {most} tokens at a time, fewer than {context}.", name=model.folder.name, most=most,
              context=run.context),
            _("Give a smaller --context."),
            code="training.context",
        )  # fmt: skip
    return run.context


def _talks(run: TuneRun, corpus: ExampleCorpus) -> bool:
    return run.chat or any(example.turns for example, _split in corpus.examples)


def _own_tensors(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The weights by name, each once: a head that is tied to the embeddings is left out, as transformers does it."""
    found: dict[str, torch.Tensor] = {}
    seen: set[int] = set()
    for name, value in network.state_dict().items():
        if value.data_ptr() not in seen:
            found[name] = value.detach()
        seen.add(value.data_ptr())
    return found


def _files(base: ModelFolder, model: PlmModel) -> dict[str, bytes]:
    """The base's tokenizer and what belongs to it as they are, and the chat template that was used."""
    found = {name: (base.path / name).read_bytes() for name in LANGUAGE if (base.path / name).is_file()}
    if TOKENIZER not in found:  # older folders hold it in other files
        found |= tokenizers.files(model.tokenizer)
    if CHAT not in found and model.tokenizer.chat_template == TEMPLATE:
        found[CHAT] = TEMPLATE.encode()
    return found
