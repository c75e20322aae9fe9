"""The formats in which works leave: one module each, one row each in ``FORMATS``."""

from __future__ import annotations

from pathlib import Path

from luokuan.colophon.formats import jpeg, png, text, webp
from luokuan.colophon.formats.base import HEADER_BYTES, SIDECARS, Encoding, Format
from luokuan.colophon.formats.picture import PictureFormat
from luokuan.colophon.formats.text import TextFormat
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Media

__all__ = [
    "FORMATS",
    "HEADER_BYTES",
    "PICTURES",
    "SIDECARS",
    "TEXTS",
    "Encoding",
    "Format",
    "format_of",
    "format_of_file",
    "format_of_header",
    "format_of_path",
]


PICTURES: tuple[PictureFormat, ...] = (
    PictureFormat(
        name="PNG",
        media_type="image/png",
        suffixes=(".png",),
        encoding="lossless",
        place="iTXt chunk XML:com.adobe.xmp",
        manifest="caBX chunk",
        max_side=2**31 - 1,
        starts=png.matches,
        to_bytes=png.encode,
        embed_xmp=png.embed_xmp,
        read_xmp=png.read_xmp,
    ),
    PictureFormat(
        name="JPEG",
        media_type="image/jpeg",
        suffixes=(".jpg", ".jpeg"),
        encoding="quality 92, 4:4:4",
        place="APP1 segment",
        manifest="APP11 segments",
        max_side=65_535,
        starts=jpeg.matches,
        to_bytes=jpeg.encode,
        embed_xmp=jpeg.embed_xmp,
        read_xmp=jpeg.read_xmp,
    ),
    PictureFormat(
        name="WebP",
        media_type="image/webp",
        suffixes=(".webp",),
        encoding="quality 90, or lossless",
        place="'XMP ' chunk",
        manifest="C2PA chunk",
        max_side=16_383,
        starts=webp.matches,
        to_bytes=webp.encode,
        embed_xmp=webp.embed_xmp,
        read_xmp=webp.read_xmp,
    ),
)

TEXTS: tuple[TextFormat, ...] = (text.PLAIN, text.MARKDOWN, text.JSON)
FORMATS: tuple[Format, ...] = (*PICTURES, *TEXTS)


def format_of(media_type: str, kind: type[Media] | None = None) -> Format:
    """The format with this media type.

    Raises:
        UserError: no work, or none of this ``kind``, can leave in it.
    """
    for row in FORMATS:
        if row.media_type == media_type and kind in (None, row.kind):
            return row
    raise _unknown(media_type, kind)


def format_of_path(path: Path) -> Format:
    """The format that a file name asks for by its ending.

    Raises:
        UserError: the ending is missing or unknown.
    """
    for row in FORMATS:
        if path.suffix.lower() in row.suffixes:
            return row
    raise _unknown(path.name)


def format_of_header(data: bytes) -> Format | None:
    """The format of a file by its first ``HEADER_BYTES`` bytes, never by its name; None when nothing in them tells."""
    for row in FORMATS:
        if row.matches(data):
            return row
    return None


def format_of_file(data: bytes) -> Format | None:
    """The format of a whole file; text that says nothing of itself is plain text."""
    return format_of_header(data) or (text.PLAIN if text.is_text(data) else None)


def _unknown(name: str, kind: type[Media] | None = None) -> UserError:
    known = [ending for row in FORMATS for ending in row.suffixes if kind in (None, row.kind)]
    return UserError(
        _("Works can't leave as {name}.", name=name),
        _("Choose one of {formats}.", formats=", ".join(known)),
        code="format.unknown",
        status=415,
    )
