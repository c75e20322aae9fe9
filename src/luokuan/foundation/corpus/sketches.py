"""Near-duplicate texts by MinHash: a text as 128 numbers, of which two texts share about as many as their Jaccard
similarity says, and locality-sensitive hashing to compare only texts that may be alike.

A. Broder, On the resemblance and containment of documents, 1997; the bands after Leskovec, Rajaraman, Ullman, Mining of
Massive Datasets, chapter 3. Sketches lie in a temporary file, 512 bytes a text; in memory there are a few numbers a
text.
"""

from __future__ import annotations

import re
import tempfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHINGLE = 5
"""Letters of a shingle. Case, white space and punctuation don't count."""
PERMUTATIONS = 128
"""Numbers of a sketch; an estimate J is off by sqrt(J (1 - J) / 128), 0.035 at 0.8."""
BANDS, ROWS = 25, 5
"""Texts whose sketches agree in all rows of one of the bands are compared: 99.99 % of those of similarity 0.8, 6 % at
0.3."""
ALIKE = 0.8
"""Estimated similarity from which on a text counts as a near-duplicate."""
TRIES = 200
"""Texts of a band's bucket with which the others are compared; more only have a bucket where very many texts share a
long passage, and then some near-duplicates may stay unseen."""
_PIECE = 1024
_ROWS_AT_ONCE = 1 << 14
_NO_LETTER = re.compile(r"[\W_]+")
_TOP = np.uint32(2**32 - 1)
_random = np.random.default_rng(1997)
_FACTORS = _random.integers(0, 2**32, (PERMUTATIONS, 1), dtype=np.uint64).astype(np.uint32) | np.uint32(1)
_TERMS = _random.integers(0, 2**32, (PERMUTATIONS, 1), dtype=np.uint64).astype(np.uint32)


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A bijection of 64-bit numbers after which all bits look random (the finaliser of SplitMix64)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def shingle_hashes(letters: str) -> NDArray[np.uint32]:
    """A hash of each ``SHINGLE`` letters in a row, uint32 (N,); of fewer letters one of all of them; of none, none."""
    codes = np.frombuffer(letters.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    width = min(SHINGLE, len(codes))
    if not width:
        return np.empty(0, dtype=np.uint32)
    hashed = np.zeros(len(codes) - width + 1, dtype=np.uint64)
    for place in range(width):
        hashed = _mixed(hashed * np.uint64(0x9E3779B97F4A7C15) + codes[place : place + len(hashed)] + np.uint64(1))
    return (hashed >> np.uint64(32)).astype(np.uint32)


def sketch_of(hashes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The least of each of 128 permutations a·h + b mod 2^32 (a odd) of ``hashes``, uint32 (128,); of no hashes the
    largest numbers. The sketch of two sets together is the elementwise minimum of theirs."""
    sketch = np.full(PERMUTATIONS, _TOP, dtype=np.uint32)
    for start in range(0, len(hashes), _PIECE):  # as much as fits into the processor's cache
        permuted = hashes[None, start : start + _PIECE] * _FACTORS + _TERMS
        np.minimum(sketch, permuted.min(axis=1), out=sketch)
    return sketch


def similarity(sketch: NDArray[np.uint32], others: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Estimated Jaccard similarities, 0 to 1, of a sketch (128,) with others (N, 128): the shares of equal numbers."""
    found: NDArray[np.float64] = (others == sketch).mean(axis=1)
    return found


class Sketcher:
    """The sketch of a text that comes in pieces."""

    def __init__(self) -> None:
        self._sketch = sketch_of(np.empty(0, dtype=np.uint32))
        self._last = ""
        self._long = False

    def add(self, piece: str) -> None:
        """Go on with the text."""
        letters = self._last + _NO_LETTER.sub("", piece.casefold())
        if len(letters) >= SHINGLE:
            np.minimum(self._sketch, sketch_of(shingle_hashes(letters)), out=self._sketch)
            self._long = True
        self._last = letters[-(SHINGLE - 1) :] if self._long else letters

    def sketch(self) -> NDArray[np.uint32]:
        """Of all that was added, uint32 (128,)."""
        return self._sketch if self._long else sketch_of(shingle_hashes(self._last))


class Sketches:
    """Sketches of many texts, in a temporary file that is gone with this object."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._count = 0

    def add(self, sketch: NDArray[np.uint32]) -> None:
        """One more text."""
        self._file.write(sketch.tobytes())
        self._count += 1

    def rows(self) -> NDArray[np.uint32]:
        """All of them, uint32 (N, 128), memory-mapped."""
        self._file.flush()
        if not self._count:
            return np.empty((0, PERMUTATIONS), dtype=np.uint32)
        return np.memmap(self._file, dtype=np.uint32, mode="r", shape=(self._count, PERMUTATIONS))

    def close(self) -> None:
        """Remove the file."""
        self._file.close()


def near_duplicates(rows: NDArray[np.uint32], among: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each text the first one of which it is a near-duplicate, itself where there is none: int64 (N,).

    A text that stands for others stands for itself, and each of the others is similar to it by ``ALIKE`` or more: where
    A resembles B and B resembles C, but A not C, A stands for B, and C for itself.

    Args:
        rows: Sketches (N, 128).
        among: The texts to compare, rising (M,); the others stand for themselves.
    """
    leader = np.arange(len(rows), dtype=np.int64)
    among = among[_lettered(rows)[among]]
    with tempfile.TemporaryFile() as file:
        keys: NDArray[np.uint64] = _band_keys(rows, file)
        while True:
            for band in range(BANDS):
                chosen = among[leader[among] == among]
                for bucket in _buckets(keys[band], chosen):
                    _gather(rows, bucket, leader)
            if not _settle(rows, leader):
                return leader


def _lettered(rows: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Which sketches (N, 128) are of any letters, (N,): those of none are all alike."""
    parts = [rows[i : i + _ROWS_AT_ONCE].min(axis=1) < _TOP for i in range(0, len(rows), _ROWS_AT_ONCE)]
    return np.concatenate([np.empty(0, dtype=np.bool_), *parts])


def _band_keys(rows: NDArray[np.uint32], file: Any) -> NDArray[np.uint64]:
    if not len(rows):
        return np.empty((BANDS, 0), dtype=np.uint64)
    keys = np.memmap(file, dtype=np.uint64, mode="w+", shape=(BANDS, len(rows)))
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = rows[start : start + _ROWS_AT_ONCE, : BANDS * ROWS].astype(np.uint64).reshape(-1, BANDS, ROWS)
        key = np.zeros(part.shape[:2], dtype=np.uint64)
        for row in range(ROWS):
            key = _mixed(key * np.uint64(0x9E3779B97F4A7C15) + part[:, :, row] + np.uint64(1))
        keys[:, start : start + _ROWS_AT_ONCE] = key.T
    return keys


def _buckets(keys: NDArray[np.uint64], chosen: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Texts of ``chosen`` with equal keys, rising, where there are two or more."""
    found = keys[chosen]
    order = np.argsort(found, kind="stable")
    edges = np.flatnonzero(np.diff(found[order])) + 1
    starts, stops = np.concatenate([[0], edges]), np.concatenate([edges, [len(order)]])
    several = np.flatnonzero(stops - starts > 1)
    return [chosen[order[starts[i] : stops[i]]] for i in several]


def _gather(rows: NDArray[np.uint32], bucket: NDArray[np.int64], leader: NDArray[np.int64]) -> None:
    for _try in range(TRIES):
        if len(bucket) < 2:
            return
        first, others = bucket[0], bucket[1:]
        alike = similarity(rows[first], rows[others]) >= ALIKE
        leader[others[alike]] = first
        bucket = others[~alike]


def _settle(rows: NDArray[np.uint32], leader: NDArray[np.int64]) -> bool:
    """Where one that stands for others fell to another one, ask each of them anew; whether some stand alone again."""
    final = leader.copy()
    while (further := leader[final] != final).any():
        final[further] = leader[final[further]]
    moved = np.flatnonzero(final != leader)
    alone = np.array([i for i in moved if similarity(rows[i], rows[final[i]][None])[0] < ALIKE], dtype=np.int64)
    leader[:] = final
    leader[alone] = alone
    return len(alone) > 0
