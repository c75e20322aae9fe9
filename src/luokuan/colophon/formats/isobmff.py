"""Boxes of the ISO base media file format (ISO/IEC 14496-12), in which MP4 and M4A come: the AIGC label lies in
``moov/udta/meta``, as a key with a value (QuickTime File Format, metadata); the IPTC source type in XMP in a ``uuid``
box (XMP part 3).

Boxes are only ever followed along these paths, so a thousand nested ones cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from luokuan.colophon import xmp
from luokuan.colophon.aigc import Aigc
from luokuan.colophon.formats.agreement import agreed
from luokuan.colophon.formats.base import damaged
from luokuan.colophon.formats.sound import AIGC_FIELD, MAX_ENTRIES, SOURCE_FIELD
from luokuan.colophon.usage import NO_RIGHTS, Rights

_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_OFFSETS = {b"stco": 4, b"co64": 8}

Box = tuple[bytes, int, int, int]
"""Type, start of the box, start and end of its content."""


class Damage(Exception):
    """A box is larger than what it lies in, or one is missing."""


def boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """The boxes between two places, which they fill."""
    at = start
    while at < end:
        content = at + 8
        size = int.from_bytes(data[at : at + 4])
        if size == 1:
            content, size = at + 16, int.from_bytes(data[at + 8 : at + 16])
        elif size == 0:
            size = end - at
        if content > end or at + size > end or at + size < content:
            raise Damage
        yield data[at + 4 : at + 8], at, content, at + size
        at += size


def inside(data: bytes, path: tuple[bytes, ...], start: int, end: int) -> Iterator[Box]:
    """The boxes at a path of types."""
    for one in boxes(data, start, end):
        if one[0] == path[0]:
            if len(path) == 1:
                yield one
            else:
                yield from inside(data, path[1:], one[2], one[3])


def brands(data: bytes) -> list[bytes]:
    """The brands that a file begins with, as far as it is here; none, if it isn't of this kind."""
    size = int.from_bytes(data[:4])
    if data[4:8] != b"ftyp" or not 16 <= size <= 1024:
        return []
    found = data[8:12] + data[16 : min(size, len(data))]  # a version stands between the first and the others
    return [found[at : at + 4] for at in range(0, len(found), 4)]


def handlers(data: bytes) -> set[bytes]:
    """Kinds of tracks: of sound, pictures, text, hints; none, if the file is damaged."""
    path = (b"moov", b"trak", b"mdia", b"hdlr")
    try:
        return {data[start + 8 : start + 12] for _kind, _at, start, _end in inside(data, path, 0, len(data))}
    except Damage:
        return set()


def box(kind: bytes, *content: bytes) -> bytes:
    """A box with this content."""
    body = b"".join(content)
    return (8 + len(body)).to_bytes(4) + kind + body


def _user_data(aigc: Aigc) -> bytes:
    """``udta`` with one key and its value."""
    handler = box(b"hdlr", bytes(8), b"mdta", bytes(13))
    keys = box(b"keys", bytes(4), (1).to_bytes(4), box(b"mdta", AIGC_FIELD.encode()))
    value = box(b"data", (1).to_bytes(4), bytes(4), aigc.build().encode())  # 1: UTF-8; no locale
    return box(b"udta", box(b"meta", bytes(4), handler, keys, box(b"ilst", box((1).to_bytes(4), value))))


def tag(data: bytes, aigc: Aigc, source: str, name: str, rights: Rights = NO_RIGHTS) -> bytes:
    """The file with both labels; what it says of the places of its samples is moved along.

    Raises:
        UserError: the file is damaged.
    """
    try:
        moov = _only_moov(data)
        kept = [one for one in boxes(data, moov[2], moov[3]) if one[0] != b"udta"]
        body = b"".join(data[at:end] for _kind, at, _content, end in kept) + _user_data(aigc)
        added = box(b"moov", body)
        grown = len(added) - (moov[3] - moov[1])
        out = bytearray(data[: moov[1]] + added + data[moov[3] :])
        _move_offsets(out, moov[3], grown)
    except Damage as error:
        raise damaged(name) from error
    return bytes(out) + box(b"uuid", _XMP, xmp.build(None, source, rights.description))


def _only_moov(data: bytes) -> Box:
    found: Box | None = None
    for one in boxes(data, 0, len(data)):
        if one[0] == b"moov":
            if found is not None:
                raise Damage
            found = one
    if found is None:
        raise Damage
    return found


def _move_offsets(out: bytearray, behind: int, grown: int) -> None:
    """Add ``grown`` to each offset of samples that lay ``behind`` this place."""
    data = bytes(out)
    for kind, width in _OFFSETS.items():
        path = (b"moov", b"trak", b"mdia", b"minf", b"stbl", kind)
        for _kind, _at, start, end in inside(data, path, 0, len(data)):
            for at in range(start + 8, end - width + 1, width):
                offset = int.from_bytes(data[at : at + width])
                if offset >= behind:
                    out[at : at + width] = (offset + grown).to_bytes(width)


def read_labels(data: bytes, name: str) -> xmp.Labels:
    """What they say, in keys of ``moov/udta/meta`` and ``moov/meta`` and in XMP.

    Raises:
        UserError: the file is damaged, or labels in it differ.
    """
    aigc: list[str] = []
    source: list[str] = []
    try:
        moov = _only_moov(data)
        for path in ((b"udta", b"meta"), (b"meta",)):
            for _kind, _at, start, end in inside(data, path, moov[2], moov[3]):
                for key, value in _items(data, start, end):
                    found = {AIGC_FIELD.encode(): aigc, SOURCE_FIELD.encode(): source}.get(key)
                    if found is not None:
                        found.append(value.decode("utf-8", "replace"))
        for kind, _at, start, end in boxes(data, 0, len(data)):
            if kind == b"uuid" and data[start : start + 16] == _XMP:
                packet = xmp.parse(data[start + 16 : end])
                aigc += [packet.aigc] if packet.aigc is not None else []
                source += [packet.source] if packet.source is not None else []
    except Damage as error:
        raise damaged(name) from error
    return agreed(aigc, source)


def _items(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    """(key, value) in a ``meta`` box, which has a version and flags in MP4 and none in QuickTime."""
    if data[start + 4 : start + 8] != b"hdlr":
        start += 4
    names: list[bytes] = []
    lists: list[tuple[int, int]] = []
    for kind, _at, inner, close in boxes(data, start, end):
        if kind == b"keys":
            # Version, flags and number of keys come first; each key is a box of its namespace.
            for _space, _key, at, stop in boxes(data, inner + 8, close):
                names.append(data[at:stop])
                if len(names) > MAX_ENTRIES:
                    raise Damage
        elif kind == b"ilst":
            lists.append((inner, close))
    for inner, close in lists:
        for kind, _at, first, last in boxes(data, inner, close):
            number = int.from_bytes(kind)
            if 1 <= number <= len(names):
                for part, _part_at, value, stop in boxes(data, first, last):
                    if part == b"data":
                        yield names[number - 1], data[value + 8 : stop]
