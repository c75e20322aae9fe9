"""Rows about what a person thought of works."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from luokuan.store.tables import feedback, work
from luokuan.store.works import WorkRow


def put_feedback(connection: sa.Connection, work_id: str, liked: bool | None, given_at: datetime) -> None:
    """Note what is thought of a work, in the place of what was thought before; None: take it back.

    Args:
        given_at: With a zone.
    """
    connection.execute(feedback.delete().where(feedback.c.work_id == work_id))
    if liked is not None:
        connection.execute(feedback.insert().values(work_id=work_id, liked=liked, given_at=given_at))


def opinions(connection: sa.Connection, work_ids: Iterable[str]) -> dict[str, bool]:
    """Which of these works were rated, and whether they were liked."""
    query = sa.select(feedback.c.work_id, feedback.c.liked).where(feedback.c.work_id.in_(list(work_ids)))
    return {work_id: bool(liked) for work_id, liked in connection.execute(query)}


def rated_works(connection: sa.Connection) -> list[tuple[WorkRow, bool]]:
    """Works that were rated and whether they were liked, in the order of their making."""
    chosen = (
        sa.select(work, feedback.c.liked)
        .join(feedback, feedback.c.work_id == work.c.id)
        .order_by(work.c.created_at, work.c.id)
    )
    found = []
    for row in connection.execute(chosen).mappings():
        values = dict(row)
        liked = bool(values.pop("liked"))
        found.append((WorkRow(**values), liked))
    return found
