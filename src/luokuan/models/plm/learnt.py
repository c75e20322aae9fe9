"""A tokenizer learnt from a corpus, as a folder of its own, and how it does on held-out text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.errors import UserError
from luokuan.files import new_folder
from luokuan.foundation.corpus import TextCorpus
from luokuan.i18n import _
from luokuan.models.plm import tokenizers

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

LEAST, MOST = 300, 1 << 17
"""Tokens that ``bpe`` may be asked for."""
TOGETHER = 1 << 18
"""Characters that are encoded at a time."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """How held-out text is cut. ``tokens``: without the marks of documents; ``unknown``: how many of them stand for
    characters that the tokenizer doesn't know."""

    characters: int
    bytes: int
    tokens: int
    unknown: int

    @property
    def characters_per_token(self) -> float | None:
        """None where there is no held-out text."""
        return self.characters / self.tokens if self.tokens else None

    @property
    def bytes_per_token(self) -> float | None:
        """The same in bytes of UTF-8."""
        return self.bytes / self.tokens if self.tokens else None


def check_choices(kind: str, vocabulary: int) -> None:
    """Refuse what can't be learnt.

    Raises:
        UserError: another kind than ``KINDS``, a vocabulary out of its range, or one for a kind that has none.
    """
    for good, option, allowed in (
        (kind in tokenizers.KINDS, "--kind", ", ".join(tokenizers.KINDS)),
        (LEAST <= vocabulary <= MOST, "--vocabulary", f"{LEAST} … {MOST}"),
    ):
        if not good:
            raise UserError(
                _("{option} is out of its range.", option=option),
                _("Allowed: {allowed}.", allowed=allowed),
                code="tokenizer.option",
            )
    if vocabulary != tokenizers.VOCABULARY and kind != "bpe":
        raise UserError(
            _("{option} has no say with {other}.", option="--vocabulary", other=f"--kind {kind}"),
            _("Leave one of them out."),
            code="tokenizer.option",
        )


def learn(corpus: TextCorpus, kind: str, vocabulary: int = tokenizers.VOCABULARY) -> PreTrainedTokenizerFast:
    """A tokenizer from the training split: the same corpus, the same tokenizer.

    Raises:
        UserError: more different characters than ``chars`` can hold; a file has become unreadable.
        ValueError: another kind.
    """
    return tokenizers.build(kind, pieces(corpus, "train"), vocabulary=vocabulary, characters=corpus.characters)


def measure(tokenizer: PreTrainedTokenizerFast, corpus: TextCorpus) -> HeldOut:
    """Cut the validation split, ``TOGETHER`` characters at a time.

    Raises:
        UserError: a file has become unreadable.
    """
    unknown = tokenizer.unk_token_id if tokenizer.unk_token_id != tokenizer.eos_token_id else None
    characters = size = tokens = unknowns = 0
    for texts in _batches(pieces(corpus, "validation")):
        characters += sum(map(len, texts))
        size += sum(len(text.encode()) for text in texts)
        for numbers in tokenizers.encode(tokenizer, texts):
            tokens += len(numbers)
            unknowns += 0 if unknown is None else numbers.count(unknown)
    return HeldOut(characters, size, tokens, unknowns)


def write(tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """tokenizer.json and tokenizer_config.json, which ``AutoTokenizer`` and ``train plm --tokenizer`` read; atomic.

    Raises:
        UserError: the place can't be written, or there is no room.
    """
    with new_folder(folder) as part:
        for name, data in tokenizers.files(tokenizer).items():
            (part / name).write_bytes(data)


def pieces(corpus: TextCorpus, split: str) -> Iterator[str]:
    """The text of a split."""
    for document in corpus.split(split):
        yield from document


def _batches(texts: Iterator[str]) -> Iterator[list[str]]:
    waiting: list[str] = []
    for text in texts:
        waiting.append(text)
        if sum(map(len, waiting)) >= TOGETHER or len(waiting) >= 1000:
            yield waiting
            waiting = []
    if waiting:
        yield waiting
