"""Workers as processes: started when needed, cancelled, limited, killed, and sent away in time."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from luokuan.store.database import Database
from luokuan.store.home import Home
from luokuan.store.jobs import Job
from luokuan.studio.jobs.keeper import Limits
from luokuan.studio.jobs.queue import JobQueue
from luokuan.studio.jobs.supervisor import Supervisor
from luokuan.studio.jobs.worker import Settings

PATIENCE = 90


def until(holds: Callable[[], bool], seconds: float = PATIENCE) -> float:
    """Wait; how long it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, "it takes too long"
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.fixture
def start(home: Home, database: Database, settings: Settings) -> Iterator[Callable[..., Supervisor]]:
    """Start a supervisor; all are stopped at the end."""
    started: list[Supervisor] = []

    def begin(count: int = 1, **changes: object) -> Supervisor:
        found = Supervisor(home, database, count=count, settings=replace(settings, **changes))  # type: ignore[arg-type]
        found.start()
        started.append(found)
        return found

    yield begin
    for found in started:
        found.stop()


def ended(queue: JobQueue, found: Job) -> Job:
    until(lambda: not queue.get(found.id).live)
    return queue.get(found.id)


def running(queue: JobQueue, found: Job) -> None:
    until(lambda: queue.get(found.id).state == "running")


def test_workers_come_when_there_is_something_to_do_and_leave(
    queue: JobQueue, start: Callable[..., Supervisor]
) -> None:
    supervisor = start(idle=0.5)
    time.sleep(0.6)
    assert supervisor.workers == [], "nothing to do, no process"
    found = queue.submit("ann", "test.notes", {"count": 1})
    assert ended(queue, found).state == "done"
    until(lambda: supervisor.workers == [])
    again = queue.submit("ann", "test.steps", {"name": "x", "steps": 2})
    assert ended(queue, again).result == {"steps": 2}


def test_what_hears_nothing_is_cancelled_within_a_second(queue: JobQueue, start: Callable[..., Supervisor]) -> None:
    supervisor = start(limits=Limits(grace=0.5))
    took = []
    for _ in range(3):
        found = queue.submit("ann", "test.stuck", {})
        running(queue, found)
        pid = supervisor.workers[0]
        queue.cancel(found.id)
        took.append(until(lambda found=found: queue.get(found.id).state == "cancelled"))  # type: ignore[misc]
        until(lambda pid=pid: pid not in supervisor.workers)  # type: ignore[misc]
    assert min(took) < 1.0, took
    # It takes a while to start a worker; nothing of the cancelled ones is left.
    assert ended(queue, queue.submit("ann", "test.steps", {"name": "x", "steps": 1})).state == "done"


def test_what_can_stop_is_cancelled_and_has_saved(
    home: Home, queue: JobQueue, start: Callable[..., Supervisor]
) -> None:
    supervisor = start()
    found = queue.submit("ann", "test.steps", {"name": "x", "steps": 100_000})
    until(lambda: queue.get(found.id).share > 0)
    pid = supervisor.workers[0]
    queue.cancel(found.id)
    until(lambda: queue.get(found.id).state == "cancelled")
    count = home.runs / "x" / "count"
    until(lambda: (before := count.read_text()) == (time.sleep(0.3), count.read_text())[1] and before != "0")
    assert ended(queue, queue.submit("ann", "test.notes", {})).state == "done"
    assert supervisor.workers == [pid], "the same process went on"


def test_sent_away_in_ten_seconds_and_nothing_counts(
    home: Home, database: Database, queue: JobQueue, start: Callable[..., Supervisor]
) -> None:
    supervisor = start(count=3)
    saving = queue.submit("ann", "test.steps", {"name": "x", "steps": 400})
    stuck = queue.submit("bob", "test.stuck", {"seconds": 3600})
    short = queue.submit("cyd", "test.notes", {"pause": 1.0})
    for found in (saving, stuck, short):
        running(queue, found)
    until(lambda: queue.get(saving.id).share > 0)
    began = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - began < 10
    assert [(queue.get(found.id).state, queue.get(found.id).attempts) for found in (saving, stuck)] == [
        ("queued", 0)
    ] * 2
    assert queue.get(short.id).state in ("done", "queued"), "it ended soon enough, or waits"
    counted = int((home.runs / "x" / "count").read_text())
    queue.cancel(stuck.id)
    start()
    assert ended(queue, saving).result == {"steps": 400} and counted > 0
    assert ended(queue, short).state == "done" and len(queue.works(short.id)) == 1


def test_what_takes_too_long_or_too_much_ends(queue: JobQueue, start: Callable[..., Supervisor]) -> None:
    start(limits=Limits(memory=280 << 20))
    long = ended(queue, queue.submit("ann", "test.short", {}))
    assert long.error is not None and long.error["code"] == "job.time" and long.attempts == 1
    large = ended(queue, queue.submit("ann", "test.wrong", {"how": "memory"}))
    assert large.error is not None and large.error["code"] == "job.memory"


def test_a_worker_that_dies_is_replaced_and_its_job_tried_again(
    queue: JobQueue, start: Callable[..., Supervisor]
) -> None:
    supervisor = start()
    fatal = queue.submit("ann", "test.wrong", {"how": "crash"})
    assert ended(queue, fatal).error is not None and queue.get(fatal.id).error["code"] == "job.crashed"  # type: ignore[index]
    found = queue.submit("ann", "test.notes", {"count": 2, "pause": 0.5})
    until(lambda: len(queue.works(found.id)) == 1)
    os.kill(supervisor.workers[0], signal.SIGKILL)
    done = ended(queue, found)
    assert done.state == "done" and done.attempts == 2 and len(set(queue.works(found.id))) == 2
