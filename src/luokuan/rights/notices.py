"""Notice, counter-notice, withdrawal: who claims what, until when each step is due, and what is not served any more.

The steps are those that platforms know (Civil Code of China, Articles 1195 and 1196; E-Commerce Law, Articles 42 and
43; 17 U.S.C. 512 has longer ones in part); the deadlines are defaults and no advice of a lawyer:

    open ──decide──▶ rejected
      │
      └──withdraw──▶ withdrawn ──counter──▶ countered ──decide──▶ upheld (stays withdrawn) | restored (served again)
                          └──decide──▶ upheld | restored

A work that was withdrawn isn't served. That it was made, and that it was withdrawn, stays in the log, and ``verify``
goes on to know it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from luokuan.colophon.tlog import log
from luokuan.colophon.tlog.entries import notice as log_notice
from luokuan.colophon.waiver import MAX_REASON, name_of
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.guard import now_utc
from luokuan.rights.override import plain_line
from luokuan.store.database import open_database
from luokuan.store.rights import (
    NoticeRow,
    WithdrawalRow,
    find_notice,
    find_withdrawal,
    insert_notice,
    insert_withdrawal,
    is_withdrawn,
    lift_withdrawal,
    list_notices,
    move_notice,
)
from luokuan.store.rights_tables import GROUNDS
from luokuan.store.works import find_work, no_work

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.store.home import Home

__all__ = ["GROUNDS", "counter", "decide", "file_notice", "is_withdrawn", "overdue", "withdraw"]

DECIDE_WITHIN = timedelta(days=3)
"""After a notice: by then it is acted on. The laws say "in time"."""
COUNTER_WITHIN = timedelta(days=15)
"""After a withdrawal: by then its maker may object."""
SUE_WITHIN = timedelta(days=15)
"""After a counter-notice: by then the claimant shows that they have complained or sued (E-Commerce Law, Article 43),
or the work is served again."""
MAX_STATEMENT = 4000
Outcome = Literal["rejected", "upheld", "restored"]
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Claim:
    """A notice, as somebody sends it.

    Args:
        claimant: Who claims.
        contact: How they are reached.
        ground: One of ``GROUNDS``.
        statement: What they say, 1 to ``MAX_STATEMENT`` characters.

    Raises:
        UserError: something is missing, too long or no text.
    """

    claimant: str
    contact: str
    ground: str
    statement: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "claimant", name_of(self.claimant))
        object.__setattr__(self, "contact", name_of(self.contact))
        object.__setattr__(self, "statement", _statement(self.statement))
        if self.ground not in GROUNDS:
            raise UserError(
                _("There is no ground called '{name}'.", name=self.ground[:40]),
                _("Choose one of {known}.", known=", ".join(GROUNDS)),
                code="notice.ground",
            )


def file_notice(work_id: str, claim: Claim, home: Home, *, now: Clock = now_utc) -> NoticeRow:
    """Take in a notice about a work. Until it is decided, the work may not be sold.

    Raises:
        UserError: there is no such work.
    """
    at = now()
    row = NoticeRow(
        secrets.token_hex(8), work_id, "open", claim.ground, claim.claimant, claim.contact, claim.statement, at,
        at + DECIDE_WITHIN,
    )  # fmt: skip
    with open_database(home) as database, database.write() as connection:
        if find_work(connection, work_id) is None:
            raise no_work(work_id)
        insert_notice(connection, row)
    return row


def withdraw(
    work_id: str, home: Home, *, who: str, reason: str, notice_id: str | None = None, now: Clock = now_utc
) -> WithdrawalRow:
    """Serve a work no more; logged. With ``notice_id`` because of a notice, whose maker may then object.

    Raises:
        UserError: there is no such work or notice, the notice is about another work or not open, or the work is
            withdrawn already.
    """
    name, why = name_of(who), _reason(reason)
    at = now()
    row = WithdrawalRow(work_id, name, why, notice_id, at)
    about: dict[str, Any] = {"who": name, "reason": why, "notice": notice_id}
    with open_database(home) as database:
        with database.write() as connection:
            if find_work(connection, work_id) is None:
                raise no_work(work_id)
            if find_withdrawal(connection, work_id) is not None:
                raise UserError(
                    _("The work {id} is withdrawn already.", id=work_id),
                    _("`luokuan rights notices` shows since when."),
                    code="withdrawal.there",
                    status=409,
                )
            if notice_id is not None:
                found = _notice(connection, notice_id)
                if found.work_id != work_id:
                    raise _no_notice(notice_id)
                changes = {"state": "withdrawn", "decided_at": at, "decision": why, "due_at": at + COUNTER_WITHIN}
                _move(connection, found, "open", changes)
            insert_withdrawal(connection, row)
            book = log.writer(connection, home)
            book.append([log_notice("withdrawal", work_id, about, at)])
        log.remember(home, book.head)
    return row


def counter(notice_id: str, home: Home, *, who: str, statement: str, now: Clock = now_utc) -> NoticeRow:
    """Object to a notice that led to a withdrawal, in the time for that.

    Raises:
        UserError: there is no such notice, nothing was withdrawn, or the time is over.
    """
    name, said, at = name_of(who), _statement(statement), now()
    with open_database(home) as database, database.write() as connection:
        found = _notice(connection, notice_id)
        if found.state == "withdrawn" and found.due_at is not None and at > found.due_at:
            raise UserError(
                _("The time to object was over on {day}.", day=found.due_at.date()),
                _("Whoever runs this home may still restore the work with `luokuan rights decide`."),
                code="notice.late",
                status=409,
            )
        changes = {
            "state": "countered", "counter_by": name, "counter_statement": said, "countered_at": at,
            "due_at": at + SUE_WITHIN,
        }  # fmt: skip
        return _move(connection, found, "withdrawn", changes)


def decide(notice_id: str, outcome: Outcome, home: Home, *, who: str, reason: str, now: Clock = now_utc) -> NoticeRow:
    """Close a notice: ``rejected`` before anything was withdrawn; after that ``upheld``, and the work stays withdrawn,
    or ``restored``, and it is served again. Restoring is logged.

    Raises:
        UserError: there is no such notice, or its state doesn't allow that.
    """
    name, why, at = name_of(who), _reason(reason), now()
    with open_database(home) as database:
        head = None
        with database.write() as connection:
            found = _notice(connection, notice_id)
            open_to = {"rejected": ("open",), "upheld": ("withdrawn", "countered"),
                       "restored": ("withdrawn", "countered")}.get(outcome, ())  # fmt: skip
            if found.state not in open_to:
                raise _wrong_state(found)
            changes = {"state": outcome, "closed_at": at, "due_at": None, "decision": why,
                       "decided_at": found.decided_at or at}  # fmt: skip
            row = _move(connection, found, found.state, changes)
            if outcome == "restored" and lift_withdrawal(connection, found.work_id):
                about = {"who": name, "reason": why, "notice": notice_id, "restored": True}
                book = log.writer(connection, home)
                book.append([log_notice("correction", found.work_id, about, at)])
                head = book.head
        if head is not None:
            log.remember(home, head)
    return row


def overdue(rows: list[NoticeRow], now: datetime) -> list[NoticeRow]:
    """Those whose next step is late, the longest first."""
    late = [row for row in rows if row.due_at is not None and row.due_at < now]
    return sorted(late, key=lambda row: (row.due_at or now, row.id))


def all_notices(home: Home, *, work_id: str | None = None) -> list[NoticeRow]:
    """The notices of a home, or those about a work.

    Raises:
        UserError: the database can't be read.
    """
    with open_database(home) as database, database.read() as connection:
        return list_notices(connection, work_id=work_id)


def state_word(state: str) -> str:
    """Where a notice stands, for people."""
    return {
        "open": _("open"),
        "withdrawn": _("work withdrawn"),
        "countered": _("objected to"),
        "rejected": _("rejected"),
        "upheld": _("upheld"),
        "restored": _("work restored"),
    }.get(state, state)


def next_step(row: NoticeRow) -> str:
    """What is due, for people; empty when nothing is."""
    if row.due_at is None:
        return ""
    day = row.due_at.date()
    return {
        "open": _("decide until {day}", day=day),
        "withdrawn": _("its maker may object until {day}", day=day),
        "countered": _("the claimant shows until {day} that they have sued, else restore the work", day=day),
    }.get(row.state, "")


def _notice(connection: sa.Connection, notice_id: str) -> NoticeRow:
    found = find_notice(connection, notice_id)
    if found is None:
        raise _no_notice(notice_id)
    return found


def _move(connection: sa.Connection, row: NoticeRow, was: str, changes: dict[str, Any]) -> NoticeRow:
    if row.state != was or not move_notice(connection, row.id, was, changes):
        raise _wrong_state(row)
    return replace(row, **changes)


def _no_notice(notice_id: str) -> UserError:
    return UserError(
        _("There is no such notice '{id}' about that work.", id=notice_id[:40]),
        _("`luokuan rights notices` shows all."),
        code="notice.missing",
        status=404,
    )


def _wrong_state(row: NoticeRow) -> UserError:
    return UserError(
        _("The notice {id} can't go there: it is {state}.", id=row.id, state=state_word(row.state)),
        _("`luokuan rights notices` shows what is due."),
        code="notice.state",
        status=409,
    )


def _reason(text: str) -> str:
    found = plain_line(text, MAX_REASON)
    if found is None:
        raise UserError(
            _("A reason is one line of 1 to {most} characters.", most=MAX_REASON),
            _("Say why with --reason."),
            code="notice.reason",
        )
    return found


def _statement(text: str) -> str:
    said = text.strip()
    if not 0 < len(said) <= MAX_STATEMENT or not said.replace("\n", " ").replace("\t", " ").isprintable():
        raise UserError(
            _("A statement is a text of 1 to {most} characters.", most=MAX_STATEMENT),
            _("Say what is claimed, and of what."),
            code="notice.statement",
        )
    return said
