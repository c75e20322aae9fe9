"""A child process for what could crash, stall or be taken over: one JSON line in, one line out, and limits.

What such a process says may be forged by whatever it looked at; it is given nothing that it doesn't need.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Sequence
from typing import IO


class Child:
    """One child.

    Args:
        command: Program and arguments; our own modules only, there is no shell.
        longest: Characters of the longest answer; a longer one counts as none.
    """

    def __init__(self, command: Sequence[str], longest: int = 1 << 20) -> None:
        self._answers: queue.Queue[str | None] = queue.Queue()
        self._longest = longest
        self.process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # a group of its own, with the decoders that it calls
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self._in, out = self.process.stdin, self.process.stdout
        # A thread reads, because only it can wait for an answer and for a time at once on every system.
        self._reader = threading.Thread(target=self._listen, args=(out,), daemon=True)
        self._reader.start()

    def _listen(self, out: IO[str]) -> None:
        while line := out.readline(self._longest):
            self._answers.put(line if line.endswith("\n") else None)
        self._answers.put(None)

    def send(self, value: object) -> None:
        """One JSON line to the child; a dead child is noticed when it doesn't answer."""
        try:
            self._in.write(json.dumps(value) + "\n")
            self._in.flush()
        except (BrokenPipeError, OSError):
            return

    def answer(self, seconds: float) -> str | None:
        """The next line from it; None: it is dead, or says too much.

        Raises:
            TimeoutError: there is none after so many seconds.
        """
        try:
            return self._answers.get(timeout=seconds)
        except queue.Empty as error:
            raise TimeoutError from error

    def end(self) -> None:
        """Kill the child, and what it has called, and wait for it."""
        if hasattr(os, "killpg"):
            # Until it is waited for, its number belongs to nobody else; without anybody left in it there is no group.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self._reader.join()
        try:
            self._in.close()
        except OSError:
            return
        finally:
            if self.process.stdout is not None:
                self.process.stdout.close()


def limit_memory(max_bytes: int) -> None:
    """In the child: cap the address space, and write no core file. Where the system has no such limits, nothing
    happens."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or hard >= max_bytes:
        resource.setrlimit(resource.RLIMIT_AS, (max_bytes, hard))


def limit_time(seconds: int) -> None:
    """In the child: let what comes use ``seconds`` of CPU time; then the system ends this process."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = int(used.ru_utime + used.ru_stime) + 1 + seconds
    if hard == resource.RLIM_INFINITY or hard >= wanted:
        resource.setrlimit(resource.RLIMIT_CPU, (wanted, hard))
