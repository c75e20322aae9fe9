"""All frames of a short MP4 or WebM file, by ffmpeg: in bounded time and memory, and nothing but the file is opened."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from luokuan.foundation.ffmpeg import find, survey

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENDINGS = frozenset((".mp4", ".webm"))
SECONDS = 60
"""Longest time that reading one file may take, of the clock and of the processor."""
MEMORY = 3 << 30
"""Bytes of address space that ffmpeg gets, where the system has such limits."""
_DEMUXERS = ((4, b"ftyp", "mov"), (0, b"\x1a\x45\xdf\xa3", "matroska"))


class BrokenVideo(Exception):
    """It can't be decoded."""


class LongVideo(BrokenVideo):
    """It has more frames than wanted."""


class LargeVideo(BrokenVideo):
    """Its frames are larger than wanted."""


def is_video(data: bytes) -> bool:
    """Whether a file begins as MP4 or WebM do."""
    return any(data[at : at + len(sign)] == sign for at, sign, _demuxer in _DEMUXERS)


def read_video(path: Path, data: bytes, *, frames: int, pixels: int) -> tuple[NDArray[np.uint8], float | None]:
    """Its frames as they are shown, uint8 (frames, H, W, 3), and frames a second, where it is said.

    Args:
        path: The file.
        data: Its bytes; the first few say what it is.
        frames: So many at most.
        pixels: So many at most, of all frames together.

    Raises:
        UserError: there is no ffmpeg.
        LongVideo: it has more frames.
        LargeVideo: it has more pixels.
        BrokenVideo: it can't be decoded, or not in time.
    """
    demuxer = next(name for at, sign, name in _DEMUXERS if data[at : at + len(sign)] == sign)
    source = ["-protocol_whitelist", "file", "-f", demuxer, "-i", f"file:{path.resolve()}", "-map", "0:v:0"]
    told = _called([*source, "-c", "copy", "-frames:v", str(frames + 1), "-f", "framecrc", "pipe:1"])
    try:
        height, width, fps, keys = survey(told)
    except (RuntimeError, ValueError, ArithmeticError) as error:
        raise BrokenVideo from error
    count = len(keys)
    if count > frames:
        raise LongVideo
    if count * height * width > pixels:
        raise LargeVideo
    # The true size may be another one than the declared; and what is turned when it is shown has other sides.
    limits = ["-threads", "1", "-max_pixels:v", str(pixels // count)]
    wanted = ["-fps_mode", "passthrough", "-frames:v", str(count), "-c:v", "ppm", "-f", "image2pipe", "pipe:1"]
    found = _pictures(_called([*limits, *source, *wanted]))
    if not found:
        raise BrokenVideo
    return np.stack(found), fps


def _pictures(data: bytes) -> list[NDArray[np.uint8]]:
    """Those of a stream of PPM, each (H, W, 3)."""
    found, at = [], 0
    while at < len(data):
        try:
            sign, sides, most = data[at : at + 40].split(b"\n", 3)[:3]
            width, height = (int(part) for part in sides.split())
        except ValueError as error:
            raise BrokenVideo from error
        start = at + len(sign) + len(sides) + len(most) + 3
        at = start + width * height * 3
        if sign != b"P6" or most != b"255" or not 0 < at <= len(data):
            raise BrokenVideo
        found.append(np.frombuffer(data, np.uint8, width * height * 3, start).reshape(height, width, 3))
    if any(one.shape != found[0].shape for one in found):
        raise BrokenVideo
    return found


def _called(arguments: list[str]) -> bytes:
    """What ffmpeg writes to its output."""
    command = [find(), "-hide_banner", "-loglevel", "error", "-nostdin", "-xerror", *arguments]
    if os.name == "posix":
        # The shell sets the limits and becomes ffmpeg: nothing of ours runs between fork and exec.
        limits = f'ulimit -v {MEMORY >> 10}; ulimit -t {SECONDS}; ulimit -c 0; exec "$@"'
        command = ["/bin/sh", "-c", limits, "sh", *command]
    try:
        done = subprocess.run(  # noqa: S603 - a program of the user's; the shell's words are ours, names are arguments
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BrokenVideo from error
    if done.returncode:
        raise BrokenVideo
    return done.stdout
