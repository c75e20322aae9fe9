"""The queue's rows, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from logs_for_tests import forked

from luokuan.errors import UserError
from luokuan.store import claims, jobs
from luokuan.store.claims import Claim, Stale
from luokuan.store.database import Database, open_database
from luokuan.store.home import Home
from luokuan.store.jobs import Job, Order
from luokuan.store.tables import job, metadata

ERROR = {"what": "It broke.", "do": "Mend it.", "code": "test.broken"}


@pytest.fixture
def place(each_database: str, own_home: Path) -> Home:
    """A home with an empty database."""
    own_home.mkdir()
    return Home(own_home)


@pytest.fixture
def database(place: Home) -> Iterator[Database]:
    with open_database(place) as found:
        yield found


def submit(database: Database, owner: str = "ann", **changes: Any) -> Job:
    order = Order(**{"owner": owner, "kind": "create.image", "brief": {"brief": "a dress"}, **changes})
    with database.write() as connection:
        jobs.hold_owner(connection, owner)
        return jobs.repeated(connection, order) or jobs.insert(connection, order)


def claim(database: Database, worker: str = "w", lease: float = 60, **looking: Any) -> Job | None:
    with database.write() as connection:
        return claims.claim(connection, worker, lease=lease, **looking)


def claimed(database: Database, **options: Any) -> Claim:
    found = claim(database, **options)
    assert found is not None
    return Claim.of(found)


def state(database: Database, job_id: str) -> Job:
    with database.read() as connection:
        found = jobs.find(connection, job_id)
    assert found is not None
    return found


def shift_clock(database: Database, seconds: int) -> None:
    """Let the database's clock, and no other, go on by so much."""
    if database.engine.dialect.name == "sqlite":
        import sqlite3

        plain = sqlite3.connect(":memory:")

        def strftime(form: str, when: str, *more: str) -> str:
            return plain.execute(
                f"SELECT strftime(?, ?, ? {', ?' * len(more)})", (form, when, f"+{seconds} seconds", *more)
            ).fetchone()[0]  # fmt: skip

        @sa.event.listens_for(database.engine, "checkout")
        def _shift(connection: Any, _record: Any, _proxy: Any) -> None:
            connection.create_function("strftime", -1, strftime)

        return
    with database.write() as connection:
        connection.execute(
            sa.text(
                "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
                f"$$SELECT pg_catalog.clock_timestamp() + interval '{seconds} seconds'$$"
            )
        )

    @sa.event.listens_for(database.engine, "checkout")
    def _path(connection: Any, _record: Any, _proxy: Any) -> None:
        connection.execute("SET search_path = public, pg_catalog")
        connection.commit()


def test_the_migration_makes_the_tables_of_the_code(database: Database) -> None:
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_job_comes_back_as_it_was_handed_in(database: Database) -> None:
    found = submit(database, brief={"brief": "红裙"}, outputs=3, language="zh_CN", tries=5)
    assert found == state(database, found.id)
    assert (found.state, found.brief, found.outputs, found.tries) == ("queued", {"brief": "红裙"}, 3, 5)
    assert abs(found.created_at - datetime.now(UTC)) < timedelta(minutes=1)
    with database.read() as connection:
        assert jobs.find(connection, "0" * 24) is None
        assert [event.data for event in jobs.events(connection, found.id)] == [{"state": "queued"}]


def test_the_same_key_and_body_is_the_same_job(database: Database) -> None:
    first = submit(database, key="k1")
    assert submit(database, key="k1").id == first.id
    assert submit(database, "bob", key="k1").id != first.id, "keys are an owner's own"
    assert submit(database).id != submit(database).id, "without a key each is new"
    with pytest.raises(UserError) as caught:
        submit(database, key="k1", brief={"brief": "a shirt"})
    assert (caught.value.code, caught.value.status) == ("job.key", 409)
    with database.write() as connection:
        claims.complete(connection, Claim.of(claims.claim(connection, "w", lease=9)), {})  # type: ignore[arg-type]
    assert submit(database, key="k1").state == "done", "also after its end"


def test_what_is_too_long_is_refused(database: Database) -> None:
    for changes in ({"brief": {"brief": "x" * jobs.BRIEF_LIMIT}}, {"key": "k" * 201}, {"key": "a\n"}, {"key": ""}):
        with pytest.raises(UserError) as caught:
            submit(database, **changes)
        assert caught.value.code == "job.size"
    with pytest.raises(UserError):
        submit(database, "o" * 65)


def test_only_one_live_job_makes_a_thing(database: Database) -> None:
    first = submit(database, makes="model:mine")
    with pytest.raises(UserError, match="'mine'"):
        submit(database, "bob", makes="model:mine")
    with database.write() as connection:
        jobs.cancel(connection, first.id)
    assert submit(database, "bob", makes="model:mine").state == "queued"


@pytest.mark.parametrize("by", ["threads", "processes"])
def test_each_job_is_claimed_once(place: Home, database: Database, tmp_path: Path, by: str) -> None:
    for number in range(24):
        submit(database, f"owner{number % 5}")
    database.engine.dispose()
    log = tmp_path / "claims"

    def work() -> None:
        with open_database(place) as own, log.open("a") as stream:
            misses = 0
            # On PostgreSQL a race may leave one with nothing although something waits.
            while misses < 5:
                found = claim(own, worker=f"w{threading.get_ident()}")
                misses = misses + 1 if found is None else 0
                if found is not None:
                    stream.write(f"{found.id}\n")
                    stream.flush()

    if by == "processes":
        assert forked(*[work] * 4) == [0] * 4
    else:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = log.read_text().split()
    assert len(found) == len(set(found)) == 24
    with database.read() as connection:
        rows = connection.execute(sa.select(job.c.state, job.c.fence, job.c.attempts)).all()
    assert set(rows) == {("running", 1, 1)}


def test_users_take_turns_whoever_came_first(database: Database) -> None:
    for owner in ("ann", "ann", "ann", "bob", "cyd", "bob"):
        submit(database, owner)
    urgent = submit(database, "ann", priority=5)
    order = [claim(database) for _ in range(7)]
    assert order[0] is not None and order[0].id == urgent.id
    assert [found.owner for found in order[1:] if found] == ["bob", "cyd", "ann", "bob", "ann", "ann"]

    for found in order:
        assert found is not None
        with database.write() as connection:
            claims.complete(connection, Claim.of(found), {})
    # With one worker nobody has two running at once: then whoever was served longest ago is next.
    for owner in ("ann", "ann", "bob", "bob"):
        submit(database, owner)
    served = []
    for _ in range(4):
        found = claim(database)
        assert found is not None
        served.append(found.owner)
        with database.write() as connection:
            claims.complete(connection, Claim.of(found), {})
    assert served == ["bob", "ann", "bob", "ann"], "ann had the last turn before"


def test_a_worker_takes_what_it_can_do(database: Database) -> None:
    submit(database, kind="train.gan", needs="gpu")
    other = submit(database, kind="create.text")
    assert claim(database, kinds=("create.image",)) is None
    found = claim(database)
    assert found is not None and found.id == other.id
    assert claim(database) is None
    with database.read() as connection:
        assert claims.has_waiting(connection) == 0 and claims.has_waiting(connection, abilities=("gpu",)) == 1
    assert claim(database, abilities=("gpu",)) is not None


def test_failures_are_tried_again_later_and_users_errors_are_not(database: Database) -> None:
    found = submit(database, tries=3)
    waits = []
    for attempt in range(1, 3):
        mine = claimed(database)
        with database.write() as connection:
            back = claims.fail(connection, mine, ERROR, again=True, spent=1.5)
        waits.append((back.run_after - datetime.now(UTC)).total_seconds())
        assert (back.state, back.attempts, back.error) == ("queued", attempt, None)
        assert claim(database) is None, "not before its time"
        with database.write() as connection:
            connection.execute(job.update().values(run_after=datetime.now(UTC) - timedelta(seconds=1)))
    assert 0 < waits[0] <= 3.1 and 1 < waits[1] <= 6.1
    with database.write() as connection:
        ended = claims.fail(connection, Claim.of(claims.claim(connection, "w", lease=9)), ERROR, again=True)  # type: ignore[arg-type]
    assert (ended.state, ended.error, ended.compute_seconds) == ("failed", ERROR, 3.0)
    with database.read() as connection:
        kinds = [(event.kind, event.data.get("code")) for event in jobs.events(connection, found.id)]
    assert [kind for kind in kinds if kind[0] == "retry"] == [("retry", "test.broken")] * 2

    submit(database)
    with database.write() as connection:
        mine = Claim.of(claims.claim(connection, "w", lease=9))  # type: ignore[arg-type]
        assert claims.fail(connection, mine, ERROR, again=False).state == "failed"


def test_a_lease_runs_out_by_the_databases_clock(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    submit(database)
    mine = claimed(database, lease=600)
    with database.write() as connection:
        assert claims.sweep(connection) == 0
    shift_clock(database, 500)
    with database.write() as connection:
        assert claims.sweep(connection) == 0
        claims.renew(connection, mine, lease=300)
    database.engine.dispose()
    shifted = state(database, mine.id)
    assert shifted.lease_until is not None
    assert 780 < (shifted.lease_until - datetime.now(UTC)).total_seconds() < 810


def test_after_its_lease_a_job_is_anothers_and_the_old_token_is_worth_nothing(database: Database) -> None:
    found = submit(database, outputs=1)
    old = claimed(database, lease=-1)
    with database.write() as connection:
        assert claims.sweep(connection) == 1
        connection.execute(job.update().values(run_after=datetime.now(UTC) - timedelta(seconds=1)))
    for claimed_again in (False, True):
        if claimed_again:
            assert claimed(database).fence == 2
        for action in (
            lambda c: claims.renew(c, old, lease=9),
            lambda c: claims.look(c, old),
            lambda c: claims.report(c, old, share=0.5),
            lambda c: claims.tell(c, old, "text", {}),
            lambda c: claims.show(c, old, "image/png", b"x"),
            lambda c: claims.complete(c, old, {}),
            lambda c: claims.fail(c, old, ERROR, again=True),
            lambda c: claims.release(c, old),
            lambda c: claims.cancelled(c, old),
            lambda c: claims.record_output(c, old, 0, "0" * 16),
        ):
            with pytest.raises(Stale), database.write() as connection:
                action(connection)
        after = state(database, found.id)
        assert (after.state, after.fence, after.share) == (("running", 2, 0.0) if claimed_again else ("queued", 1, 0.0))


def test_a_job_that_kills_its_workers_ends_one_day(database: Database) -> None:
    found = submit(database, tries=2, language="zh_CN")
    for _ in range(2):
        with database.write() as connection:
            connection.execute(job.update().values(run_after=datetime.now(UTC) - timedelta(seconds=1)))
            assert claims.claim(connection, "dead", lease=60) is not None
            assert claims.abandon(connection, "another") == 0
            assert claims.abandon(connection, "dead") == 1
    ended = state(database, found.id)
    assert ended.state == "failed" and ended.error is not None and ended.error["code"] == "job.crashed"


def test_what_is_put_back_on_purpose_is_not_counted(database: Database) -> None:
    found = submit(database, tries=1)
    for _ in range(3):
        mine = claimed(database)
        with database.write() as connection:
            assert claims.release(connection, mine).attempts == 0
    with database.write() as connection:
        claims.claim(connection, "w", lease=9)
        claims.abandon(connection, "w", counted=False)
    assert state(database, found.id).state == "queued"


def test_cancelling(database: Database) -> None:
    waiting, running, done = submit(database), submit(database), submit(database)
    with database.write() as connection:
        cancelled = jobs.cancel(connection, waiting.id)
        assert cancelled is not None and cancelled.state == "cancelled" and cancelled.ended_at is not None
        mine = Claim.of(claims.claim(connection, "w", lease=9))  # type: ignore[arg-type]
        assert mine.id == running.id
        asked = jobs.cancel(connection, running.id)
        assert asked is not None and asked.state == "running" and asked.cancel_at is not None
        again = jobs.cancel(connection, running.id)
        assert again is not None and again.cancel_at == asked.cancel_at
        assert claims.fail(connection, mine, ERROR, again=True).state == "cancelled", "not tried again"
        last = Claim.of(claims.claim(connection, "w", lease=9))  # type: ignore[arg-type]
        assert claims.complete(connection, last, {"a": 1}).state == "done"
        ended = jobs.cancel(connection, done.id)
        assert ended is not None and (ended.state, ended.cancel_at) == ("done", None)
        assert jobs.cancel(connection, "0" * 24) is None
        # A worker that dies with a job that was to be cancelled, or leaves it, doesn't bring it back.
        for action in (claims.release, None):
            other = jobs.insert(connection, Order("ann", "create.image", {}))
            mine = Claim.of(claims.claim(connection, "w", lease=9))  # type: ignore[arg-type]
            jobs.cancel(connection, other.id)
            if action is None:
                claims.abandon(connection, "w")
            else:
                action(connection, mine)
            found = jobs.find(connection, other.id)
            assert found is not None and found.state == "cancelled"


def test_lists_go_on_where_they_ended(database: Database) -> None:
    numbers = [submit(database, "ann" if n % 2 else "bob", kind=f"{'create' if n < 4 else 'train'}.x").number
               for n in range(7)]  # fmt: skip
    with database.read() as connection:
        first = jobs.page(connection, limit=3)
        rest = jobs.page(connection, before=first[-1].number)
        assert [found.number for found in (*first, *rest)] == numbers[::-1]
        assert {found.owner for found in jobs.page(connection, owner="ann")} == {"ann"}
        assert len(jobs.page(connection, kind="create")) == 4 and len(jobs.page(connection, kind="train.x")) == 3
        assert jobs.page(connection, kind="creat") == [] and jobs.page(connection, states=("done",)) == []


def test_events_have_no_gaps_and_previews_replace_one_another(database: Database) -> None:
    found = submit(database)
    mine = claimed(database)
    with database.write() as connection:
        for number in range(5):
            claims.tell(connection, mine, "text", {"place": 0, "text": str(number)})
        claims.show(connection, mine, "image/png", b"first")
        claims.show(connection, mine, "image/png", b"second")
        claims.complete(connection, mine, {"works": []})
    with database.read() as connection:
        all_events = jobs.events(connection, found.id)
        assert [event.number for event in all_events] == list(range(1, 11))
        assert jobs.events(connection, found.id, after=8) == all_events[8:]
        assert jobs.preview(connection, found.id) == ("image/png", b"second")


def test_forgetting_takes_all_that_hangs_on_it(database: Database) -> None:
    found = submit(database)
    with pytest.raises(UserError, match="ended"), database.write() as connection:
        jobs.forget(connection, found.id)
    with database.write() as connection:
        jobs.cancel(connection, found.id)
        assert jobs.forget(connection, found.id)
        assert not jobs.forget(connection, found.id)
        assert jobs.events(connection, found.id) == []


def test_usage_counts_live_jobs_and_seconds(database: Database) -> None:
    for _ in range(3):
        submit(database)
    submit(database, "bob")
    mine = claimed(database)
    with database.write() as connection:
        claims.renew(connection, mine, lease=9, spent=2.0)
        claims.complete(connection, mine, {}, spent=0.5)
        found = jobs.usage(connection, "ann", datetime.now(UTC) - timedelta(hours=1))
        assert (found.live, found.compute_seconds) == (2, 2.5)
        later = jobs.usage(connection, "ann", datetime.now(UTC) + timedelta(hours=1))
        assert (later.live, later.compute_seconds) == (2, 0.0)


@pytest.mark.parametrize("changes", [{"state": "lost"}, {"state": "running"}, {"state": "failed"}, {"share": 1.5}])
def test_the_database_refuses_what_must_not_be(database: Database, changes: dict[str, Any]) -> None:
    submit(database)
    with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
        connection.execute(job.update().values(**changes))
