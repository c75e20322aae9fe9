"""Rows about archives that are coming in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from luokuan.store.accounts import AccountRow
from luokuan.store.belonging_tables import upload
from luokuan.store.belongings import What, name_taken


@dataclass(frozen=True, slots=True)
class UploadRow:
    """One archive. ``kind`` and ``name``: of the corpus or model that is to be; ``size``: of the whole archive, in
    bytes."""

    id: str
    account_id: str
    kind: What
    name: str
    size: int
    made_at: datetime


def insert_upload(connection: sa.Connection, row: UploadRow) -> None:
    """Insert ``row``.

    Raises:
        UserError: another archive is coming under this name.
    """
    values = {name: getattr(row, name) for name in UploadRow.__slots__}
    try:
        connection.execute(upload.insert().values(values))
    except sa.exc.IntegrityError as error:
        raise name_taken(row.name) from error


def find_upload(connection: sa.Connection, upload_id: str, person: AccountRow) -> UploadRow | None:
    """``person``'s upload with this id."""
    return _first(connection, upload.c.id == upload_id, upload.c.account_id == person.id)


def upload_named(connection: sa.Connection, kind: What, name: str) -> UploadRow | None:
    """What is coming under this name, whoever sends it."""
    return _first(connection, upload.c.kind == kind, upload.c.name == name)


def uploads_of(connection: sa.Connection, person: AccountRow, *kinds: What) -> list[UploadRow]:
    """All of ``person``'s of these kinds, the newest first."""
    mine = sa.and_(upload.c.account_id == person.id, upload.c.kind.in_(kinds))
    query = sa.select(upload).where(mine).order_by(upload.c.made_at.desc())
    return [UploadRow(**row) for row in connection.execute(query).mappings()]


def drop_upload(connection: sa.Connection, upload_id: str) -> None:
    """Forget the row."""
    connection.execute(upload.delete().where(upload.c.id == upload_id))


def older_uploads(connection: sa.Connection, limit: datetime) -> list[UploadRow]:
    """All that were begun before ``limit``."""
    return [
        UploadRow(**row) for row in connection.execute(sa.select(upload).where(upload.c.made_at < limit)).mappings()
    ]


def known_uploads(connection: sa.Connection) -> set[str]:
    """All ids."""
    return set(connection.execute(sa.select(upload.c.id)).scalars())


def _first(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> UploadRow | None:
    row = connection.execute(sa.select(upload).where(*where)).mappings().first()
    return None if row is None else UploadRow(**row)
