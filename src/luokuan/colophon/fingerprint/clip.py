"""What a clip looks like: PDQ, see ``picture``, of up to nine of its frames, evenly spread, so that the first, the
middle and the last are among them. They are kept as pictures: a still of a clip leads to it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luokuan.colophon.fingerprint.base import QUALITY, Fingerprint
from luokuan.colophon.fingerprint.picture import of_pixels
from luokuan.errors import UserError

FRAMES = 9
"""Frames that have a say; an odd number, for the middle one."""


def fingerprints(data: bytes, media_type: str) -> tuple[Fingerprint, ...] | None:
    """Of frames of a clip, in their order; of none that can be decoded, none. None: no ffmpeg is here."""
    from luokuan.colophon.footage import TooLarge, look

    try:
        return tuple(of_pixels(frame) for frame in look(data, media_type, FRAMES).frames)
    except UserError:
        return None
    except (TooLarge, RuntimeError, ValueError, OSError):
        return ()


def glance(data: bytes, media_type: str) -> Mapping[str, Any] | None:
    """What to look a clip up by; see the package's ``glance``."""
    from luokuan.colophon.footage import TooLarge, look

    try:
        found = [of_pixels(frame) for frame in look(data, media_type, FRAMES).frames]
    except TooLarge:
        return {"kind": "clip", "problem": "size"}
    except UserError:
        return {"kind": "clip", "problem": "tool"}
    except (RuntimeError, ValueError, OSError):
        return None
    telling = [one for one in found if one.quality >= QUALITY["picture"]]
    middle = sorted(one.quality for one in found)[len(found) // 2]
    return {"kind": "clip", "bits": b"".join(one.bits for one in telling).hex(), "quality": middle}
