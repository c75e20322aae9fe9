"""Rows about licences that somebody got."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from luokuan.store.order_tables import licence_grant


@dataclass(frozen=True, slots=True)
class GrantRow:
    """One licence; see ``order_tables.licence_grant``. Its id is that of the copy that is delivered."""

    id: str
    order_id: str
    work_id: str
    root_id: str
    seller: str | None
    buyer: str
    terms: Mapping[str, Any]
    exclusive: bool
    granted_at: datetime
    expires_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: str | None = None
    delivered_at: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether it holds at a moment."""
        return self.ended_at is None and (self.expires_at is None or at < self.expires_at)


def insert_grant(connection: sa.Connection, row: GrantRow) -> None:
    """Insert a licence. The database refuses a second one for an order's work, and a second exclusive one that wasn't
    ended."""
    connection.execute(licence_grant.insert().values(**asdict(row)))


def find_grant(connection: sa.Connection, grant_id: str) -> GrantRow | None:
    """The licence with this id."""
    row = connection.execute(sa.select(licence_grant).where(licence_grant.c.id == grant_id)).mappings().first()
    return None if row is None else GrantRow(**row)


def grants(
    connection: sa.Connection, *, order_id: str = "", buyer: str = "", roots: Sequence[str] | None = None
) -> list[GrantRow]:
    """Licences of an order, of a buyer, of works and their copies, or all; the oldest first."""
    query = sa.select(licence_grant).order_by(licence_grant.c.granted_at, licence_grant.c.id)
    if order_id:
        query = query.where(licence_grant.c.order_id == order_id)
    if buyer:
        query = query.where(licence_grant.c.buyer == buyer)
    if roots is not None:
        query = query.where(licence_grant.c.root_id.in_(list(roots)))
    return [GrantRow(**row) for row in connection.execute(query).mappings()]


def end_grants(connection: sa.Connection, grant_ids: Sequence[str], reason: str, at: datetime) -> None:
    """End licences, for good."""
    where = sa.and_(licence_grant.c.id.in_(list(grant_ids)), licence_grant.c.ended_at.is_(None))
    connection.execute(licence_grant.update().where(where).values(ended_at=at, end_reason=reason))


def end_expired(connection: sa.Connection, roots: Sequence[str], at: datetime) -> None:
    """End licences of these works whose time is over, so that a clock that is set back doesn't revive them."""
    where = sa.and_(
        licence_grant.c.root_id.in_(list(roots)), licence_grant.c.ended_at.is_(None), licence_grant.c.expires_at <= at
    )
    connection.execute(licence_grant.update().where(where).values(ended_at=at, end_reason="expired"))


def set_delivered(connection: sa.Connection, grant_id: str, at: datetime) -> bool:
    """Say that its copy was made; whether it wasn't yet."""
    where = sa.and_(licence_grant.c.id == grant_id, licence_grant.c.delivered_at.is_(None))
    return connection.execute(licence_grant.update().where(where).values(delivered_at=at)).rowcount == 1
