"""What takes seconds to minutes and is no job, because nobody would wait behind a training for it: unpacking an
archive, checking a corpus, planning a training, publishing a work, appraising projects. Each is a child process; the
server keeps what they said for a while.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from luokuan import logs
from luokuan.errors import UserError
from luokuan.i18n import _, language, speaking
from luokuan.store.home import Home

SECONDS = 1800.0
"""After which an errand is given up."""
KEPT = 500
"""Errands that are remembered after their end."""
WAITING = 40
"""How many may wait for their turn."""
Answer = Mapping[str, Any]


@dataclass(slots=True)
class Errand:
    """One errand. ``about``: what it is about, as whoever began it says it; ``done`` and ``total`` say how far it is,
    in bytes or steps; ``answer`` or ``error`` come at its end."""

    what: str
    about: str = ""
    done: int = 0
    total: int = 0
    running: bool = False
    answer: Answer | None = None
    error: UserError | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0


class Errands:
    """Runs errands, ``most`` at once, each in a thread that waits for its process."""

    def __init__(self, home: Home, most: int) -> None:
        self._home, self._turns = home, threading.Semaphore(most)
        self._known: OrderedDict[str, Errand] = OrderedDict()
        self._processes: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def start(
        self,
        key: str,
        what: str,
        asked: Answer,
        then: Callable[[Answer], None] = lambda _answer: None,
        otherwise: Callable[[], None] = lambda: None,
        *,
        about: str = "",
        once: bool = False,
    ) -> Errand:
        """Begin an errand, if none of this key is under way.

        Args:
            key: By which it is found again.
            what: ``unpack``, ``report``, ``plan``, ``publish``, ``appraise`` or ``portfolio``.
            asked: What the child is told, as JSON values.
            then: Called with the answer before the errand counts as ended; may refuse it (``UserError``).
            otherwise: Called before that when it failed.
            about: What it is about.
            once: What went well isn't done again.

        Raises:
            UserError: too many are waiting.
        """
        with self._lock:
            found = self._known.get(key)
            if found is not None and (not found.ended.is_set() or (once and found.answer is not None)):
                return found
            if sum(not one.ended.is_set() for one in self._known.values()) >= WAITING:
                raise UserError(_("The studio is busy."), _("Try again in a moment."), code="check.full", status=429)
            errand = self._known[key] = Errand(what, about)
            self._known.move_to_end(key)
            for old in [name for name, one in self._known.items() if one.ended.is_set()][: len(self._known) - KEPT]:
                del self._known[old]
        told = {"what": what, "home": str(self._home.path), "language": language(), **asked}
        arguments = (errand, told, then, otherwise)
        threading.Thread(target=self._run, args=arguments, name=f"errand {what}", daemon=True).start()
        return errand

    def find(self, key: str) -> Errand | None:
        """The errand of this key, under way or ended."""
        return self._known.get(key)

    def under_way(self, prefix: str) -> int:
        """How many whose keys begin so haven't ended."""
        with self._lock:
            return sum(key.startswith(prefix) and not one.ended.is_set() for key, one in self._known.items())

    def forget(self, key: str) -> None:
        """Forget an errand that has ended."""
        with self._lock:
            found = self._known.get(key)
            if found is not None and found.ended.is_set():
                del self._known[key]

    def stop(self) -> None:
        """End all of them: the server stops."""
        self._stopped = True
        for process in list(self._processes):
            _kill(process)

    def _run(
        self,
        errand: Errand,
        asked: dict[str, Any],
        then: Callable[[Answer], None],
        otherwise: Callable[[], None],
    ) -> None:
        with speaking(asked["language"]):
            try:
                with self._turns:
                    errand.running = True
                    answer = self._ask(errand, asked)
                then(answer)
                errand.answer = answer
            except UserError as error:
                otherwise()
                errand.error = error
            except Exception as error:
                logs.get("studio").error("an errand broke off", what=errand.what, error=repr(error))
                otherwise()
                errand.error = _broken()
            finally:
                errand.ended.set()

    def _ask(self, errand: Errand, asked: dict[str, Any]) -> Answer:
        if self._stopped:
            raise _broken()
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "luokuan.studio.material.errand_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            cwd=self._home.path,
            env={**os.environ, "LUOKUAN_HOME": str(self._home.path)},
            start_new_session=True,
        )
        self._processes.add(process)
        timer = threading.Timer(SECONDS, _kill, (process,))
        timer.start()
        try:
            assert process.stdin is not None and process.stdout is not None
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(json.dumps(asked))
                process.stdin.close()
            return _heard(errand, process.stdout)
        finally:
            timer.cancel()
            _kill(process)
            process.wait()
            self._processes.discard(process)


def _heard(errand: Errand, lines: IO[str]) -> Answer:
    for line in lines:
        said = json.loads(line)
        if "progress" in said:
            errand.done, errand.total = said["progress"]
        elif "error" in said:
            what, do, code, status = said["error"]
            raise UserError(what, do, code=code, status=status)
        else:
            found: Answer = said["answer"]
            return found
    raise _broken()


def _broken() -> UserError:
    return UserError(
        _("This could not be done: it takes too long or too much memory, or makes the program fail that reads it."),
        _("Try it with less, or ask an administrator to look at the log."),
        code="errand.failed",
        status=422,
    )


def _kill(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
