"""Works of jobs: finished once, by whoever holds the job, together with its state."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from drafts import text_draft
from kinds_for_tests import Notes, notes

from luokuan.colophon.tlog.audit import audit
from luokuan.store import claims, jobs, logbook
from luokuan.store.database import Database
from luokuan.store.home import Home
from luokuan.store.tables import job, work
from luokuan.studio.jobs.context import Context, Dropped
from luokuan.studio.jobs.queue import JobQueue


def attempt(home: Home, database: Database) -> Context:
    with database.write() as connection:
        connection.execute(job.update().values(run_after=sa.text("'2000-01-01 00:00:00.000000'")))
        found = claims.claim(connection, "w", lease=600)
    assert found is not None
    return Context(found, home, database)


def counts(home: Home, database: Database) -> tuple[int, int]:
    """(works, entries in the log), which is sound."""
    with database.read() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        head = logbook.newest_head(connection)
        if head is not None:
            assert audit(connection, home).problem is None
        found = connection.execute(sa.select(sa.func.count()).select_from(work)).scalar_one()
    return int(found), 0 if head is None else head.size


def test_the_last_work_ends_the_job_in_its_own_transaction(home: Home, database: Database, queue: JobQueue) -> None:
    found = queue.submit("ann", "test.notes", {"count": 2})
    context = attempt(home, database)
    first = context.finish(text_draft("one"), home=home, media_type="text/plain")
    assert (queue.get(found.id).state, queue.works(found.id), context.ended) == ("running", (first.id,), False)
    last = context.finish(text_draft("two"), home=home, media_type="text/plain")
    ended = queue.get(found.id)
    assert ended.state == "done" and context.ended and ended.result == {"works": [first.id, last.id]}
    with pytest.raises(Dropped):
        context.finish(text_draft("three"), home=home, media_type="text/plain")
    assert counts(home, database) == (2, 2)


def test_a_stale_worker_leaves_no_work_and_no_entry_in_the_log(home: Home, database: Database, queue: JobQueue) -> None:
    found = queue.submit("ann", "test.notes", {"count": 1})
    old = attempt(home, database)
    with database.write() as connection:
        connection.execute(job.update().values(lease_until=sa.text("'2000-01-01 00:00:00.000000'")))
        assert claims.sweep(connection) == 1
    with pytest.raises(Dropped):
        old.finish(text_draft("late"), home=home, media_type="text/plain")
    assert counts(home, database) == (0, 0)
    new = attempt(home, database)
    with pytest.raises(Dropped):
        old.finish(text_draft("late"), home=home, media_type="text/plain")
    new.finish(text_draft("in time"), home=home, media_type="text/plain")
    assert counts(home, database) == (1, 1) and queue.get(found.id).state == "done"


def test_a_cancelled_job_gets_no_more_works(home: Home, database: Database, queue: JobQueue) -> None:
    found = queue.submit("ann", "test.notes", {"count": 2})
    context = attempt(home, database)
    kept = context.finish(text_draft("one"), home=home, media_type="text/plain")
    with database.write() as connection:
        jobs.cancel(connection, found.id)
        claims.cancelled(connection, context.mine)
    with pytest.raises(Dropped):
        context.finish(text_draft("two"), home=home, media_type="text/plain")
    assert queue.works(found.id) == (kept.id,) and counts(home, database) == (1, 1)


def test_a_second_attempt_finishes_only_what_lacks(home: Home, database: Database, queue: JobQueue) -> None:
    found = queue.submit("ann", "test.notes", {"count": 3, "seed": 5})
    brief = Notes(count=3, seed=5)
    first = attempt(home, database)
    done = first.finish(text_draft("Note 0 of 5", "en"), home=home, media_type="text/plain")
    with database.write() as connection:
        claims.abandon(connection, "w")
    second = attempt(home, database)
    assert second.again and second.finished_first == 1
    notes(second, brief)
    assert queue.works(found.id)[0] == done.id and len(set(queue.works(found.id))) == 3
    assert counts(home, database) == (3, 3)


def test_what_an_earlier_attempt_finished_comes_back_whole(home: Home, database: Database, queue: JobQueue) -> None:
    queue.submit("ann", "test.notes", {"count": 2})
    made = attempt(home, database).finish(text_draft("one"), home=home, media_type="text/plain")
    with database.write() as connection:
        claims.abandon(connection, "w")
    again = attempt(home, database).finish(text_draft("one"), home=home, media_type="text/plain")
    assert (again.id, again.data, again.sha256, again.sidecars) == (made.id, made.data, made.sha256, made.sidecars)
    assert again.recipe.draft_digest == made.recipe.draft_digest
