"""The watermark of sound, as finishing and verifying use it."""

from __future__ import annotations

import numpy as np

from luokuan.colophon.watermark import sound
from luokuan.colophon.watermark.finding import Finding, numbers
from luokuan.colophon.watermark.spectrum import HOP, RATE, SIZE
from luokuan.errors import UserError
from luokuan.media import Media, Sound

MAX_FRAMES = int(sound.LONGEST * RATE / HOP) + SIZE // HOP
"""Frames of the longest stretch that is listened to."""


class SoundMarker:
    """See ``marking.Marker``."""

    algorithm = "org.luokuan.watermark.sound.1"
    kind = "sound"

    def embed(self, media: Media, work_id: str, secret: bytes) -> Media:
        """A copy with the mark; silence, and a rate that can't carry one, come back unchanged."""
        assert isinstance(media, Sound)
        try:
            return sound.embed(media, int(work_id, 16), secret)
        except UserError:
            return media

    def detect(self, media: Media, secret: bytes) -> Finding:
        """Look for the mark; ``small``: silence, or of a rate that can't carry one."""
        return self.search(self.trace(media), secret)

    def trace(self, media: Media) -> bytes:
        """See ``sound.energy_of``."""
        assert isinstance(media, Sound)
        try:
            return np.ascontiguousarray(sound.energy_of(media), "<f4").tobytes()
        except UserError:
            return b""

    def search(self, trace: bytes, secret: bytes) -> Finding:
        """Look for the mark in a trace."""
        if not trace:
            return Finding(self.kind, None, 0.0, 0.0, 1.0, "small")
        energy = numbers(trace, np.float32, SIZE // 2 + 1, MAX_FRAMES)
        if energy.min() < 0:
            raise ValueError("energy is less than nothing")
        found = sound.find(energy, secret)
        number = None if found.id is None else f"{found.id:016x}"
        problem = "small" if found.seconds == 0 else None
        return Finding(self.kind, number, max(found.z, 0.0), found.threshold, found.chance, problem)


MARKER = SoundMarker()
