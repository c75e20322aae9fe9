"""Where the program ffmpeg is, and what it says of the packets of a clip."""

from __future__ import annotations

import shutil
from fractions import Fraction

from luokuan.errors import UserError
from luokuan.i18n import _


def find() -> str:
    """Path of the program: that of the package imageio-ffmpeg, else the one on the PATH.

    Raises:
        UserError: there is none.
    """
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        return str(get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        found = shutil.which("ffmpeg")
    if found is None:
        raise UserError(
            _("This format needs the program ffmpeg, which isn't here."),
            _("Install luokuan[media], or ffmpeg itself, or choose another format."),
            code="format.ffmpeg",
            status=501,
        )
    return found


def survey(text: bytes) -> tuple[int, int, float | None, list[bool]]:
    """Height, width, frames a second and which frames are key frames, from what the muxer ``framecrc`` says of packets.

    Raises:
        RuntimeError: there are no packets, or no size.
    """
    height = width = 0
    base = Fraction(1)
    times: list[int] = []
    keys: list[bool] = []
    for line in text.decode("ascii", "replace").splitlines():
        head, _colon, value = line.partition(": ")
        if head == "#dimensions 0":
            width, height = (int(part) for part in value.split("x"))
        elif head == "#tb 0":
            base = Fraction(value)
        elif line[:1].isdigit():
            # Stream, decoding time, presentation time, duration, size, checksum; flags unless it is a key frame alone.
            parts = line.split(",")
            times.append(int(parts[2]))
            keys.append(len(parts) < 7 or "F=" not in parts[6])
    if not times or not height or not width:
        raise RuntimeError("there are no frames")
    span = (max(times) - min(times)) * base
    return height, width, float((len(times) - 1) / span) if span > 0 else None, keys
