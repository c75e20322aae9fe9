"""After a crash: every order goes on where it stopped, and the books are compared with licences and with what the
provider holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from luokuan import logs
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.guard import now_utc
from luokuan.rights.market.books import escrow, provider_account
from luokuan.rights.market.delivery import deliver as copies
from luokuan.rights.market.granting import grant
from luokuan.rights.market.opening import opened
from luokuan.rights.market.payments import Provider, give_back, receive
from luokuan.rights.market.testmoney import TestMoney
from luokuan.store.books import balances, transfers_of
from luokuan.store.database import Database
from luokuan.store.grants import GrantRow, grants
from luokuan.store.listings import items_of
from luokuan.store.orders import OrderRow, orders, payments

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.store.home import Home

LIVE, CLOSED = ("granted", "delivered"), ("refunded", "cancelled")
Clock = Callable[[], datetime]


@dataclass(slots=True)
class Reconciled:
    """What was done, and what doesn't agree all the same.

    Args:
        messages: Messages of the provider that hadn't come.
        granted: Orders that got their licences.
        given_back: Payments that went back.
        delivered: Licences whose copy was made.
        failed: Orders whose copies can't be made, and why.
        differences: Sentences; none: books and licences agree.
    """

    messages: int = 0
    granted: int = 0
    given_back: int = 0
    delivered: int = 0
    failed: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "messages": self.messages, "granted": self.granted, "given_back": self.given_back,
            "delivered": self.delivered, "failed": self.failed, "differences": self.differences,
            "agrees": not self.differences,
        }  # fmt: skip


def reconcile(
    home: Home,
    *,
    provider: Provider | None = None,
    now: Clock = now_utc,
    shared: Database | None = None,
    deliver: Callable[[str], int] | None = None,
) -> Reconciled:
    """Bring books and licences into agreement. May be called at any time and again.

    Args:
        home: Whose.
        provider: Who moves the money; None: test money.
        now: The clock.
        shared: The home's database, if it is open already.
        deliver: Has the copies of an order made and says how many were; None: they are made here and now.
    """
    money, done = provider or TestMoney(home, now, shared), Reconciled()
    for body, header in money.unheard():
        try:
            receive(home, money, body, header, now=now, shared=shared)
            done.messages += 1
        except UserError as error:
            logs.get("market").warning("a message can't be taken in", code=error.code)
    with opened(home, shared) as database, database.read() as connection:
        paid = [one.id for one in orders(connection, states=("paid",))]
    done.granted = sum(grant(one, home, now=now, shared=shared) for one in paid)
    done.given_back = give_back(home, money, now=now, shared=shared)
    with opened(home, shared) as database, database.read() as connection:
        waiting = [one.id for one in orders(connection, states=("granted",))]
    make = deliver or partial(copies, home=home, now=now, shared=shared)
    for one in waiting:
        try:
            done.delivered += make(one)
        except UserError as error:
            done.failed.append(f"{one}: {error.what}")
    with opened(home, shared) as database, database.read() as connection:
        done.differences = differences(connection, money)
    return done


def differences(connection: sa.Connection, provider: Provider) -> list[str]:
    """What doesn't agree, in sentences: books, licences, and what the provider holds."""
    found: list[str] = []
    have = balances(connection)
    currencies = {currency for each in have.values() for currency in each}
    for currency in sorted(currencies):
        if sum(each.get(currency, 0) for each in have.values()):
            found.append(_("All accounts in {currency} together aren't 0.", currency=currency))
    due = {one.order_id for one in payments(connection, state="refund_due")}
    for order in orders(connection):
        held = any(have.get(escrow(order.id), {}).values())
        if held != (order.state in ("paid", "refunding") or order.id in due):
            found.append(_("The escrow of the order {id} ({state}) doesn't fit.", id=order.id, state=order.state))
        if (why := _licences(connection, order)) is not None:
            found.append(why)
    exclusive = [one.root_id for one in grants(connection) if one.exclusive and one.ended_at is None]
    for root in sorted({one for one in exclusive if exclusive.count(one) > 1}):
        found.append(_("There are several exclusive licences for the work {id}.", id=root))
    return found + _provider(connection, provider, have)


def _licences(connection: sa.Connection, order: OrderRow) -> str | None:
    given = grants(connection, order_id=order.id)
    shared = sum(
        one.transfer.amount
        for one in transfers_of(connection, reference=order.id)
        if one.transfer.purpose in ("sale", "royalty") and not one.reversed
    )
    live = [one for one in given if one.end_reason != "refunded"]
    if order.state in LIVE:
        whole = len(live) == len(items_of(connection, order.listing_id)) and shared == order.amount
        return None if whole and _delivered(order, live) else _unfit(order)
    return _unfit(order) if live or shared else None


def _delivered(order: OrderRow, live: list[GrantRow]) -> bool:
    return order.state != "delivered" or all(one.delivered_at is not None for one in live)


def _unfit(order: OrderRow) -> str:
    return _("Licences and shares of the order {id} ({state}) don't fit.", id=order.id, state=order.state)


def _provider(connection: sa.Connection, provider: Provider, have: dict[str, dict[str, int]]) -> list[str]:
    held: dict[str, int] = {}
    for money in provider.settled().values():
        held[money.currency] = held.get(money.currency, 0) + money.minor
    booked = {currency: -amount for currency, amount in have.get(provider_account(provider.name), {}).items() if amount}
    if {currency: amount for currency, amount in held.items() if amount} == booked:
        return []
    return [_("The provider {name} holds another amount than the books say.", name=provider.name)]
