"""What a language model is worth on a corpus: how likely it finds held-out text, and how much its own texts copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import torch

from luokuan.errors import UserError
from luokuan.foundation.corpus import TextCorpus
from luokuan.i18n import _
from luokuan.models.evaluation.copying import Material, distinct, letters_of
from luokuan.models.plm.likelihood import likelihood
from luokuan.models.plm.model import PlmModel
from luokuan.models.plm.sampling import Manner
from luokuan.models.plm.shards import load_stream
from luokuan.models.plm.writing import context_of, write

TEXTS = 50
"""Texts that are written if no number is given."""
TOKENS = 200
"""Most tokens of each."""
CONTEXT = 1024
"""Most tokens of a window."""
LETTERS = 50_000_000
"""Letters of training text in which copies are looked for at most."""
COPY = 50
"""Letters in a row from which on a shared run is called a copy."""
SPLITS = ("validation", "test")


@dataclass(frozen=True, slots=True)
class Texts:
    """Figures of some texts.

    Args:
        texts: How many.
        distinct_2: Different pairs of letters as a share of all.
        longest_median: Letters of the longest run that a text shares with the training text, median.
        longest: The same, of the text that shares most.
        copies: Share of texts that share ``COPY`` letters in a row or more.
        run: The longest run itself.
    """

    texts: int
    distinct_2: float
    longest_median: float
    longest: int
    copies: float
    run: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured. ``likelihood``: of held-out text, as in training; ``written``: texts by the model from
    nothing, temperature 1; ``real``: as many held-out documents, cut to the length of those."""

    likelihood: dict[str, float]
    written: Texts
    real: Texts
    seed: int

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    def verdicts(self) -> list[str]:
        """What the figures mean, in sentences."""
        if self.written.copies > self.real.copies + 0.02:
            return [
                _(
                    "{share:.0%} of its texts hold {letters} letters in a row of the training text, of real ones "
                    "{real:.0%}: look for copies before you publish.",
                    share=self.written.copies,
                    letters=COPY,
                    real=self.real.copies,
                )
            ]
        return [
            _(
                "No sign of copying: the longest run shared with the training text has {letters} letters, in real text "
                "{real}.",
                letters=self.written.longest,
                real=self.real.longest,
            )
        ]


def measure(
    model: PlmModel,
    corpus: TextCorpus,
    *,
    cache: Path,
    texts: int = TEXTS,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> Figures:
    """Measure ``model`` on the held-out splits of ``corpus``; copies are looked for in its training split.

    Args:
        cache: Where the tokens of the corpus are kept.
        texts: How many texts are written and compared, 1 or more.
        seed: Of the first text.
        progress: Called with what is done, how many are done, of how many.

    Raises:
        UserError: nothing is held out, or a file has become unreadable.
    """
    tell = progress or (lambda _what, _done, _of: None)
    end = int(model.tokenizer.eos_token_id)
    context = min(context_of(model) or CONTEXT, CONTEXT)
    found: dict[str, float] = {}
    with torch.inference_mode():
        for number, split in enumerate(SPLITS):
            tell(_("held-out text"), number, len(SPLITS))
            stream = load_stream(corpus, split, model.tokenizer, cache=cache)
            _add(found, likelihood(model.network, stream, context, end))
    if not found:
        raise UserError(
            _("{path} has no held-out text.", path=corpus.path),
            _("Add documents, or name a split test."),
            code="evaluation.held_out",
        )
    material = Material(_pieces(corpus, "train"))
    written = []
    for number in range(texts):
        tell(_("texts"), number, texts)
        written += [
            w.text for w in write(model, [""], seed=seed + number, manner=Manner(temperature=1.0, max_tokens=TOKENS))
        ]
    length = int(median(len(letters_of(text)) for text in written))
    real = [text[: 2 * length] for split in SPLITS for text in islice(_pieces(corpus, split), texts)][:texts]
    real = [_cut(text, length) for text in real]
    return Figures(found, _figures(written, material), _figures(real, material), seed)


def _add(found: dict[str, float], more: Any) -> None:
    """The figures of two parts together, each weighing as many tokens as it has."""
    if not more:
        return
    have, new = found.get("tokens", 0.0), more["tokens"]
    for key in ("nats_per_token", "bits_per_byte"):
        found[key] = (found.get(key, 0.0) * have + more[key] * new) / (have + new)
    found["tokens"] = have + new


def _pieces(corpus: TextCorpus, split: str) -> Iterator[str]:
    """Documents, ``LETTERS`` characters of them at most."""
    left = LETTERS
    for pieces in corpus.split(split):
        document = ""
        for piece in pieces:
            document += piece[: max(left - len(document), 0)]
        left -= len(document)
        if document:
            yield document
        if left <= 0:
            return


def _cut(text: str, letters: int) -> str:
    """The beginning of ``text`` with so many letters."""
    seen = 0
    for place, character in enumerate(text):
        seen += character.isalnum()
        if seen >= letters:
            return text[: place + 1]
    return text


def _figures(texts: Sequence[str], material: Material) -> Texts:
    shared = [material.longest_shared(text) for text in texts]
    longest = max(shared, key=lambda one: one.length)
    return Texts(
        texts=len(texts),
        distinct_2=distinct(texts, 2),
        longest_median=float(median(one.length for one in shared)),
        longest=longest.length,
        copies=sum(one.length >= COPY for one in shared) / len(shared),
        run=longest.run[:200],
    )
