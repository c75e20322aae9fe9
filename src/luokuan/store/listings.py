"""Rows about what is offered: listings, their works, and the reduced previews of works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from luokuan.store.market_tables import listing, listing_work, work_preview
from luokuan.store.tables import ingredient

COPIES = ("derived", "licensed")
"""Purposes of ingredients of which a work is another form."""


@dataclass(frozen=True, slots=True)
class ListingRow:
    """One listing; see ``market_tables.listing``. ``seller``: an account, or None: the home's own."""

    id: str
    seller: str | None
    kind: str
    title: str
    about: str
    terms: Mapping[str, Any]
    amount: int
    currency: str
    exclusive: bool
    folded: str
    met: Sequence[str]
    state: str
    published_at: datetime
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One work of a listing. ``root_id``: of what it is a copy, or itself; ``claims``: who gets what of its price."""

    listing_id: str
    work_id: str
    place: int
    root_id: str
    claims: Sequence[Mapping[str, Any]]


def insert_listing(connection: sa.Connection, row: ListingRow, items: Sequence[ItemRow]) -> None:
    """Insert a listing with its works."""
    connection.execute(listing.insert().values(**asdict(row)))
    connection.execute(listing_work.insert(), [asdict(one) for one in items])


def find_listing(connection: sa.Connection, listing_id: str, *, lock: bool = False) -> ListingRow | None:
    """The listing with this id; with ``lock`` held until the transaction ends."""
    query = sa.select(listing).where(listing.c.id == listing_id)
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    return None if row is None else ListingRow(**row)


def items_of(connection: sa.Connection, listing_id: str) -> list[ItemRow]:
    """Its works, in their order."""
    query = sa.select(listing_work).where(listing_work.c.listing_id == listing_id).order_by(listing_work.c.place)
    return [ItemRow(**row) for row in connection.execute(query).mappings()]


def listings(
    connection: sa.Connection,
    *,
    state: str = "",
    words: str = "",
    sellers: Sequence[str | None] | None = None,
    limit: int | None = None,
    after: tuple[datetime, str] | None = None,
) -> list[ListingRow]:
    """Listings, the newest first.

    Args:
        connection: For reading.
        state: Only those that stand there.
        words: Only those whose folded words hold this.
        sellers: Only theirs; None among them: the home's own.
        limit: So many at most.
        after: Moment and id of the last one that was seen.
    """
    query = sa.select(listing).order_by(listing.c.published_at.desc(), listing.c.id.desc()).limit(limit)
    if state:
        query = query.where(listing.c.state == state)
    if words:
        query = query.where(listing.c.folded.contains(words, autoescape=True))
    if sellers is not None:
        mine = [one for one in sellers if one is not None]
        own = listing.c.seller.in_(mine)
        query = query.where(sa.or_(own, listing.c.seller.is_(None)) if None in sellers else own)
    if after is not None:
        at, last = after
        same = sa.and_(listing.c.published_at == at, listing.c.id < last)
        query = query.where(sa.or_(listing.c.published_at < at, same))
    return [ListingRow(**row) for row in connection.execute(query).mappings()]


def offers_of(connection: sa.Connection, roots: Sequence[str]) -> list[ListingRow]:
    """Published listings that hold a work, or a copy of one, of these."""
    holding = sa.select(listing_work.c.listing_id).where(listing_work.c.root_id.in_(list(roots)))
    query = sa.select(listing).where(listing.c.state == "published", listing.c.id.in_(holding)).order_by(listing.c.id)
    return [ListingRow(**row) for row in connection.execute(query).mappings()]


def close_listing(connection: sa.Connection, listing_id: str, state: str, at: datetime) -> bool:
    """Offer it no more; whether it was offered."""
    query = listing.update().where(listing.c.id == listing_id, listing.c.state == "published")
    return connection.execute(query.values(state=state, closed_at=at)).rowcount == 1


def set_preview(connection: sa.Connection, work_id: str, preview_id: str) -> None:
    """Say which work is the preview of another. The database refuses a second one."""
    connection.execute(work_preview.insert().values(work_id=work_id, preview_id=preview_id))


def find_preview(connection: sa.Connection, work_id: str) -> str | None:
    """The preview of a work."""
    return connection.execute(
        sa.select(work_preview.c.preview_id).where(work_preview.c.work_id == work_id)
    ).scalar()  # fmt: skip


def is_preview(connection: sa.Connection, work_id: str) -> bool:
    """Whether a work is the preview of another."""
    query = sa.select(work_preview.c.work_id).where(work_preview.c.preview_id == work_id)
    return connection.execute(query).first() is not None


def root_of(connection: sa.Connection, work_id: str) -> str:
    """The work of which this one is a copy, or a copy of a copy; itself where it is none."""
    seen = {work_id}
    while True:
        query = sa.select(ingredient.c.parent_id).where(
            ingredient.c.work_id == work_id, ingredient.c.role == "parentOf", ingredient.c.purpose.in_(COPIES),
            ingredient.c.parent_id.is_not(None),
        )  # fmt: skip
        parent = connection.execute(query).scalar()
        if parent is None or parent in seen:
            return work_id
        seen.add(parent)
        work_id = parent
