"""Tar files, as few of their forms as we need: plain files with short names, one after the other.

Whatever reads tar reads what is written here (POSIX ustar headers; sizes above 8 GiB as GNU tar writes them). What is
read may come from anybody: links, devices, long names and extended headers are refused, no name becomes a path, and
nothing is held in memory but one piece.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from luokuan.errors import UserError
from luokuan.i18n import _

BLOCK = 512
PIECE = 1 << 20
_NAME_BYTES = 100
_PLAIN = (b"0", b"\0")


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive. ``sha256``: of its bytes. ``whole``: whether its source had as many bytes as it said."""

    name: str
    size: int
    sha256: str
    whole: bool = True


class Writer:
    """Writes members to a stream, one after the other."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def add(self, name: str, size: int, source: IO[bytes]) -> Member:
        """Write ``size`` bytes of ``source``; where it has fewer, zeros follow and the member isn't whole."""
        assert len(name.encode()) < _NAME_BYTES
        header = tarfile.TarInfo(name)
        header.size, header.mode = size, 0o600
        self._stream.write(header.tobuf(tarfile.GNU_FORMAT))
        digest, left, whole = hashlib.sha256(), size, True
        while left:
            piece = source.read(min(left, PIECE))
            if not piece:
                piece, whole = bytes(min(left, PIECE)), False
            digest.update(piece)
            self._stream.write(piece)
            left -= len(piece)
        self._stream.write(bytes(-size % BLOCK))
        return Member(name, size, digest.hexdigest(), whole)

    def end(self) -> None:
        """Write what ends an archive."""
        self._stream.write(bytes(2 * BLOCK))


class Part:
    """The bytes of one member while it is read."""

    def __init__(self, stream: IO[bytes], name: str, size: int) -> None:
        self._stream, self.name, self.size = stream, name, size
        self._left, self._digest = size, hashlib.sha256()

    def read(self, most: int = PIECE) -> bytes:
        """The next bytes; none at its end.

        Raises:
            UserError: the archive ends in the middle.
        """
        wanted = min(most, self._left) if most >= 0 else self._left
        data = self._stream.read(wanted)
        if len(data) < wanted:
            raise damaged(_("it ends in the middle"))
        self._left -= len(data)
        self._digest.update(data)
        return data

    def finish(self) -> Member:
        """Skip what wasn't read; the member with its digest."""
        while self._left:
            self.read()
        return Member(self.name, self.size, self._digest.hexdigest())


def parts(stream: IO[bytes]) -> Iterator[Part]:
    """The members of an archive, each to be read before the next one is asked for.

    Raises:
        UserError: it is no archive, ends in the middle, or holds anything but plain files.
    """
    while True:
        header = stream.read(BLOCK)
        if len(header) < BLOCK:
            raise damaged(_("it ends in the middle"))
        if not any(header):
            return
        part = Part(stream, *_parsed(header))
        yield part
        size = part.finish().size
        if len(stream.read(-size % BLOCK)) < -size % BLOCK:
            raise damaged(_("it ends in the middle"))


def _parsed(header: bytes) -> tuple[str, int]:
    blank = header[:148] + b" " * 8 + header[156:]
    if header[257:262] != b"ustar" or _number(header[148:156]) != sum(blank):
        raise damaged(_("it is no tar file"))
    if header[156:157] not in _PLAIN:
        raise damaged(_("it holds something else than plain files"))
    try:
        name = header[:_NAME_BYTES].rstrip(b"\0").decode("ascii")
    except UnicodeDecodeError as error:
        raise damaged(_("a name in it can't be")) from error
    return name, _number(header[124:136])


def _number(field: bytes) -> int:
    """A number of a header: octal digits, or 0x80 and then big-endian bytes."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    try:
        text = field.strip(b" \0").decode("ascii")
        return int(text or "0", 8) if not text.startswith("-") else -1
    except ValueError:
        return -1


def damaged(why: str) -> UserError:
    """What is said of an archive that can't be used."""
    return UserError(
        _("This backup can't be used: {why}.", why=why),
        _("Nothing was restored. Take another backup."),
        code="backup.damaged",
    )
