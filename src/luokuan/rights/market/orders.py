"""Orders: placed, paid, licensed, delivered, refunded; each step is one transaction and can be done again.

    placed ──payment──▶ paid ──grant──▶ granted ──copies──▶ delivered
      │                  │                 └───────┬───────────┘
      ▼                  └──▶ refunding ◀──refund──┘
    cancelled                     └──money went back──▶ refunded

An exclusive licence goes to the first whose order is granted; whoever paid for it after that gets their money back.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from luokuan.colophon.tlog import log
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.guard import now_utc
from luokuan.rights.market import offers, steps
from luokuan.rights.market.granting import grant, impossible
from luokuan.rights.market.listings import no_listing
from luokuan.rights.market.opening import opened
from luokuan.rights.market.payments import Provider, give_back, receive
from luokuan.rights.market.testmoney import TestMoney
from luokuan.rights.market.unwinding import unwind
from luokuan.rights.override import plain_line
from luokuan.store.accounts import AccountRow
from luokuan.store.database import Database
from luokuan.store.listings import find_listing
from luokuan.store.orders import (
    OrderRow,
    find_order,
    find_payment,
    insert_order,
    move_order,
    move_payment,
    order_by_key,
    orders,
)

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.store.home import Home

MAX_NAME, MAX_KEY, MAX_OPEN = 200, 80, 100
"""Characters of a licensee and of a key; orders of one buyer that wait to be paid."""
Clock = Callable[[], datetime]


def place(
    listing_id: str,
    buyer: AccountRow,
    home: Home,
    *,
    licensee: str = "",
    key: str = "",
    now: Clock = now_utc,
    shared: Database | None = None,
) -> OrderRow:
    """Order what is offered.

    Args:
        listing_id: What.
        buyer: Who.
        home: Where.
        licensee: In whose name the licence is; empty: the buyer's.
        key: What the buyer calls the order: the same key again gives the same order.
        now: The clock.
        shared: The home's database, if it is open already.

    Raises:
        UserError: there is no such listing, it isn't offered or can't be licensed any more, it is the buyer's own, the
            name is none, or the key stands for another order.
    """
    name = plain_line(licensee or buyer.name, MAX_NAME)
    if name is None:
        raise UserError(
            _("A licence is in somebody's name: one line of 1 to {most} characters.", most=MAX_NAME),
            _("Say whose."),
            code="order.licensee",
            status=422,
        )
    if len(key) > MAX_KEY or not (key == "" or key.isprintable()):
        raise UserError(_("The key of an order is one line of at most {most} characters.", most=MAX_KEY),
                        _("Give a shorter one."), code="order.key", status=422)  # fmt: skip
    at = now()
    with opened(home, shared) as database, database.write() as connection:
        listing = find_listing(connection, listing_id, lock=True)
        if listing is None:
            raise no_listing(listing_id)
        if key and (known := order_by_key(connection, buyer.id, key)) is not None:
            if known.listing_id != listing.id:
                raise UserError(_("Another order of yours is called '{key}'.", key=key), _("Take another key."),
                                code="order.key", status=409)  # fmt: skip
            return known
        if not buyer.active or offers.is_seller(buyer, listing.seller):
            raise UserError(
                _("What is one's own can't be bought."), _("You may do with it what you like."), code="order.own",
                status=409,
            )  # fmt: skip
        if (why := impossible(connection, listing, at)) is not None:
            raise UserError(
                _("This can't be licensed any more: {why}", why=why), _("Look for something else."),
                code="order.closed", status=409,
            )  # fmt: skip
        if len(orders(connection, buyer=buyer.id, states=("placed",), limit=MAX_OPEN)) >= MAX_OPEN:
            raise UserError(_("You have {most} orders that aren't paid.", most=MAX_OPEN),
                            _("Pay or cancel them first."), code="order.many", status=409)  # fmt: skip
        row = OrderRow(
            secrets.token_hex(8), listing.id, buyer.id, name, key or None, listing.amount, listing.currency, "placed",
            at,
        )  # fmt: skip
        insert_order(connection, row)
    steps.reached("placed")
    return row


def pay(order_id: str, home: Home, *, now: Clock = now_utc, shared: Database | None = None) -> OrderRow:
    """Pay an order with test money, and go on with it as far as its licence.

    Raises:
        UserError: there is no such order, or it isn't to be paid any more (409).
    """
    provider = TestMoney(home, now, shared)
    order = order_of(order_id, home, shared)
    if order.state != "placed":
        raise UserError(
            _("The order {id} isn't to be paid: it is {state}.", id=order.id, state=state_word(order.state)),
            _("Look at your orders."),
            code="order.paid",
            status=409,
        )
    messages = provider.pay(provider.start(order))
    steps.reached("charged")
    for body, header in messages:
        receive(home, provider, body, header, now=now, shared=shared)
    return advance(order_id, home, provider, now=now, shared=shared)


def advance(
    order_id: str,
    home: Home,
    provider: Provider | None = None,
    *,
    now: Clock = now_utc,
    shared: Database | None = None,
) -> OrderRow:
    """Go on with an order: grant what was paid, and give back what can't be granted. Copies are made by
    ``delivery.deliver``. May be called at any time and again.

    Raises:
        UserError: there is no such order.
    """
    found = provider or TestMoney(home, now, shared)
    if order_of(order_id, home, shared).state == "paid":
        grant(order_id, home, now=now, shared=shared)
    give_back(home, found, order_id=order_id, now=now, shared=shared)
    return order_of(order_id, home, shared)


def refund(
    order_id: str,
    home: Home,
    *,
    reason: str,
    provider: Provider | None = None,
    now: Clock = now_utc,
    shared: Database | None = None,
) -> OrderRow:
    """Take a sale back: its licences end, everybody gives back what they got, and the buyer gets the whole price. An
    order that wasn't paid is cancelled.

    Raises:
        UserError: there is no such order, it is closed already, or there is no reason.
    """
    why, at = plain_line(reason, 500), now()
    if why is None:
        raise UserError(_("A refund needs a reason: one line of 1 to {most} characters.", most=500),
                        _("Say why with --reason."), code="order.reason", status=422)  # fmt: skip
    found = provider or TestMoney(home, now, shared)
    with opened(home, shared) as database:
        with database.write() as connection:
            book = log.writer(connection, home)
            order = find_order(connection, order_id, lock=True)
            if order is None:
                raise no_order(order_id)
            cancelled = move_order(connection, order.id, ("placed",), state="cancelled", reason=why, closed_at=at)
            if not cancelled and not unwind(connection, book, order, why, at):
                raise UserError(
                    _("The order {id} can't be refunded: it is {state}.", id=order.id, state=state_word(order.state)),
                    _("`luokuan market orders` shows where orders stand."),
                    code="order.closed",
                    status=409,
                )
            if not cancelled:
                _due(connection, order)
        log.remember(home, book.head)
    steps.reached("refunding")
    give_back(home, found, order_id=order_id, now=now, shared=shared)
    return order_of(order_id, home, shared)


def _due(connection: sa.Connection, order: OrderRow) -> None:
    paid = find_payment(connection, order.payment_id or "")
    if paid is not None and paid.state == "received":
        move_payment(connection, paid.id, "refund_due")


def order_of(order_id: str, home: Home, shared: Database | None = None) -> OrderRow:
    """An order as it stands.

    Raises:
        UserError: there is none.
    """
    with opened(home, shared) as database, database.read() as connection:
        row = find_order(connection, order_id)
    if row is None:
        raise no_order(order_id)
    return row


def no_order(order_id: str) -> UserError:
    """What is said of an id that leads to no order."""
    return UserError(
        _("There is no order '{id}'.", id=order_id[:40]),
        _("`luokuan market orders` shows all."),
        code="order.missing",
        status=404,
    )


def state_word(state: str) -> str:
    """Where an order stands, for people."""
    return {
        "placed": _("to be paid"),
        "paid": _("paid"),
        "granted": _("licensed"),
        "delivered": _("delivered"),
        "refunding": _("being refunded"),
        "refunded": _("refunded"),
        "cancelled": _("cancelled"),
    }.get(state, state)
