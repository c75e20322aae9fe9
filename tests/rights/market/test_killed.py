"""kill -9 between any two steps: afterwards books and licences agree, and the order is where it should be."""

from __future__ import annotations

import os
import signal

import pytest
from market_for_tests import offered, quick_copies, unchecked
from people import keep_row, make_account

from luokuan.rights.market import delivery, orders, steps
from luokuan.rights.market.reconcile import reconcile
from luokuan.rights.market.testmoney import TestMoney
from luokuan.store.database import Database
from luokuan.store.grants import grants
from luokuan.store.home import Home
from luokuan.store.orders import find_order
from luokuan.store.orders import orders as all_orders

ENDS = {
    "placed": "placed",
    "charged": "delivered",
    "paid": "delivered",
    "granted": "delivered",
    "copied": "delivered",
    "delivered": "delivered",
    "refunding": "refunded",
    "given back": "refunded",
}
"""Where an order is in the end whose program was killed there."""


def test_every_step_is_tried() -> None:
    assert set(ENDS) == set(steps.STEPS)
    with pytest.raises(ValueError):
        steps.reached("nowhere")


def test_killed_between_any_two_steps(home: Home, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    unchecked(monkeypatch)
    quick_copies(monkeypatch)
    ann, bo = make_account(database, "ann"), make_account(database, "bo")
    listing = offered(home, *(keep_row(database, ann).id for _number in range(2)))
    TestMoney(home).header(b"")  # its secret is there before anybody is killed
    done: list[str] = []
    for point, end in ENDS.items():
        database.engine.dispose()
        child = os.fork()
        if child == 0:
            steps.reached = lambda name, point=point: os.kill(os.getpid(), signal.SIGKILL) if name == point else None
            try:
                order = orders.place(listing.id, bo, home, key=point)
                orders.pay(order.id, home)
                delivery.deliver(order.id, home)
                orders.refund(order.id, home, reason="not wanted any more")
            finally:
                os._exit(1)
        _pid, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, point
        found = reconcile(home)
        assert (found.differences, found.failed) == ([], []), point
        with database.read() as connection:
            (order,) = [one for one in all_orders(connection, buyer=bo.id) if one.key == point]
            given = grants(connection, order_id=order.id)
        assert order.state == end, point
        assert len(given) == (0 if end == "placed" else 2), point
        assert all((one.ended_at is None) == (end == "delivered") for one in given), point
        done.append(order.id)
    again = reconcile(home).to_json()
    assert again == {
        "messages": 0, "granted": 0, "given_back": 0, "delivered": 0, "failed": [], "differences": [], "agrees": True,
    }  # fmt: skip
    with database.read() as connection:
        assert [find_order(connection, one).state for one in done] == list(ENDS.values())  # type: ignore[union-attr]
