"""The supervisor: a thread of the server that starts workers when there is something to do, and sees to their dead."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import psutil
import sqlalchemy as sa

from luokuan import logs
from luokuan.store import claims
from luokuan.store.tables import job
from luokuan.studio.jobs.keeper import DROPPED, LEFT
from luokuan.studio.jobs.references import sweep_inputs
from luokuan.studio.jobs.worker import SETTINGS, Settings, worker_name

if TYPE_CHECKING:
    from luokuan.store.database import Database
    from luokuan.store.home import Home

LOOK = 0.25
"""Seconds between two looks at the queue."""
SWEEP = 2.0
"""Seconds between two looks for leases that ran out."""
TIDY = 3600.0
"""Seconds between two looks for uploaded files that no job needs any more."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds before a worker that died is replaced, doubled while they go on dying; and at most."""
STOP = 9.0
"""Seconds that workers have to leave, before they are ended."""


@dataclass(slots=True)
class _Child:
    process: subprocess.Popen[bytes]
    name: str
    started: float


class Supervisor:
    """Keeps up to ``count`` workers.

    Args:
        home: Whose jobs.
        database: Its database.
        count: Most workers at once.
        settings: How they work; ``token`` is set for each.
        environment: Further variables of theirs.
    """

    def __init__(
        self,
        home: Home,
        database: Database,
        *,
        count: int = 1,
        settings: Settings | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.home, self.database, self.count = home, database, count
        self.settings = settings or Settings()
        self._environment = environment or {}
        self._children: list[_Child] = []
        self._woken, self._stopping = threading.Event(), threading.Event()
        self._pause, self._not_before = FIRST_PAUSE, 0.0
        self._swept = self._tidied = -TIDY
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        """Put back what dead workers of this machine left, and begin."""
        self._thread.start()

    def wake(self) -> None:
        """There may be something to do."""
        self._woken.set()

    @property
    def workers(self) -> list[int]:
        """Process ids of the workers."""
        return [child.process.pid for child in self._children]

    def stop(self) -> None:
        """Let the workers finish what ends soon, put the rest back, and return: within ten seconds."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        log = logs.get("studio.jobs")
        began = False
        while not self._stopping.is_set():
            try:
                if not began:
                    self._inherit()
                    began = True
                self._look()
            except Exception as error:
                # A database that is away comes back; until then there is nothing to do.
                log.error("the queue can't be reached", error=str(error))
                self._stopping.wait(1.0)
            self._woken.wait(LOOK)
            self._woken.clear()
        self._end()

    def _look(self) -> None:
        now = time.monotonic()
        self._bury(now)
        if now - self._swept > min(SWEEP, self.settings.limits.lease / 2):
            self._swept = now
            with self.database.write() as connection:
                claims.sweep(connection)
        if now - self._tidied > TIDY:
            self._tidied = now
            sweep_inputs(self.home, self.database)
        if len(self._children) < self.count and now >= self._not_before:
            with self.database.read() as connection:
                waiting = claims.has_waiting(connection, kinds=self.settings.kinds, abilities=self.settings.abilities)
                busy = sa.select(sa.func.count()).where(job.c.worker.in_([child.name for child in self._children]))
                idle = len(self._children) - int(connection.execute(busy).scalar_one())
            if waiting > idle:
                self._spawn()

    def _spawn(self) -> None:
        token = secrets.token_hex(4)
        # Where the database is goes with it: others can't read a process's environment.
        variables = {**os.environ, **self._environment, "LUOKUAN_HOME": str(self.home.path)}
        variables[SETTINGS] = replace(self.settings, token=token).to_json()
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "luokuan.studio.jobs.worker"],
            env=variables,
            cwd=self.home.path,  # names in briefs mean nothing of wherever the server was started
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the server, which tells its workers
        )
        self._children.append(_Child(process, worker_name(process.pid, token), time.monotonic()))

    def _bury(self, now: float) -> None:
        for child in [child for child in self._children if child.process.poll() is not None]:
            code = child.process.returncode
            if code not in (LEFT, DROPPED):
                self._not_before = now + self._pause
                self._pause = min(self._pause * 2, LONGEST_PAUSE)
                if now - child.started > LONGEST_PAUSE:
                    self._pause = FIRST_PAUSE
                logs.get("studio.jobs").warning("a worker died", code=code, pause=self._pause)
            else:
                self._pause = FIRST_PAUSE
            with self.database.write() as connection:
                claims.abandon(connection, child.name)
            self._release(child)

    def _release(self, child: _Child) -> None:
        if child.process.stdin is not None:
            child.process.stdin.close()
        self._children.remove(child)

    def _inherit(self) -> None:
        """After a crash of the server: its workers' names say which processes are gone."""
        host = socket.gethostname()[:40]
        running = sa.select(job.c.worker).where(job.c.state == "running").distinct()
        with self.database.read() as connection:
            names = [str(name) for name in connection.execute(running).scalars()]
        for name in names:
            place, pid, _token = name.rsplit(":", 2)
            if place == host and pid.isdigit() and not psutil.pid_exists(int(pid)):
                with self.database.write() as connection:
                    claims.abandon(connection, name)

    def _end(self) -> None:
        for child in self._children:
            if child.process.stdin is not None:
                child.process.stdin.close()
        until = time.monotonic() + STOP
        while time.monotonic() < until and any(child.process.poll() is None for child in self._children):
            time.sleep(0.05)
        for child in list(self._children):
            if child.process.poll() is None:
                child.process.send_signal(signal.SIGKILL)
                child.process.wait()
            try:
                with self.database.write() as connection:
                    claims.abandon(connection, child.name, counted=False)
            except Exception as error:
                # Its lease runs out by itself.
                logs.get("studio.jobs").error("a job could not be put back", error=str(error))
            self._children.remove(child)
