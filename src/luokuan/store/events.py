"""Rows about what was done: they can only be added; the database refuses all else (migration 0008)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from luokuan.store.account_tables import account, event


@dataclass(frozen=True, slots=True)
class EventRow:
    """One thing that was done. ``name``: of the account, None: nobody was logged in, or the command line did it."""

    id: int
    at: datetime
    account_id: str | None
    name: str | None
    action: str
    subject: str
    address: str


def insert_event(
    connection: sa.Connection,
    *,
    at: datetime,
    account_id: str | None,
    action: str,
    subject: str = "",
    address: str = "",
) -> None:
    """Add what was done, in the transaction in which it is done. Never a secret, never what a work is about."""
    values = {"at": at, "account_id": account_id, "action": action, "subject": subject[:200], "address": address[:64]}
    connection.execute(event.insert().values(values))


def recent_events(connection: sa.Connection, limit: int, before: int | None = None) -> list[EventRow]:
    """The newest first; with ``before`` those with smaller numbers."""
    query = (
        sa.select(event, account.c.name)
        .outerjoin(account, account.c.id == event.c.account_id)
        .order_by(event.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(event.c.id < before)
    return [EventRow(**row) for row in connection.execute(query).mappings()]
