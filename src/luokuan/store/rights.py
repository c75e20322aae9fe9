"""Rows of rights: records of sources, protected names, overrides of the guard, notices, withdrawals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from luokuan.store.rights_tables import guard_override, protected_name, rights_notice, source_record, withdrawal
from luokuan.store.tables import ingredient


@dataclass(frozen=True, slots=True)
class SourceRow:
    """What somebody recorded of a source, by its digest. Empty texts say nothing."""

    digest: str
    title: str
    licence: str
    credit: str
    consent: str
    personal_data: str
    who: str
    recorded_at: datetime

    def as_record(self) -> dict[str, str]:
        """The texts about rights."""
        return {
            "licence": self.licence,
            "credit": self.credit,
            "consent": self.consent,
            "personal_data": self.personal_data,
        }


@dataclass(frozen=True, slots=True)
class NameRow:
    """A protected name or mark, and its form that is compared."""

    skeleton: str
    name: str
    kind: str
    note: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class OverrideRow:
    """One row of the table ``guard_override``. The database refuses to change it, and to delete it too early."""

    work_id: str
    findings_digest: str
    findings: list[Any]
    who: str
    reason: str
    made_at: datetime
    kept_until: datetime


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice that a work infringes, and where it stands; see ``rights.notices``."""

    id: str
    work_id: str
    state: str
    ground: str
    claimant: str
    contact: str
    statement: str
    received_at: datetime
    due_at: datetime | None
    decided_at: datetime | None = None
    decision: str | None = None
    counter_by: str | None = None
    counter_statement: str | None = None
    countered_at: datetime | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WithdrawalRow:
    """A work that isn't served any more. ``notice_id``: the notice that led to it, or None."""

    work_id: str
    who: str
    reason: str
    notice_id: str | None
    withdrawn_at: datetime


def find_record(connection: sa.Connection, digest: str) -> SourceRow | None:
    """What was recorded of a source."""
    found = connection.execute(sa.select(source_record).where(source_record.c.digest == digest)).mappings().first()
    return None if found is None else SourceRow(**found)


def put_record(connection: sa.Connection, row: SourceRow) -> None:
    """Record it, in the place of what was recorded before."""
    forget_record(connection, row.digest)
    connection.execute(source_record.insert().values(**asdict(row)))


def forget_record(connection: sa.Connection, digest: str) -> bool:
    """Forget it; whether there was something."""
    return connection.execute(source_record.delete().where(source_record.c.digest == digest)).rowcount > 0


def list_records(connection: sa.Connection) -> list[SourceRow]:
    """All, the oldest first."""
    chosen = sa.select(source_record).order_by(source_record.c.recorded_at, source_record.c.digest)
    return [SourceRow(**row) for row in connection.execute(chosen).mappings()]


def add_name(connection: sa.Connection, row: NameRow) -> bool:
    """Protect a name; False where one that is compared alike is there."""
    known = sa.select(protected_name.c.skeleton).where(protected_name.c.skeleton == row.skeleton)
    if connection.execute(known).first() is not None:
        return False
    connection.execute(protected_name.insert().values(**asdict(row)))
    return True


def remove_name(connection: sa.Connection, skeleton: str) -> bool:
    """Protect it no more; whether it was there."""
    return connection.execute(protected_name.delete().where(protected_name.c.skeleton == skeleton)).rowcount > 0


def list_names(connection: sa.Connection) -> list[NameRow]:
    """All protected names, in the order of their adding."""
    chosen = sa.select(protected_name).order_by(protected_name.c.added_at, protected_name.c.skeleton)
    return [NameRow(**row) for row in connection.execute(chosen).mappings()]


def insert_override(connection: sa.Connection, row: OverrideRow) -> None:
    """Insert ``row``. The database refuses a second one for the same findings."""
    connection.execute(guard_override.insert().values(**asdict(row)))


def find_override(connection: sa.Connection, work_id: str, findings_digest: str) -> OverrideRow | None:
    """The override of exactly these findings."""
    chosen = sa.select(guard_override).where(
        guard_override.c.work_id == work_id, guard_override.c.findings_digest == findings_digest
    )
    found = connection.execute(chosen).mappings().first()
    return None if found is None else OverrideRow(**found)


def list_overrides(connection: sa.Connection) -> list[OverrideRow]:
    """All, the oldest first."""
    chosen = sa.select(guard_override).order_by(guard_override.c.made_at, guard_override.c.work_id)
    return [OverrideRow(**row) for row in connection.execute(chosen).mappings()]


def insert_notice(connection: sa.Connection, row: NoticeRow) -> None:
    """Insert a notice."""
    connection.execute(rights_notice.insert().values(**asdict(row)))


def find_notice(connection: sa.Connection, notice_id: str) -> NoticeRow | None:
    """The notice with this id."""
    found = connection.execute(sa.select(rights_notice).where(rights_notice.c.id == notice_id)).mappings().first()
    return None if found is None else NoticeRow(**found)


def list_notices(connection: sa.Connection, *, work_id: str | None = None) -> list[NoticeRow]:
    """All notices, or those about a work, the oldest first."""
    chosen = sa.select(rights_notice).order_by(rights_notice.c.received_at, rights_notice.c.id)
    if work_id is not None:
        chosen = chosen.where(rights_notice.c.work_id == work_id)
    return [NoticeRow(**row) for row in connection.execute(chosen).mappings()]


def move_notice(connection: sa.Connection, notice_id: str, was: str, values: Mapping[str, Any]) -> bool:
    """Write ``values`` into a notice that still is in the state ``was``; whether it was."""
    chosen = rights_notice.update().where(rights_notice.c.id == notice_id, rights_notice.c.state == was)
    return connection.execute(chosen.values(**values)).rowcount == 1


def open_dispute(connection: sa.Connection, work_id: str) -> bool:
    """Whether a notice about a work isn't decided."""
    chosen = sa.select(rights_notice.c.id).where(
        rights_notice.c.work_id == work_id, rights_notice.c.state.in_(("open", "countered"))
    )
    return connection.execute(chosen).first() is not None


def find_withdrawal(connection: sa.Connection, work_id: str) -> WithdrawalRow | None:
    """The withdrawal of a work; None: it is served."""
    found = connection.execute(sa.select(withdrawal).where(withdrawal.c.work_id == work_id)).mappings().first()
    return None if found is None else WithdrawalRow(**found)


def is_withdrawn(connection: sa.Connection, work_id: str) -> bool:
    """Whether a work, or one of which it is a copy or a changed state, was withdrawn: whoever serves works asks this
    first, and answers 410 where it was."""
    waiting, seen = [work_id], {work_id}
    while waiting:
        one = waiting.pop()
        if find_withdrawal(connection, one) is not None:
            return True
        parents = sa.select(ingredient.c.parent_id).where(
            ingredient.c.work_id == one, ingredient.c.parent_id.is_not(None), ingredient.c.role == "parentOf"
        )
        for parent in connection.execute(parents).scalars():
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return False


def insert_withdrawal(connection: sa.Connection, row: WithdrawalRow) -> None:
    """Insert ``row``. The database refuses a second one for a work."""
    connection.execute(withdrawal.insert().values(**asdict(row)))


def lift_withdrawal(connection: sa.Connection, work_id: str) -> bool:
    """Serve a work again; whether it was withdrawn."""
    return connection.execute(withdrawal.delete().where(withdrawal.c.work_id == work_id)).rowcount > 0


def list_withdrawals(connection: sa.Connection) -> list[WithdrawalRow]:
    """All works that aren't served, the longest withdrawn first."""
    chosen = sa.select(withdrawal).order_by(withdrawal.c.withdrawn_at, withdrawal.c.work_id)
    return [WithdrawalRow(**row) for row in connection.execute(chosen).mappings()]
