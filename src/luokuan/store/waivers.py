"""Rows about works without explicit label: who answers for them, why, and how long that is kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.logbook import erase_entries
from luokuan.store.tables import waiver, waiver_permission

KEPT = timedelta(days=184)
"""How long a row is kept: no six months in a row have more days."""


@dataclass(frozen=True, slots=True)
class Permission:
    """Who answers for works without explicit label in this home, and since when."""

    who: str
    allowed_at: datetime


@dataclass(frozen=True, slots=True)
class WaiverRow:
    """One row of the table ``waiver``. The database refuses to change it, and to delete it before ``kept_until``."""

    work_id: str
    who: str
    reason: str
    acknowledged_at: datetime
    kept_until: datetime


def permission(connection: sa.Connection) -> Permission | None:
    """Who may waive; None: nobody."""
    row = connection.execute(sa.select(waiver_permission.c.who, waiver_permission.c.allowed_at)).mappings().first()
    return None if row is None else Permission(**row)


def allow_waivers(connection: sa.Connection, who: str, at: datetime) -> None:
    """Name who answers from now on, in the place of whoever did before."""
    forbid_waivers(connection)
    connection.execute(waiver_permission.insert().values(id=1, who=who, allowed_at=at))


def forbid_waivers(connection: sa.Connection) -> None:
    """Allow no more; what was waived stays logged."""
    connection.execute(waiver_permission.delete())


def insert_waiver(connection: sa.Connection, row: WaiverRow) -> None:
    """Insert ``row``. The database refuses a second one for a work, or one that is kept for too short a time."""
    connection.execute(waiver.insert().values(**asdict(row)))


def list_waivers(connection: sa.Connection) -> list[WaiverRow]:
    """All rows, the oldest first."""
    chosen = sa.select(waiver).order_by(waiver.c.acknowledged_at, waiver.c.work_id)
    return [WaiverRow(**row) for row in connection.execute(chosen).mappings()]


def forget_waiver(connection: sa.Connection, work_id: str, now: datetime) -> None:
    """Delete a row that need not be kept any more, and name and reason in its entries of the log; the leaves stay.

    Raises:
        UserError: there is none, or it must be kept.
    """
    row = connection.execute(sa.select(waiver).where(waiver.c.work_id == work_id)).mappings().first()
    if row is None:
        raise UserError(
            _("No waiver is logged for the work {id}.", id=work_id),
            _("`luokuan waiver list` shows all."),
            code="waiver.missing",
            status=404,
        )
    if row["kept_until"] > now:
        raise UserError(
            _("The waiver of the work {id} must be kept until {day}.", id=work_id, day=row["kept_until"].date()),
            _("Try again after that day."),
            code="waiver.kept",
            status=409,
        )
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    connection.execute(waiver.delete().where(waiver.c.work_id == work_id))
    erase_entries(connection, work_id, ("waiver",))
