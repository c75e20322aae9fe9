"""Rows about offers that are checked before they are published: of each offer of a person the last check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from luokuan.errors import UserError
from luokuan.store.market_tables import offer_check

KEPT = timedelta(days=30)
"""How long it is remembered what became of a check."""
State = Literal["checking", "published", "refused"]


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A check. ``run``: of the process that checks; ``typed``: what the seller's form held; ``listing_id``: what was
    published; ``error``: why nothing was, as (what, do, code, status)."""

    account_id: str
    id: str
    run: str
    state: State
    typed: str
    listing_id: str | None
    error: tuple[str, str, str, int] | None
    begun_at: datetime


def find_check(connection: sa.Connection, account_id: str, check_id: str) -> CheckRow | None:
    """The check of this id, if it is this account's."""
    row = connection.execute(sa.select(offer_check).where(_this(account_id, check_id))).mappings().first()
    return None if row is None else _row(row)


def open_checks(connection: sa.Connection, account_id: str, limit: int = 20) -> list[CheckRow]:
    """An account's checks that led to no offer, the newest first: under way, broken off or refused."""
    query = sa.select(offer_check).where(offer_check.c.account_id == account_id, offer_check.c.listing_id.is_(None))
    found = connection.execute(query.order_by(offer_check.c.begun_at.desc(), offer_check.c.id).limit(limit)).mappings()
    return [_row(row) for row in found]


def begin_check(
    connection: sa.Connection, account_id: str, check_id: str, run: str, typed: str, at: datetime
) -> None:  # fmt: skip
    """Keep that it is checked from now on, in the place of an earlier check of the same; forget old ones,
    those of others too, who may never offer anything again."""
    old = offer_check.c.begun_at < at - KEPT
    connection.execute(offer_check.delete().where(sa.or_(old, _this(account_id, check_id))))
    values = {"run": run, "state": "checking", "typed": typed, "begun_at": at}
    connection.execute(offer_check.insert().values(account_id=account_id, id=check_id, **values))


def end_check(
    connection: sa.Connection,
    account_id: str,
    check_id: str,
    run: str,
    *,
    listing_id: str | None = None,
    error: UserError | None = None,
) -> bool:
    """Keep what became of it, where it is still ``run`` that checks. Returns whether it is."""
    told = None if error is None else [error.what, error.do, error.code, error.status]
    state = "refused" if listing_id is None else "published"
    where = sa.and_(_this(account_id, check_id), offer_check.c.run == run, offer_check.c.state == "checking")
    changed = offer_check.update().where(where).values(state=state, listing_id=listing_id, error=told)
    return connection.execute(changed).rowcount == 1


def drop_check(connection: sa.Connection, account_id: str, check_id: str) -> None:
    """Forget it: it didn't begin."""
    connection.execute(offer_check.delete().where(_this(account_id, check_id)))


def _row(row: Mapping[Any, Any]) -> CheckRow:
    return CheckRow(**{**row, "error": None if row["error"] is None else tuple(row["error"])})


def _this(account_id: str, check_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(offer_check.c.account_id == account_id, offer_check.c.id == check_id)
