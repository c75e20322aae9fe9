"""The embedded provider: it moves test money through the real flow, with signed messages that may be lost, come twice
or in another order. No bank, no card: whoever presses "pay" has paid."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.guard import now_utc
from luokuan.rights.market import signing
from luokuan.rights.market.opening import opened
from luokuan.rights.market.payments import REFUNDED, SUCCEEDED, Event
from luokuan.rights.money import Money
from luokuan.store.database import Database
from luokuan.store.order_tables import test_event, test_payment
from luokuan.store.orders import OrderRow, PaymentRow
from luokuan.store.secrets import payments_key

if TYPE_CHECKING:
    from luokuan.store.home import Home

MAX_BODY = 4096
"""Bytes of a message."""


class TestMoney:
    """A payment provider whose money is worth nothing.

    Args:
        home: Where its book and its secret lie.
        now: The clock.
        shared: The home's database, if it is open already.
    """

    name = "test"
    __test__ = False  # no test of pytest's

    def __init__(self, home: Home, now: Callable[[], datetime] = now_utc, shared: Database | None = None) -> None:
        self._home, self._now, self._shared = home, now, shared

    def start(self, order: OrderRow) -> str:
        """Begin a payment; one for each order."""
        with opened(self._home, self._shared) as database, database.write() as connection:
            query = sa.select(test_payment.c.id).where(test_payment.c.order_id == order.id)
            known = connection.execute(query).scalar()
            if known is not None:
                return str(known)
            made = f"test_{secrets.token_hex(12)}"
            values = {"amount": order.amount, "currency": order.currency, "state": "open", "made_at": self._now()}
            connection.execute(test_payment.insert().values(id=made, order_id=order.id, **values))
            return made

    def pay(self, payment_id: str) -> list[tuple[bytes, str]]:
        """What a buyer does at the provider. Returns the messages that it sends to the market.

        Raises:
            UserError: there is no such payment, or it was paid before.
        """
        self._move(payment_id, ("open",), "succeeded", SUCCEEDED)
        return list(self.unheard())

    def refund(self, payment: PaymentRow) -> None:
        """Give a payment back."""
        with opened(self._home, self._shared) as database, database.read() as connection:
            state = connection.execute(
                sa.select(test_payment.c.state).where(test_payment.c.id == payment.id)
            ).scalar()  # fmt: skip
        if state == "succeeded":
            self._move(payment.id, ("succeeded",), "refunded", REFUNDED)

    def read(self, body: bytes, header: str, now: datetime) -> Event:
        """Check and read a message."""
        if len(body) > MAX_BODY:
            raise _unreadable()
        signing.check(payments_key(self._home), body, header, now)
        try:
            found = json.loads(body)
            event, kind, payment, order = (found[name] for name in ("id", "kind", "payment", "order"))
            for word in (event, kind, payment, order):
                if not (isinstance(word, str) and 0 < len(word) <= 40 and word.isprintable()):
                    raise ValueError
            return Event(event, kind, payment, order, Money(found["amount"], found["currency"]))
        except (ValueError, KeyError, TypeError, RecursionError, UserError) as error:
            raise _unreadable() from error

    def unheard(self) -> Iterable[tuple[bytes, str]]:
        """Messages that nobody has acknowledged, the oldest first, signed now."""
        with opened(self._home, self._shared) as database, database.read() as connection:
            query = sa.select(test_event.c.body).where(test_event.c.heard_at.is_(None))
            bodies = connection.execute(query.order_by(test_event.c.made_at, test_event.c.id)).scalars().all()
        return [(body.encode(), self.header(body.encode())) for body in bodies]

    def header(self, body: bytes) -> str:
        """The signature of a message that is sent now."""
        return signing.sign(payments_key(self._home), body, self._now())

    def heard(self, event: Event) -> None:
        """A message came."""
        with opened(self._home, self._shared) as database, database.write() as connection:
            query = test_event.update().where(test_event.c.id == event.id, test_event.c.heard_at.is_(None))
            connection.execute(query.values(heard_at=self._now()))

    def settled(self) -> dict[str, Money]:
        """What it holds for the market."""
        with opened(self._home, self._shared) as database, database.read() as connection:
            query = sa.select(test_payment).where(test_payment.c.state == "succeeded")
            rows = connection.execute(query).mappings().all()
        return {row["id"]: Money(row["amount"], row["currency"]) for row in rows}

    def _move(self, payment_id: str, was: tuple[str, ...], state: str, kind: str) -> None:
        at = self._now()
        with opened(self._home, self._shared) as database, database.write() as connection:
            where = sa.and_(test_payment.c.id == payment_id, test_payment.c.state.in_(was))
            if connection.execute(test_payment.update().where(where).values(state=state)).rowcount != 1:
                raise UserError(
                    _("This payment can't be made: it was paid before, or there is none."),
                    _("Look at your orders."),
                    code="payment.done",
                    status=409,
                )
            row = connection.execute(sa.select(test_payment).where(test_payment.c.id == payment_id)).mappings().one()
            event = f"event_{secrets.token_hex(12)}"
            said: dict[str, Any] = {
                "id": event, "kind": kind, "payment": payment_id, "order": row["order_id"], "amount": row["amount"],
                "currency": row["currency"],
            }  # fmt: skip
            connection.execute(test_event.insert().values(id=event, body=json.dumps(said), made_at=at, heard_at=None))


def _unreadable() -> UserError:
    return UserError(
        _("This message can't be read."), _("Send what the interface of payments asks for."), code="webhook.shape"
    )
