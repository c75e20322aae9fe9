"""Rows about who is logged in, and about one-time links. What the browser holds is here only as its SHA-256."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from luokuan.store.account_tables import account, link, session
from luokuan.store.accounts import AccountRow


@dataclass(frozen=True, slots=True)
class SessionRow:
    """Somebody who is logged in. ``seen_at``: the last request, to the minute; ``expires_at``: the end, whatever
    happens."""

    digest: str
    account_id: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


def insert_session(connection: sa.Connection, row: SessionRow) -> None:
    """Insert ``row``, and take away what has expired."""
    connection.execute(session.delete().where(session.c.expires_at <= row.created_at))
    connection.execute(session.insert().values({name: getattr(row, name) for name in SessionRow.__slots__}))


def find_session(
    connection: sa.Connection, digest: str, now: datetime, idle: timedelta
) -> tuple[SessionRow, AccountRow] | None:
    """Who holds this session; None if there is none, it has expired or slept for ``idle``, or the account is closed.

    A clock that jumped back doesn't lengthen a session: one from the future counts for none.
    """
    # One question: it comes with each request.
    query = sa.select(session, account).join(account, account.c.id == session.c.account_id)
    found = connection.execute(query.where(session.c.digest == digest)).first()
    if found is None:
        return None
    width = len(session.c)
    row = SessionRow(**dict(zip(session.c.keys(), found[:width], strict=True)))
    owner = AccountRow(**dict(zip(account.c.keys(), found[width:], strict=True)))
    if not row.created_at <= now + timedelta(minutes=5) or now >= min(row.expires_at, row.seen_at + idle):
        return None
    return (row, owner) if owner.active else None


def touch_session(connection: sa.Connection, digest: str, now: datetime) -> None:
    """Say that it was used."""
    connection.execute(session.update().where(session.c.digest == digest).values(seen_at=now))


def end_session(connection: sa.Connection, digest: str) -> None:
    """Log out."""
    connection.execute(session.delete().where(session.c.digest == digest))


def end_sessions(connection: sa.Connection, account_id: str) -> int:
    """Log out everywhere. Returns of how many sessions."""
    return connection.execute(session.delete().where(session.c.account_id == account_id)).rowcount


def count_sessions(connection: sa.Connection, account_id: str, now: datetime) -> int:
    """In how many places somebody is logged in."""
    query = sa.select(sa.func.count()).where(session.c.account_id == account_id, session.c.expires_at > now)
    return connection.execute(query).scalar_one()


def insert_link(connection: sa.Connection, digest: str, account_id: str, now: datetime, expires_at: datetime) -> None:
    """Let the holder of a link set the password of an account, once; take away links that have expired."""
    connection.execute(link.delete().where(link.c.expires_at <= now))
    connection.execute(
        link.insert().values(digest=digest, account_id=account_id, created_at=now, expires_at=expires_at)
    )


def find_link(connection: sa.Connection, digest: str, now: datetime) -> AccountRow | None:
    """Whose link it is; None if it was used, has expired, was never given, or the account is closed."""
    query = (
        sa.select(account)
        .join(link, link.c.account_id == account.c.id)
        .where(link.c.digest == digest, link.c.expires_at > now, account.c.active)
    )
    row = connection.execute(query).mappings().first()
    return None if row is None else AccountRow(**row)


def use_link(connection: sa.Connection, digest: str, now: datetime) -> AccountRow | None:
    """Use a link: of two at once, one gets it. All links of that account are gone then."""
    found = find_link(connection, digest, now)
    if found is None or connection.execute(link.delete().where(link.c.digest == digest)).rowcount != 1:
        return None
    connection.execute(link.delete().where(link.c.account_id == found.id))
    return found
