"""Rows of the books: transfers between accounts, which can only be added (migration 0013 sees to that)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from luokuan.store.market_tables import payout, transfer

BY_KEY = ("fee", "payout")
"""Beginnings of keys that say what a transfer is for, more exactly than its purpose."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money that goes from one account to another.

    Args:
        key: What it is; the same key can't come twice.
        debit: The account that it leaves.
        credit: The account that it reaches.
        amount: In minor units, above 0.
        currency: ISO 4217 code.
        purpose: One of ``market_tables.PURPOSES``.
        reference: The order that it belongs to.
        made_at: With a zone.
        reverses: Number of the transfer that it takes back, or None.
    """

    key: str
    debit: str
    credit: str
    amount: int
    currency: str
    purpose: str
    reference: str
    made_at: datetime
    reverses: int | None = None

    @property
    def what(self) -> str:
        """What it is for, to people: ``fee`` and ``payout`` are told by their keys, of which nothing else is in the
        books' table; else ``purpose``."""
        start = self.key.partition(":")[0]
        return start if start in BY_KEY else self.purpose


@dataclass(frozen=True, slots=True)
class Posted:
    """A transfer in the books. ``id`` rises with each; ``reversed``: whether a later one takes it back."""

    id: int
    transfer: Transfer
    reversed: bool = False


@dataclass(frozen=True, slots=True)
class PayoutRow:
    """Money that went to somebody out of the books; see ``market_tables.payout``."""

    id: str
    party: str
    amount: int
    currency: str
    reason: str
    decided_by: str | None
    made_at: datetime


def insert_transfer(connection: sa.Connection, row: Transfer) -> bool:
    """Add a transfer; False where one with its key is there already, which then must be the same.

    Raises:
        ValueError: another one has that key; our fault.
    """
    known = connection.execute(sa.select(transfer).where(transfer.c.key == row.key)).mappings().first()
    if known is not None:
        kept = _of(known).transfer
        if (kept.debit, kept.credit, kept.amount, kept.currency) != (row.debit, row.credit, row.amount, row.currency):
            raise ValueError(f"another transfer is called {row.key}")
        return False
    connection.execute(transfer.insert().values(**asdict(row)))
    return True


def transfers_of(connection: sa.Connection, *, reference: str = "", account: str = "") -> list[Posted]:
    """The transfers of an order, or of an account, or all, in the order of the books."""
    later = transfer.alias("later")
    back = sa.exists().where(later.c.reverses == transfer.c.id)
    query = sa.select(transfer, back.label("reversed")).order_by(transfer.c.id)
    if reference:
        query = query.where(transfer.c.reference == reference)
    if account:
        query = query.where(sa.or_(transfer.c.debit == account, transfer.c.credit == account))
    return [_of(row) for row in connection.execute(query).mappings()]


def insert_payout(connection: sa.Connection, row: PayoutRow) -> None:
    """Say why something is paid out, in the transaction that enters it."""
    connection.execute(payout.insert().values(**asdict(row)))


def find_payout(connection: sa.Connection, payout_id: str) -> PayoutRow | None:
    """The payout with this id."""
    row = connection.execute(sa.select(payout).where(payout.c.id == payout_id)).mappings().first()
    return None if row is None else PayoutRow(**row)


def payouts(connection: sa.Connection, party: str = "") -> list[PayoutRow]:
    """Payouts to somebody, or all; the oldest first."""
    query = sa.select(payout).order_by(payout.c.made_at, payout.c.id)
    if party:
        query = query.where(payout.c.party == party)
    return [PayoutRow(**row) for row in connection.execute(query).mappings()]


def balances(connection: sa.Connection, accounts: Sequence[str] | None = None) -> dict[str, dict[str, int]]:
    """Account → currency → what it has got less what has left it, in minor units; of all accounts, or of these.
    Over all accounts of a currency these are 0 together."""
    found: dict[str, dict[str, int]] = {}
    for column, sign in ((transfer.c.credit, 1), (transfer.c.debit, -1)):
        query = sa.select(column, transfer.c.currency, sa.func.sum(transfer.c.amount)).group_by(
            column, transfer.c.currency
        )
        if accounts is not None:
            query = query.where(column.in_(list(accounts)))
        for name, currency, total in connection.execute(query):
            each = found.setdefault(name, {})
            each[currency] = each.get(currency, 0) + sign * int(total)
    return found


def _of(row: Mapping[str, object] | sa.RowMapping) -> Posted:
    values = dict(row)
    number, back = values.pop("id"), bool(values.pop("reversed", False))
    return Posted(int(str(number)), Transfer(**values), back)
