"""What a recording sounds like: chromaprint (https://acoustid.org/chromaprint), a 32-bit sub-fingerprint about eight
times a second, of what the pitch classes do in the 2.6 seconds around.

It is taken by ffmpeg, a program of its own: the one of imageio-ffmpeg (extra ``media``), or one on the PATH that was
built with chromaprint, as Debian's is. Without one, works simply have no sound fingerprint.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from luokuan.colophon.ffmpeg import nameless
from luokuan.colophon.fingerprint.base import Fingerprint

SECONDS = 120
"""How much of a recording has a say, from its beginning."""
RATE = 11_025 / 1_365
"""Sub-fingerprints a second."""
MAX_TIME = 30.0
"""Seconds that the program may take."""

_DEMUXERS = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/vnd.wave": "wav",
    "audio/mpeg": "mp3",
    "audio/flac": "flac",
    "audio/x-flac": "flac",
    "audio/ogg": "ogg",
    "audio/opus": "ogg",
    "audio/mp4": "mov",
    "audio/x-m4a": "mov",
}


class NoTool(Exception):
    """No ffmpeg with chromaprint is here."""


def fingerprints(data: bytes, media_type: str) -> tuple[Fingerprint, ...] | None:
    """Of a sound file; of one that can't be decoded, or too short for a single sub-fingerprint, none. None: no program
    is here that could tell."""
    try:
        bits = _chromaprint(data, media_type)
    except NoTool:
        return None
    return (Fingerprint("sound", bits, _quality(bits)),) if bits else ()


def glance(data: bytes, media_type: str) -> Mapping[str, Any] | None:
    """What to look a sound up by; see the package's ``glance``."""
    try:
        bits = _chromaprint(data, media_type)
    except NoTool:
        return {"kind": "sound", "problem": "tool"}
    return {"kind": "sound", "bits": bits.hex(), "quality": _quality(bits)} if bits else None


@lru_cache(maxsize=1)
def program() -> str | None:
    """The path of an ffmpeg that knows chromaprint, or None."""
    for path in (_imageio(), shutil.which("ffmpeg")):
        if path is not None and _knows_chromaprint(path):
            return path
    return None


def _imageio() -> str | None:
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        return None


def _knows_chromaprint(path: str) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - no shell, nothing of a stranger's in it
            [path, "-hide_banner", "-muxers"], capture_output=True, timeout=MAX_TIME, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return b"chromaprint" in done.stdout


def _quality(bits: bytes) -> int:
    """How many different sub-fingerprints there are, 100 at most: silence and a steady tone have one."""
    return min(100, len({bits[at : at + 4] for at in range(0, len(bits), 4)}))


def _chromaprint(data: bytes, media_type: str) -> bytes:
    demuxer = _DEMUXERS.get(media_type.partition(";")[0])  # of Ogg, which codec is no matter
    if demuxer is None:
        return b""
    path = program()
    if path is None:
        raise NoTool
    # The demuxer is given and only the file itself may be opened: no playlist in it leads to other files or hosts.
    command = [path, "-v", "quiet", "-protocol_whitelist", "fd", "-f", demuxer, "-fd", "0", "-i", "fd:"]
    command += ["-map", "0:a:0", "-t", str(SECONDS), "-f", "chromaprint", "-fp_format", "raw", "pipe:1"]
    with nameless(data) as file:
        try:
            done = subprocess.run(  # noqa: S603 - no shell; the stranger's file is its input
                command, stdin=file, capture_output=True, timeout=MAX_TIME, check=False
            )
        except (OSError, subprocess.SubprocessError):
            return b""
    whole = len(done.stdout) // 4 * 4
    return done.stdout[:whole] if done.returncode == 0 else b""
