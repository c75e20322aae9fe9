"""Rows about finished works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.tables import work


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One row of the table ``work``; ``recipe`` and ``salt`` are None when they have been erased. ``sidecars``: SHA-256
    of the files that belong beside it, by what their names add to the work's."""

    id: str
    kind: str
    blob_sha256: str
    blob_size: int
    media_type: str
    model_name: str
    model_digest: str
    recipe: Mapping[str, Any] | None
    salt: bytes | None
    commitment: str
    licence: str
    label: str
    schema_version: int
    created_at: datetime
    sidecars: Mapping[str, str] = field(default_factory=dict)

    @property
    def erased(self) -> bool:
        """Whether it was erased: of its bytes and its recipe nothing is left."""
        return self.recipe is None


def insert_work(connection: sa.Connection, row: WorkRow) -> None:
    """Insert ``row``. The database refuses an id or bytes that it already knows (``IntegrityError``)."""
    connection.execute(work.insert().values(**asdict(row)))


def find_work(connection: sa.Connection, work_id: str) -> WorkRow | None:
    """The work with this id."""
    return _one(connection, work.c.id == work_id)


def find_work_by_sha256(connection: sa.Connection, sha256: str) -> WorkRow | None:
    """The work whose final bytes have this SHA-256."""
    return _one(connection, work.c.blob_sha256 == sha256)


def recent_works(connection: sa.Connection, limit: int | None = None, *, kind: str | None = None) -> list[WorkRow]:
    """The newest works first, all or ``limit`` of them, of one ``kind`` or of all."""
    query = sa.select(work).order_by(work.c.created_at.desc(), work.c.id).limit(limit)
    if kind is not None:
        query = query.where(work.c.kind == kind)
    return [WorkRow(**row) for row in connection.execute(query).mappings()]


def known_blobs(connection: sa.Connection, *, whole: bool = False) -> set[str]:
    """SHA-256 of every work's bytes, and of what belongs beside them; ``whole``: only of works that weren't erased."""
    found: set[str] = set()
    query = sa.select(work.c.blob_sha256, work.c.sidecars)
    for sha256, sidecars in connection.execute(query.where(work.c.recipe.is_not(None)) if whole else query):
        found.update((sha256, *sidecars.values()))
    return found


def with_recipe(connection: sa.Connection) -> set[str]:
    """Ids of the works whose recipe wasn't erased."""
    return set(connection.execute(sa.select(work.c.id).where(work.c.recipe.is_not(None))).scalars())


def no_work(reference: str) -> UserError:
    """What is said, everywhere, of a reference that leads to no work of the home."""
    return UserError(
        _("This home knows no work '{work}'.", work=reference[:200]),
        _("Give a file that was created with this home, or its id."),
        code="work.unknown",
        status=404,
    )


def _one(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> WorkRow | None:
    row = connection.execute(sa.select(work).where(condition)).mappings().first()
    return None if row is None else WorkRow(**row)
