"""The tokens of a corpus split, written once to the cache and kept memory-mapped: memory stays flat however large the
corpus is.

On disk ``tokens/KEY-SPLIT.bin``, numbers in the smallest unsigned type that holds the vocabulary, with
``KEY-SPLIT.json`` beside it; KEY comes from the digests of corpus and tokenizer and ``FORMAT``. The JSON is written
last and holds the SHA-256 of the numbers: what doesn't match is made again.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from luokuan.errors import UserError
from luokuan.files import disk_errors, sha256_bytes, sha256_file, write_atomic
from luokuan.foundation.corpus import TextCorpus
from luokuan.foundation.corpus.arrays import PART, hold, remove_abandoned
from luokuan.i18n import _
from luokuan.models.plm.tokenizers import digest, encode, size

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

FORMAT = 1
"""Part of the key: to be raised when the same arguments would give other numbers."""
TOGETHER = 1 << 18
"""Characters that are encoded at a time."""


@dataclass(frozen=True, slots=True)
class Stream:
    """The documents of a split, one after the other, each begun by the tokenizer's end-of-text token.

    Args:
        tokens: uint16 or uint32 (N,), memory-mapped, read-only.
        documents: How many.
        bytes: Of the text in UTF-8, without marks.
    """

    tokens: NDArray[Any]
    documents: int
    bytes: int


def load_stream(corpus: TextCorpus, split: str, tokenizer: PreTrainedTokenizerFast, *, cache: Path) -> Stream:
    """Tokens of ``train``, ``validation`` or ``test``.

    Raises:
        UserError: a file has become unreadable since the corpus was opened; no room for the cache.
    """
    key = sha256_bytes(f"{FORMAT} {corpus.digest} {digest(tokenizer)}".encode())[:32]
    path = cache / "tokens" / f"{key}-{split}.bin"
    dtype = np.dtype(np.uint16 if size(tokenizer) <= 1 << 16 else np.uint32)
    note = _note(path)
    if note is None:
        note = _write(path, corpus, split, tokenizer, dtype)
    count = int(note["tokens"])
    tokens = np.memmap(path, dtype, "r", shape=(count,)) if count else np.empty(0, dtype)
    return Stream(tokens, int(note["documents"]), int(note["bytes"]))


def too_little(path: Path, stream: Stream, context: int) -> UserError:
    """What is said of text that fills no window."""
    return UserError(
        _(
            "{path} has {count} tokens of training text, and a window takes {context}.",
            path=path,
            count=len(stream.tokens),
            context=context + 1,
        ),
        _("Add text, or give a smaller --context."),
        code="corpus.too_small",
    )


def _note(path: Path) -> dict[str, Any] | None:
    try:
        note = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        whole = sha256_file(path) == note["sha256"]
        int(note["tokens"]), int(note["documents"]), int(note["bytes"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return dict(note) if whole else None


def _write(
    path: Path, corpus: TextCorpus, split: str, tokenizer: PreTrainedTokenizerFast, dtype: np.dtype[Any]
) -> dict[str, Any]:
    hashed, counts = hashlib.sha256(), {"tokens": 0, "documents": 0, "bytes": 0}
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(path.parent)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=PART, delete=False) as stream:
            part = Path(stream.name)
            hold(stream.fileno())
            try:
                for numbers, documents, length in _numbers(corpus, split, tokenizer):
                    data = np.asarray(numbers, dtype=dtype).tobytes()
                    stream.write(data)
                    hashed.update(data)
                    counts["tokens"] += len(numbers)
                    counts["documents"] += documents
                    counts["bytes"] += length
                stream.flush()
                part.replace(path)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
    note = {"sha256": hashed.hexdigest(), **counts}
    write_atomic(path.with_suffix(".json"), json.dumps(note).encode())
    return note


def _numbers(
    corpus: TextCorpus, split: str, tokenizer: PreTrainedTokenizerFast
) -> Iterator[tuple[list[int], int, int]]:
    """(numbers, documents begun, bytes of text) of ``TOGETHER`` characters or a little more at a time."""
    pieces: list[tuple[bool, str]] = []  # (whether it begins a document, text)
    waiting = 0

    def out() -> tuple[list[int], int, int]:
        found = encode(tokenizer, [text for _first, text in pieces])
        numbers: list[int] = []
        for (first, _text), ids in zip(pieces, found, strict=True):
            numbers += [int(tokenizer.eos_token_id), *ids] if first else ids
        return numbers, sum(first for first, _text in pieces), sum(len(text.encode()) for _first, text in pieces)

    for document in corpus.split(split):
        first = True
        for piece in document:
            pieces.append((first, piece))
            waiting, first = waiting + len(piece), False
            if waiting >= TOGETHER:
                yield out()
                pieces, waiting = [], 0
    if pieces:
        yield out()
