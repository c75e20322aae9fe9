"""Rows about what works look, read and sound like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import sqlalchemy as sa

from luokuan.store.tables import fingerprint, work
from luokuan.store.works import WorkRow

NOTHING = "none"
"""The kind of the row that says that a work was looked at and has no fingerprint."""


class Found(Protocol):
    """A fingerprint that was taken; see ``colophon.fingerprint``."""

    @property
    def kind(self) -> str:
        """``picture``, ``sound`` or ``text``."""
        ...

    @property
    def bits(self) -> bytes:
        """What is compared."""
        ...

    @property
    def quality(self) -> int:
        """0 to 100."""
        ...


def insert_fingerprints(connection: sa.Connection, work_id: str, found: Sequence[Found]) -> None:
    """Insert the fingerprints of a work; of none, a row that says so. The database refuses a second time."""
    rows = [
        {"work_id": work_id, "number": number, "kind": one.kind, "bits": one.bits, "quality": one.quality}
        for number, one in enumerate(found)
    ]
    nothing = {"work_id": work_id, "number": 0, "kind": NOTHING, "bits": b"", "quality": 0}
    connection.execute(fingerprint.insert(), rows or [nothing])


def erase_fingerprints(connection: sa.Connection, work_id: str) -> None:
    """Erase the fingerprints of a work; a row stays that says that nobody need take them again."""
    connection.execute(fingerprint.delete().where(fingerprint.c.work_id == work_id))
    insert_fingerprints(connection, work_id, ())


def fingerprints_after(
    connection: sa.Connection, kind: str, last: int, least_quality: int, *, at_once: int = 50_000
) -> Iterator[Sequence[sa.Row[int, str, bytes]]]:
    """``id``, ``work_id`` and ``bits`` of a kind, with ids above ``last`` and of this quality or more, some at a
    time. They come by their ids, which rise in the order in which rows were inserted."""
    columns = (fingerprint.c.id, fingerprint.c.work_id, fingerprint.c.bits)
    while True:
        chosen = (
            sa.select(*columns)
            .where(fingerprint.c.kind == kind, fingerprint.c.id > last, fingerprint.c.quality >= least_quality)
            .order_by(fingerprint.c.id)
            .limit(at_once)
        )
        rows = connection.execute(chosen).all()
        if not rows:
            return
        yield rows
        last = rows[-1].id


def fingerprint_bits(connection: sa.Connection, ids: Sequence[int]) -> dict[int, bytes]:
    """The bits of these rows, by id."""
    columns = (fingerprint.c.id, fingerprint.c.bits)
    chosen = sa.select(*columns).where(fingerprint.c.id.in_(ids))
    return {row.id: row.bits for row in connection.execute(chosen)}


def bits_of_work(connection: sa.Connection, work_id: str, kind: str, least_quality: int) -> list[bytes]:
    """The bits of a work's fingerprints of a kind, of this quality or more."""
    chosen = sa.select(fingerprint.c.bits).where(
        fingerprint.c.work_id == work_id, fingerprint.c.kind == kind, fingerprint.c.quality >= least_quality
    )
    return list(connection.execute(chosen.order_by(fingerprint.c.number)).scalars())


def has_fingerprints(connection: sa.Connection, work_id: str) -> bool:
    """Whether somebody has taken the fingerprints of a work, or found that it has none."""
    return connection.execute(sa.select(fingerprint.c.id).where(fingerprint.c.work_id == work_id)).first() is not None


def works_without(connection: sa.Connection, count: int, *, after: str = "") -> list[WorkRow]:
    """Up to ``count`` works that nobody has taken fingerprints of, with ids above ``after``, in their order."""
    taken = sa.exists().where(fingerprint.c.work_id == work.c.id)
    chosen = sa.select(work).where(~taken, work.c.id > after).order_by(work.c.id).limit(count)
    return [WorkRow(**row) for row in connection.execute(chosen).mappings()]
