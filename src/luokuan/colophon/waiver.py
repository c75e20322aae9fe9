"""Works without the explicit label, where their maker asks for that and answers for it.

The Measures for Labelling, Article 9 (as secondary sources give it), let a person have content without the explicit
label when the duty to label and the responsibility have been made clear to them, and ask that this is logged and kept
for at least six months. Metadata, watermark and signature stay, and the signed manifest says that the label was waived.
Nothing here takes a label off a work that has one.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from luokuan.colophon.tlog.entries import notice
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.waivers import KEPT, WaiverRow, insert_waiver, permission

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.store.logbook import EntryRow

MAX_REASON = 500
"""Longest reason in characters."""

MAX_NAME = 200
"""Longest name of who answers, in characters."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """The wish for a work without explicit label.

    Args:
        reason: Why, 1 to 500 characters in one line; kept in the home and never in the work.
        acknowledged: Whether the maker has said that the duty to label the work passes to them.

    Raises:
        UserError: the reason is empty, too long or no plain line, or nothing was acknowledged.
    """

    reason: str
    acknowledged: bool = False

    def __post_init__(self) -> None:
        reason = _line(self.reason, MAX_REASON)
        if reason is None:
            raise UserError(
                _("A waiver of the label needs a reason: one line of 1 to {most} characters.", most=MAX_REASON),
                _("Say why with --reason."),
                code="waiver.reason",
            )
        object.__setattr__(self, "reason", reason)
        if not self.acknowledged:
            raise UserError(
                _("Without the explicit label, whoever publishes the work takes on the duty to say that AI made it."),
                _("Add --acknowledge if you take it on."),
                code="waiver.acknowledge",
            )


def name_of(who: str) -> str:
    """The name of who answers for waivers, 1 to 200 characters in one line.

    Raises:
        UserError: it is anything else.
    """
    name = _line(who, MAX_NAME)
    if name is None:
        raise UserError(
            _("The name of who answers is one line of 1 to {most} characters.", most=MAX_NAME),
            _("Write it as it is to be logged."),
            code="waiver.name",
        )
    return name


def permitted(connection: sa.Connection) -> str:
    """Who may waive in this home.

    Raises:
        UserError: nobody; that is so until somebody is named.
    """
    found = permission(connection)
    if found is None:
        raise UserError(
            _("This home doesn't allow works without explicit label."),
            _("Allow it with `luokuan waiver allow --who NAME`, where NAME is who answers for them."),
            code="waiver.forbidden",
            status=403,
        )
    return found.who


def waiver_row(connection: sa.Connection, work_id: str, waiver: Waiver, at: datetime) -> WaiverRow:
    """What is logged of a work that leaves ``at`` this time without explicit label.

    Raises:
        UserError: the home doesn't allow it.
    """
    return WaiverRow(
        work_id=work_id,
        who=permitted(connection),
        reason=waiver.reason,
        acknowledged_at=at,
        kept_until=at + KEPT,
    )


def waived(connection: sa.Connection, work_id: str, waiver: Waiver, at: datetime) -> EntryRow:
    """Record a waiver, in the transaction in which its work comes to be: there is no such work without its row. Gives
    the entry for the log.

    Raises:
        UserError: see ``waiver_row``.
    """
    row = waiver_row(connection, work_id, waiver, at)
    insert_waiver(connection, row)
    about = {"who": row.who, "reason": row.reason, "kept_until": row.kept_until.isoformat()}
    return notice("waiver", work_id, about, row.acknowledged_at)


def _line(text: str, most: int) -> str | None:
    """``text`` without white space around it, or None where it is no plain line of 1 to ``most`` characters."""
    line = text.strip()
    plain = not any(unicodedata.category(letter)[0] == "C" or letter in "\u2028\u2029" for letter in line)
    return line if 0 < len(line) <= most and plain else None
