"""Vorbis comments (xiph.org, Vorbis I, section 5): names and values in FLAC and Ogg. They have no place for XMP, so
the IPTC source type is a comment as well."""

from __future__ import annotations

from luokuan.colophon.aigc import Aigc
from luokuan.colophon.formats.base import damaged
from luokuan.colophon.formats.sound import AIGC_FIELD, MAX_ENTRIES, SOURCE_FIELD
from luokuan.colophon.usage import NO_RIGHTS, Rights


def parse(data: bytes, name: str) -> tuple[bytes, list[bytes], int]:
    """(vendor, comments, where they end) of a comment header of a file of the format ``name``.

    Raises:
        UserError: it is cut short.
    """
    vendor, at = _string(data, 0, name)
    if at + 4 > len(data):
        raise damaged(name)
    count = int.from_bytes(data[at : at + 4], "little")
    at += 4
    comments = []
    if count > MAX_ENTRIES:
        raise damaged(name)
    for _number in range(count):
        comment, at = _string(data, at, name)
        comments.append(comment)
    return vendor, comments, at


def _string(data: bytes, at: int, name: str) -> tuple[bytes, int]:
    start = at + 4
    end = start + int.from_bytes(data[at:start], "little")
    if start > len(data) or end > len(data):
        raise damaged(name)
    return data[start:end], end


def build(vendor: bytes, comments: list[bytes]) -> bytes:
    """A comment header."""
    parts = [vendor, *comments]
    texts = [len(part).to_bytes(4, "little") + part for part in parts]
    return texts[0] + len(comments).to_bytes(4, "little") + b"".join(texts[1:])


def comments_of(aigc: Aigc, source: str, rights: Rights = NO_RIGHTS) -> list[bytes]:
    """The labels as comments, and the terms in the fields that the specification names for them (section 5.2.1)."""
    said = {AIGC_FIELD: aigc.build(), SOURCE_FIELD: source, "COPYRIGHT": rights.notice, "LICENSE": rights.licence}
    return [f"{name}={value}".encode() for name, value in said.items() if value]


def labels_in(comments: list[bytes]) -> tuple[list[str], list[str]]:
    """AIGC labels and source types among ``comments``; case doesn't count in names."""
    found: dict[str, list[str]] = {AIGC_FIELD.lower(): [], SOURCE_FIELD.lower(): []}
    for comment in comments:
        field, _equals, value = comment.partition(b"=")
        values = found.get(field.decode("ascii", "replace").lower())
        if values is not None:
            values.append(value.decode("utf-8", "replace"))
    return found[AIGC_FIELD.lower()], found[SOURCE_FIELD.lower()]
