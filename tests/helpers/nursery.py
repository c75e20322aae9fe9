"""Child processes for tests, forked from one that has read their modules: for most of them, starting Python and reading
modules is nearly all that they cost.

They are real processes with limits, signals and deaths of their own.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, NoReturn

_LONGEST = 1 << 17
"""Bytes of the longest request: code, arguments and environment."""


class Born:
    """A child: what ``subprocess.Popen`` is, as far as it is used."""

    def __init__(self, nursery: Nursery, pid: int, stdin: IO[str] | None, stdout: IO[str] | None) -> None:
        self.pid, self.stdin, self.stdout = pid, stdin, stdout
        self.returncode: int | None = None
        self._nursery = nursery

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it lives."""
        if self.returncode is None:  # until then its number is nobody else's
            os.kill(self.pid, number)

    def poll(self) -> int | None:
        """How it ended, if it has."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """How it ended; a signal counts below zero."""
        if self.returncode is None:
            handle = os.pidfd_open(self.pid)
            try:
                if not select.select([handle], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired("a child", timeout or 0)
            finally:
                os.close(handle)
        return self._nursery.ended(self)


class Nursery:
    """A process that has imported ``modules``, and forks.

    Args:
        modules: Names of what the children need; nothing in them may start a thread.
    """

    def __init__(self, *modules: str) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno()), *modules],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )

    def ended(self, child: Born) -> int:
        """How a child that is dead has ended; afterwards its number may be another's."""
        with self._lock:
            if child.returncode is None:
                child.returncode = int(self._ask({"ended": child.pid}))
            return child.returncode

    def _ask(self, request: dict[str, Any], files: Sequence[int] = ()) -> bytes:
        socket.send_fds(self._line, [json.dumps(request).encode()], list(files))
        answer = self._line.recv(100)
        if not answer:
            raise RuntimeError("the nursery is dead")
        return answer

    def start(
        self,
        code: str,
        *arguments: str,
        stdin: int | None = subprocess.DEVNULL,
        stdout: int | None = None,
        stderr: int | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        **_usual: object,
    ) -> Born:
        """A child that runs ``code`` as its main program, in a session of its own. The rest is as for
        ``subprocess.Popen``; its pipes are of text."""
        environment = dict(os.environ if env is None else env)
        request = {"code": code, "arguments": arguments, "environment": environment, "folder": str(cwd or Path.cwd())}
        with contextlib.ExitStack() as held:

            def opened(asked: int | None, number: int) -> tuple[int, IO[str] | None]:
                if asked == subprocess.PIPE:
                    ends = os.pipe()
                    theirs, ours = ends if number == 0 else reversed(ends)
                    held.callback(os.close, theirs)
                    return theirs, os.fdopen(ours, "r" if number else "w", encoding="utf-8")
                if asked == subprocess.DEVNULL:
                    asked = os.open(os.devnull, os.O_RDWR)
                    held.callback(os.close, asked)
                return number if asked is None else asked, None

            files = [opened(asked, number) for number, asked in enumerate((stdin, stdout, stderr))]
            with self._lock:
                pid = int(self._ask(request, [theirs for theirs, _ours in files]))
            return Born(self, pid, files[0][1], files[1][1])

    def close(self) -> None:
        """No more children."""
        self._line.close()
        self._process.wait(10)


@contextlib.contextmanager
def nursery(*modules: str) -> Iterator[Nursery]:
    """One for a while."""
    made = Nursery(*modules)
    try:
        yield made
    finally:
        made.close()


def standing_in(start: Callable[..., Any]) -> SimpleNamespace:
    """What a module of ours needs of ``subprocess``, with ``start`` for ``Popen``."""
    return SimpleNamespace(Popen=start, PIPE=subprocess.PIPE, DEVNULL=subprocess.DEVNULL)


def _serve(line: socket.socket) -> None:
    while True:
        data, files, _flags, _address = socket.recv_fds(line, _LONGEST, 3)
        if not data:
            return
        request = json.loads(data)
        if "ended" in request:
            _pid, status = os.waitpid(request["ended"], 0)
            line.send(str(os.waitstatus_to_exitcode(status)).encode())
            continue
        pid = os.fork()
        if pid == 0:
            line.close()
            _live(request, files)
        for file in files:
            os.close(file)
        line.send(str(pid).encode())


def _live(request: dict[str, Any], files: Sequence[int]) -> NoReturn:
    status = 1
    try:
        os.setsid()
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        sys.argv = ["", *request["arguments"]]
        exec(compile(request["code"], "<child>", "exec"), {"__name__": "__main__"})
        status = 0
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    for name in sys.argv[2:]:
        importlib.import_module(name)
    _serve(socket.socket(fileno=int(sys.argv[1])))
