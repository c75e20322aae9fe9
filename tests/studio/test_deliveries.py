"""Delivery as a job: killed between any two steps, each copy is made exactly once; nobody else hands such jobs in."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest
import sqlalchemy as sa
from bothdatabases import database  # noqa: F401 - a fixture
from market_for_tests import offered, quick_copies, unchecked
from people import keep_row, make_account

from luokuan.colophon import derive
from luokuan.errors import UserError
from luokuan.rights.market import delivery, orders, steps
from luokuan.rights.market.reconcile import reconcile
from luokuan.store import claims
from luokuan.store.database import Database
from luokuan.store.grants import grants
from luokuan.store.home import Home, open_home
from luokuan.store.orders import find_order
from luokuan.store.tables import job, work
from luokuan.studio.deliveries import ask, job_of
from luokuan.studio.jobs.queue import JobQueue
from luokuan.studio.jobs.worker import Settings, Worker


def die(*_arguments: object, **_options: object) -> None:
    """As if the power failed."""
    os.kill(os.getpid(), signal.SIGKILL)


def at_step(name: str) -> Callable[[], None]:
    def prepare() -> None:
        steps.reached = lambda found: die() if found == name else None  # type: ignore[assignment]

    return prepare


def before_a_copy() -> None:
    derive.finish_again = die  # type: ignore[assignment]


def within_the_transaction() -> None:
    delivery.set_delivered = die  # type: ignore[assignment]


POINTS: dict[str, tuple[Callable[[], None], int]] = {
    "before a copy": (before_a_copy, 0),
    "within the transaction": (within_the_transaction, 0),
    "after the first copy": (at_step("copied"), 1),
    "before the job's end": (at_step("delivered"), 2),
}
"""Where the worker dies, and how many of the two copies are there then."""


def test_killed_anywhere_each_copy_is_made_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    home = open_home()
    unchecked(monkeypatch)
    quick_copies(monkeypatch)
    bo, queue = make_account(database, "bo"), JobQueue(home, database)
    listing = offered(home, *(keep_row(database).id for _number in range(2)))
    settings = Settings(idle=0.01)
    for point, (prepare, there) in POINTS.items():
        order = orders.place(listing.id, bo, home, shared=database)
        orders.pay(order.id, home, shared=database)
        assert ask(queue, order.id) == 0 == ask(queue, order.id)
        database.engine.dispose()
        child = os.fork()
        if child == 0:
            try:
                prepare()
                Worker(home, database, settings).serve()
            finally:
                os._exit(1)
        _pid, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, point
        assert made(database, order.id) == there, point
        with database.write() as connection:  # its lease runs out
            connection.execute(job.update().values(lease_until=datetime(2000, 1, 1, tzinfo=UTC)))
            assert claims.sweep(connection) == 1
            connection.execute(job.update().values(run_after=datetime(2000, 1, 1, tzinfo=UTC)))
        Worker(home, database, settings).serve()
        with database.read() as connection:
            found, done = find_order(connection, order.id), job_of(connection, order.id)
        assert found is not None and found.state == "delivered" and made(database, order.id) == 2, point
        assert done is not None and (done.state, done.result) == ("done", {"copies": 2 - there}), point
        with database.write() as connection:
            connection.execute(job.delete())
    assert reconcile(home, shared=database, deliver=partial(ask, queue)).to_json()["agrees"]
    assert queue.list() == [], "nothing is asked for that is there"


def made(database: Database, order_id: str) -> int:  # noqa: F811
    """How many copies of an order there are; each is said to be delivered, and no other is."""
    with database.read() as connection:
        given = grants(connection, order_id=order_id)
        found = connection.execute(sa.select(work.c.id).where(work.c.id.in_([one.id for one in given]))).scalars()
        copies = set(found)
    assert copies == {one.id for one in given if one.delivered_at is not None}
    return len(copies)


def test_reconcile_asks_for_what_nobody_asked_for(own_home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    from luokuan.store.database import open_database

    home: Home = open_home()
    unchecked(monkeypatch)
    quick_copies(monkeypatch)
    with open_database(home) as store:
        bo, queue = make_account(store, "bo"), JobQueue(home, store)
        order = orders.place(offered(home, keep_row(store).id).id, bo, home, shared=store)
        orders.pay(order.id, home, shared=store)
        found = reconcile(home, shared=store, deliver=partial(ask, queue))
        assert (found.delivered, found.failed, found.differences) == (0, [], [])
        (waiting,) = queue.list()
        assert (waiting.owner, waiting.kind, waiting.brief) == ("house", "market.deliver", {"order": order.id})
        with pytest.raises(UserError) as caught:
            queue.submit(bo.id, "market.deliver", {"order": order.id})
        assert caught.value.code == "job.kind" and "market.deliver" not in caught.value.do
        orders.refund(order.id, home, reason="not wanted", shared=store)
        Worker(home, store, Settings(idle=0.01)).serve()
        (ended,) = queue.list()
        assert ended.state == "failed" and ended.error is not None and ended.error["code"] == "delivery.none"
        assert made(store, order.id) == 0
