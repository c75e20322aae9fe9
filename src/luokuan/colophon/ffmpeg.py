"""ffmpeg as a program of its own: it is called, never linked, so its licence (LGPL or GPL) stays with it.

Files of strangers are given to it only in a process with limits, and it may open nothing else.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

from luokuan.errors import UserError
from luokuan.i18n import _

MAX_SECONDS = 900
"""Longest time that one call may take."""


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


def run(arguments: Sequence[str], stdin: bytes = b"") -> bytes:
    """Call ffmpeg, quietly, and overwrite what stands at its output. Returns what it wrote to stdout.

    Raises:
        UserError: there is no ffmpeg.
        RuntimeError: it failed; our fault.
    """
    command = [find(), "-hide_banner", "-loglevel", "error", "-y", *arguments]
    done = subprocess.run(  # noqa: S603 - a program of the user's, no shell, no names from outside
        command, input=stdin, capture_output=True, timeout=MAX_SECONDS, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"ffmpeg failed: {done.stderr.decode('utf-8', 'replace')[-400:]}")
    return done.stdout
