"""Orders: money and licences go together, whatever comes twice, late or at the same time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from market_for_tests import offered, priced, unchecked
from people import keep_row, make_account

from luokuan.errors import UserError
from luokuan.rights import notices
from luokuan.rights.market import listings, orders, signing
from luokuan.rights.market.payments import REFUNDED, SUCCEEDED, receive
from luokuan.rights.market.reconcile import differences, reconcile
from luokuan.rights.market.testmoney import MAX_BODY, TestMoney
from luokuan.store import logbook
from luokuan.store.accounts import AccountRow
from luokuan.store.books import balances
from luokuan.store.database import Database, open_database
from luokuan.store.grants import GrantRow, grants
from luokuan.store.home import Home
from luokuan.store.ingredients import IngredientRow, insert_ingredients
from luokuan.store.listings import ListingRow
from luokuan.store.order_tables import licence_grant, payment_event
from luokuan.store.orders import OrderRow, insert_order
from luokuan.store.secrets import payments_key
from luokuan.store.works import WorkRow

START = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(autouse=True)
def _rows_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    unchecked(monkeypatch)


class Shop:
    """Ann sells, Bo and Cy buy; a clock that is set by hand."""

    def __init__(self, home: Home, database: Database) -> None:
        self.home, self.database, self.now = home, database, START
        self.ann, self.bo, self.cy = (make_account(database, name) for name in ("ann", "bo", "cy"))
        self.money = TestMoney(home, self, database)

    def __call__(self) -> datetime:
        return self.now

    def row(self, owner: AccountRow | None = None) -> WorkRow:
        return keep_row(self.database, owner or self.ann)

    def offer(self, *works: str, **terms: Any) -> ListingRow:
        return offered(self.home, *(works or (self.row().id,)), terms=priced(**terms), shared=self.database)

    def order(self, listing: ListingRow, buyer: AccountRow | None = None, **more: Any) -> OrderRow:
        return orders.place(listing.id, buyer or self.bo, self.home, now=self, shared=self.database, **more)

    def buy(self, listing: ListingRow, buyer: AccountRow | None = None) -> OrderRow:
        return orders.pay(self.order(listing, buyer).id, self.home, now=self, shared=self.database)

    def grants(self, order: OrderRow) -> list[GrantRow]:
        with self.database.read() as connection:
            return grants(connection, order_id=order.id)

    def balance(self, account: AccountRow, currency: str = "EUR") -> int:
        with self.database.read() as connection:
            name = f"party:{account.id}"
            return balances(connection, [name]).get(name, {}).get(currency, 0)

    def hear(self, **changes: Any) -> tuple[str, str]:
        body = json.dumps({"amount": 1250, "currency": "EUR", "kind": SUCCEEDED, **changes}).encode()
        return receive(self.home, self.money, body, self.money.header(body), now=self, shared=self.database)

    def agrees(self) -> None:
        with self.database.read() as connection:
            assert differences(connection, self.money) == []

    def kinds(self, work: str) -> list[str]:
        with self.database.read() as connection:
            return [one.entry.kind for one in logbook.entries_of_work(connection, work)]


@pytest.fixture
def shop(home: Home) -> Iterator[Shop]:
    """On SQLite."""
    with open_database(home) as database:
        yield Shop(home, database)


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(UserError) as caught:
        call()
    return caught.value.code


def test_from_an_order_to_a_licence_and_back(home: Home, database: Database) -> None:
    shop = Shop(home, database)
    works = [shop.row().id for _number in range(3)]
    listing = shop.offer(*works, minor=1000, days=30)
    order = shop.order(listing, licensee="Bo & Söhne", key="first")
    assert shop.order(listing, key="first") == order, "the same key, the same order"
    assert refused(lambda: shop.order(shop.offer(), key="first")) == "order.key"
    paid = orders.pay(order.id, home, now=shop, shared=database)
    assert (paid.state, paid.licensee, paid.granted_at) == ("granted", "Bo & Söhne", START)
    given = shop.grants(order)
    assert {one.work_id for one in given} == set(works)
    assert {one.expires_at for one in given} == {START + timedelta(days=30)}
    assert all(one.holds(START) for one in given)
    assert shop.balance(shop.ann) == 1000 and shop.balance(shop.bo) == 0
    assert shop.kinds(works[0]) == ["work", "publication", "grant", "sale"]
    shop.agrees()
    assert refused(lambda: orders.pay(order.id, home, now=shop, shared=database)) == "order.paid", "paying twice"
    back = orders.refund(order.id, home, reason="not what it seemed", now=shop, shared=database)
    assert (back.state, back.reason) == ("refunded", "not what it seemed")
    assert shop.balance(shop.ann) == 0 and shop.money.settled() == {}
    assert not any(one.holds(START) for one in shop.grants(order))
    assert shop.kinds(works[0])[-1] == "correction"
    assert refused(lambda: orders.refund(order.id, home, reason="again", now=shop, shared=database)) == "order.closed"
    shop.agrees()
    waiting = shop.order(listing)
    assert orders.refund(waiting.id, home, reason="changed my mind", now=shop, shared=database).state == "cancelled"
    assert refused(lambda: orders.pay(waiting.id, home, now=shop, shared=database)) == "order.paid"
    assert refused(lambda: orders.refund(order.id, home, reason=" ", now=shop)) == "order.reason"
    assert refused(lambda: orders.refund("f" * 16, home, reason="r", now=shop)) == "order.missing"
    shop.agrees()


def test_what_cant_be_ordered(shop: Shop) -> None:
    listing, house = shop.offer(), offered(shop.home, keep_row(shop.database).id)
    chief = make_account(shop.database, "chief", "admin")
    assert refused(lambda: shop.order(listing, shop.ann)) == "order.own"
    assert refused(lambda: shop.order(house, chief)) == "order.own", "what is the house's is its administrators'"
    assert shop.order(house).state == "placed"
    for name in ("x" * 201, "a\nb", "\u202e", "zero\u200bwidth"):
        assert refused(lambda name=name: shop.order(listing, licensee=name)) == "order.licensee"
    assert refused(lambda: shop.order(listing, key="x" * 81)) == "order.key"
    assert refused(lambda: orders.place("f" * 16, shop.bo, shop.home)) == "market.listing"
    (item,) = _items(shop, listing)
    notice = notices.file_notice(item, notices.Claim("Di", "di", "copyright", "Mine."), shop.home)
    assert refused(lambda: shop.order(listing)) == "order.closed", "disputed"
    notices.decide(notice.id, "rejected", shop.home, who="Ann", reason="no")
    order = shop.order(listing)
    notices.withdraw(item, shop.home, who="Ann", reason="a fault")
    assert refused(lambda: shop.order(listing)) == "order.closed"
    found = orders.pay(order.id, shop.home, now=shop, shared=shop.database)
    assert found.state == "refunded" and "withdrawn" in found.reason, "what went out of sale is paid back"
    listings.withdraw(listing.id, shop.home)
    assert shop.balance(shop.ann) == 0
    shop.agrees()


def _items(shop: Shop, listing: ListingRow) -> list[str]:
    from luokuan.store.listings import items_of

    with shop.database.read() as connection:
        return [one.work_id for one in items_of(connection, listing.id)]


def test_an_exclusive_licence_ends_all_offers_until_it_ends_itself(shop: Shop) -> None:
    work = shop.row()
    first = shop.offer(work.id, name="exclusive", days=10)
    early, late = shop.order(first), shop.order(first, shop.cy)
    assert orders.pay(early.id, shop.home, now=shop, shared=shop.database).state == "granted"
    lost = orders.pay(late.id, shop.home, now=shop, shared=shop.database)
    assert lost.state == "refunded" and shop.balance(shop.ann) == 1250, "the second gets the money back"
    assert refused(lambda: offered(shop.home, work.id)) == "market.exclusive"
    with pytest.raises(sa.exc.IntegrityError), shop.database.write() as connection:
        (known,) = shop.grants(early)
        values = {name: getattr(known, name) for name in GrantRow.__slots__}
        connection.execute(licence_grant.insert().values({**values, "id": "e" * 16, "order_id": late.id}))
    shop.now += timedelta(days=9, hours=23)
    assert shop.grants(early)[0].holds(shop.now)
    shop.now += timedelta(days=400)
    assert not shop.grants(early)[0].holds(shop.now), "the clock jumped over its end"
    again = listings.publish(
        listings.Offer((work.id,), "Again", priced("exclusive")), shop.home, now=shop, shared=shop.database
    )  # fmt: skip
    assert shop.buy(again, shop.cy).state == "granted"
    shop.now = START
    (ended,) = shop.grants(early)
    assert ended.end_reason == "expired" and not ended.holds(shop.now), "a clock set back doesn't revive it"
    shop.agrees()


def test_messages_come_twice_late_and_in_another_order(shop: Shop) -> None:
    listing = shop.offer()
    order = shop.order(listing)
    said = {"id": "e1", "payment": "p1", "order": order.id}
    assert shop.hear(**said) == (order.id, "paid")
    assert shop.hear(**said) == (order.id, "replayed")
    assert shop.hear(**{**said, "id": "e2"}) == (order.id, "ignored"), "the same payment by another event"
    assert shop.hear(**{**said, "id": "e3", "payment": "p2"}) == (order.id, "refund_due"), "paid twice"
    assert orders.advance(order.id, shop.home, shop.money, now=shop, shared=shop.database).state == "granted"
    with shop.database.read() as connection:
        assert balances(connection, ["provider:test"]) == {"provider:test": {"EUR": -1250}}, "one went back"
    assert shop.balance(shop.ann) == 1250
    other = shop.order(listing, shop.cy)
    early = {"id": "e4", "payment": "p4", "order": other.id, "kind": REFUNDED}
    assert shop.hear(**early) == (other.id, "early"), "refunded before it was paid, as it seems"
    assert shop.hear(**{**early, "id": "e5", "kind": SUCCEEDED}) == (other.id, "refunded")
    assert orders.order_of(other.id, shop.home).state == "placed" and shop.balance(shop.ann) == 1250
    assert shop.hear(id="e6", payment="p6", order="f" * 16) == ("f" * 16, "unknown")
    assert shop.hear(**{**said, "id": "e7", "kind": "payment.thinking"})[1] == "ignored"
    for number, wrong in enumerate(({"amount": 1}, {"amount": 1251}, {"currency": "USD"})):
        said = {"id": f"w{number}", "payment": f"w{number}", "order": other.id, **wrong}
        assert shop.hear(**said)[1] == "refund_due", "another amount pays nothing"
    assert orders.advance(other.id, shop.home, shop.money, now=shop, shared=shop.database).state == "placed"
    assert shop.hear(**{"id": "e8", "payment": "p1", "order": order.id, "kind": REFUNDED})[1] == "refunded"
    assert orders.order_of(order.id, shop.home).state == "refunded", "the provider took it back"
    assert shop.balance(shop.ann) == 0 and not any(one.holds(START) for one in shop.grants(order))
    shop.agrees()


def test_messages_that_arent_the_providers(shop: Shop) -> None:
    order = shop.order(shop.offer())
    body = json.dumps({"id": "e", "kind": SUCCEEDED, "payment": "p", "order": order.id, "amount": 1250,
                       "currency": "EUR"}).encode()  # fmt: skip
    good, secret = shop.money.header(body), payments_key(shop.home)

    def hear(body: bytes, header: str) -> str:
        return refused(lambda: receive(shop.home, shop.money, body, header, now=shop, shared=shop.database))

    for header in ("", "t=1", "v1=" + "0" * 64, good[:-1], good + "0", "x" * 5000, f"t=1,{good.split(',')[1]}",
                   good.replace("v1", "v0"), "t=１,v1=00", good.replace("t=", "t=-")):  # fmt: skip
        assert hear(body, header) == "webhook.signature", header
    assert hear(body + b" ", good) == "webhook.signature"
    assert hear(body, signing.sign(b"x" * 32, body, START)) == "webhook.signature"
    for seconds in (-301, 301, 10**6):
        late = signing.sign(secret, body, START + timedelta(seconds=seconds))
        assert hear(body, late) == "webhook.time"
    changing = f"{signing.sign(b'x' * 32, body, START)},{good.split(',')[1]}"
    for wrong in (b"", b"{", b"[]", b"null", b'{"id": 1}', b"[" * 3000, b"x" * (MAX_BODY + 1),
                  body.replace(b"1250", b"NaN"), body.replace(b"1250", b"-5"), body.replace(b"1250", b"1.5"),
                  body.replace(b"EUR", b"XXX"), body.replace(b'"p"', b'"\\u0000"')):  # fmt: skip
        assert hear(wrong, signing.sign(secret, wrong, START)) == "webhook.shape", wrong[:40]
    assert orders.order_of(order.id, shop.home).state == "placed"
    with shop.database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(payment_event)).scalar() == 0
    assert receive(shop.home, shop.money, body, changing, now=shop, shared=shop.database) == (order.id, "paid"), (
        "either secret"
    )


def test_three_decimals_none_and_the_largest(shop: Shop) -> None:
    for minor, currency in ((1234, "KWD"), (1, "JPY"), (10**15, "EUR")):
        assert shop.buy(shop.offer(minor=minor, currency=currency)).state == "granted"
        assert shop.balance(shop.ann, currency) == minor
    tiny = shop.offer(*(shop.row().id for _number in range(3)), minor=2)
    assert shop.buy(tiny).state == "granted", "a collection that costs less units than it has works"
    shop.agrees()


def test_royalties_go_along_the_lineage_and_end_with_the_licence(shop: Shop) -> None:
    source = shop.row()
    shared = {"name": "commercial", "derivatives": "revenue-share", "revenue_share": 2000}
    got = shop.buy(shop.offer(source.id, **shared))
    (licence,) = shop.grants(got)

    def made(owner: AccountRow, parent: WorkRow, purpose: str = "edited") -> WorkRow:
        row = keep_row(shop.database, owner)
        with shop.database.write() as connection:
            insert_ingredients(
                connection, [IngredientRow(row.id, 0, "parentOf", purpose, parent.id, parent.blob_sha256, "")]
            )
        return row

    copy = made(shop.bo, source, "licensed")
    work = made(shop.bo, copy)
    assert refused(lambda: shop.offer(copy.id)) == "market.source", "a copy isn't sold on without a royalty"
    assert refused(lambda: shop.offer(made(shop.cy, source).id)) == "market.source", "no licence"
    narrow = {"name": "commercial", "minor": 1001}
    wider: list[dict[str, Any]] = [{"ai_training": "allowed"}]
    for more in wider:
        assert refused(lambda more=more: shop.offer(work.id, **narrow, **more)) == "market.terms"
    before = shop.balance(shop.ann)
    sold = shop.buy(shop.offer(work.id, **narrow, derivatives="revenue-share", revenue_share=1000), shop.cy)
    assert sold.state == "granted"
    assert shop.balance(shop.ann) - before == 200 and shop.balance(shop.bo) == 801
    third = made(shop.cy, made(shop.cy, work, "licensed"), "reference")
    dan = make_account(shop.database, "dan")
    listing = shop.offer(third.id, name="commercial", minor=1000)
    waiting = shop.order(listing, dan)
    assert shop.buy(listing, dan).state == "granted"
    # 10 % of 1000 to Bo, of which 20 % to Ann.
    assert shop.balance(shop.bo) == 801 + 80 and shop.balance(shop.ann) - before == 220
    shop.agrees()
    assert orders.refund(got.id, shop.home, reason="never paid for it", now=shop).state == "refunded"
    assert not shop.grants(got)[0].holds(START) and licence.id
    lost = orders.pay(waiting.id, shop.home, now=shop, shared=shop.database)
    assert lost.state == "refunded" and "licence on which it rests" in lost.reason
    assert refused(lambda: shop.order(listing, dan)) == "order.closed"
    shop.agrees()


def test_two_hundred_buyers_and_one_exclusive_licence(home: Home, database: Database) -> None:
    shop = Shop(home, database)
    listing = shop.offer(name="exclusive")
    buyers = [shop.bo, shop.cy]
    first = shop.order(listing)
    placed = [f"{number:016x}" for number in range(200)]
    with database.write() as connection:
        for number, order_id in enumerate(placed):
            insert_order(connection, replace(first, id=order_id, buyer=buyers[number % 2].id))

    def paying(order_id: str) -> str:
        body = json.dumps({"id": f"e{order_id}", "kind": SUCCEEDED, "payment": f"p{order_id}", "order": order_id,
                           "amount": 1250, "currency": "EUR"}).encode()  # fmt: skip
        while True:
            try:
                receive(home, shop.money, body, shop.money.header(body), now=shop, shared=database)
                return orders.advance(order_id, home, shop.money, now=shop, shared=database).state
            except UserError as error:
                # SQLite lets one of many wait too long; a provider then sends its message again.
                assert error.code == "database.busy"

    with ThreadPoolExecutor(6) as pool:
        states = list(pool.map(paying, placed))
    assert sorted(set(states)) == ["granted", "refunded"] and states.count("granted") == 1
    with database.read() as connection:
        assert len(grants(connection)) == 1
        assert balances(connection, ["provider:test"]) == {"provider:test": {"EUR": -1250}}
    assert shop.balance(shop.ann) == 1250
    with database.read() as connection:
        assert [one for one in differences(connection, shop.money) if "provider" not in one] == []


def test_reconcile_finds_what_doesnt_agree(shop: Shop) -> None:
    order = shop.buy(shop.offer())
    assert reconcile(shop.home, now=shop, shared=shop.database).to_json()["agrees"]
    with shop.database.write() as connection:
        connection.execute(licence_grant.delete().where(licence_grant.c.order_id == order.id))
    (told,) = reconcile(shop.home, now=shop, shared=shop.database).differences
    assert order.id in told
