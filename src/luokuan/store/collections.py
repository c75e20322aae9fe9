"""Rows about collections: somebody's works under a name of their own choice; a work may lie in many."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.accounts import AccountRow
from luokuan.store.conflicts import changed_meanwhile
from luokuan.store.house_tables import collection, collection_work
from luokuan.store.ownership import own_among
from luokuan.store.tables import work

LONGEST = 80
MOST = 500
"""Collections of one account."""


@dataclass(frozen=True, slots=True)
class CollectionRow:
    """One collection. ``count``: its works that weren't erased."""

    id: str
    name: str
    count: int


def collections_of(connection: sa.Connection, person: AccountRow) -> list[CollectionRow]:
    """Somebody's collections, in the order of names."""
    query = (
        sa.select(collection.c.id, collection.c.name, sa.func.count(work.c.id))
        .outerjoin(collection_work, collection_work.c.collection_id == collection.c.id)
        .outerjoin(work, sa.and_(work.c.id == collection_work.c.work_id, work.c.recipe.is_not(None)))
        .where(collection.c.account_id == person.id)
        .group_by(collection.c.id, collection.c.name)
        .order_by(collection.c.name)
    )
    return [CollectionRow(*row) for row in connection.execute(query)]


def find_collection(connection: sa.Connection, collection_id: str, person: AccountRow) -> CollectionRow | None:
    """The collection with this id, if it is ``person``'s."""
    return next((one for one in collections_of(connection, person) if one.id == collection_id), None)


def make_collection(connection: sa.Connection, collection_id: str, name: str, person: AccountRow, at: datetime) -> None:
    """Make one.

    Raises:
        UserError: the name won't do or is taken, or there are too many.
    """
    name = _checked(name)
    if len(collections_of(connection, person)) >= MOST:
        raise UserError(
            _("There are {most} collections already.", most=MOST), _("Delete one first."), code="collection.many",
            status=409,
        )  # fmt: skip
    values = {"id": collection_id, "account_id": person.id, "name": name, "created_at": at}
    try:
        with connection.begin_nested():
            connection.execute(collection.insert().values(**values))
    except sa.exc.IntegrityError as error:
        raise _taken(name) from error


def rename_collection(connection: sa.Connection, collection_id: str, name: str, *, was: str) -> None:
    """Give one that is called ``was`` another name.

    Raises:
        UserError: the name won't do, or is taken; it is called otherwise by now (409).
    """
    name = _checked(name)
    try:
        with connection.begin_nested():
            done = connection.execute(collection.update().where(_called(collection_id, was)).values(name=name))
    except sa.exc.IntegrityError as error:
        raise _taken(name) from error
    if not done.rowcount:
        raise changed_meanwhile("collection.changed")


def delete_collection(connection: sa.Connection, collection_id: str, *, was: str) -> None:
    """Delete one that is called ``was``; its works stay.

    Raises:
        UserError: it is called otherwise by now (409).
    """
    if connection.execute(sa.select(collection.c.id).where(_called(collection_id, was))).first() is None:
        raise changed_meanwhile("collection.changed")
    connection.execute(collection_work.delete().where(collection_work.c.collection_id == collection_id))
    connection.execute(collection.delete().where(collection.c.id == collection_id))


def _called(collection_id: str, name: str) -> sa.ColumnElement[bool]:
    return sa.and_(collection.c.id == collection_id, collection.c.name == name)


def add_works(
    connection: sa.Connection, collection_id: str, work_ids: Iterable[str], person: AccountRow, at: datetime
) -> int:
    """Put ``person``'s works among these into a collection. Returns how many weren't there yet."""
    # Held, so that of two who add the same at once the second sees what the first has done.
    connection.execute(sa.select(collection.c.id).where(collection.c.id == collection_id).with_for_update())
    own = own_among(connection, work_ids, person)
    there = sa.select(collection_work.c.work_id).where(collection_work.c.collection_id == collection_id)
    new = sorted(own - set(connection.execute(there).scalars()))
    if new:
        rows = [{"collection_id": collection_id, "work_id": work_id, "added_at": at} for work_id in new]
        connection.execute(collection_work.insert(), rows)
    return len(new)


def take_out(connection: sa.Connection, collection_id: str, work_ids: Iterable[str]) -> int:
    """Take works out of a collection. Returns how many."""
    where = sa.and_(
        collection_work.c.collection_id == collection_id, collection_work.c.work_id.in_(list(work_ids))
    )  # fmt: skip
    return connection.execute(collection_work.delete().where(where)).rowcount


def forget_work(connection: sa.Connection, work_id: str) -> None:
    """Take an erased work out of all collections."""
    connection.execute(collection_work.delete().where(collection_work.c.work_id == work_id))


def lying_in(collection_id: str) -> sa.ColumnElement[bool]:
    """The condition that a work lies in a collection."""
    return work.c.id.in_(sa.select(collection_work.c.work_id).where(collection_work.c.collection_id == collection_id))


def _checked(name: str) -> str:
    if not 0 < len(name) <= LONGEST or not name.isprintable():
        raise UserError(
            _("A collection needs a name of 1 to {most} characters.", most=LONGEST),
            _("Say what its works have in common."),
            code="collection.name",
            status=422,
        )
    return name


def _taken(name: str) -> UserError:
    return UserError(
        _("There is a collection '{name}' already.", name=name), _("Take another name."), code="collection.taken",
        status=409,
    )  # fmt: skip
