"""Rows about orders and payments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from luokuan.store.market_tables import listing
from luokuan.store.order_tables import market_order, payment, payment_event


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order; see ``order_tables.market_order``."""

    id: str
    listing_id: str
    buyer: str
    licensee: str | None
    key: str | None
    amount: int
    currency: str
    state: str
    placed_at: datetime
    payment_id: str | None = None
    reason: str = ""
    paid_at: datetime | None = None
    granted_at: datetime | None = None
    delivered_at: datetime | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """Money that reached us for an order. ``state``: ``received``, ``refund_due``, ``refunded``."""

    id: str
    order_id: str
    provider: str
    amount: int
    currency: str
    state: str
    received_at: datetime
    refunded_at: datetime | None = None


def insert_order(connection: sa.Connection, row: OrderRow) -> None:
    """Insert an order."""
    connection.execute(market_order.insert().values(**asdict(row)))


def find_order(connection: sa.Connection, order_id: str, *, lock: bool = False) -> OrderRow | None:
    """The order with this id; with ``lock`` held until the transaction ends."""
    query = sa.select(market_order).where(market_order.c.id == order_id)
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    return None if row is None else OrderRow(**row)


def order_by_key(connection: sa.Connection, buyer: str, key: str) -> OrderRow | None:
    """The order that a buyer called so."""
    query = sa.select(market_order).where(market_order.c.buyer == buyer, market_order.c.key == key)
    row = connection.execute(query).mappings().first()
    return None if row is None else OrderRow(**row)


def orders(
    connection: sa.Connection,
    *,
    buyer: str = "",
    states: Sequence[str] = (),
    listings: Sequence[str] | None = None,
    sellers: Sequence[str | None] | None = None,
    limit: int | None = None,
    after: tuple[datetime, str] | None = None,
) -> list[OrderRow]:
    """Orders, the newest first: of a buyer, in these states, of these listings, or of what these sell (None: the home).
    ``after``: moment and id of the last one that was seen."""
    query = sa.select(market_order).order_by(market_order.c.placed_at.desc(), market_order.c.id.desc()).limit(limit)
    if buyer:
        query = query.where(market_order.c.buyer == buyer)
    if states:
        query = query.where(market_order.c.state.in_(list(states)))
    if listings is not None:
        query = query.where(market_order.c.listing_id.in_(list(listings)))
    if sellers is not None:
        own = listing.c.seller.in_([one for one in sellers if one is not None])
        theirs = sa.or_(own, listing.c.seller.is_(None)) if None in sellers else own
        query = query.where(market_order.c.listing_id.in_(sa.select(listing.c.id).where(theirs)))
    if after is not None:
        at, last = after
        same = sa.and_(market_order.c.placed_at == at, market_order.c.id < last)
        query = query.where(sa.or_(market_order.c.placed_at < at, same))
    return [OrderRow(**row) for row in connection.execute(query).mappings()]


def move_order(connection: sa.Connection, order_id: str, was: Sequence[str], **changes: Any) -> bool:
    """Change an order that stands in one of the states ``was``; whether it did."""
    query = market_order.update().where(market_order.c.id == order_id, market_order.c.state.in_(list(was)))
    return connection.execute(query.values(**changes)).rowcount == 1


def forget_licensees(connection: sa.Connection, buyer: str) -> int:
    """Erase whose name stood in a buyer's licences. Returns of how many orders."""
    query = market_order.update().where(market_order.c.buyer == buyer, market_order.c.licensee.is_not(None))
    return connection.execute(query.values(licensee=None)).rowcount


def insert_payment(connection: sa.Connection, row: PaymentRow) -> None:
    """Insert a payment."""
    connection.execute(payment.insert().values(**asdict(row)))


def find_payment(connection: sa.Connection, payment_id: str) -> PaymentRow | None:
    """The payment that the provider calls so."""
    row = connection.execute(sa.select(payment).where(payment.c.id == payment_id)).mappings().first()
    return None if row is None else PaymentRow(**row)


def payments(connection: sa.Connection, *, order_id: str = "", state: str = "") -> list[PaymentRow]:
    """Payments of an order, or in a state, or all, the oldest first."""
    query = sa.select(payment).order_by(payment.c.received_at, payment.c.id)
    if order_id:
        query = query.where(payment.c.order_id == order_id)
    if state:
        query = query.where(payment.c.state == state)
    return [PaymentRow(**row) for row in connection.execute(query).mappings()]


def move_payment(connection: sa.Connection, payment_id: str, state: str, at: datetime | None = None) -> None:
    """Say how a payment stands; ``at``: when it was refunded."""
    changes = {"state": state, "refunded_at": at}
    connection.execute(payment.update().where(payment.c.id == payment_id).values(**changes))


def keep_event(connection: sa.Connection, provider: str, event_id: str, **values: Any) -> bool:
    """Keep what a provider said; False where it was said before."""
    query = sa.select(payment_event.c.id).where(payment_event.c.provider == provider, payment_event.c.id == event_id)
    if connection.execute(query).first() is not None:
        return False
    try:
        with connection.begin_nested():
            connection.execute(payment_event.insert().values(provider=provider, id=event_id, outcome="", **values))
    except sa.exc.IntegrityError:
        return False  # PostgreSQL: another request has brought it meanwhile
    return True


def set_outcome(connection: sa.Connection, provider: str, event_id: str, outcome: str) -> None:
    """Say what came of it."""
    where = sa.and_(payment_event.c.provider == provider, payment_event.c.id == event_id)
    connection.execute(payment_event.update().where(where).values(outcome=outcome))


def was_said(connection: sa.Connection, payment_id: str, kind: str) -> bool:
    """Whether such an event about a payment has come."""
    query = sa.select(payment_event.c.id).where(
        payment_event.c.payment_id == payment_id, payment_event.c.kind == kind
    )  # fmt: skip
    return connection.execute(query).first() is not None
