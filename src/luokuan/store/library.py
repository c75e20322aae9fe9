"""Looking through somebody's works: filters, search, and pages that stay right while works come and go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from luokuan.store.account_tables import trash
from luokuan.store.accounts import AccountRow
from luokuan.store.collections import lying_in
from luokuan.store.market_tables import work_preview
from luokuan.store.order_tables import licence_grant
from luokuan.store.ownership import belongs_to
from luokuan.store.tables import work
from luokuan.store.works import WorkRow


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which works. ``since`` and ``until``: made from this moment on, and before that one; ``text``: in the brief, the
    model's name, or at the beginning of the id; ``thrown``: those in the trash instead of the others; ``collection``:
    those in the one with this id."""

    kind: str = ""
    model: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    thrown: bool = False
    collection: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a page ended: moment and id of its last work."""

    at: datetime
    id: str


def page_of_works(
    connection: sa.Connection, person: AccountRow, wanted: Wanted, limit: int, after: Mark | None = None
) -> tuple[list[WorkRow], Mark | None]:
    """``limit`` works at most, the newest first, and where the next page begins; None if there is none."""
    query = sa.select(work).where(*_conditions(person, wanted)).order_by(work.c.created_at.desc(), work.c.id.desc())
    if after is not None:
        earlier = sa.and_(work.c.created_at == after.at, work.c.id < after.id)
        # The first condition alone lets the index on the time be used.
        query = query.where(work.c.created_at <= after.at, sa.or_(work.c.created_at < after.at, earlier))
    rows = [WorkRow(**row) for row in connection.execute(query.limit(limit + 1)).mappings()]
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], Mark(last.created_at, last.id)


def count_works(connection: sa.Connection, person: AccountRow, wanted: Wanted) -> int:
    """How many there are."""
    return connection.execute(sa.select(sa.func.count(work.c.id)).where(*_conditions(person, wanted))).scalar_one()


def own_works(connection: sa.Connection, work_ids: Iterable[str], person: AccountRow) -> list[WorkRow]:
    """Those of these works that are ``person``'s, weren't erased and don't lie in the trash."""
    query = sa.select(work).where(work.c.id.in_(list(work_ids)), *_conditions(person, Wanted()))
    return [WorkRow(**row) for row in connection.execute(query).mappings()]


def works_of_media(connection: sa.Connection, person: AccountRow, media: str, limit: int) -> list[WorkRow]:
    """The newest works of a media type, or of all that begin with ``media``, such as ``image``; ``image+video``: of
    either. A sheet of music as SVG is no picture from which something starts: it has no pixels."""
    fits = [work.c.media_type == one if "/" in one else work.c.media_type.startswith(f"{one}/")
            for one in media.split("+")]  # fmt: skip
    query = sa.select(work).where(sa.or_(*fits), work.c.media_type != "image/svg+xml", *_conditions(person, Wanted()))
    found = connection.execute(query.order_by(work.c.created_at.desc(), work.c.id.desc()).limit(limit)).mappings()
    return [WorkRow(**row) for row in found]


@dataclass(frozen=True, slots=True)
class Overview:
    """What somebody's works can be filtered by, and how many are wanted."""

    kinds: list[str]
    models: list[str]
    count: int


def overview(connection: sa.Connection, person: AccountRow, wanted: Wanted) -> Overview:
    """``kinds`` and ``models``: of all that isn't in the trash; ``count``: see ``count_works``."""
    # One walk along an index tells all three; only other filters than these two need another one.
    query = (
        sa.select(work.c.kind, work.c.model_name, sa.func.count())
        .where(*_conditions(person, Wanted()))
        .group_by(work.c.kind, work.c.model_name)
    )
    rows = [(kind, model, int(count)) for kind, model, count in connection.execute(query)]
    if wanted == Wanted(kind=wanted.kind, model=wanted.model):
        fits = (count for kind, model, count in rows
                if wanted.kind in ("", kind) and wanted.model in ("", model))  # fmt: skip
        found = sum(fits)
    else:
        found = count_works(connection, person, wanted)
    return Overview(
        sorted({kind for kind, _model, _count in rows}), sorted({model for _kind, model, _count in rows}), found
    )


def storage(connection: sa.Connection) -> list[tuple[str, int, int]]:
    """Kind, number and bytes of all works that weren't erased."""
    query = (
        sa.select(work.c.kind, sa.func.count(), sa.func.sum(work.c.blob_size))
        .where(work.c.recipe.is_not(None))
        .group_by(work.c.kind)
        .order_by(work.c.kind)
    )
    return [(kind, int(count), int(size)) for kind, count, size in connection.execute(query)]


def _conditions(person: AccountRow, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    thrown = work.c.id.in_(sa.select(trash.c.work_id))
    found = [work.c.recipe.is_not(None), belongs_to(person), thrown if wanted.thrown else ~thrown]
    # Reduced copies for the market go with the works that they show, and licensed ones with their orders.
    found.append(work.c.id.not_in(sa.select(work_preview.c.preview_id)))
    found.append(work.c.id.not_in(sa.select(licence_grant.c.id)))
    if wanted.collection:
        found.append(lying_in(wanted.collection))
    if wanted.kind:
        found.append(work.c.kind == wanted.kind)
    if wanted.model:
        found.append(work.c.model_name == wanted.model)
    if wanted.since is not None:
        found.append(work.c.created_at >= wanted.since)
    if wanted.until is not None:
        found.append(work.c.created_at < wanted.until)
    if text := wanted.text.strip():
        found.append(
            sa.or_(
                work.c.recipe["brief"].as_string().icontains(text, autoescape=True),
                work.c.model_name.icontains(text, autoescape=True),
                work.c.id.startswith(text.lower(), autoescape=True),
            )
        )
    return found
