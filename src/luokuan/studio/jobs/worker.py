"""A worker: a process that claims jobs and does them, one after the other, until there are none for a while.

A supervisor starts it, and holds the other end of its standard input: when that closes, because the supervisor wants it
or has died, the worker finishes what ends soon, puts the rest back and leaves. So does it after SIGTERM.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from luokuan import logs
from luokuan.errors import UserError
from luokuan.i18n import _, speaking
from luokuan.store import claims
from luokuan.store.claims import Stale
from luokuan.store.database import Database, open_database
from luokuan.store.home import Home, open_home
from luokuan.store.jobs import Job
from luokuan.studio.jobs.context import Context, Dropped
from luokuan.studio.jobs.keeper import DROPPED, LEFT, Keeper, Limits
from luokuan.studio.jobs.kinds import Kind, kind_named, kinds
from luokuan.studio.saying import here

SETTINGS = "LUOKUAN_WORKER"
"""Environment variable with ``Settings`` as JSON."""
POLL = 0.2
TRANSIENT = ("database.busy", "database.unreachable", "training.busy")
"""Codes of a user's errors that go away by themselves."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a worker works.

    Args:
        token: What tells it from others of its host.
        idle: Seconds without a job after which it leaves.
        models: How many loaded models it keeps.
        kinds: Names of the kinds that it takes; None: all.
        abilities: What it can do, such as ``gpu``.
        modules: Python modules that register further kinds.
        limits: See ``keeper.Limits``.
    """

    token: str = ""
    idle: float = 60.0
    models: int = 2
    kinds: tuple[str, ...] | None = None
    abilities: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)

    def to_json(self) -> str:
        """For the environment."""
        return json.dumps(asdict(self))

    @classmethod
    def of_json(cls, text: str) -> Settings:
        """From the environment."""
        values: dict[str, Any] = json.loads(text)
        values["limits"] = Limits(**values.get("limits", {}))
        for name in ("kinds", "abilities", "modules"):
            if values.get(name) is not None:
                values[name] = tuple(values[name])
        return cls(**values)


def worker_name(pid: int, token: str) -> str:
    """What a worker calls itself in the queue."""
    return f"{socket.gethostname()[:40]}:{pid}:{token}"


class Worker:
    """Claims and does jobs in the thread that calls ``serve``."""

    def __init__(self, home: Home, database: Database, settings: Settings) -> None:
        self.home, self.database, self.settings = home, database, settings
        self.name = worker_name(os.getpid(), settings.token)
        self.draining = threading.Event()
        self.keeper = Keeper(database, settings.limits, self.draining)

    def serve(self) -> None:
        """Do jobs until there are none for ``idle`` seconds, or until it is to leave."""
        self.keeper.start()
        known = kinds(internal=True)
        own = tuple(known) if self.settings.kinds is None else self.settings.kinds
        looking: dict[str, Any] = {"kinds": own, "abilities": self.settings.abilities}
        last = time.monotonic()
        while not self.draining.is_set():
            job = self._next(looking)
            if job is not None:
                self.do(job)
                last = time.monotonic()
            elif time.monotonic() - last > self.settings.idle:
                return
            else:
                self.draining.wait(POLL)

    def _next(self, looking: Mapping[str, Any]) -> Job | None:
        with self.database.read() as connection:
            if not claims.has_waiting(connection, **looking):
                return None
        with self.database.write() as connection:
            return claims.claim(connection, self.name, lease=self.settings.limits.lease, **looking)

    def do(self, job: Job) -> None:
        """One attempt at a job that was claimed; its row says afterwards how it went."""
        context = Context(job, self.home, self.database)
        kind = kind_named(job.kind, internal=True)
        with self.keeper.watching(context, seconds=kind.seconds, stops=kind.stops), speaking(job.language):
            try:
                self._attempt(kind, context)
            except (Dropped, Stale):
                pass  # whoever took the job has written what became of it
            except UserError as error:
                self._failed(context, claims.error_of(here(error, job.kind)), again=error.code in TRANSIENT)
            except Exception as error:
                logs.get("studio.jobs").error("a job broke off", job=job.id, kind=job.kind, exc_info=error)
                fault = {
                    "what": _("The work broke off, by no fault of yours ({name}).", name=type(error).__name__),
                    "do": _("Try again later; the server's log says more."),
                    "code": "job.fault",
                }
                self._failed(context, fault, again=True)

    def _attempt(self, kind: Kind[Any], context: Context) -> None:
        from pydantic import ValidationError

        from luokuan.studio.jobs.queue import unfit

        try:
            # As JSON, where lists stand for tuples.
            brief = kind.brief.model_validate_json(json.dumps(dict(context.job.brief)))
        except ValidationError as error:
            raise unfit(error) from error
        if kind.models:
            # At first use: it takes seconds to load what models need.
            from luokuan.models.registry import keep_models

            keep_models(self.settings.models)
        result = kind.run(context, brief)
        context.flush()
        if context.ended:
            return
        with self.database.write() as connection:
            if result is None:
                # Stopped on purpose: by whoever cancelled it (then it is no longer ours), or because we leave.
                self.draining.set()
                claims.release(connection, context.mine, spent=context.charge(connection))
            else:
                claims.complete(connection, context.mine, result, spent=context.charge(connection))

    def _failed(self, context: Context, error: dict[str, str], *, again: bool) -> None:
        try:
            with self.database.write() as connection:
                claims.fail(connection, context.mine, error, again=again, spent=context.charge(connection))
        except Stale:
            pass


def _leave_with_the_supervisor(draining: threading.Event) -> None:
    try:
        while os.read(sys.stdin.fileno(), 1024):
            pass
    except OSError:
        pass
    draining.set()


def main() -> int:
    """Serve the home at LUOKUAN_HOME."""
    logs.configure()
    settings = Settings.of_json(os.environ.get(SETTINGS, "{}"))
    home = open_home()
    with open_database(home) as database:
        worker = Worker(home, database, settings)
        signal.signal(signal.SIGTERM, lambda *_: worker.draining.set())
        signal.signal(signal.SIGINT, lambda *_: worker.draining.set())
        threading.Thread(target=_leave_with_the_supervisor, args=(worker.draining,), daemon=True).start()
        for name in settings.modules:
            __import__(name)
        worker.serve()
    return LEFT


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # Not through the interpreter's end: a thread still reads from standard input.
    os._exit(code)


__all__ = ["DROPPED", "LEFT", "SETTINGS", "Settings", "Worker", "main", "worker_name"]
