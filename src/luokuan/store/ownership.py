"""Whose a work is, and whether it lies in the trash."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from luokuan.store.account_tables import ownership, trash
from luokuan.store.accounts import AccountRow
from luokuan.store.tables import work
from luokuan.store.works import WorkRow


def set_owner(connection: sa.Connection, work_id: str, account_id: str) -> None:
    """Say whose a work is. The row of the work may follow in the same transaction."""
    connection.execute(ownership.insert().values(work_id=work_id, account_id=account_id))


def owner_of(connection: sa.Connection, work_id: str) -> str | None:
    """Id of the owner; None: it belongs to the home's administrators."""
    return connection.execute(sa.select(ownership.c.account_id).where(ownership.c.work_id == work_id)).scalar()


def works_of(connection: sa.Connection, account_id: str | None) -> set[str]:
    """Ids of all works of an account; None: of those that belong to the home's administrators."""
    if account_id is None:
        query = sa.select(work.c.id).where(work.c.id.not_in(sa.select(ownership.c.work_id)))
    else:
        query = sa.select(ownership.c.work_id).where(ownership.c.account_id == account_id)
    return set(connection.execute(query).scalars())


def belongs_to(person: AccountRow) -> sa.ColumnElement[bool]:
    """The condition that a work is ``person``'s: their own, and to administrators also what was made on the command
    line. Nobody, whatever their role, sees the works of others here."""
    own = work.c.id.in_(sa.select(ownership.c.work_id).where(ownership.c.account_id == person.id))
    if person.role != "admin":
        return own
    return sa.or_(own, work.c.id.not_in(sa.select(ownership.c.work_id)))


def find_own_work(connection: sa.Connection, work_id: str, person: AccountRow) -> WorkRow | None:
    """The work with this id, if it is ``person``'s and wasn't erased."""
    query = sa.select(work).where(work.c.id == work_id, work.c.recipe.is_not(None), belongs_to(person))
    row = connection.execute(query).mappings().first()
    return None if row is None else WorkRow(**row)


def own_among(connection: sa.Connection, work_ids: Iterable[str], person: AccountRow) -> set[str]:
    """Which of these works are ``person``'s."""
    query = sa.select(work.c.id).where(work.c.id.in_(list(work_ids)), belongs_to(person))
    return set(connection.execute(query).scalars())


def throw_away(connection: sa.Connection, work_id: str, now: datetime) -> None:
    """Put a work into the trash; nothing happens to one that lies there."""
    # Held, so that of two who do it at once the second sees what the first has done.
    connection.execute(sa.select(work.c.id).where(work.c.id == work_id).with_for_update())
    if not in_trash(connection, work_id):
        connection.execute(trash.insert().values(work_id=work_id, thrown_at=now))


def take_back(connection: sa.Connection, work_id: str) -> None:
    """Take a work out of the trash."""
    connection.execute(trash.delete().where(trash.c.work_id == work_id))


def in_trash(connection: sa.Connection, work_id: str) -> bool:
    """Whether a work lies in the trash."""
    return connection.execute(sa.select(trash.c.work_id).where(trash.c.work_id == work_id)).scalar() is not None


def stored_bytes(connection: sa.Connection, account_id: str) -> int:
    """Bytes of an account's works, those in the trash too."""
    query = (
        sa.select(sa.func.coalesce(sa.func.sum(work.c.blob_size), 0))
        .join(ownership, ownership.c.work_id == work.c.id)
        .where(ownership.c.account_id == account_id, work.c.recipe.is_not(None))
    )
    return int(connection.execute(query).scalar_one())
