"""One look at every document of a corpus of text: what was found in it, and which documents are copies.

Documents are read and repaired a piece at a time. Of each a few bytes stay in memory, and its sketch in a temporary
file, so that a corpus may be larger than the memory.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from luokuan.foundation.corpus import hygiene, scripts
from luokuan.foundation.corpus.personal import KINDS, masked
from luokuan.foundation.corpus.rawtexts import RawDocument, RawFile, documents
from luokuan.foundation.corpus.reader import SPLITS, Broken
from luokuan.foundation.corpus.sketches import Sketcher, Sketches, near_duplicates
from luokuan.foundation.corpus.texts import COLUMN, FEW, dealt_by

LACUNAE, PERSONAL, EMPTY = 1, 2, 4
"""Flags of a document."""
HOLED = 1000
"""A document with more than one lacuna in so many characters is left out; of another only the lines that have one."""
NAMED = 1000
"""Broken files and lines that are kept with their reason; the others are only counted."""


def cleaned(piece: str, *, mask: bool = True, lines: bool = True) -> tuple[str, Counter[str]]:
    """A piece of text as a cleaned copy has it, and what was found: see ``hygiene.repair`` and ``personal.masked``, and
    ``lacunae`` and ``notes``. ``mask``: whether personal data is masked, or only counted. ``lines``: whether lines with
    lacunae go."""
    text, found = hygiene.repair(piece)
    text, notes = hygiene.without_notes(text)
    if notes:  # what stood around a note stands together now
        text, more = hygiene.repair(text)
        found.update(more)
    found["notes"] = notes
    found["lacunae"] = text.count(hygiene.LACUNA)
    if lines:
        text = _without_lacunae(text)
    hidden, personal = masked(text)
    return (hidden if mask else text), found + personal


def _without_lacunae(text: str) -> str:
    if hygiene.LACUNA not in text:
        return text
    return "".join(line for line in text.splitlines(keepends=True) if hygiene.LACUNA not in line)


@dataclass(slots=True)
class Survey:
    """What was found in all documents, which are numbered in the order of reading.

    Args:
        files: Files that can be decoded.
        broken: Files and lines that can't be used even after cleaning; of many the first.
        skipped: How many those are.
        file, line: Of each document; ``line`` 0: it is a whole file.
        flags: LACUNAE (more than one in ``HOLED`` characters), PERSONAL, EMPTY (nothing but white space is left of it).
        script: ``scripts.NEITHER``, ``SIMPLIFIED``, ``TRADITIONAL`` or ``MIXED``.
        given: Index of its split in SPLITS, -1 where none is given.
        dealt: The same, as it would be dealt by digest.
        characters: Of all documents, as they lie there.
        counts: How often each thing was found.
        holding: In how many documents.
        exact: The first document with the same text but for white space, int64 (N,).
        near: The first document with nearly the same text, int64 (N,); itself for all but the first of exact copies.
    """

    files: list[RawFile]
    broken: list[Broken]
    skipped: int
    file: array[int] = field(default_factory=lambda: array("l"))
    line: array[int] = field(default_factory=lambda: array("q"))
    flags: array[int] = field(default_factory=lambda: array("B"))
    script: array[int] = field(default_factory=lambda: array("B"))
    given: array[int] = field(default_factory=lambda: array("b"))
    dealt: array[int] = field(default_factory=lambda: array("b"))
    characters: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    holding: Counter[str] = field(default_factory=Counter)
    exact: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    near: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def documents(self) -> int:
        """How many."""
        return len(self.line)

    @property
    def leader(self) -> NDArray[np.int64]:
        """The document that stands for each in a copy without copies, int64 (N,)."""
        found: NDArray[np.int64] = self.near[self.exact]
        return found

    @property
    def held_out(self) -> str:
        """``given``: splits are; ``documents``: whole ones are dealt; ``tails``: the last tenth of each is held out.
        As ``TextCorpus.split`` does."""
        if any(split > 0 for split in self.given):
            return "given"
        return "documents" if self.documents >= FEW and 1 in self.dealt else "tails"

    @property
    def splits(self) -> dict[str, int]:
        """Documents of each split; where tails are held out, all are in train and in validation."""
        if self.held_out == "tails":
            return {"train": self.documents, "validation": self.documents, "test": 0}
        counted = np.bincount(self.split_of(), minlength=3)
        return {name: int(counted[index]) for index, name in enumerate(SPLITS)}

    def split_of(self) -> NDArray[np.int64]:
        """Index of each document's split in SPLITS, int64 (N,)."""
        if self.held_out == "given":
            return np.maximum(np.array(self.given, dtype=np.int64), 0)
        if self.held_out == "documents":
            return np.array(self.dealt, dtype=np.int64)
        return np.zeros(self.documents, dtype=np.int64)

    def name(self, number: int) -> str:
        """Of a document: its file, and the line in it."""
        line = self.line[number]
        return f"{self.files[self.file[number]].name}{f':{line}' if line else ''}"

    def leaks(self) -> NDArray[np.int64]:
        """Leaders of those that lie in train and in a held-out split."""
        leader, held = self.leader, self.split_of() > 0
        both = [np.bincount(leader[part], minlength=len(leader)) > 0 for part in (held, ~held)]
        return np.flatnonzero(both[0] & both[1])


def survey(files: list[RawFile], broken: list[Broken], *, fold: bool = False) -> Survey:
    """Read all documents.

    Args:
        files, broken: From ``find_files``.
        fold: Traditional and simplified versions of a text count as near-duplicates (needs OpenCC).

    Raises:
        UserError: a file has become unreadable; OpenCC isn't installed.
    """
    found = Survey(files, broken[:NAMED], len(broken))
    folded = scripts.converter("simplified") if fold else str
    digests = bytearray()
    with closing(Sketches()) as sketches:
        for number, document in _all_documents(found):
            _look(found, number, document, folded, digests, sketches)
        names = np.frombuffer(digests, dtype="V16")
        _names, first, group = np.unique(names, return_index=True, return_inverse=True)
        found.exact = first[group].astype(np.int64) if len(names) else np.empty(0, np.int64)
        originals = np.flatnonzero(found.exact == np.arange(len(names)))
        found.near = near_duplicates(sketches.rows(), originals)
    return found


def _all_documents(found: Survey) -> Iterator[tuple[int, RawDocument]]:
    for number, file in enumerate(found.files):
        for document in documents(file):
            if isinstance(document, RawDocument):
                yield number, document
                continue
            found.skipped += 1
            if len(found.broken) < NAMED:
                found.broken.append(document)


def _look(
    found: Survey,
    number: int,
    document: RawDocument,
    folded: Callable[[str], str],
    digests: bytearray,
    sketches: Sketches,
) -> None:
    file = found.files[number]
    hashed, sketcher, counts, telling = hashlib.blake2b(digest_size=16), Sketcher(), Counter[str](), [0, 0]
    empty, characters = True, 0
    for piece in document.pieces:
        characters += len(piece)
        text, here = cleaned(piece, lines=False)
        counts += here
        empty = empty and not _without_lacunae(text).strip()
        hashed.update("".join(text.split()).encode(errors="surrogatepass"))
        sketcher.add(folded(text))
        told = scripts.telling(text)
        telling = [telling[0] + told[0], telling[1] + told[1]]
    if empty:  # empty ones are no copies of one another
        hashed.update(str(found.documents).encode())
    personal = any(counts[kind] for kind in KINDS)
    split = document.split or file.split
    found.file.append(number)
    found.line.append(document.line)
    found.characters += characters
    holed = counts["lacunae"] * HOLED > characters
    found.flags.append(LACUNAE * holed | PERSONAL * personal | EMPTY * (empty and not holed))
    found.script.append(scripts.script_of(*telling))
    found.given.append(SPLITS.index(split) if split else -1)
    text = document.row[COLUMN] if document.row else file.sha256
    found.dealt.append(SPLITS.index(dealt_by(text)))
    found.counts += counts
    found.holding.update(name for name, count in counts.items() if count)
    digests += hashed.digest()
    sketches.add(sketcher.sketch())
