"""From pairs of sentences to an encoder-decoder's folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from luokuan.errors import UserError
from luokuan.files import sha256_bytes, write_atomic
from luokuan.foundation.corpus import ParallelCorpus, open_parallel
from luokuan.foundation.corpus.parallel import check_languages
from luokuan.foundation.family import FamilyTraining
from luokuan.foundation.modelfolder import ModelFolder, resolve, save_folder
from luokuan.foundation.objective import Objective
from luokuan.foundation.runs import check_choices, joint_digest, resumed
from luokuan.foundation.training import Outcome
from luokuan.i18n import _
from luokuan.models.plm import tokenizers
from luokuan.models.plm.learnt import LEAST, MOST
from luokuan.models.plm.train import KEEPS, resolved_name
from luokuan.models.seq2seq import tokens
from luokuan.models.seq2seq.card import seq2seq_card
from luokuan.models.seq2seq.config import HEAD, LONGEST, SIZES, layers_of, marian_config
from luokuan.models.seq2seq.decoding import Search, quietly, written_for
from luokuan.models.seq2seq.learning import Seq2SeqLearning, Seq2SeqSettings, new_model, seeded_model
from luokuan.models.seq2seq.material import Direction, Row, Rows, lay_out, require_rows
from luokuan.models.seq2seq.model import Seq2SeqModel, saved_files, saved_tensors
from luokuan.store.home import Home, open_home

if TYPE_CHECKING:
    from transformers import MarianConfig, PreTrainedTokenizerFast

_DEFAULTS = Seq2SeqSettings()


@dataclass(frozen=True, slots=True)
class Seq2SeqRun:
    """All choices of a run: written to run.json at its start, so that resume repeats them exactly.

    Args:
        start: The language from which to translate, and ``to`` into which; with ``both`` also back.
        layers: Blocks of encoder and decoder, such as ``4+3``; None: those of the size.
        base: A model of ``train seq2seq`` to go on with; shape and tokenizer are then its own.
    """

    name: str
    start: str = "en"
    to: str = "zh"
    both: bool = True
    size: str = "micro"
    layers: str | None = None
    width: int | None = None
    vocabulary: int = tokens.VOCABULARY
    base: str | None = None
    steps: int | None = None
    minutes: float | None = None
    batch: int = 256
    accumulate: int = 1
    rate: float = _DEFAULTS.rate
    dropout: float = 0.3
    keep: str = "best"
    seed: int = 0
    precision: str | None = None
    device: str | None = None

    @property
    def directions(self) -> tuple[Direction, ...]:
        """(from, to) of what is learnt."""
        forth = (self.start, self.to)
        return (forth, (self.to, self.start)) if self.both else (forth,)

    def check(self) -> None:
        """Refuse what can't work.

        Raises:
            UserError: a value is out of its range.
        """
        check_choices(
            self,
            [
                (self.size in SIZES, "--size", tuple(SIZES)),
                (self.layers is None or layers_of(self.layers) is not None, "--layers", "1+1 … 12+12"),
                (
                    self.width is None or (self.width % HEAD == 0 and HEAD <= self.width <= 16 * HEAD),
                    "--width",
                    f"{HEAD}, {2 * HEAD} … {16 * HEAD}",
                ),
                (LEAST <= self.vocabulary <= MOST, "--vocabulary", f"{LEAST} … {MOST}"),
                (0 < self.rate <= 0.1, "--rate", "0 … 0.1"),
                (0 <= self.dropout < 1, "--dropout", "0 … 0.99"),
                (self.keep in KEEPS, "--keep", KEEPS),
            ],
        )
        check_languages(self.start, self.to)


class Seq2SeqTraining(FamilyTraining[Seq2SeqRun, ParallelCorpus]):
    """One prepared run of an encoder-decoder on pairs of sentences (see ``FamilyTraining``)."""

    family = "seq2seq"
    unit = "sentences"
    packages = ("transformers", "tokenizers")
    tokenizer: PreTrainedTokenizerFast
    config: MarianConfig
    rows: Rows

    def objective(self) -> Objective:
        """The transformer on the pairs of all corpora."""
        run = self.run
        self._base = None if run.base is None else base_named(run.base, self.home, run.directions)
        model = self._fresh() if self._base is None else self._continued(self._base)
        self.rows = self._rows("train")
        require_rows(self.rows, self.corpora[0].path)
        held_out = self._rows("validation").rows
        self.held_out = len(held_out)
        self.best_by = "nats_per_token" if run.keep == "best" and held_out else None
        return Seq2SeqLearning(
            model,
            Seq2SeqSettings(rate=run.rate),
            self.rows.rows,
            held_out=held_out,
            pad=int(self.config.pad_token_id),
            translate=self._shown,
            device=self.machine.device,
        )

    def _fresh(self) -> nn.Module:
        run = self.run
        self.tokenizer = _tokenizer(run, self.corpora, self.home)
        known = self.tokenizer.get_vocab()
        self.config = marian_config(
            run.size,
            vocabulary=tokenizers.size(self.tokenizer),
            pad=known[tokens.PAD],
            end=known[tokens.END],
            directions=run.directions,
            layers=None if run.layers is None else layers_of(run.layers),
            width=run.width,
            dropout=run.dropout,
        )
        return seeded_model(self.config, run.seed)

    def _continued(self, base: ModelFolder) -> nn.Module:
        from transformers import MarianConfig

        loaded = Seq2SeqModel.from_folder(base)
        self.tokenizer = loaded.tokenizer
        directions = [list(pair) for pair in self.run.directions]
        values = loaded.network.config.to_dict() | {"dropout": self.run.dropout, "directions": directions}
        self.config = MarianConfig.from_dict(values)
        model = new_model(self.config)
        model.load_state_dict(loaded.network.state_dict())
        return model

    def _rows(self, split: str) -> Rows:
        run = self.run
        pairs = [pair for corpus in self.corpora for pair in corpus.split(split)]
        return lay_out(
            self.tokenizer,
            pairs,
            (run.start, run.to),
            run.directions,
            longest=int(self.config.max_position_embeddings),
        )

    def _shown(self, network: nn.Module, rows: Sequence[Row]) -> list[str]:
        folder = ModelFolder(self.folder, self.run.name, self.config.to_dict(), {}, "")
        model = Seq2SeqModel(folder, network, self.tokenizer)
        with quietly():
            written = written_for(model, [row.source for row in rows], "", Search(beams=1))
        return [
            f"{model.spell(row.source)}\n    {model.spell(found)}\n    ({model.spell(row.target)})"
            for row, found in zip(rows, written, strict=True)
        ]

    def base(self) -> ModelFolder | None:
        """The model that goes on."""
        return self._base

    def pinned(self) -> dict[str, str]:
        """The tokenizer."""
        return {"tokenizer": tokenizers.digest(self.tokenizer)}

    def published(self) -> dict[str, str]:
        """A base that was given as a folder, by its name alone."""
        return {} if self.run.base is None else {"base": resolved_name(self.run.base)}

    def details(self) -> dict[str, Any]:
        """What there is to learn from."""
        return {
            "directions": [f"{start} → {to}" for start, to in self.run.directions],
            "target_tokens": self.rows.target_tokens,
            "synthetic": self.rows.synthetic,
            "left_out": self.rows.left_out,
            "vocabulary": tokenizers.size(self.tokenizer),
        }

    def save(self, outcome: Outcome, training: dict[str, Any]) -> ModelFolder:
        """The averaged transformer in bfloat16, as transformers writes it, with its tokenizer."""
        config = json.loads(self.config.to_json_string()) | {"architectures": ["MarianMTModel"], "dtype": "bfloat16"}
        training["corpus"] |= {
            "target_tokens": self.rows.target_tokens,
            "synthetic": self.rows.synthetic,
            "left_out": self.rows.left_out,
        }
        return save_folder(
            self.home.models / self.run.name,
            config=config,
            tensors=saved_tensors(outcome.average["model"]),
            training=training,
            card=seq2seq_card(self.run.name, config, training),
            more=saved_files(int(config["vocab_size"]), self.tokenizer, LONGEST),
        )


def _tokenizer(run: Seq2SeqRun, corpora: tuple[ParallelCorpus, ...], home: Home) -> PreTrainedTokenizerFast:
    """Learnt from the training text of both sides, what a machine wrote left out; kept in the cache."""
    languages = sorted((run.start, run.to))
    parts = (tokens.FORMAT, joint_digest(corpora), *languages, run.vocabulary)
    key = sha256_bytes(" ".join(map(str, parts)).encode())[:32]
    path = home.cache / "tokenizers" / f"{key}.json"
    if (kept := tokens.kept(path)) is not None:
        return kept
    pairs = [(corpus.languages, pair) for corpus in corpora for pair in corpus.split("train")]
    texts = (
        text
        for names, pair in pairs
        for language, text in zip(names, pair.texts, strict=True)
        if language != pair.synthetic
    )
    made = tokens.build(texts, languages, vocabulary=run.vocabulary)
    write_atomic(path, made.backend_tokenizer.to_str().encode())
    return made


def base_named(reference: str, home: Home, directions: Sequence[Direction]) -> ModelFolder:
    """The model that ``reference`` names.

    Raises:
        UserError: there is no such model, it wasn't trained by ``train seq2seq``, or has no mark for a language.
    """
    folder = resolve(reference, home)
    if folder.config.get("family") != "seq2seq":
        raise UserError(
            _("'{name}' is no model of `luokuan train seq2seq`.", name=reference),
            _("Choose another --base; see `luokuan models list`."),
            code="training.base",
        )
    known = {code for pair in folder.config.get("directions") or [] for code in pair}
    if strange := {code for pair in directions for code in pair} - known:
        raise UserError(
            _("'{name}' doesn't know the language {language}.", name=reference, language=min(strange)),
            _("It knows: {known}.", known=", ".join(sorted(map(str, known)))),
            code="training.base",
        )
    return folder


def prepare(corpora: Sequence[Path | str], *, resume: bool, home: Home, quiet: bool, **choices: Any) -> Seq2SeqTraining:
    """A run on the pairs of all ``corpora``.

    Args:
        resume: Take all choices but ``name`` from the run's record.

    Raises:
        UserError: see ``FamilyTraining``.
    """
    run = resumed(home, choices["name"], "seq2seq", Seq2SeqRun) if resume else Seq2SeqRun(**choices)
    run.check()  # before the corpora are read
    opened = tuple(open_parallel(corpus, (run.start, run.to)) for corpus in corpora)
    return Seq2SeqTraining(opened, run, home=home, quiet=quiet)


def train_seq2seq(
    corpora: Path | str | Sequence[Path | str],
    *,
    resume: bool = False,
    home: Home | None = None,
    quiet: bool = True,
    **choices: Any,
) -> ModelFolder | None:
    """Train an encoder-decoder (Python counterpart of ``luokuan train seq2seq``).

    Args:
        corpora: Folders of .jsonl files with a column for each language, or such files.
        resume: Continue the run ``name``; other choices come from its start.
        home: Where runs and models are kept; default: the user's home.
        quiet: No progress.
        choices: Fields of ``Seq2SeqRun``; ``name`` is required.

    Returns:
        The model folder, or None when the run was stopped and can be resumed.

    Raises:
        UserError: see ``FamilyTraining``.
    """
    several = [corpora] if isinstance(corpora, str | Path) else list(corpora)
    prepared = prepare(several, resume=resume, home=home or open_home(), quiet=quiet, **choices)
    return prepared.train(resume=resume)[1]
