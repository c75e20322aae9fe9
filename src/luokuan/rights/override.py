"""Overriding the guard: somebody lets a work pass all the same, says why, and answers for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from luokuan.colophon.tlog import log
from luokuan.colophon.tlog.entries import notice
from luokuan.colophon.waiver import MAX_REASON, name_of
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.guard import Guarding, now_utc
from luokuan.store.rights import OverrideRow, insert_override
from luokuan.store.waivers import KEPT

if TYPE_CHECKING:
    from luokuan.store.home import Home


def override(
    found: Guarding,
    home: Home,
    *,
    who: str,
    reason: str,
    acknowledged: bool = False,
    now: Callable[[], datetime] = now_utc,
) -> OverrideRow:
    """Let a work pass though the guard stops it. The row is kept for at least six months, and the log holds a salted
    commitment to it.

    Args:
        found: What the guard said; exactly that is overridden.
        home: The work's home.
        who: Who answers for it.
        reason: Why, 1 to 500 characters in one line.
        acknowledged: Whether that person says that they take the responsibility.
        now: The clock.

    Raises:
        UserError: nothing stops the work, the reason or the name is no plain line, or nothing was acknowledged.
    """
    from luokuan.store.database import open_database

    if not found.blocked:
        raise UserError(
            _("Nothing stops the work {id}.", id=found.work),
            _("Publish it without an override."),
            code="guard.clear",
            status=409,
        )
    name, why = name_of(who), plain_line(reason, MAX_REASON)
    if why is None:
        raise UserError(
            _("An override needs a reason: one line of 1 to {most} characters.", most=MAX_REASON),
            _("Say why with --reason."),
            code="guard.reason",
        )
    if not acknowledged:
        raise UserError(
            _("Whoever overrides the guard answers for what it found."),
            _("Add --acknowledge if you do."),
            code="guard.acknowledge",
        )
    at = now()
    findings = [{"kind": one.kind, **one.details} for one in found.stopping]
    row = OverrideRow(found.work, found.digest, findings, name, why, at, at + KEPT)
    about = {"who": name, "reason": why, "findings": findings, "kept_until": row.kept_until.isoformat()}
    with open_database(home) as database:
        with database.write() as connection:
            insert_override(connection, row)
            book = log.writer(connection, home)
            book.append([notice("override", found.work, about, at)])
        log.remember(home, book.head)
    return row


def plain_line(text: str, most: int) -> str | None:
    """``text`` without white space around it, or None where it is no line of 1 to ``most`` visible characters."""
    line = text.strip()
    return line if 0 < len(line) <= most and line.isprintable() else None
