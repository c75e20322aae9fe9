"""Fingerprints: what a picture looks like, a text says, a recording sounds like, in few bits that survive when all
metadata is stripped and the file is compressed again.

Each work's fingerprints are kept with it; ``verify`` compares those of a file that says nothing of itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luokuan.colophon.fingerprint.base import QUALITY, Alike, Fingerprint, Kind, kind_of

__all__ = ["QUALITY", "Alike", "Fingerprint", "Kind", "fingerprints_of", "glance", "kind_of"]


def fingerprints_of(data: bytes, media_type: str) -> tuple[Fingerprint, ...] | None:
    """The fingerprints of a file, of what a stranger would see, read or hear of it.

    Args:
        data: The file, of ours: nothing here protects from one made to do harm.
        media_type: Its IANA media type.

    Returns:
        None or more: a picture with transparency has one on white and one on black, a clip some of its frames', other
        kinds have none. None, if this installation lacks the program that would tell.
    """
    # Imported here: who only compares needs neither Pillow nor a program for sound.
    match kind_of(media_type):
        case "picture":
            from luokuan.colophon.fingerprint import picture

            return picture.fingerprints(data, media_type)
        case "sound":
            from luokuan.colophon.fingerprint import sound

            return sound.fingerprints(data, media_type)
        case "text":
            from luokuan.colophon.fingerprint import text

            return text.fingerprints(data, media_type)
        case "clip":
            from luokuan.colophon.fingerprint import clip

            return clip.fingerprints(data, media_type)
    return ()


def glance(data: bytes, media_type: str) -> Mapping[str, Any] | None:
    """What to look a stranger's file up by, as JSON values: ``kind``, ``bits`` in hexadecimal and ``quality``; of a
    picture also ``mirrored``, of a text also ``sketch``; of a clip ``bits`` of one frame after the other. Only in a
    process with limits, see ``sandbox``.

    Returns:
        None for kinds that have no fingerprint, and for a file that doesn't hold what it begins like; ``kind`` and
        ``problem`` instead of the rest where none was taken: ``size``, the picture declares too many pixels; ``tool``,
        the program for sound or clips isn't here.
    """
    match kind_of(media_type):
        case "picture":
            from luokuan.colophon.fingerprint import picture

            return picture.glance(data, media_type)
        case "sound":
            from luokuan.colophon.fingerprint import sound

            return sound.glance(data, media_type)
        case "text":
            from luokuan.colophon.fingerprint import text

            return text.glance(data, media_type)
        case "clip":
            from luokuan.colophon.fingerprint import clip

            return clip.glance(data, media_type)
    return None
