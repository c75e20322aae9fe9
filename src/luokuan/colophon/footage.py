"""Frames of an encoded clip, a few of them and evenly spread, by ffmpeg: to look at, never all of them.

The demuxer is given and only the file itself may be opened: no playlist in it leads to other files or hosts. Files of
strangers are looked at only in a process with limits, see ``sandbox``; those hold for ffmpeg too, which it starts.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.colophon import ffmpeg
from luokuan.foundation.ffmpeg import survey

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEMUXERS = {"video/mp4": "mov", "video/webm": "matroska"}
"""ffmpeg's demuxer for each type of clips."""
MAX_PIXELS = 1 << 25
"""Most pixels that a frame may have, declared or true, to be decoded."""
MAX_FRAMES = 1 << 17
"""Frames of a clip after which nobody looks at it: an hour and more at 30 a second."""
SECONDS = 30.0
"""Longest time that one look may take."""

_MEMORY = 1 << 28  # bytes of frames that are in memory at a time
_WORK = 1 << 31  # pixels that are decoded to come by a few frames; beyond it key frames must do


class TooLarge(Exception):
    """The frames are larger than ``MAX_PIXELS``."""


@dataclass(frozen=True, slots=True)
class Footage:
    """What was seen of a clip.

    Args:
        size: Height and width in pixels, as declared.
        count: Frames, ``MAX_FRAMES`` at most.
        fps: Frames a second, on average; None of a single one.
        places: Which frames these are, from 0, ascending.
        frames: uint8 (N, H, W, 3).
    """

    size: tuple[int, int]
    count: int
    fps: float | None
    places: tuple[int, ...]
    frames: NDArray[np.uint8]


def look(data: bytes, media_type: str, most: int) -> Footage:
    """Up to ``most`` frames, fewer where they are large.

    The first and the last are among them, unless the clip is so long that key frames alone are decoded.

    Raises:
        TooLarge: before anything is decoded.
        UserError: there is no ffmpeg.
        RuntimeError: it can't be decoded.
    """
    import numpy as np

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip"
        path.write_bytes(data)
        source = ["-protocol_whitelist", "file", "-f", DEMUXERS[media_type], "-i", str(path), "-map", "0:v:0"]
        packets = [*source, "-c", "copy", "-frames:v", str(MAX_FRAMES), "-f", "framecrc", "pipe:1"]
        # What the container says, without decoding to find out more.
        quick = ["-probesize", "32", "-analyzeduration", "0"]
        height, width, fps, keys = survey(ffmpeg.run([*quick, *packets], seconds=SECONDS))
        if height * width > MAX_PIXELS:
            raise TooLarge
        count, whole = len(keys), len(keys) * height * width <= _WORK
        known = list(range(count)) if whole else [place for place, key in enumerate(keys) if key]
        known = known[: max(1, _WORK // (height * width))]
        most = max(1, min(most, _MEMORY // (height * width * 3)))
        chosen = sorted({round(float(place)) for place in np.linspace(0, len(known) - 1, min(most, len(known)))})
        filters = "select=" + "+".join(f"eq(n\\,{place})" for place in chosen) + f",scale={width}:{height}"
        wanted = ["-fps_mode", "passthrough", "-vf", filters, "-frames:v", str(len(chosen))]
        # The true size may be another one than the declared.
        given = ["-threads", "2", "-max_pixels:v", str(MAX_PIXELS), "-noautorotate"]
        given += [] if whole else ["-skip_frame", "nokey"]
        raw = ffmpeg.run([*given, *source, *wanted, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"], seconds=SECONDS)
    found = len(raw) // (height * width * 3)
    if not found:
        raise RuntimeError("no frame was decoded")
    frames = np.frombuffer(raw, np.uint8, found * height * width * 3).reshape(found, height, width, 3)
    return Footage((height, width), count, fps, tuple(known[place] for place in chosen[:found]), frames)


def sound_length(data: bytes, media_type: str) -> float:
    """Seconds of sound that a clip has, by its packets; 0 without any.

    Raises:
        RuntimeError: it can't be read.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip"
        path.write_bytes(data)
        given = ["-protocol_whitelist", "file", "-f", DEMUXERS[media_type], "-i", str(path), "-map", "0:a:0?"]
        text = ffmpeg.run([*given, "-map", "0:v:0", "-c", "copy", "-f", "framecrc", "pipe:1"], seconds=SECONDS)
    lines = text.decode("ascii", "replace").splitlines()
    if "#media_type 0: audio" not in lines:
        return 0.0
    base = next(Fraction(line.partition(": ")[2]) for line in lines if line.startswith("#tb 0: "))
    packets = [line.split(",") for line in lines if line.startswith("0,")]
    return float(max(int(parts[2]) + int(parts[3]) for parts in packets) * base) if packets else 0.0
