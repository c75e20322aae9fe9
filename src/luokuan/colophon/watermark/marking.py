"""Which kinds of media carry an invisible watermark, and by which module: one row a kind."""

from __future__ import annotations

from typing import Protocol

from luokuan.colophon.watermark.finding import Finding
from luokuan.media import Clip, Media, Picture, Sound

MAX_TRACE = 8 << 20
"""Longest trace, in bytes: that of a minute of sound."""


class Marker(Protocol):
    """Puts a work's id into samples of one kind, and finds it there."""

    @property
    def algorithm(self) -> str:
        """Its name in the C2PA soft binding."""
        ...

    @property
    def kind(self) -> str:
        """The kind of media in findings."""
        ...

    def embed(self, media: Media, work_id: str, secret: bytes) -> Media:
        """A copy with the mark; one too small to carry anything comes back unchanged."""
        ...

    def detect(self, media: Media, secret: bytes) -> Finding:
        """Look for the mark of the home with this secret: ``search`` in what ``trace`` gives."""
        ...

    def trace(self, media: Media) -> bytes:
        """All that a search needs of samples, whatever the secret, ``MAX_TRACE`` bytes at most; empty where they are
        too few, or too silent, to carry a mark. Whoever decodes strangers' files needs no secret for it."""
        ...

    def search(self, trace: bytes, secret: bytes) -> Finding:
        """Look for the mark in a trace, which somebody may have forged.

        Raises:
            ValueError: it is none.
        """
        ...


def marker_of(kind: type[Media]) -> Marker | None:
    """The marker of a kind of media; None: works of this kind carry no mark in their samples.

    Modules are imported when they are needed: most files that are checked are looked at without samples.
    """
    if kind is Picture:
        from luokuan.colophon.watermark.picture import MARKER

        return MARKER
    if kind is Sound:
        from luokuan.colophon.watermark.soundmarker import MARKER as SOUND_MARKER

        return SOUND_MARKER
    if kind is Clip:
        from luokuan.colophon.watermark.clip import MARKER as CLIP_MARKER

        return CLIP_MARKER
    return None
