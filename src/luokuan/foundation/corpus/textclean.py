"""A cleaned copy of a corpus of text."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from luokuan.errors import UserError
from luokuan.files import new_folder
from luokuan.foundation.corpus import scripts
from luokuan.foundation.corpus.card import NAME as CARD_NAME
from luokuan.foundation.corpus.check import require_fresh
from luokuan.foundation.corpus.rawtexts import RawDocument, RawFile, documents
from luokuan.foundation.corpus.textcheck import TextCheck
from luokuan.foundation.corpus.texts import COLUMN
from luokuan.foundation.corpus.textsurvey import EMPTY, LACUNAE, PERSONAL, cleaned
from luokuan.i18n import _

PERSONAL_CHOICES = ("mask", "drop", "keep")
TERMS = ("license", "licence", "notice", "credits")
"""Names, without ending, of files at the top that go along with the card."""
_PLAIN = (str, int, float, bool)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was written. ``dropped``: documents left out, by ``copies``, ``lacunae``, ``personal`` and ``empty``."""

    path: Path
    documents: int
    characters: int
    dropped: dict[str, int]


def clean_texts(check: TextCheck, target: Path, *, personal: str = "mask") -> Cleaned:
    """Write a cleaned copy: UTF-8 in Unicode's form NFC, lines ended by \\n, without control characters and editors'
    notes, in ``check.script`` if one is asked for. Left out are what can't be decoded, documents with many lacunae and
    lines with a few (``textsurvey.HOLED``), and of copies all but the first.

    Files keep their names, and so their splits; the card and the texts of licences go along. Of a line of a .jsonl file
    those columns stay that hold plain values, cleaned like the text.

    Args:
        personal: ``mask`` writes [e-mail], [phone], [id] and [card] instead of what ``personal.masked`` finds; ``drop``
            leaves out documents that hold any; ``keep`` leaves it.

    Raises:
        UserError: ``target`` exists and isn't empty, or lies inside the corpus; nothing would be left; the corpus has
            changed; there is no room.
        ValueError: another ``personal``.
    """
    if personal not in PERSONAL_CHOICES:
        raise ValueError(personal)
    require_fresh(target, check.path)
    convert = scripts.converter(check.script) if check.script else None
    writer = _Writer(check, personal, convert)
    with new_folder(target) as part:
        for number, file in enumerate(check.survey.files):
            writer.write(part / file.name, number, file)
        if writer.number != check.survey.documents:
            raise _changed(check.path)
        if not writer.documents:
            raise UserError(
                _("Nothing of {path} would be left.", path=check.path),
                _("See `luokuan corpus check {path}` for the reasons.", path=check.path),
                code="corpus.clean_empty",
            )
        if check.path.is_dir():
            for item in sorted(check.path.iterdir()):
                if item.is_file() and (item.name == CARD_NAME or item.stem.lower() in TERMS):
                    shutil.copyfile(item, part / item.name)
    return Cleaned(target, writer.documents, writer.characters, dict(writer.dropped))


class _Writer:
    """Reads the documents once more, in the same order, and writes those that stay."""

    def __init__(self, check: TextCheck, personal: str, convert: Callable[[str], str] | None) -> None:
        self._check, self._survey, self._personal, self._convert = check, check.survey, personal, convert
        self._leader = check.survey.leader
        self._first = np.full(check.survey.documents, -1, dtype=np.int64)
        self.number = self.documents = self.characters = 0
        self.dropped: Counter[str] = Counter(dict.fromkeys(("copies", "lacunae", "personal", "empty"), 0))

    def write(self, path: Path, number: int, file: RawFile) -> None:
        """What stays of one file; a file of which nothing stays isn't made."""
        path.parent.mkdir(parents=True, exist_ok=True)
        before = self.documents
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            for document in documents(file):
                if not isinstance(document, RawDocument):
                    continue
                index, self.number = self.number, self.number + 1
                survey = self._survey
                if index >= survey.documents or (survey.file[index], survey.line[index]) != (number, document.line):
                    raise _changed(file.path)
                if (why := self._why_not(index)) is not None:
                    self.dropped[why] += 1
                    continue
                for text in self._texts(document, index):
                    stream.write(text)
                self.documents += 1
        if self.documents == before:
            path.unlink()

    def _why_not(self, index: int) -> str | None:
        flags = self._survey.flags[index]
        if flags & LACUNAE:
            return "lacunae"
        if flags & EMPTY:
            return "empty"
        if flags & PERSONAL and self._personal == "drop":
            return "personal"
        # The first that stays, which isn't the leader where that is left out itself.
        leader = int(self._leader[index])
        if self._first[leader] >= 0:
            return "copies"
        self._first[leader] = index
        return None

    def _texts(self, document: RawDocument, index: int) -> Iterator[str]:
        if document.row is None:
            for piece in document.pieces:
                yield self._counted(self._clean(piece, index))
            return
        row: dict[str, Any] = {COLUMN: self._counted("".join(self._clean(piece, index) for piece in document.pieces))}
        for name, value in document.row.items():
            if name != COLUMN and isinstance(value, _PLAIN):
                row[name] = self._clean(value, index, lines=False) if isinstance(value, str) else value
        yield json.dumps(row, ensure_ascii=False) + "\n"

    def _counted(self, text: str) -> str:
        self.characters += len(text)
        return text

    def _clean(self, text: str, index: int, *, lines: bool = True) -> str:
        text, _found = cleaned(text, mask=self._personal == "mask", lines=lines)
        own = scripts.NAMES[self._survey.script[index]]
        return text if self._convert is None or own in ("neither", self._check.script) else self._convert(text)


def _changed(path: Path) -> UserError:
    return UserError(
        _("{path} has changed while it was read.", path=path),
        _("Run it again."),
        code="corpus.text",
    )
