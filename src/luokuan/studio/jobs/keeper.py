"""The thread beside a worker's work: it keeps the lease, sees that a job is to end, and ends what doesn't.

Work that doesn't end by itself within its grace is ended with its process. That is safe wherever it happens: a work
exists when its transaction is committed, a model when its folder is renamed, and the queue has the job's true state.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from luokuan import logs
from luokuan.foundation.stopping import stop_running
from luokuan.i18n import _, speaking
from luokuan.store import claims
from luokuan.store.claims import Stale
from luokuan.store.database import Database
from luokuan.studio.jobs.context import Context

BEAT = 0.2
"""Seconds between two looks."""
LEFT = 0
"""Exit code: nothing more to do."""
DROPPED = 75
"""Exit code: the work was for nothing; a new process may start at once."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an attempt may take. ``lease``: seconds without a sign of life; ``grace``: seconds in which work that is
    cancelled may end by itself; ``drain``: the same when the worker is to leave; ``memory``: bytes of the process."""

    lease: float = 20.0
    grace: float = 2.0
    drain: float = 4.0
    drain_saving: float = 8.0
    memory: int | None = None


@dataclass(slots=True)
class _Watched:
    context: Context
    seconds: float | None
    stops: bool
    began: float
    renewed: float
    deadline: float | None = None
    draining_since: float | None = None


class Keeper(threading.Thread):
    """One for a worker. ``draining`` is set from outside: the worker is to leave."""

    def __init__(self, database: Database, limits: Limits, draining: threading.Event) -> None:
        super().__init__(name="keeper", daemon=True)
        self.database, self.limits, self.draining = database, limits, draining
        self._watched: _Watched | None = None
        self._lock = threading.Lock()

    @contextmanager
    def watching(self, context: Context, *, seconds: float | None, stops: bool) -> Iterator[None]:
        """Watch one attempt."""
        now = time.monotonic()
        with self._lock:
            self._watched = _Watched(context, seconds, stops, now, now)
        try:
            yield
        finally:
            with self._lock:
                self._watched = None

    def run(self) -> None:
        """Look, again and again."""
        while True:
            time.sleep(BEAT)
            found = self._watched
            if found is None:
                continue
            try:
                self._beat(found)
            except Stale:
                self._drop(found)
            except Exception as error:
                logs.get("studio.jobs").warning("the job's row can't be reached", job=found.context.job.id, error=error)
                if time.monotonic() - found.renewed > self.limits.lease:
                    self._exit(found, DROPPED)
            if found.deadline is not None and time.monotonic() > found.deadline:
                self._exit(found, DROPPED)

    def _beat(self, found: _Watched) -> None:
        context, limits = found.context, self.limits
        if context.dropped.is_set():
            if found.stops:
                stop_running()
            return
        with self.database.read() as connection:
            job = claims.look(connection, context.mine)
        if job.cancel_at is not None:
            with self.database.write() as connection:
                claims.cancelled(connection, context.mine, spent=context.charge(connection))
            self._drop(found)
            return
        self._limit(found)
        now = time.monotonic()
        if now - found.renewed > limits.lease / 4:
            with self.database.write() as connection:
                claims.renew(connection, context.mine, lease=limits.lease, spent=context.charge(connection))
            found.renewed = now
        if self.draining.is_set():
            self._drain(found)

    def _drain(self, found: _Watched) -> None:
        now = time.monotonic()
        if found.draining_since is None:
            found.draining_since = now
        if found.stops:
            stop_running()
        if now - found.draining_since > (self.limits.drain_saving if found.stops else self.limits.drain):
            with self.database.write() as connection:
                claims.release(connection, found.context.mine, spent=found.context.charge(connection))
            self._exit(found, LEFT)

    def _limit(self, found: _Watched) -> None:
        context, most = found.context, self.limits.memory
        with speaking(context.job.language):
            if found.seconds is not None and time.monotonic() - found.began > found.seconds:
                what = _("It took longer than {seconds:g} seconds.", seconds=found.seconds)
                error = {"what": what, "do": _("Ask for less at once."), "code": "job.time"}
            elif most is not None and psutil.Process().memory_info().rss > most:
                what = _("It took more than {size:.1f} GB of memory.", size=most / 1e9)
                error = {"what": what, "do": _("Ask for less at once, or take a smaller model."), "code": "job.memory"}
            else:
                return
        with self.database.write() as connection:
            claims.fail(connection, context.mine, error, again=False, spent=context.charge(connection))
        self._exit(found, DROPPED)

    def _drop(self, found: _Watched) -> None:
        found.context.dropped.set()
        if found.stops:
            stop_running()
        if found.deadline is None:
            # What saves gets the time to do so.
            found.deadline = time.monotonic() + (self.limits.drain_saving if found.stops else self.limits.grace)

    def _exit(self, found: _Watched, code: int) -> None:
        with self._lock:
            # Not if it has ended meanwhile: then the process may have something else to do.
            if self._watched is found:
                logs.get("studio.jobs").info("the worker ends with its work", job=found.context.job.id, code=code)
                os._exit(code)
