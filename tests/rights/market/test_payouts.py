"""The house's fee, what is paid out, and what appraisal reads from the same books."""

from __future__ import annotations

from typing import Any

import pytest
from market_for_tests import offered, priced, unchecked
from people import keep_row, make_account
from projects_for_tests import values

from luokuan.appraisal.project import Project
from luokuan.appraisal.revenue import by, earnings_in, of_models, with_market
from luokuan.errors import UserError
from luokuan.rights.guard import now_utc
from luokuan.rights.market import books, orders, statements
from luokuan.rights.market.payouts import pay_out, take_back
from luokuan.rights.market.reconcile import differences
from luokuan.rights.market.royalties import Claim
from luokuan.rights.market.testmoney import TestMoney
from luokuan.rights.money import Money
from luokuan.store.books import balances, payouts, transfers_of
from luokuan.store.database import Database
from luokuan.store.grants import grants
from luokuan.store.home import Home
from luokuan.store.house import MarketSetting, market_setting, set_market
from luokuan.store.market_tables import listing_work


def refused(error: pytest.ExceptionInfo[UserError]) -> tuple[str, int]:
    return error.value.code, error.value.status


def settle(database: Database, fee: int) -> None:
    with database.write() as connection:
        set_market(connection, MarketSetting(fee, market_setting(connection).version), now_utc())


def test_a_fee_of_the_house(home: Home, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    unchecked(monkeypatch)
    ann, bo, cy = (make_account(database, name) for name in ("ann", "bo", "cy"))
    upstream, work = keep_row(database, ann, model_name="threads"), keep_row(database, cy, model_name="garments")
    first = offered(home, upstream.id, person=ann, terms=priced(minor=1000), shared=database)
    order = orders.place(first.id, cy, home, shared=database)
    orders.pay(order.id, home, shared=database)
    with database.read() as connection:
        assert balances(connection, [f"party:{ann.id}", "party:house"]) == {f"party:{ann.id}": {"EUR": 1000}}, (
            "0 is the default"
        )

        (licence,) = grants(connection, order_id=order.id)
    for wrong in (-1, 9001):
        with pytest.raises(UserError) as caught, database.write() as connection:
            set_market(connection, MarketSetting(wrong), now_utc())
        assert refused(caught) == ("market.fee", 422)
    settle(database, 1250)
    # Made from what cy licensed: a fifth of what it earns is ann's.
    second = offered(home, work.id, person=cy, terms=priced(minor=999), shared=database)
    with database.write() as connection:
        claim = Claim(ann.id, 2000, licence.id).to_json()
        connection.execute(listing_work.update().where(listing_work.c.work_id == work.id).values(claims=[claim]))
    sale = orders.place(second.id, bo, home, shared=database)
    orders.pay(sale.id, home, shared=database)
    with database.read() as connection:
        # 12.5 % of 999 are 124.875; of the other 875 a fifth is 175.
        found = {one.transfer.what: one.transfer.amount for one in transfers_of(connection, reference=sale.id)}
        assert found == {"payment": 999, "fee": 124, "sale": 700, "royalty": 175}
        assert differences(connection, TestMoney(home, shared=database)) == []
        lines = earnings_in(connection)
    assert [(one.work, one.model, one.minor) for one in lines if one.order == sale.id] == [
        ("", "", 124), (work.id, "garments", 700), (upstream.id, "threads", 175),
    ]  # fmt: skip
    assert sum(one.minor for one in lines) == 1999, "each unit once"
    rows = {row.name: (row.minor, row.sales, len(row.entries)) for row in by(lines, "model")}
    assert rows == {"threads": (1175, 1, 2), "garments": (700, 1, 1)}
    settle(database, 0)
    with database.read() as connection:
        assert earnings_in(connection) == lines, "a fee that is settled later changes nothing"
    orders.refund(sale.id, home, reason="a fault", shared=database)
    with database.read() as connection:
        assert differences(connection, TestMoney(home, shared=database)) == []
        back = earnings_in(connection)
        assert balances(connection, ["party:house"]) == {"party:house": {"EUR": 0}}
    assert {row.name: (row.minor, row.sales) for row in by(back, "model")} == {"threads": (1000, 1), "garments": (0, 0)}
    month = f"{now_utc():%Y-%m}"
    project = Project.model_validate(values(
        models=["threads"], start=month, actuals=[{"month": month, "cost": 5, "source": "ledger"}],
    ))  # fmt: skip
    (actual,) = with_market(project, back).actuals
    assert (actual.revenue, actual.cost) == (10.0, 5.0) and f"{back[0].entry}, " in actual.source
    assert len(of_models(back, ["threads"])) == 3
    typed = project.model_copy(update={"actuals": [actual.model_copy(update={"revenue": 7.0})]})
    assert with_market(typed, back).actuals[0].revenue == 7.0, "what is stated stays"
    (gone,) = with_market(project.model_copy(update={"models": ["garments"]}), back[-2:]).actuals
    assert gone.revenue == 0.0 and gone.cost >= 5.0


def test_paying_out(home: Home, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    unchecked(monkeypatch)
    ann, bo, chief = (
        make_account(database, "ann"),
        make_account(database, "bo"),
        make_account(database, "chief", "admin"),
    )
    listing = offered(home, keep_row(database, ann).id, person=ann, shared=database)
    order = orders.place(listing.id, bo, home, shared=database)
    orders.pay(order.id, home, shared=database)
    key = "0" * 16
    for money, reason, name, code in (
        (Money(1251, "EUR"), "more", key, "payout.balance"), (Money(1, "JPY"), "other", key, "payout.balance"),
        (Money(0, "EUR"), "nothing", key, "payout.amount"), (Money(1, "EUR"), " ", key, "payout.reason"),
        (Money(1, "EUR"), "two\nlines", key, "payout.reason"), (Money(1, "EUR"), "key", "../x", "payout.key"),
    ):  # fmt: skip
        with pytest.raises(UserError) as caught:
            pay_out(ann.id, money, home, reason=reason, key=name, shared=database)
        assert caught.value.code == code, reason
    given: dict[str, Any] = {"reason": "November", "decided_by": chief.id, "key": key, "shared": database}
    assert pay_out(ann.id, Money(1000, "EUR"), home, **given) == pay_out(ann.id, Money(1000, "EUR"), home, **given)
    with pytest.raises(UserError) as caught:
        pay_out(ann.id, Money(250, "EUR"), home, **given)
    assert refused(caught) == ("payout.key", 409)
    with database.read() as connection:
        (row,) = payouts(connection, ann.id)
        assert (row.reason, row.decided_by, row.amount) == ("November", chief.id, 1000)
        found = statements.statement(connection, ann.id)
        assert [(one.purpose, one.amount) for one in found.lines] == [("sale", 1250), ("payout", -1000)]
        assert found.after == {"EUR": 250} and "payout" in statements.as_csv(found)
        assert balances(connection, [books.paid_account(ann.id)]) == {books.paid_account(ann.id): {"EUR": 1000}}
        assert differences(connection, TestMoney(home, shared=database)) == []
    assert take_back(key, home, shared=database) and not take_back(key, home, shared=database)
    with pytest.raises(UserError) as caught:
        take_back("f" * 16, home, shared=database)
    assert refused(caught) == ("payout.unknown", 404)
    orders.refund(order.id, home, reason="a fault", shared=database)
    with database.read() as connection:
        assert balances(connection, [f"party:{ann.id}"]) == {f"party:{ann.id}": {"EUR": 0}}
        assert differences(connection, TestMoney(home, shared=database)) == []
