"""What the formats share: how to encode, and what to say of a damaged file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Picture

if TYPE_CHECKING:
    from PIL import Image

HEADER_BYTES = 16
"""How many first bytes tell a format."""

MAX_PACKET = 1 << 20
"""Largest XMP packet that is read or written, in bytes (compressed text is not expanded beyond it)."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """``lossless``: for WebP, keep each sample; PNG always does, JPEG never."""

    lossless: bool = False


def image(picture: Picture) -> Image.Image:
    """The picture for Pillow, RGB or RGBA, sharing no memory that Pillow may change."""
    from PIL import Image

    return Image.fromarray(picture.pixels)


def damaged(name: str) -> UserError:
    """The file begins like ``name`` and doesn't go on like it."""
    return UserError(
        _("The {name} file is damaged or cut short.", name=name),
        _("Get a whole copy of it."),
        code="format.damaged",
        status=422,
    )


def has_packet(name: str) -> UserError:
    """A file has more than one packet, or has one where none may be: then nobody knows which one counts."""
    return UserError(
        _("The {name} file has more than one XMP packet.", name=name),
        _("Get a copy from its maker."),
        code="format.packets",
        status=422,
    )


def too_long() -> UserError:
    """The packet doesn't fit."""
    return UserError(
        _("The XMP metadata is too long for the format."), _("Shorten its fields."), code="format.packet_long"
    )
