"""The watermark of sound, as finishing and verifying use it."""

from __future__ import annotations

from luokuan.colophon.watermark import sound
from luokuan.colophon.watermark.finding import Finding
from luokuan.errors import UserError
from luokuan.media import Media, Sound


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
        assert isinstance(media, Sound)
        try:
            found = sound.detect(media, secret)
        except UserError:
            return Finding(self.kind, None, 0.0, 0.0, 1.0, "small")
        number = None if found.id is None else f"{found.id:016x}"
        problem = "small" if found.seconds == 0 else None
        return Finding(self.kind, number, max(found.z, 0.0), found.threshold, found.chance, problem)


MARKER = SoundMarker()
