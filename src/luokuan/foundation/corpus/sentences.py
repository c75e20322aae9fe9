"""A corpus of text as sentences: a line each, with what is known of them; few enough to be kept in memory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from luokuan.errors import UserError
from luokuan.foundation.corpus.examples import sides_of
from luokuan.foundation.corpus.reader import SPLITS, Broken
from luokuan.foundation.corpus.texts import COLUMN, LINES, TextCorpus, pieces_of, readable, rows, text_row
from luokuan.i18n import _

LONGEST_VALUE = 40
"""Characters of a column's value that says something of a sentence; longer ones are text of their own."""
_HEADING = re.compile(r"([^\s·]{1,8})·([^\n]{1,60})")
"""How scripts/make_verse_corpus.py begins a poem: its form and its title."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One item.

    Args:
        text: Without spaces at its ends; never empty.
        known: What its corpus says of it, such as ``{"form": "七绝", "title": "…"}``.
    """

    text: str
    known: Mapping[str, str] = field(default_factory=dict)


Found = tuple[Sentence, str | None, str]
"""A sentence, its given split or None, the text by which it is dealt."""


def read_sentences(corpus: TextCorpus, *, whole: bool = False) -> dict[str, tuple[Sentence, ...]]:
    """Sentences by split: each line that isn't blank, of equal ones the first.

    A text of a .jsonl file whose first line is ``FORM·TITLE`` has these as what is known of its lines; so have other
    columns of the row with a short text. Given splits are kept; else lines of .txt and .md files are dealt each by
    itself, those of a .jsonl file by their row, as ``ExampleCorpus.split`` does it.

    Args:
        corpus: An opened corpus.
        whole: A text of a .jsonl file is one item, with its lines.

    Raises:
        UserError: there are fewer than two sentences, or a file has become unreadable.
    """
    found: list[Found] = []
    seen: set[str] = set()
    for file in corpus.files:
        lines = _of_rows(file.path, whole) if file.path.suffix.lower() in LINES else _of_prose(file.path)
        for sentence, split, key in readable(file.path, lines):
            if sentence.text not in seen:
                seen.add(sentence.text)
                found.append((sentence, split or file.split, key))
    if len(found) < 2:
        raise UserError(
            _("{path} holds {count} different sentences: too few to learn from.", path=corpus.path, count=len(found)),
            _("Put one sentence on each line, hundreds of them or more."),
            code="corpus.too_small",
        )
    sides = sides_of([split for _one, split, _key in found], [key for _one, _split, key in found])
    return {name: tuple(one[0] for one, side in zip(found, sides, strict=True) if side == name) for name in SPLITS}


def _of_prose(path: Path) -> Iterator[Found]:
    for piece in pieces_of(path):
        for line in piece.split("\n"):
            if text := line.strip():
                yield Sentence(text), None, text


def _of_rows(path: Path, whole: bool) -> Iterator[Found]:
    for row in rows(path, partial(_row, whole=whole)):
        if not isinstance(row, Broken):
            yield from row


def _row(path: Path, number: int, line: str, *, whole: bool) -> list[Found] | Broken:
    read = text_row(path, number, line)
    if isinstance(read, Broken):
        return read
    text, split = read
    columns = json.loads(line).items()
    known = {
        str(name): value
        for name, value in columns
        if name not in (COLUMN, "split") and isinstance(value, str) and 0 < len(value) <= LONGEST_VALUE
    }
    first, _feed, rest = text.partition("\n")
    if rest.strip() and (heading := _HEADING.fullmatch(first.strip())):
        known |= {"form": heading[1], "title": heading[2]}
        body = rest
    else:
        body = text
    lines = [part.strip() for part in body.split("\n") if part.strip()]
    items = ["\n".join(lines)] if whole else lines
    return [(Sentence(item, known), split, text) for item in items]
