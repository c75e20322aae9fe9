"""Opening text as a corpus: .txt and .md files, each one document, and .jsonl files with a document a line.

Nothing is kept but counts and digests: a corpus may be larger than the memory. Documents are read again, in the same
order, whenever they are asked for.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import json
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, TypeVar

from luokuan.errors import UserError
from luokuan.files import expand, sha256_bytes
from luokuan.foundation.corpus.card import UNKNOWN, Card, read_card
from luokuan.foundation.corpus.reader import BROKEN_LIMIT, HELD_OUT, SPLIT_NAMES, SPLITS, Broken, walk
from luokuan.i18n import _

PROSE = (".txt", ".md")
LINES = (".jsonl",)
COLUMN = "text"
"""Column of a .jsonl file that holds the document."""
ABOUT = ("readme", "about", "license", "licence", "notice", "credits", "changelog", "metadata")
"""Names, without ending, of files that tell of a corpus and are no part of it."""
LINE_LIMIT = 8 << 20
"""Characters of a line of a .jsonl file above which it is broken."""
PIECE = 1 << 17
"""Characters of a document that are given at a time."""
NAMED = 100
"""Broken lines of a file that are kept with their reason; the others are only counted."""
FEW = 20
"""Documents below which each one's last tenth is held out, because whole ones can't be spared."""
TAIL = 0.9
"""Share of a document that is train then."""


Part = TypeVar("Part")


class BrokenText(Exception):
    """The file can't be used as text; the message says why, in a few translated words."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """One file. ``name``: path inside the corpus with ``/``; ``split``: by its folder or name; ``column``: whether
    lines name held-out splits; ``documents`` and ``characters``: what it holds; ``dealt``: documents that would be
    train, validation and test by their digests; ``skipped``: broken lines."""

    path: Path
    name: str
    split: str | None
    column: bool
    sha256: str
    documents: int
    characters: int
    dealt: tuple[int, int, int]
    skipped: int


@dataclass(frozen=True, slots=True)
class TextCorpus:
    """A corpus of text at rest.

    Args:
        path: The folder, or the one file.
        files: Usable files, sorted by name.
        broken: Files and lines that were skipped, up to 100 lines of a file.
        digest: SHA-256 over the sorted lines ``name sha256\\n``.
    """

    path: Path
    card: Card | None
    files: tuple[TextFile, ...]
    broken: tuple[Broken, ...]
    digest: str

    @property
    def licence(self) -> str:
        """Licence from the card, or ``unknown``."""
        return self.card.licence if self.card else UNKNOWN

    @property
    def skipped(self) -> int:
        """Broken files and lines, all of them."""
        usable = {file.path for file in self.files}
        files = sum(item.path not in usable for item in self.broken)
        return files + sum(file.skipped for file in self.files)

    @property
    def documents(self) -> int:
        """Documents in all splits."""
        return sum(file.documents for file in self.files)

    @property
    def characters(self) -> int:
        """Characters in all splits."""
        return sum(file.characters for file in self.files)

    def require_whole(self, broken_limit: float = BROKEN_LIMIT) -> None:
        """Refuse a corpus of which too much is broken.

        Raises:
            UserError: more than that share of files and lines.
        """
        together = self.documents + self.skipped
        if self.skipped > broken_limit * together:
            raise UserError(
                _(
                    "{broken} of {all} documents are broken, for instance {path}: {reason}.",
                    broken=self.skipped,
                    all=together,
                    path=self.broken[0].path,
                    reason=self.broken[0].reason,
                ),
                _(
                    "Save the files as UTF-8, and give each line of a .jsonl file a column 'text'; "
                    "`luokuan corpus check {path}` can write a cleaned copy.",
                    path=self.path,
                ),
                code="corpus.broken",
            )

    def split(self, name: str) -> Iterator[Iterator[str]]:
        """Documents of ``train``, ``validation`` or ``test``, each as pieces of text to be joined; one after the other,
        each to be read to its end before the next.

        Split folders, files called ``test.jsonl`` and the like, and a ``split`` column are kept. Where they name no
        held-out text, a corpus of 20 documents or more is dealt by their digests, 90/5/5, equal ones to the same side;
        of a smaller one, or where none falls to validation, the last tenth of each document is validation.

        Raises:
            KeyError: another name.
            UserError: a file has become unreadable since the corpus was opened.
        """
        if name not in SPLITS:
            raise KeyError(name)
        given = any(file.split in SPLITS[1:] or file.column for file in self.files)
        whole = given or self._whole
        for file in self.files:
            kind = self._lines if file.path.suffix.lower() in LINES else self._prose
            for document in readable(file.path, kind(file, name, given, whole)):
                yield readable(file.path, document)

    @property
    def _whole(self) -> bool:
        """Whether there are enough documents to hold whole ones out."""
        return self.documents >= FEW and any(file.dealt[1] for file in self.files)

    @staticmethod
    def _lines(file: TextFile, name: str, given: bool, whole: bool) -> Iterator[Iterator[str]]:
        for row in _rows(file.path):
            if isinstance(row, Broken):
                continue
            text, split = row
            if whole:
                if ((split or file.split or "train") if given else dealt_by(text)) == name:
                    yield _cut(text)
            elif part := _part(text, name):
                yield _cut(part)

    @staticmethod
    def _prose(file: TextFile, name: str, given: bool, whole: bool) -> Iterator[Iterator[str]]:
        if whole:
            if (file.split or "train" if given else dealt_by(file.sha256)) == name:
                yield pieces_of(file.path)
        elif name != "test":
            edge = int(TAIL * file.characters)
            yield _between(pieces_of(file.path), *((0, edge) if name == "train" else (edge, file.characters)))


def open_texts(path: Path | str, *, broken_limit: float = BROKEN_LIMIT) -> TextCorpus:
    """Read a folder of text, or one file.

    Files are UTF-8, with or without a byte order mark, or UTF-16 with one. Lines end with ``\\n`` afterwards.

    Args:
        broken_limit: Share of broken files and lines above which the corpus is refused, 0 to 1.

    Raises:
        UserError: nothing there, no text in it, more than 5 % broken, or a wrong card.
    """
    place = expand(path)
    if not place.exists():
        raise UserError(
            _("{path} does not exist.", path=place),
            _("Give a folder of .txt, .md or .jsonl files, or one such file."),
            code="corpus.absent",
            status=404,
        )
    folder = place if place.is_dir() else place.parent
    known = (*PROSE, *LINES)
    found = [p for p in (walk(place) if place.is_dir() else [place]) if p.suffix.lower() in known]
    if place.is_dir():
        found = [p for p in found if p.stem.lower() not in ABOUT]
    files, broken = [], []
    for item in found:
        read = _look(item, folder, named=place.is_dir())
        broken += read if isinstance(read, list) else []
        if isinstance(read, tuple):
            files.append(read[0])
            broken += read[1]
    documents = sum(file.documents for file in files)
    if not documents:
        first = f" ({broken[0].path}: {broken[0].reason})" if broken else ""
        raise UserError(
            _("{path} holds no usable text{why}.", path=place, why=first),
            _('Put .txt or .md files into it, or .jsonl files with lines such as {{"text": "…"}}.', path=place),
            code="corpus.empty",
        )
    files.sort(key=lambda file: file.name)
    digest = sha256_bytes("".join(f"{file.name} {file.sha256}\n" for file in files).encode())
    corpus = TextCorpus(place, read_card(folder) if place.is_dir() else None, tuple(files), tuple(broken), digest)
    corpus.require_whole(broken_limit)
    return corpus


def readable(path: Path, parts: Iterator[Part]) -> Iterator[Part]:
    """What ``parts`` gives; a file that has become unreadable is the user's to mend."""
    try:
        yield from parts
    except (BrokenText, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UserError(
            _("{path} can't be used: {reason}.", path=path, reason=why),
            _("Put it back as it was when it was opened."),
            code="corpus.text",
        ) from error


def _look(path: Path, folder: Path, *, named: bool) -> tuple[TextFile, list[Broken]] | list[Broken]:
    """What a file holds, and its first broken lines; ``named``: whether folder and name say its split."""
    name = path.relative_to(folder).as_posix()
    try:
        name.encode()
        if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe would wait for ever
            raise BrokenText(_("it is no ordinary file"))
        split = split_by_name(path, folder) if named else None
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        documents, characters, column, skipped = 0, 0, False, 0
        dealt, broken = dict.fromkeys(SPLITS, 0), []
        if path.suffix.lower() in LINES:
            for row in _rows(path):
                if isinstance(row, Broken):
                    skipped += 1
                    broken += [row] if skipped <= NAMED else []
                else:
                    documents, characters = documents + 1, characters + len(row[0])
                    column = column or row[1] in SPLITS[1:]
                    dealt[dealt_by(row[0])] += 1
        else:
            characters = sum(len(piece) for piece in pieces_of(path))
            documents = int(characters > 0)
            dealt[dealt_by(sha256)] += documents
    except UnicodeEncodeError:
        return [Broken(path, _("its name is no valid UTF-8"))]
    except OSError as error:
        return [Broken(path, _("it can't be read ({why})", why=error.strerror))]
    except BrokenText as error:
        return [Broken(path, str(error))]
    if not documents and not broken:
        return [Broken(path, _("the file is empty"))]
    counts = (dealt["train"], dealt["validation"], dealt["test"])
    return TextFile(path, name, split, column, sha256, documents, characters, counts, skipped), broken


def split_by_name(path: Path, folder: Path) -> str | None:
    """The split that the first folder inside ``folder``, or the file's name, says."""
    parts = [*path.relative_to(folder).parts[:-1][:1], path.stem]
    known = [SPLIT_NAMES[part.lower()] for part in parts if part.lower() in SPLIT_NAMES]
    return known[0] if known else None


def _encoding(path: Path) -> str:
    with path.open("rb") as stream:
        start = stream.read(4)
    wide = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return "utf-16" if start.startswith(wide) and not start.startswith(codecs.BOM_UTF32_LE) else "utf-8-sig"


def _opened(path: Path) -> TextIO:
    return io.TextIOWrapper(path.open("rb"), encoding=_encoding(path), errors="strict", newline=None)


def pieces_of(path: Path) -> Iterator[str]:
    """The text of a file, a piece at a time, never cut within a line unless the line is longer."""
    rest = ""
    with _opened(path) as stream:
        try:
            while read := stream.read(PIECE):
                if "\0" in read:
                    raise BrokenText(_("it holds NUL characters: it is no text"))
                text = rest + read
                edge = text.rfind("\n") + 1 if len(text) < 2 * PIECE else len(text)
                rest = text[edge:]
                if edge:
                    yield text[:edge]
        except UnicodeDecodeError as error:
            raise BrokenText(_("it is not UTF-8")) from error
    if rest:
        yield rest


def _cut(text: str) -> Iterator[str]:
    """``text`` in pieces, cut at ends of lines where that can be."""
    start = 0
    while start < len(text):
        stop = start + PIECE
        if stop < len(text):
            stop = max(text.rfind("\n", start, stop) + 1, 0) or stop
        yield text[start:stop]
        start = stop


def _rows(path: Path) -> Iterator[tuple[str, str | None] | Broken]:
    """(text, split) of each line of a .jsonl file."""
    return rows(path, text_row)


def rows(path: Path, parse: Callable[[Path, int, str], Part | Broken]) -> Iterator[Part | Broken]:
    """What ``parse`` makes of (path, number, line) of each line of a .jsonl file that isn't blank.

    Raises:
        BrokenText: the file is no text.
        OSError: it can't be read.
    """
    with _opened(path) as stream:
        number = 0
        try:
            while line := stream.readline(LINE_LIMIT):
                number += 1
                if len(line) == LINE_LIMIT and not line.endswith("\n"):
                    while (line := stream.readline(LINE_LIMIT)) and not line.endswith("\n"):
                        pass
                    yield wrong_line(path, number, _("it is longer than {limit} characters", limit=LINE_LIMIT))
                elif line.strip():
                    yield parse(path, number, line)
        except UnicodeDecodeError as error:
            raise BrokenText(_("it is not UTF-8")) from error


def text_row(path: Path, number: int, line: str) -> tuple[str, str | None] | Broken:
    try:
        row: Any = json.loads(line)
        text = row[COLUMN]
        if not isinstance(text, str):
            raise TypeError("text")
        text.encode()
    except UnicodeEncodeError:
        return wrong_line(path, number, _("it holds half of a character"))
    except (ValueError, KeyError, TypeError, RecursionError):
        return wrong_line(path, number, _("it is no object with a column 'text'"))
    if "\0" in text:
        return wrong_line(path, number, _("it holds NUL characters: it is no text"))
    if not text.strip():
        return wrong_line(path, number, _("its text is empty"))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text, SPLIT_NAMES.get(str(row.get("split", "")).lower())


def wrong_line(path: Path, number: int, why: str) -> Broken:
    """A line that is skipped."""
    return Broken(path, _("line {number}: {why}", number=number, why=why))


def dealt_by(text: str) -> str:
    """The split of a document (of a .txt or .md file: of its SHA-256) where none is given; case, spaces and punctuation
    don't count, so that copies stay together."""
    letters = "".join(character for character in text.casefold() if character.isalnum())
    percent = int(sha256_bytes((letters or text).encode())[:8], 16) % 100
    return SPLITS[0] if percent < HELD_OUT[0] else SPLITS[1] if percent < HELD_OUT[1] else SPLITS[2]


def _part(text: str, name: str) -> str:
    edge = int(TAIL * len(text))
    return {"train": text[:edge], "validation": text[edge:], "test": ""}[name]


def _between(pieces: Iterator[str], start: int, stop: int) -> Iterator[str]:
    """Characters ``start`` to ``stop`` of what the pieces give together."""
    place = 0
    for piece in pieces:
        found = piece[max(start - place, 0) : max(stop - place, 0)]
        place += len(piece)
        if found:
            yield found
        if place >= stop:
            return
