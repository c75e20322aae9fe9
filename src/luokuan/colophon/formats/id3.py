"""ID3v2 (id3.org, versions 2.2 to 2.4): read with all that the versions allow, written as 2.4.

MP3 files have their labels in such a tag. C2PA puts its manifest into one, before FLAC as well.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from luokuan.colophon import xmp
from luokuan.colophon.formats.base import MAX_PACKET, damaged
from luokuan.colophon.formats.sound import AIGC_FIELD, SOURCE_FIELD
from luokuan.colophon.usage import NO_RIGHTS, Rights

_HEADER = 10
_UNSYNCHRONISED, _EXTENDED, _FOOTER = 0x80, 0x40, 0x10
_CODECS = ("latin-1", "utf-16", "utf-16-be", "utf-8")
_FRAME = re.compile(rb"[A-Z0-9]{3,4}")


def length(data: bytes) -> int:
    """How many bytes at the beginning are tags, by their headers alone; it may be more than there are."""
    at = 0
    while data[at : at + 3] == b"ID3" and len(data) >= at + _HEADER:
        at += _HEADER + _syncsafe(data[at + 6 : at + 10]) + (_HEADER if data[at + 5] & _FOOTER else 0)
    return at


def labels(data: bytes, name: str) -> tuple[list[str], list[str], int]:
    """AIGC labels and source types in the tags at the beginning of a file of the format ``name``, and where it goes on.

    Raises:
        UserError: a tag is damaged.
    """
    aigc: list[str] = []
    source: list[str] = []
    at = 0
    while data[at : at + 3] == b"ID3":
        end = at + length(data[at : at + _HEADER])
        if end == at or end > len(data):
            raise damaged(name)
        for kind, body in _frames(data[at:end], name):
            if kind in (b"TXX", b"TXXX"):
                field, *values = _texts(body, name)
                found = {AIGC_FIELD: aigc, SOURCE_FIELD: source}.get(field)
                if found is not None:
                    found += values or [""]
            elif kind == b"PRIV" and body.startswith(b"XMP\0"):
                packet = xmp.parse(body[4:])
                aigc += [packet.aigc] if packet.aigc is not None else []
                source += [packet.source] if packet.source is not None else []
        at = end
    return aigc, source, at


def build(label: str, source: str = xmp.GENERATED, rights: Rights = NO_RIGHTS) -> bytes:
    """A tag with the AIGC label, and the IPTC source type in XMP (XMP part 3)."""
    frames = _frame(b"TXXX", b"\x03" + f"{AIGC_FIELD}\0{label}".encode())
    frames += _frame(b"PRIV", b"XMP\0" + xmp.build(None, source, rights.description))
    return b"ID3\x04\0\0" + _to_syncsafe(len(frames)) + frames


def _frame(kind: bytes, body: bytes) -> bytes:
    return kind + _to_syncsafe(len(body)) + b"\0\0" + body


def _syncsafe(four: bytes) -> int:
    """Seven bits of each byte (so that no player takes a length for the start of a frame)."""
    value = 0
    for byte in four:
        value = value << 7 | byte & 0x7F
    return value


def _to_syncsafe(value: int) -> bytes:
    return bytes(value >> shift & 0x7F for shift in (21, 14, 7, 0))


def _frames(tag: bytes, name: str) -> Iterator[tuple[bytes, bytes]]:
    """(kind, body) of the frames of one whole tag."""
    version, flags = tag[3], tag[5]
    if version not in (2, 3, 4) or any(byte & 0x80 for byte in tag[6:10]):
        raise damaged(name)
    body = tag[_HEADER : _HEADER + _syncsafe(tag[6:10])]
    if version < 4 and flags & _UNSYNCHRONISED:
        body = body.replace(b"\xff\0", b"\xff")
    if version == 2 and flags & _EXTENDED:
        return  # in 2.2 this flag means a compression that was never defined: such tags are to be ignored
    at = _behind_extended(body, version, name) if flags & _EXTENDED else 0
    wide = 3 if version == 2 else 4
    header = 6 if version == 2 else 10
    while at < len(body) and body[at]:
        kind = body[at : at + wide]
        size = body[at + wide : at + 2 * wide]
        end = at + header + (_syncsafe(size) if version == 4 else int.from_bytes(size))
        if at + header > len(body) or end > len(body) or not _FRAME.fullmatch(kind):
            raise damaged(name)
        if version == 4 and any(byte & 0x80 for byte in size):
            raise damaged(name)
        mode = body[at + 9] if version > 2 else 0
        if kind in (b"TXX", b"TXXX", b"PRIV") and (plain := _plain(body[at + header : end], version, mode, name)):
            yield kind, plain
        at = end
    if any(body[at:]):
        raise damaged(name)  # after the frames there may be zeros alone


def _behind_extended(body: bytes, version: int, name: str) -> int:
    """Where the frames begin. The header's size counts itself in 2.4, and not in 2.3."""
    end = _syncsafe(body[:4]) if version == 4 else 4 + int.from_bytes(body[:4])
    if len(body) < 4 or end < 6 or end > len(body):
        raise damaged(name)
    return end


def _plain(body: bytes, version: int, mode: int, name: str) -> bytes | None:
    """A frame's content; None when it is encrypted."""
    if version == 2:
        return body
    grouped, packed, locked = (mode & 0x40, mode & 0x08, mode & 0x04) if version == 4 else (
        mode & 0x20, mode & 0x80, mode & 0x40,
    )  # fmt: skip
    if locked:
        return None
    if version == 4:
        body = body[(1 if grouped else 0) + (4 if mode & 0x01 else 0) :]
        body = body.replace(b"\xff\0", b"\xff") if mode & 0x02 else body
    else:
        body = body[(4 if packed else 0) + (1 if grouped else 0) :]
    if not packed:
        return body
    inflate = zlib.decompressobj()
    try:
        body = inflate.decompress(body, MAX_PACKET)
    except zlib.error as error:
        raise damaged(name) from error
    if not inflate.eof:
        raise damaged(name)
    return body


def _texts(body: bytes, name: str) -> list[str]:
    """The strings of a text frame, separated by NUL."""
    if not body or body[0] >= len(_CODECS):
        raise damaged(name)
    text = body[1:].decode(_CODECS[body[0]], "replace").rstrip("\0")
    return [part.strip("\ufeff") for part in text.split("\0")]
