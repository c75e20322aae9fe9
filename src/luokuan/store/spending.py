"""What jobs have spent, and which works they made: rows for whoever counts costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from luokuan.store.account_tables import ownership
from luokuan.store.tables import feedback, job, job_output, work


@dataclass(frozen=True, slots=True)
class SpentJob:
    """A job's computing. ``makes`` is such as ``model:mine``, or None; ``works``: ids of those that it finished."""

    id: str
    kind: str
    state: str
    makes: str | None
    seconds: float
    created_at: datetime
    works: tuple[str, ...]


def spent_jobs(connection: sa.Connection, owner: str | None = None) -> list[SpentJob]:
    """Jobs that are still in the home, oldest first; one that was forgotten is no record any more. ``owner``: only
    those of this account."""
    made: dict[str, list[str]] = {}
    outputs = sa.select(job_output.c.job_id, job_output.c.work_id).order_by(job_output.c.job_id, job_output.c.place)
    for job_id, work_id in connection.execute(outputs):
        made.setdefault(job_id, []).append(work_id)
    columns = (job.c.id, job.c.kind, job.c.state, job.c.makes, job.c.compute_seconds, job.c.created_at)
    query = sa.select(*columns).order_by(job.c.number)
    if owner is not None:
        query = query.where(job.c.owner == owner)
    rows = connection.execute(query).all()
    return [
        SpentJob(
            row.id,
            row.kind,
            row.state,
            row.makes,
            float(row.compute_seconds),
            row.created_at,
            tuple(made.get(row.id, ())),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class MadeWork:
    """A work as costs see it: bytes, and no word of its brief. ``erased``: nothing of it is stored any more."""

    id: str
    kind: str
    model_name: str
    model_digest: str
    size: int
    created_at: datetime
    erased: bool


def made_works(connection: sa.Connection, owner: str | None = None) -> list[MadeWork]:
    """Works, oldest first. ``owner``: only those that are this account's."""
    size = work.c.blob_size.label("size")
    columns = (work.c.id, work.c.kind, work.c.model_name, work.c.model_digest, size, work.c.created_at)
    query = sa.select(*columns, work.c.recipe.is_(None).label("erased")).order_by(work.c.created_at, work.c.id)
    if owner is not None:
        query = query.where(work.c.id.in_(sa.select(ownership.c.work_id).where(ownership.c.account_id == owner)))
    return [MadeWork(**{**row, "erased": bool(row["erased"])}) for row in connection.execute(query).mappings()]


def opinions(connection: sa.Connection) -> dict[str, bool]:
    """Work to whether it was liked, of works that were rated."""
    return {row.work_id: bool(row.liked) for row in connection.execute(sa.select(feedback))}
