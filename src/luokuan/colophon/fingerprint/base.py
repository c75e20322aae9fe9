"""What the kinds of fingerprints share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["picture", "sound", "text", "clip"]

QUALITY: Mapping[Kind, int] = {"picture": 30, "sound": 12, "text": 16, "clip": 30}
"""Least quality of a fingerprint that is compared: below it pictures are too plain, texts and sounds too short to be
told from others."""

PDQ_SURE = 16
"""Bits of 256 up to which a picture is taken for a work without further ado. Compression and size change ten at most;
cartoons of one series, of which only some are ours, may come as near as 17 to 31 (benchmarks/fingerprints.py)."""

_TEXTS = ("text/plain", "text/markdown", "text/html", "application/json")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """``kind``: never ``clip``, whose frames are pictures. ``bits``: PDQ, 32 bytes; SimHash, 8 bytes, the highest
    first; chromaprint, four bytes a sub-fingerprint, the lowest first. ``quality``: 0 to 100, what it tells by; see
    ``QUALITY``."""

    kind: Kind
    bits: bytes
    quality: int


def kind_of(media_type: str) -> Kind | None:
    """Which kind of fingerprint files of this type have."""
    if media_type.startswith("image/") and media_type != "image/svg+xml":
        return "picture"
    if media_type in _TEXTS:
        return "text"
    if media_type.startswith("audio/") and media_type != "audio/midi":
        return "sound"
    if media_type.startswith("video/"):
        return "clip"
    return None


@dataclass(frozen=True, slots=True)
class Alike:
    """A work of the home that a file looks, reads or sounds like.

    Args:
        work: Its id.
        kind: What was compared.
        distance: Bits in which the fingerprints differ, of ``bits``; of a clip the median of the frames that are alike.
        mirrored: Whether it is the mirrored picture that looks like it.
        resemblance: Of texts, where words were compared too: share of passages that both have, estimated, 0 to 1.
    """

    work: str
    kind: Kind
    distance: int
    bits: int
    mirrored: bool = False
    resemblance: float | None = None

    @property
    def sure(self) -> bool:
        """Whether that alone says that it is the work, changed; else it is a hint."""
        return self.kind not in ("picture", "clip") or self.distance <= PDQ_SURE
