"""Text as it lies there, for checking and cleaning: in old encodings too, and with what ``open_texts`` refuses.

Documents come in pieces that end where a line ends, or else where a sentence or word does, so that what is looked for
in them isn't cut in two.
"""

from __future__ import annotations

import hashlib
import io
import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from luokuan.errors import UserError
from luokuan.foundation.corpus import texts
from luokuan.foundation.corpus.encodings import Encoding, encoding_of
from luokuan.foundation.corpus.reader import SPLIT_NAMES, Broken, walk
from luokuan.foundation.corpus.texts import ABOUT, COLUMN, LINE_LIMIT, LINES, PROSE, BrokenText
from luokuan.i18n import _

PIECE = 1 << 17
"""Characters of a document that are given at a time, up to twice as many in a long line."""
_SOFT = 4096
"""Characters at the end of such a piece among which a place to cut is looked for."""
_ENDS = frozenset(" \t。！？；，、：.!?;,\u3000")


@dataclass(frozen=True, slots=True)
class RawFile:
    """One file that can be decoded. ``name``: path inside the corpus with ``/``; ``split``: by its folder or name."""

    path: Path
    name: str
    split: str | None
    sha256: str
    encoding: Encoding

    @property
    def lines(self) -> bool:
        """Whether each line is a document."""
        return self.path.suffix.lower() in LINES


@dataclass(frozen=True, slots=True)
class RawDocument:
    """One document. ``line``: its number in a .jsonl file, 0 for a whole file; ``row``: the object in that line;
    ``split``: named in it; ``pieces``: its text, to be read before the next document."""

    line: int
    row: dict[str, Any] | None
    split: str | None
    pieces: Iterator[str]


def find_files(place: Path) -> tuple[list[RawFile], list[Broken]]:
    """Files of text in a folder, or the one file, sorted by name; and those that can't be decoded."""
    folder = place if place.is_dir() else place.parent
    files, broken = [], []
    for path in walk(place) if place.is_dir() else [place]:
        if path.suffix.lower() not in (*PROSE, *LINES) or (place.is_dir() and path.stem.lower() in ABOUT):
            continue
        try:
            name = path.relative_to(folder).as_posix()
            name.encode()
            if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe would wait for ever
                raise BrokenText(_("it is no ordinary file"))
            if not path.stat().st_size:
                raise BrokenText(_("the file is empty"))
            split = texts.split_by_name(path, folder) if place.is_dir() else None
            encoding = encoding_of(path)
            with path.open("rb") as stream:
                sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            files.append(RawFile(path, name, split, sha256, encoding))
        except UnicodeEncodeError:
            broken.append(Broken(path, _("its name is no valid UTF-8")))
        except OSError as error:
            broken.append(Broken(path, _("it can't be read ({why})", why=error.strerror)))
        except BrokenText as error:
            broken.append(Broken(path, str(error)))
    return sorted(files, key=lambda file: file.name), broken


def documents(file: RawFile) -> Iterator[RawDocument | Broken]:
    """The documents of a file, and the lines that hold none.

    Raises:
        UserError: the file has become unreadable since it was found.
    """
    with _told(file.path), _opened(file) as stream:
        if not file.lines:
            yield RawDocument(0, None, None, _guarded(file.path, _pieces(stream)))
            return
        number = 0
        while line := stream.readline(LINE_LIMIT):
            number += 1
            if len(line) == LINE_LIMIT and not line.endswith(("\n", "\r")):
                while (line := stream.readline(LINE_LIMIT)) and not line.endswith(("\n", "\r")):
                    pass
                reason = _("it is longer than {limit} characters", limit=LINE_LIMIT)
                yield Broken(file.path, _("line {number}: {why}", number=number, why=reason))
            elif line.strip("\ufeff\0 \t\r\n"):
                yield _document(file.path, number, line)


def _guarded(path: Path, pieces: Iterator[str]) -> Iterator[str]:
    with _told(path):
        yield from pieces


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """What goes wrong while a file is read that could be read before is the user's to mend."""
    try:
        yield
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else _("it is not UTF-8")
        raise UserError(
            _("{path} can't be used: {reason}.", path=path, reason=why),
            _("Put it back as it was when it was opened."),
            code="corpus.text",
        ) from error


def _document(path: Path, number: int, line: str) -> RawDocument | Broken:
    try:
        row: Any = json.loads(line.strip("\ufeff\0 \t\r\n"), strict=False)
        text = row[COLUMN]
        if not isinstance(text, str):
            raise TypeError("text")
        text.encode()
    except UnicodeEncodeError:
        return Broken(path, _("line {number}: {why}", number=number, why=_("it holds half of a character")))
    except (ValueError, KeyError, TypeError, RecursionError):
        reason = _("it is no object with a column 'text'")
        return Broken(path, _("line {number}: {why}", number=number, why=reason))
    split = SPLIT_NAMES.get(str(row.get("split", "")).lower())
    return RawDocument(number, row, split, _pieces(io.StringIO(text, newline="")))


def _opened(file: RawFile) -> TextIO:
    return io.TextIOWrapper(file.path.open("rb"), encoding=file.encoding.codec, errors="strict", newline="")


def _pieces(stream: TextIO) -> Iterator[str]:
    rest = ""
    while read := stream.read(PIECE):
        text = rest + read
        edge = text.rfind("\n") + 1
        if not edge and len(text) >= 2 * PIECE:
            soft = range(len(text) - 2, len(text) - min(_SOFT, PIECE), -1)
            edge = next((place + 1 for place in soft if text[place] in _ENDS), len(text) - 1)
        rest = text[edge:]
        if edge:
            yield text[:edge]
    if rest:
        yield rest
