"""Rows about API keys: what programs show in place of a password. Of the secret only its SHA-256 is here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from luokuan.store.account_tables import api_key


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key. It may do what its account may, and no more than ``role`` and ``scopes`` say."""

    id: str
    account_id: str
    name: str
    digest: str
    role: str
    scopes: Sequence[str]
    created_at: datetime
    expires_at: datetime | None = None
    used_at: datetime | None = None
    revoked_at: datetime | None = None

    def valid(self, now: datetime) -> bool:
        """Whether it still opens anything."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def insert_key(connection: sa.Connection, row: KeyRow) -> None:
    """Insert ``row``."""
    values = {name: getattr(row, name) for name in KeyRow.__slots__}
    connection.execute(api_key.insert().values({**values, "scopes": list(row.scopes)}))


def find_key(connection: sa.Connection, key_id: str) -> KeyRow | None:
    """The key with this id, valid or not."""
    row = connection.execute(sa.select(api_key).where(api_key.c.id == key_id)).mappings().first()
    return None if row is None else KeyRow(**row)


def keys_of(connection: sa.Connection, account_id: str) -> list[KeyRow]:
    """An account's keys that weren't revoked, the newest first."""
    query = (
        sa.select(api_key)
        .where(api_key.c.account_id == account_id, api_key.c.revoked_at.is_(None))
        .order_by(api_key.c.created_at.desc(), api_key.c.id)
    )
    return [KeyRow(**row) for row in connection.execute(query).mappings()]


def touch_key(connection: sa.Connection, key_id: str, now: datetime) -> None:
    """Say that it was used."""
    connection.execute(api_key.update().where(api_key.c.id == key_id).values(used_at=now))


def revoke_key(connection: sa.Connection, key_id: str, account_id: str, now: datetime) -> bool:
    """Revoke a key of an account. Returns whether there was such a one."""
    wanted = sa.and_(api_key.c.id == key_id, api_key.c.account_id == account_id, api_key.c.revoked_at.is_(None))
    return connection.execute(api_key.update().where(wanted).values(revoked_at=now)).rowcount == 1


def revoke_keys(connection: sa.Connection, account_id: str, now: datetime) -> None:
    """Revoke all keys of an account."""
    wanted = sa.and_(api_key.c.account_id == account_id, api_key.c.revoked_at.is_(None))
    connection.execute(api_key.update().where(wanted).values(revoked_at=now))
