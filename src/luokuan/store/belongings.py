"""Whose corpora and models of the home are.

A person's own are theirs alone: nobody else sees or uses them, whatever their role. What has no owner is the home's:
its models may be used by everybody and are removed by administrators alone; its corpora are the administrators'.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.accounts import AccountRow
from luokuan.store.belonging_tables import belonging, upload
from luokuan.store.conflicts import changed_meanwhile

What = Literal["corpus", "model"]


@dataclass(frozen=True, slots=True)
class Belonging:
    """A row. ``account_id`` None: the home's; ``size``: bytes; ``version`` rises with each change."""

    kind: What
    name: str
    account_id: str | None
    size: int
    made_at: datetime
    version: int


def find_belonging(connection: sa.Connection, kind: What, name: str) -> Belonging | None:
    """The row of this name; None: there is none, and what is there is the home's."""
    row = connection.execute(sa.select(belonging).where(_named(kind, name))).mappings().first()
    return None if row is None else Belonging(**row)


def is_own(connection: sa.Connection, kind: What, name: str, person: AccountRow) -> bool:
    """Whether what has this name, if there is any, is ``person``'s to see and to change."""
    row = find_belonging(connection, kind, name)
    if row is None or row.account_id is None:
        return person.role == "admin"
    return row.account_id == person.id


def may_use(connection: sa.Connection, kind: What, name: str, person: AccountRow) -> bool:
    """Whether ``person`` may make something with it: what is their own, and models that are the home's."""
    row = find_belonging(connection, kind, name)
    homes = row is None or row.account_id is None
    return (kind == "model" and homes) or is_own(connection, kind, name, person)


def usable(connection: sa.Connection, kind: What, names: Iterable[str], person: AccountRow) -> list[str]:
    """Those of ``names`` that ``person`` may use, in their order."""
    owners = _owners(connection, kind)
    everybody = kind == "model" or person.role == "admin"
    return [name for name in names if owners.get(name) == person.id or (everybody and owners.get(name) is None)]


def own(connection: sa.Connection, kind: What, names: Iterable[str], person: AccountRow) -> list[str]:
    """Those of ``names`` that are ``person``'s, in their order; of administrators also what is the home's."""
    owners = _owners(connection, kind)
    homes = person.role == "admin"
    return [name for name in names if owners.get(name) == person.id or (homes and owners.get(name) is None)]


def names_of(connection: sa.Connection, kind: What, account_id: str) -> set[str]:
    """The names that an account has."""
    query = sa.select(belonging.c.name).where(belonging.c.kind == kind, belonging.c.account_id == account_id)
    return set(connection.execute(query).scalars())


def rows_of(connection: sa.Connection, kind: What, person: AccountRow) -> list[Belonging]:
    """The rows that name ``person``, the newest first."""
    query = sa.select(belonging).where(belonging.c.kind == kind, belonging.c.account_id == person.id)
    return [Belonging(**row) for row in connection.execute(query.order_by(belonging.c.made_at.desc())).mappings()]


def take(connection: sa.Connection, kind: What, name: str, account_id: str | None, at: datetime, size: int = 0) -> None:
    """Give a name to somebody; nothing happens if it is theirs already.

    Raises:
        UserError: it is somebody else's.
    """
    row = find_belonging(connection, kind, name)
    if row is None:
        values = {"kind": kind, "name": name, "account_id": account_id, "size": size, "made_at": at, "version": 1}
        try:
            connection.execute(belonging.insert().values(values))
        except sa.exc.IntegrityError as error:  # somebody was faster
            raise name_taken(name) from error
    elif row.account_id != account_id:
        raise name_taken(name)


def set_size(connection: sa.Connection, kind: What, name: str, size: int) -> None:
    """Say how many bytes it takes."""
    connection.execute(belonging.update().where(_named(kind, name)).values(size=size))


def change(connection: sa.Connection, kind: What, name: str, version: int) -> None:
    """Count a change, if nobody else was faster; in the transaction in which it is made.

    Raises:
        UserError: it isn't ``version`` any more (409).
    """
    where = sa.and_(_named(kind, name), belonging.c.version == version)
    if not connection.execute(belonging.update().where(where).values(version=version + 1)).rowcount:
        raise changed_meanwhile("belonging.changed")


def drop(connection: sa.Connection, kind: What, name: str) -> None:
    """Forget the row: the name is free, or what stays under it is the home's."""
    connection.execute(belonging.delete().where(_named(kind, name)))


def bytes_of(connection: sa.Connection, account_id: str) -> int:
    """Bytes of an account's corpora and models, with what is on its way."""
    total = 0
    for table in (belonging, upload):
        query = sa.select(sa.func.coalesce(sa.func.sum(table.c.size), 0)).where(table.c.account_id == account_id)
        total += int(connection.execute(query).scalar_one())
    return total


def name_taken(name: str) -> UserError:
    """What is said of a name that is taken; whose it is isn't told."""
    return UserError(
        _("The name '{name}' is taken.", name=name), _("Choose another name."), code="belonging.taken", status=409
    )


def _named(kind: What, name: str) -> sa.ColumnElement[bool]:
    return sa.and_(belonging.c.kind == kind, belonging.c.name == name)


def _owners(connection: sa.Connection, kind: What) -> dict[str, str | None]:
    rows = connection.execute(sa.select(belonging.c.name, belonging.c.account_id).where(belonging.c.kind == kind))
    return {row.name: row.account_id for row in rows}
