"""The invisible watermark of clips: that of pictures on each frame, at the same place, looked for in all together and
in the first frame alone.

What moves differs from frame to frame, the mark doesn't: the mean of frames shows it more clearly than each of them.
But encoders predict a frame from others, along the motion; where that is fast and few bits are left, the mark moves
along, and the first frame, which is predicted from nothing, keeps most of it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from luokuan.colophon.watermark import picture
from luokuan.colophon.watermark.finding import Finding, numbers
from luokuan.colophon.watermark.pattern import FREQUENCIES
from luokuan.media import Clip, Frames, Media, Picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

KIND = "clip"
ALGORITHM = "org.luokuan.watermark.clip.1"
"""Name in the C2PA soft binding; another embedding or code needs another number."""


def embed(clip: Clip, work_id: str, key: bytes) -> Clip:
    """A copy of ``clip`` whose frames carry the mark; see ``picture.embed``. Its sound stays as it is."""
    if isinstance(clip.frames, Frames):
        lazily = clip.frames.changed(lambda _place, frame: picture.embed(Picture(frame), work_id, key).pixels)
        return Clip(lazily, clip.fps, clip.sound)
    out = np.empty_like(clip.frames)
    for place, frame in enumerate(clip.frames):
        out[place] = picture.embed(Picture(frame), work_id, key).pixels
    return Clip(out, clip.fps, clip.sound)


def detect(clip: Clip, key: bytes) -> Finding:
    """Look for the mark of ``key`` in frames of any size; some 30 of a clip will do."""
    if min(clip.frames.shape[1:3]) < picture.MIN_SIDE:
        return Finding(KIND, None, 0.0, picture.THRESHOLD, 1.0, "small")
    return replace(picture.find(features(clip), key), kind=KIND)


def features(clip: Clip) -> NDArray[np.complex64]:
    """What of a clip doesn't depend on a key, see ``picture.features``: of the mean of its frames and, where that isn't
    the same, of the first one.

    Each frame is made equally strong before their mean is taken. No key has a say in that, so the bound on what is
    found by chance (``finding.chance``) holds for both as it does for a picture.
    """
    from luokuan.colophon.watermark import lattice

    short = min(clip.frames.shape[1:3])
    grey, by = lattice.reduced(clip.frames[0])
    first = lattice.detail(grey)
    if len(clip.frames) == 1:
        return picture.folded(first, short, by)
    total = first.copy()
    for frame in itertools.islice(clip.frames, 1, None):
        total += lattice.detail(lattice.reduced(frame)[0])
    return np.concatenate([picture.folded(total, short, by), picture.folded(first, short, by)])


@dataclass(frozen=True, slots=True)
class ClipMarker:
    """The mark of clips; see ``marking.Marker``."""

    algorithm: str = ALGORITHM
    kind: str = KIND

    def embed(self, media: Media, work_id: str, secret: bytes) -> Clip:
        """The clip with the mark of the home with this secret."""
        assert isinstance(media, Clip)
        return embed(media, work_id, picture.subkey(secret))

    def detect(self, media: Media, secret: bytes) -> Finding:
        """Look for that mark."""
        return self.search(self.trace(media), secret)

    def trace(self, media: Media) -> bytes:
        """See ``features``."""
        assert isinstance(media, Clip)
        small = min(media.frames.shape[1:3]) < picture.MIN_SIDE
        return b"" if small else picture.trace_of(features(media))

    def search(self, trace: bytes, secret: bytes) -> Finding:
        """Look for that mark in a trace."""
        if not trace:
            return Finding(KIND, None, 0.0, picture.THRESHOLD, 1.0, "small")
        seen = numbers(trace, np.complex64, FREQUENCIES, 2 * picture.LATTICES)
        return replace(picture.find(seen, picture.subkey(secret)), kind=KIND)


MARKER = ClipMarker()
