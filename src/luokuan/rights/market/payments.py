"""Payments: what a provider has to be able to do, and what happens when it says that money came or went.

What a provider says may come twice, late, or in another order than it happened. Each event is kept by its id; what
follows depends on where the order stands, and never on what came last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from luokuan.colophon.tlog import log
from luokuan.rights.guard import now_utc
from luokuan.rights.market import books, steps
from luokuan.rights.market.books import escrow, provider_account
from luokuan.rights.market.opening import opened
from luokuan.rights.market.unwinding import unwind
from luokuan.rights.money import Money
from luokuan.store.books import Transfer, insert_transfer, transfers_of
from luokuan.store.database import Database
from luokuan.store.orders import (
    OrderRow,
    PaymentRow,
    find_order,
    find_payment,
    insert_payment,
    keep_event,
    move_order,
    move_payment,
    payments,
    set_outcome,
    was_said,
)

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.store.home import Home

SUCCEEDED, REFUNDED = "payment.succeeded", "payment.refunded"
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Event:
    """What a provider says.

    Args:
        id: The same event has the same id, however often it comes.
        kind: ``SUCCEEDED``, ``REFUNDED``, or something that doesn't matter here.
        payment: As the provider calls it.
        order: The order that it was for.
        money: How much.
    """

    id: str
    kind: str
    payment: str
    order: str
    money: Money


class Provider(Protocol):
    """Whoever takes the money."""

    name: str

    def start(self, order: OrderRow) -> str:
        """Begin a payment for an order; called again, it gives the same. Returns its id."""
        ...

    def refund(self, payment: PaymentRow) -> None:
        """Give a payment back, whole; nothing happens where that was done."""
        ...

    def read(self, body: bytes, header: str, now: datetime) -> Event:
        """What a message says.

        Raises:
            UserError: it isn't signed by the provider, not of now, or can't be read (400).
        """
        ...

    def unheard(self) -> Iterable[tuple[bytes, str]]:
        """Messages that weren't acknowledged, with the headers of now."""
        ...

    def heard(self, event: Event) -> None:
        """Say that a message came."""
        ...

    def settled(self) -> dict[str, Money]:
        """Payments that succeeded and weren't given back, by id: to compare the books with."""
        ...


def receive(
    home: Home, provider: Provider, body: bytes, header: str, *, now: Clock = now_utc, shared: Database | None = None
) -> tuple[str, str]:
    """Take in a provider's message, in one transaction.

    Returns:
        The order's id, and what came of it: ``paid``; ``refund_due`` (too much, too late, or another amount);
        ``refunded``; ``replayed``; ``early`` (it will matter when something else comes); ``ignored``; ``unknown``.

    Raises:
        UserError: see ``Provider.read``.
    """
    at = now()
    event = provider.read(body, header, at)
    with opened(home, shared) as database:
        with database.write() as connection:
            # In the same order as everybody else who takes both locks: the log first.
            book = log.writer(connection, home)
            order = find_order(connection, event.order, lock=True)
            said = {"kind": event.kind[:40], "payment_id": event.payment, "order_id": event.order, "received_at": at}
            if not keep_event(connection, provider.name, event.id, **said):
                outcome = "replayed"
            else:
                outcome = "unknown" if order is None else _apply(connection, book, order, event, provider.name, at)
                set_outcome(connection, provider.name, event.id, outcome)
        log.remember(home, book.head)
    provider.heard(event)
    steps.reached("paid")
    return event.order, outcome


def give_back(
    home: Home, provider: Provider, *, order_id: str = "", now: Clock = now_utc, shared: Database | None = None
) -> int:
    """Give back all payments that are due, or those of an order. Returns how many."""
    with opened(home, shared) as database:
        with database.read() as connection:
            due = [
                one
                for one in payments(connection, order_id=order_id, state="refund_due")
                if one.provider == provider.name
            ]
        for one in due:
            provider.refund(one)
            steps.reached("given back")
            at = now()
            with database.write() as connection:
                order = find_order(connection, one.order_id, lock=True)
                found = find_payment(connection, one.id)
                if order is not None and found is not None and found.state == "refund_due":
                    _gone_back(connection, order, one.id, at)
    return len(due)


def _apply(
    connection: sa.Connection, book: object, order: OrderRow, event: Event, provider: str, at: datetime
) -> str:  # fmt: skip
    known = find_payment(connection, event.payment)
    if event.kind == SUCCEEDED:
        return "ignored" if known is not None else _came(connection, order, event, provider, at)
    if event.kind != REFUNDED:
        return "ignored"
    if known is None:
        return "early"
    if known.state == "refunded" or known.order_id != order.id:
        return "ignored"
    if order.payment_id == known.id:
        unwind(connection, book, order, "the provider took the payment back", at)
    _gone_back(connection, order, known.id, at)
    return "refunded"


def _came(connection: sa.Connection, order: OrderRow, event: Event, provider: str, at: datetime) -> str:
    money = event.money
    insert_payment(
        connection, PaymentRow(event.payment, order.id, provider, money.minor, money.currency, "received", at)
    )
    insert_transfer(connection, Transfer(
        f"payment:{event.payment}", provider_account(provider), escrow(order.id), money.minor, money.currency,
        "payment", order.id, at,
    ))  # fmt: skip
    if was_said(connection, event.payment, REFUNDED):
        _gone_back(connection, order, event.payment, at)
        return "refunded"
    fits = (money.minor, money.currency) == (order.amount, order.currency)
    if fits and move_order(connection, order.id, ("placed",), state="paid", payment_id=event.payment, paid_at=at):
        return "paid"
    move_payment(connection, event.payment, "refund_due")
    return "refund_due"


def _gone_back(connection: sa.Connection, order: OrderRow, payment_id: str, at: datetime) -> None:
    """A payment has gone back: its transfer is taken back, and an order that waits for that is closed."""
    for one in transfers_of(connection, reference=order.id):
        if one.transfer.key == f"payment:{payment_id}" and not one.reversed:
            books.reverse(connection, one, at)
    move_payment(connection, payment_id, "refunded", at)
    if order.payment_id == payment_id:
        move_order(connection, order.id, ("refunding",), state="refunded", closed_at=at)
