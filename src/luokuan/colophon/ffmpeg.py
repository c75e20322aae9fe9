"""ffmpeg as a program of its own: it is called, never linked, so its licence (LGPL or GPL) stays with it.

Files of strangers are given to it only in a process with limits, and it may open nothing else.
"""

from __future__ import annotations

import errno
import io
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from luokuan.errors import UserError
from luokuan.foundation.ffmpeg import find
from luokuan.i18n import _

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_SECONDS = 900
"""Longest time that one call may take."""

WORTH_A_PROCESS = 3.0
"""Seconds of sound from which on another encoder than libsndfile's saves more than starting a process costs."""


@lru_cache(maxsize=4)
def _encoders(path: str) -> frozenset[str]:
    done = subprocess.run(  # noqa: S603 - a program of the user's, no shell, no names from outside
        [path, "-hide_banner", "-encoders"], capture_output=True, timeout=60, check=False
    )
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    return frozenset(parts[1] for line in lines if len(parts := line.split()) > 1)


def encoder(names: Sequence[str]) -> str:
    """The first of these encoders that the program has.

    Raises:
        UserError: there is no ffmpeg, or it has none of them.
    """
    known = _encoders(find())
    for name in names:
        if name in known:
            return name
    raise UserError(
        _("The ffmpeg that is here has none of the encoders {names}.", names=", ".join(names)),
        _("Install luokuan[media], which brings one that has, or choose another format."),
        code="format.encoder",
        status=501,
    )


def encodes(codec: str) -> bool:
    """Whether there is an ffmpeg that was built with this encoder."""
    try:
        return codec in _encoders(find())
    except (UserError, OSError, subprocess.SubprocessError):
        return False


def encoded(samples: NDArray[np.float32], rate: int, *options: str) -> bytes:
    """(channels, samples) encoded, without any metadata; ``options``: the encoder's and the container's.

    Into a file and not a pipe: what a container says of its length and of its encoder's delay is written last.

    Raises:
        UserError: there is no ffmpeg, or no room for what it writes.
        RuntimeError: it failed; our fault.
    """
    import numpy as np

    given = ["-f", "f32le", "-ar", str(rate), "-ac", str(len(samples)), "-i", "pipe:0"]
    bare = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "encoded"
        run([*given, *bare, *options, str(path)], np.ascontiguousarray(samples.T, "<f4").tobytes())
        return path.read_bytes()


def nameless(data: bytes) -> IO[bytes]:
    """A file without a name that holds ``data``: a pipe could not be read backwards, as M4A needs it."""
    if hasattr(os, "memfd_create"):
        stream: IO[bytes] = os.fdopen(os.memfd_create("luokuan"), "w+b")
    else:
        stream = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the caller
    stream.write(data)
    stream.flush()
    stream.seek(0, io.SEEK_SET)
    return stream


def run(
    arguments: Sequence[str], stdin: bytes | memoryview | IO[bytes] = b"", *, seconds: float = MAX_SECONDS
) -> bytes:
    """Call ffmpeg, quietly, and overwrite what stands at its output. Returns what it wrote to stdout.

    Args:
        arguments: Of the program.
        stdin: What it reads from ``pipe:0``.
        seconds: Longest time that it may take.

    Raises:
        UserError: there is no ffmpeg, or no room for what it writes.
        RuntimeError: it failed, or took too long; our fault.
    """
    command = [find(), "-hide_banner", "-loglevel", "error", "-y", *arguments]
    whole = isinstance(stdin, bytes | memoryview)
    given: dict[str, Any] = {"input": stdin} if whole else {"stdin": stdin}
    try:
        done = subprocess.run(  # noqa: S603 - a program of the user's, no shell, no names from outside
            command, **given, capture_output=True, timeout=seconds, check=False, env={**os.environ, "SVT_LOG": "1"}
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"ffmpeg took longer than {seconds} s") from error
    if done.returncode != 0:
        raise _failed(done.stderr)
    return done.stdout


def feed(arguments: Sequence[str], pieces: Iterable[bytes | memoryview], *, seconds: float = MAX_SECONDS) -> None:
    """As ``run``, for what is written to ``pipe:0`` piece by piece, each when it is ready; the output is a file.

    Raises:
        UserError: there is no ffmpeg, or no room for what it writes.
        RuntimeError: it failed, or took too long; our fault.
    """
    command = [find(), "-hide_banner", "-loglevel", "error", "-y", *arguments]
    with tempfile.TemporaryFile() as told:  # a file and not a pipe, which could fill while nobody reads it
        program = subprocess.Popen(  # noqa: S603 - a program of the user's, no shell, no names from outside
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=told,
            env={**os.environ, "SVT_LOG": "1"},
        )
        late = threading.Event()

        def stop() -> None:
            late.set()
            program.kill()

        timer = threading.Timer(seconds, stop)
        timer.start()
        assert program.stdin is not None
        try:
            for piece in pieces:
                program.stdin.write(piece)
            program.stdin.close()
            program.wait()
        except BrokenPipeError:
            program.wait()  # it has ended; why, it told
        finally:
            # Whatever was raised on the way, a cancelled job's end among it: nothing goes on running.
            timer.cancel()
            program.kill()
            program.wait()
            with suppress(BrokenPipeError):
                program.stdin.close()
        if late.is_set():
            raise RuntimeError(f"ffmpeg took longer than {seconds:.0f} s")
        if program.returncode != 0:
            told.seek(0)
            raise _failed(told.read(2000))


def _failed(told: bytes) -> Exception:
    """What a failure is, by what the program said: a full disk is nobody's fault here."""
    words = told.decode("utf-8", "replace")
    if os.strerror(errno.ENOSPC) in words or os.strerror(errno.EDQUOT) in words:
        return UserError(
            _("No room left while writing {path}.", path=tempfile.gettempdir()),
            _("Free some space there or choose another place; nothing was half-written."),
            code="disk.full",
            status=413,
        )
    return RuntimeError(f"ffmpeg failed: {words[:400]}")
