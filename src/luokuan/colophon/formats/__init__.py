"""The formats in which works leave: one module each, one row each in ``FORMATS``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from luokuan.colophon.formats import jpeg, png, webp
from luokuan.colophon.formats.base import HEADER_BYTES, Encoding
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Picture

__all__ = ["FORMATS", "HEADER_BYTES", "Encoding", "Format", "format_of", "format_of_bytes", "format_of_path"]


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Args:
        name: What people call it.
        media_type: IANA media type.
        suffixes: File name endings; the first is the default.
        encoding: How finish() encodes, in words.
        place: Where the XMP packet with the AIGC label and the IPTC source type lies.
        manifest: Where the C2PA manifest lies.
        max_side: Longest side in pixels that the format can hold.
        matches: Whether bytes begin like this format.
        encode: Samples to bytes.
        embed_xmp: (file, packet) to file; the file must hold no packet yet.
        read_xmp: file to packet or None; never decodes samples.
    """

    name: str
    media_type: str
    suffixes: tuple[str, ...]
    encoding: str
    place: str
    manifest: str
    max_side: int
    matches: Callable[[bytes], bool]
    encode: Callable[[Picture, Encoding], bytes]
    embed_xmp: Callable[[bytes, bytes], bytes]
    read_xmp: Callable[[bytes], bytes | None]


FORMATS: tuple[Format, ...] = (
    Format(
        name="PNG",
        media_type="image/png",
        suffixes=(".png",),
        encoding="lossless",
        place="iTXt chunk XML:com.adobe.xmp",
        manifest="caBX chunk",
        max_side=2**31 - 1,
        matches=png.matches,
        encode=png.encode,
        embed_xmp=png.embed_xmp,
        read_xmp=png.read_xmp,
    ),
    Format(
        name="JPEG",
        media_type="image/jpeg",
        suffixes=(".jpg", ".jpeg"),
        encoding="quality 92, 4:4:4",
        place="APP1 segment",
        manifest="APP11 segments",
        max_side=65_535,
        matches=jpeg.matches,
        encode=jpeg.encode,
        embed_xmp=jpeg.embed_xmp,
        read_xmp=jpeg.read_xmp,
    ),
    Format(
        name="WebP",
        media_type="image/webp",
        suffixes=(".webp",),
        encoding="quality 90, or lossless",
        place="'XMP ' chunk",
        manifest="C2PA chunk",
        max_side=16_383,
        matches=webp.matches,
        encode=webp.encode,
        embed_xmp=webp.embed_xmp,
        read_xmp=webp.read_xmp,
    ),
)


def format_of(media_type: str) -> Format:
    """The format with this media type.

    Raises:
        UserError: no work can leave in it.
    """
    for row in FORMATS:
        if row.media_type == media_type:
            return row
    raise _unknown(media_type)


def format_of_path(path: Path) -> Format:
    """The format that a file name asks for by its ending.

    Raises:
        UserError: the ending is missing or unknown.
    """
    for row in FORMATS:
        if path.suffix.lower() in row.suffixes:
            return row
    raise _unknown(path.name)


def format_of_bytes(data: bytes) -> Format | None:
    """The format of a file by its first ``HEADER_BYTES`` bytes, never by its name; None when it is none of ours."""
    for row in FORMATS:
        if row.matches(data):
            return row
    return None


def _unknown(name: str) -> UserError:
    return UserError(
        _("Works can't leave as {name}.", name=name),
        _("Choose one of {formats}.", formats=", ".join(ending for row in FORMATS for ending in row.suffixes)),
        code="format.unknown",
        status=415,
    )
