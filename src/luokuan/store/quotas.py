"""What accounts may use and have used: checked and charged in the transaction that uses it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.account_tables import account, usage
from luokuan.store.accounts import AccountRow
from luokuan.store.belongings import bytes_of
from luokuan.store.ownership import stored_bytes


@dataclass(frozen=True, slots=True)
class Used:
    """What an account has used: jobs and seconds of computing this month, and bytes of works, corpora and models."""

    jobs: int
    seconds: int
    bytes: int


def used_by(connection: sa.Connection, account_id: str, now: datetime) -> Used:
    """What is counted against an account's quotas."""
    query = sa.select(usage.c.jobs, usage.c.seconds).where(
        usage.c.account_id == account_id, usage.c.month == _month(now)
    )
    row = connection.execute(query).first()
    jobs, seconds = (0, 0) if row is None else row
    return Used(jobs, seconds, stored_bytes(connection, account_id) + bytes_of(connection, account_id))


def check_quotas(connection: sa.Connection, person: AccountRow, now: datetime, *, jobs: int = 0, size: int = 0) -> None:
    """Refuse ``jobs`` more jobs or ``size`` more bytes where a quota doesn't allow them. In a write transaction: the
    account's row is locked until its end, so that two requests at once can't both take the last of it.

    Raises:
        UserError: a quota is used up; status 429 for jobs and time, 413 for storage.
    """
    connection.execute(sa.select(account.c.id).where(account.c.id == person.id).with_for_update())
    used = used_by(connection, person.id, now)
    if jobs and person.jobs_limit is not None and used.jobs + jobs > person.jobs_limit:
        raise UserError(
            _("This month's quota of {limit} jobs is used up.", limit=person.jobs_limit),
            _("Wait for the next month, or ask an administrator for more."),
            code="quota.jobs",
            status=429,
        )
    if jobs and person.seconds_limit is not None and used.seconds >= person.seconds_limit:
        raise UserError(
            _("This month's quota of {limit} seconds of computing is used up.", limit=person.seconds_limit),
            _("Wait for the next month, or ask an administrator for more."),
            code="quota.seconds",
            status=429,
        )
    if size and person.storage_limit is not None and used.bytes + size > person.storage_limit:
        raise UserError(
            _("The quota of {limit} bytes of storage doesn't hold this.", limit=person.storage_limit),
            _("Erase works, or remove corpora and models that you don't need, or ask an administrator for more."),
            code="quota.storage",
            status=413,
        )


def charge(connection: sa.Connection, account_id: str, now: datetime, *, jobs: int = 0, seconds: int = 0) -> None:
    """Count ``jobs`` and ``seconds`` of computing against an account's month."""
    month = _month(now)
    where = sa.and_(usage.c.account_id == account_id, usage.c.month == month)
    more = {"jobs": usage.c.jobs + jobs, "seconds": usage.c.seconds + seconds}
    if connection.execute(usage.update().where(where).values(**more)).rowcount:
        return
    connection.execute(sa.select(account.c.id).where(account.c.id == account_id).with_for_update())
    if not connection.execute(usage.update().where(where).values(**more)).rowcount:
        connection.execute(usage.insert().values(account_id=account_id, month=month, jobs=jobs, seconds=seconds))


def _month(now: datetime) -> str:
    return now.strftime("%Y-%m")


def room(connection: sa.Connection, person: AccountRow, now: datetime) -> int | None:
    """Bytes that an account may still keep; None: no limit."""
    if person.storage_limit is None:
        return None
    return max(person.storage_limit - used_by(connection, person.id, now).bytes, 0)
