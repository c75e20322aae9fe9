"""kill -9 of workers and server at random moments under a mixed load, and a look at what is left.

``python tests/helpers/chaos.py --moments 50 --database postgresql --models`` prints one JSON object; ``make chaos``
runs it on both databases.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy as sa

from luokuan.colophon.collection import export
from luokuan.colophon.tlog.audit import audit
from luokuan.colophon.verification import verify_files
from luokuan.store import logbook
from luokuan.store.blobs import Blobs
from luokuan.store.clock import DatabaseTime
from luokuan.store.database import Database, open_database
from luokuan.store.home import ELSEWHERE, Home, open_home
from luokuan.store.jobs import Job
from luokuan.store.tables import job, job_event, job_output
from luokuan.store.works import known_blobs, recent_works
from luokuan.studio.jobs.keeper import Limits
from luokuan.studio.jobs.queue import JobQueue
from luokuan.studio.jobs.supervisor import Supervisor
from luokuan.studio.jobs.worker import Settings

HELPERS = Path(__file__).parent
ENDED = ("done", "failed", "cancelled")
LIMITS = Limits(lease=3.0)
EXAMPLE = HELPERS.parents[1] / "examples/clothing-small"


@dataclass
class Report:
    """What happened, and what is wrong with what is left: nothing, one hopes."""

    moments: int
    seed: int
    database: str
    killed: dict[str, int] = field(default_factory=dict)
    jobs: dict[str, int] = field(default_factory=dict)
    crashed: int = 0
    attempts: dict[int, int] = field(default_factory=dict)
    works: int = 0
    entries: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


def serve() -> None:
    """A server: nothing but a supervisor."""
    import kinds_for_tests  # noqa: F401

    home = open_home()
    with open_database(home) as database:
        settings = Settings(idle=5, modules=("kinds_for_tests",), limits=LIMITS)
        supervisor = Supervisor(home, database, count=2, settings=settings)
        supervisor.start()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            while True:
                time.sleep(60)
        finally:
            supervisor.stop()


class Chaos:
    """One run."""

    def __init__(self, home: Home, database: Database, *, moments: int, seed: int, models: bool, gap: float) -> None:
        self.home, self.database, self.gap, self.models = home, database, gap, models
        self.random = random.Random(seed)
        self.queue = JobQueue(home, database)
        self.accepted: list[Job] = []
        self.report = Report(moments, seed, database.engine.dialect.name)
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, anew after it was killed."""
        source = str(HELPERS.parents[1] / "src")
        paths = os.pathsep.join([str(HELPERS), source, *filter(None, [os.environ.get("PYTHONPATH")])])
        self._server = subprocess.Popen(
            [sys.executable, __file__, "--serve"],
            env={**os.environ, "PYTHONPATH": paths, "LUOKUAN_HOME": str(self.home.path)},
        )

    def submit(self) -> None:
        """One more job, of a random kind, and sometimes a cancellation of another."""
        number, draw = len(self.accepted), self.random
        owner = draw.choice(("ann", "bob", "cyd"))
        light: list[tuple[str, dict[str, Any]]] = [
            ("test.notes", {"count": draw.randint(1, 3), "pause": draw.choice((0.0, 0.3)), "seed": number}),
            ("test.notes", {"count": 1, "seed": number}),
            ("test.steps", {"name": f"run-{number}", "steps": draw.randint(5, 60)}),
            ("test.wrong", {"how": "user"}),
        ]
        heavy: list[tuple[str, dict[str, Any]]] = [
            ("create.image", {"model": "tiny", "count": draw.randint(1, 3)}),
            ("create.text", {"model": "scribe", "count": 2, "drawing": {"max_tokens": 16}}),
            ("train.gan", {"name": f"gan-{number}", "corpora": ["clothes"],
                           "choices": {"size": 32, "steps": 6, "batch": 4, "preset": "cpu-tiny"}}),
            ("evaluate.model", {"model": "tiny", "corpus": "clothes", "count": 20, "resolution": 32}),
        ]  # fmt: skip
        with self.database.read() as connection:
            some = [row.id for row in recent_works(connection, 3)]
        if some:
            light.append(("export.works", {"works": some}))
        # The first one makes works, so that there is something to look at whatever the dice say.
        kind, brief = draw.choice(light + heavy if self.models else light) if number else light[0]
        self.accepted.append(self.queue.submit(owner, kind, brief, key=f"key-{number}"))
        if draw.random() < 0.1:
            self.queue.cancel(draw.choice(self.accepted).id)

    def wait_for_work(self) -> None:
        """Until something runs: a process that does nothing is easily killed."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with self.database.read() as connection:
                # Not what a dead worker left.
                now = sa.select(job.c.id).where(job.c.state == "running", job.c.lease_until > DatabaseTime(1.0))
                if connection.execute(now).first() is not None:
                    return
            time.sleep(0.05)

    def _workers(self) -> list[psutil.Process]:
        """Workers that do something, those of a dead server too."""
        with self.database.read() as connection:
            names = connection.execute(sa.select(job.c.worker).where(job.c.state == "running")).scalars()
            pids = [int(str(name).split(":")[1]) for name in names]
        return [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]

    def kill(self) -> None:
        """Kill a worker, the server, or all of them."""
        assert self._server is not None
        server, children = psutil.Process(self._server.pid), self._workers()
        target = self.random.choice(("worker", "worker", "server", "all"))
        if target == "worker" and not children:
            target = "server"
        self.report.killed[target] = self.report.killed.get(target, 0) + 1
        victims = [self.random.choice(children)] if target == "worker" else [server]
        if target == "all":
            victims += children
        for victim in victims:
            try:
                victim.kill()
            except psutil.NoSuchProcess:
                continue
        if target != "worker":
            self._server.wait()
            time.sleep(self.random.uniform(0, 0.5))
            self.start()

    def run(self, patience: float) -> Report:
        """Kill at so many moments, let the rest end, and look."""
        began = time.monotonic()
        self.start()
        try:
            for _ in range(self.report.moments):
                for _ in range(self.random.randint(1, 3)):
                    self.submit()
                self.wait_for_work()
                time.sleep(self.random.uniform(0, 2 * self.gap))
                self.kill()
            # Every request comes again, as a client repeats what it heard no answer to.
            for number, found in enumerate(self.accepted):
                with self.database.read() as connection:
                    kept = connection.execute(sa.select(job.c.id).where(job.c.idempotency_key == f"key-{number}"))
                    if list(kept.scalars()) != [found.id]:
                        self.report.wrong.append(f"key-{number} stands for several jobs")
            until = time.monotonic() + patience
            while any(found.live for found in self.queue.list(states=("queued", "running"), limit=1)):
                if time.monotonic() > until:
                    self.report.wrong.append("jobs don't end")
                    break
                time.sleep(0.2)
        finally:
            assert self._server is not None
            self._server.terminate()
            self._server.wait(15)
        self._look()
        self.report.seconds = round(time.monotonic() - began, 1)
        return self.report

    def _look(self) -> None:
        report, wrong = self.report, self.report.wrong
        with self.database.read() as connection:
            rows = connection.execute(sa.select(job)).mappings().all()
            outputs = connection.execute(sa.select(job_output)).mappings().all()
            events = connection.execute(sa.select(job_event)).mappings().all()
            works = recent_works(connection)
            blobs = known_blobs(connection)
            head = logbook.newest_head(connection)
        if {row["id"] for row in rows} != {found.id for found in self.accepted}:
            wrong.append("a job that was accepted is gone, or one too many is there")
        for row in rows:
            ends = [e["data"].get("state") for e in events if e["job_id"] == row["id"] and e["kind"] == "state"]
            ends = [state for state in ends if state in ENDED]
            if ends != [row["state"]]:
                wrong.append(f"{row['kind']} {row['id']} is {row['state']} and ended as {ends}")
            mine = sorted(one["place"] for one in outputs if one["job_id"] == row["id"])
            if mine != list(range(len(mine))) or (row["state"] == "done" and len(mine) != row["outputs"]):
                wrong.append(f"{row['kind']} {row['id']} has the works {mine} of {row['outputs']}")
            if (
                row["kind"] == "test.steps"
                and row["state"] == "done"
                and row["result"]["steps"] != row["brief"]["steps"]
            ):
                wrong.append(f"{row['id']} lost or repeated steps")
            trained = row["kind"] == "train.gan" and row["state"] == "done"
            if trained and not (self.home.models / row["brief"]["name"] / "model.safetensors").is_file():
                wrong.append(f"{row['id']} has no model")
            if row["state"] == "failed" and row["error"]["code"] not in ("job.crashed", "test.dress"):
                wrong.append(f"{row['kind']} {row['id']} failed: {row['error']}")
        report.jobs = dict(Counter(row["state"] for row in rows))
        report.crashed = sum(1 for row in rows if row["state"] == "failed" and row["error"]["code"] == "job.crashed")
        report.attempts = dict(sorted(Counter(row["attempts"] for row in rows).items()))
        if sorted(one["work_id"] for one in outputs) != sorted(row.id for row in works):
            wrong.append("works and the jobs' places don't agree")
        report.works, report.entries = len(works), 0 if head is None else head.size
        if report.works != report.entries:
            wrong.append(f"{report.works} works, {report.entries} entries in the log")
        with self.database.read() as connection:
            if report.database == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            if works and (problem := audit(connection, self.home).problem) is not None:
                wrong.append(problem)
        for sha256 in blobs:
            Blobs(self.home).get(sha256)
        if works:
            with tempfile.TemporaryDirectory() as name:
                export(works, Path(name) / "all", home=self.home)
                files = [p for p in (Path(name) / "all").iterdir() if p.suffix in (".txt", ".png")]
                verdicts = list(verify_files(files, self.home))
            report.verdicts = dict(Counter(verdict.verdict for verdict in verdicts))
            if report.verdicts != {"ours": len(works)}:
                said = {line for verdict in verdicts if verdict.verdict != "ours" for line in verdict.evidence}
                wrong.append(f"not all works verify: {report.verdicts} {sorted(said)[:3]}")


def prepare(home: Home) -> None:
    """Tiny models and a corpus."""
    import shutil

    import torch
    from plms import kept_in, plm

    from luokuan.foundation.modelfolder import save_folder
    from luokuan.models.gan.config import GanConfig
    from luokuan.models.gan.model import weights_of
    from luokuan.models.gan.networks import Discriminator, Generator

    config = GanConfig(size=8, widths=(16, 16), style=16, latent=8, classes=("a", "b", "c"), class_counts=(6, 3, 1))
    torch.manual_seed(0)
    weights = weights_of(Generator(config), Discriminator(config))
    save_folder(home.models / "tiny", config=config.to_json(), tensors=weights, training={}, card="# Test\n")
    (home.models / "scribe").mkdir()
    kept_in(home.models / "scribe", plm())
    shutil.copytree(EXAMPLE, home.corpora / "clothes")


def chaos(
    home: Home, *, moments: int, seed: int, models: bool = False, gap: float = 1.0, patience: float = 300
) -> Report:
    """One run in an empty home."""
    import kinds_for_tests  # noqa: F401

    if models:
        prepare(home)
    with open_database(home) as database:
        return Chaos(home, database, moments=moments, seed=seed, models=models, gap=gap).run(patience)


def main() -> int:
    """Run as the options say; exit code 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", action="store_true", help="be the server (for the run itself)")
    parser.add_argument("--moments", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--gap", type=float, default=2.0, help="mean seconds between two kills")
    parser.add_argument("--patience", type=float, default=900.0)
    parser.add_argument("--models", action="store_true", help="also create, train and evaluate with tiny models")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    asked = parser.parse_args()
    if asked.serve:
        serve()
        return 0
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
        if asked.database == "postgresql":
            from postgres import server

            os.environ[ELSEWHERE] = held.enter_context(server())
        home = open_home(folder / "home")
        options = {"moments": asked.moments, "seed": asked.seed, "models": asked.models, "gap": asked.gap}
        report = chaos(home, **options, patience=asked.patience)
    print(json.dumps(asdict(report)))
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
