"""Rows about what works start from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from luokuan.store.tables import ingredient, log_entry, work
from luokuan.store.works import WorkRow


@dataclass(frozen=True, slots=True)
class IngredientRow:
    """One row of the table ``ingredient``.

    Args:
        work_id: What was made.
        place: Its number among the work's ingredients, from 0.
        role: ``parentOf``: the work is another state of it; ``inputTo``: it was looked at.
        purpose: ``derived`` or ``licensed`` copy, ``edited``, or ``reference``.
        parent_id: The work of this home that it is, or None.
        sha256: Of the file.
        title: What people call it; private, as is the whole row.
        aigc: Its AIGC label, if it had one.
    """

    work_id: str
    place: int
    role: str
    purpose: str
    parent_id: str | None
    sha256: str
    title: str
    aigc: Mapping[str, str] | None = None


def insert_ingredients(connection: sa.Connection, rows: Sequence[IngredientRow]) -> None:
    """Insert ``rows``, after their work."""
    if rows:
        connection.execute(ingredient.insert(), [asdict(row) for row in rows])


def erase_ingredients(connection: sa.Connection, work_id: str) -> None:
    """Erase what is known of the files that a work starts from; which works of this home it starts from stays."""
    own = ingredient.c.work_id == work_id
    connection.execute(ingredient.delete().where(own, ingredient.c.parent_id.is_(None)))
    connection.execute(ingredient.update().where(own).values(title="", aigc=sa.null()))


def find_ingredients(connection: sa.Connection, work_id: str) -> list[IngredientRow]:
    """What a work starts from, in its order."""
    chosen = sa.select(ingredient).where(ingredient.c.work_id == work_id).order_by(ingredient.c.place)
    return [IngredientRow(**_values(row)) for row in connection.execute(chosen).mappings()]


def derived_works(connection: sa.Connection, work_id: str) -> list[tuple[WorkRow, IngredientRow]]:
    """Works that start from this one, in the order of their making, each with the row that says so.

    Times are whole seconds: what was made within one stands in the order of its log entries.
    """
    logged = sa.select(sa.func.min(log_entry.c.leaf_index)).where(log_entry.c.work_id == work.c.id).scalar_subquery()
    own = [column.label(f"made_{column.name}") for column in work.c]
    chosen = (
        sa.select(ingredient, *own)
        .join(work, work.c.id == ingredient.c.work_id)
        .where(ingredient.c.parent_id == work_id)
        .order_by(work.c.created_at, logged, work.c.id, ingredient.c.place)
    )
    found = []
    for row in connection.execute(chosen).mappings():
        values = {column.name: row[f"made_{column.name}"] for column in work.c}
        found.append((WorkRow(**values), IngredientRow(**_values(row))))
    return found


def descendants(connection: sa.Connection, work_id: str) -> set[str]:
    """Ids of all works that start from this one, or from one that does."""
    first = sa.select(ingredient.c.work_id).where(ingredient.c.parent_id == work_id).cte("made", recursive=True)
    made = first.union(sa.select(ingredient.c.work_id).where(ingredient.c.parent_id == first.c.work_id))
    return set(connection.execute(sa.select(made.c.work_id)).scalars())


def _values(row: Any) -> dict[str, Any]:
    return {column.name: row[column.name] for column in ingredient.c}
