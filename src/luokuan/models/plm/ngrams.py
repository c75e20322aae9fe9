"""Which runs of words a model was trained on: a small filter beside its weights, by which what it writes is compared.

A Bloom filter (Bloom 1970, Communications of the ACM 13(7), 422-426) of all runs of ``N`` words of the training text.
It answers whether a run may be in there; of runs that aren't it takes about one in eighteen for known, so that only
chains of them count: a longer run is known if all runs of ``N`` words in it are. A word is a run of letters and digits
without case, or one hanzi or kana; marks and spaces don't count.

The text can't be read from it, but whoever has a run of words can ask whether the model saw it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from luokuan.errors import UserError
from luokuan.foundation.corpus import ExampleCorpus, TextCorpus
from luokuan.foundation.modelfolder import NGRAMS
from luokuan.i18n import _

N = 6
"""Words of a run in the filter."""
LEAST = 9
"""Shorter shared runs aren't told: in 200 words that share nothing, one of nine words is found in 2 of 1,000 texts."""
COPY = 12
"""Words in a row from which on a shared run is called a copy."""
BITS, HASHES = 6, 4
"""Of the filter, for each different run: 0.75 bytes, and (1 - exp(-4/6))^4 = 5.6 % taken for known wrongly."""
MOST = 1 << 24
"""Words of training text from which on there is no filter: it would be larger than most models."""
_CJK = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SIZE_LIMIT = 64 << 20


@dataclass(frozen=True, slots=True)
class Shared:
    """The longest run of words that a text shares with what a model learnt: how many, and the run as it stands in the
    text; 0 and empty below ``LEAST``."""

    words: int
    run: str


class Ngrams:
    """What a model has seen.

    Args:
        filters: Bloom filters by name, uint8 (bytes,), the lowest bit of a byte first: of the model's own corpus, and
            of those of the models that it goes on from.
    """

    def __init__(self, filters: Mapping[str, NDArray[np.uint8]]) -> None:
        self.filters = dict(filters)

    def longest_shared(self, text: str) -> Shared:
        """The longest run of words of ``text`` that one of the filters knows; the first of equals."""
        words = list(_WORD.finditer(text))
        grams = _grams(np.array([_number(word.group()) for word in words], dtype=np.uint64))
        best = (0, 0)
        for bits in self.filters.values():
            chain = 0
            for place, known in enumerate(_known(bits, grams)):
                chain = chain + 1 if known else 0
                best = max(best, (chain, chain - place - 1))  # of equals the one that begins first
        chain, start = best[0], -best[1]
        length = chain + N - 1
        if not chain or length < LEAST:
            return Shared(0, "")
        return Shared(length, text[words[start].start() : words[start + length - 1].end()])

    def saved(self) -> bytes:
        """As the file ``NGRAMS`` holds it."""
        from safetensors.numpy import save

        return save(self.filters, metadata={"n": str(N), "hashes": str(HASHES)})

    @classmethod
    def read(cls, path: Path) -> Ngrams | None:
        """That of a model's folder; None if it has none, or one of another make.

        Raises:
            UserError: the file is damaged.
        """
        from safetensors import SafetensorError, safe_open

        place = path / NGRAMS
        if not place.is_file():
            return None
        try:
            if place.stat().st_size > _SIZE_LIMIT:
                raise ValueError
            with safe_open(place, "numpy") as stored:
                if stored.metadata() != {"n": str(N), "hashes": str(HASHES)}:
                    return None
                filters = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
            if not filters or any(f.dtype != np.uint8 or f.ndim != 1 or not len(f) for f in filters.values()):
                raise ValueError
        except (SafetensorError, OSError, ValueError) as error:
            raise UserError(
                _("What the model learnt can't be read from {path}.", path=place),
                _("Take another copy of the model, or remove the file: texts are then not compared."),
                code="model.ngrams",
            ) from error
        return cls(filters)


def ngrams_of(
    corpus: TextCorpus | ExampleCorpus | Iterable[Iterable[str]], *, base: Ngrams | None = None
) -> Ngrams | None:
    """The filter of a corpus's training text (of examples all their answers), or of documents in pieces; None if there
    is too much or too little.

    Args:
        base: What the model that this one goes on from has seen.
    """
    known: dict[str, NDArray[np.uint8]] = {}
    for name, bits in sorted(base.filters.items(), key=lambda one: len(one[0])) if base else ():
        # The nearest ancestors first, as far as a file may hold them.
        if sum(map(len, known.values())) + len(bits) <= _SIZE_LIMIT // 2:
            known[f"base.{name}"] = bits
    if isinstance(corpus, ExampleCorpus):
        documents: Iterable[Iterable[str]] = ([answer] for e in corpus.split("train") for answer in e.answers)
    else:
        documents = corpus.split("train") if isinstance(corpus, TextCorpus) else corpus
    found: list[NDArray[np.uint64]] = []
    total = 0
    for grams in _all_grams(documents):
        found.append(grams)
        total += len(grams)
        if total > MOST:
            return Ngrams(known) if known else None
    if total:
        known["own"] = _filter(np.unique(np.concatenate(found)))
    return Ngrams(known) if known else None


def ngrams_file(ngrams: Ngrams | None) -> dict[str, bytes]:
    """The file of a model's folder, by its name; none without a filter."""
    return {} if ngrams is None else {NGRAMS: ngrams.saved()}


def _all_grams(documents: Iterable[Iterable[str]]) -> Iterator[NDArray[np.uint64]]:
    numbers: dict[str, int] = {}
    for document in documents:
        rest: list[int] = []
        for piece in document:
            for word in _WORD.findall(piece):
                if word not in numbers:
                    numbers[word] = _number(word)
                rest.append(numbers[word])
            if len(rest) >= N:
                yield _grams(np.array(rest, dtype=np.uint64))
                rest = rest[-N + 1 :]


def _number(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.casefold().encode(errors="replace"), digest_size=8).digest(), "little")


def _grams(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A number for each run of ``N`` words: uint64 (W,) to (W - N + 1,), modulo 2^64."""
    count = max(len(words) - N + 1, 0)
    found = np.zeros(count, dtype=np.uint64)
    for place in range(N):
        found = found * _PRIME + words[place : place + count]
    found ^= found >> np.uint64(31)
    return found * _PRIME


def _bits(grams: NDArray[np.uint64], size: int) -> Iterator[NDArray[np.int64]]:
    """The bits of each run (Kirsch and Mitzenmacher 2008, Less Hashing, Same Performance): h1 + i h2 modulo size."""
    low, high = grams & np.uint64(0xFFFFFFFF), (grams >> np.uint64(32)) | np.uint64(1)
    for number in range(HASHES):
        yield ((low + np.uint64(number) * high) % np.uint64(size)).astype(np.int64)


def _filter(grams: NDArray[np.uint64]) -> NDArray[np.uint8]:
    size = 8 * max(-(-BITS * len(grams) // 8), 8)
    bits = np.zeros(size, dtype=np.bool_)
    for places in _bits(grams, size):
        bits[places] = True
    return np.packbits(bits, bitorder="little")


def _known(packed: NDArray[np.uint8], grams: NDArray[np.uint64]) -> Sequence[bool]:
    known = np.ones(len(grams), dtype=np.bool_)
    for places in _bits(grams, 8 * len(packed)):
        known &= (packed[places >> 3] >> (places & 7).astype(np.uint8)) & 1 == 1
    found: list[bool] = known.tolist()
    return found
