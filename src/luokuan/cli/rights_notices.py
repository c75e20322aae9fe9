"""`luokuan rights notice`, `counter`, `decide`, `withdraw`, `notices`: what others say of works, and what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say, visible
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.store.rights import NoticeRow

NOTICE = _("Take in a notice that a work infringes; until it is decided, the work may not be sold.")
COUNTER = _("Object to a notice that led to a withdrawal.")
DECIDE = _("Close a notice: rejected, upheld or restored.")
WITHDRAW = _("Withdraw a work: it isn't served any more, and stays provable; logged.")
LIST = _("Show notices, what is due and until when, and which works are withdrawn.")

Work = Annotated[str, typer.Argument(help=_("The work's file, or its id."), show_default=False)]
NoticeId = Annotated[str, typer.Argument(metavar="NOTICE", help=_("The notice's id."), show_default=False)]
Who = Annotated[str, typer.Option("--who", metavar="NAME", help=_("Who does it."), show_default=False)]
Reason = Annotated[str, typer.Option("--reason", help=_("Why."), show_default=False)]


def notice(
    work: Work,
    claimant: Annotated[str, typer.Option("--claimant", help=_("Who claims."), show_default=False)],
    contact: Annotated[str, typer.Option("--contact", help=_("How they are reached."), show_default=False)],
    statement: Annotated[str, typer.Option("--statement", help=_("What they say."), show_default=False)],
    ground: Annotated[
        str, typer.Option("--ground", help=_("copyright, trademark, person, privacy or other."))
    ] = "copyright",
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """A new row."""
    from luokuan.colophon.reference import work_of
    from luokuan.rights.notices import Claim, file_notice
    from luokuan.store.home import open_home

    place = open_home(home)
    claim = Claim(claimant, contact, ground, statement)
    _tell(file_notice(work_of(work, place).id, claim, place), json=json, quiet=quiet)


def counter(
    notice: NoticeId,
    who: Who,
    statement: Annotated[str, typer.Option("--statement", help=_("What they say."), show_default=False)],
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """The maker's side."""
    from luokuan.rights.notices import counter as object_to
    from luokuan.store.home import open_home

    _tell(object_to(notice, open_home(home), who=who, statement=statement), json=json, quiet=quiet)


def decide(
    notice: NoticeId,
    outcome: Annotated[str, typer.Argument(help=_("rejected, upheld or restored."), show_default=False)],
    who: Who,
    reason: Reason,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """The end of a notice."""
    from luokuan.rights.notices import decide as close
    from luokuan.store.home import open_home

    if outcome not in ("rejected", "upheld", "restored"):
        raise UserError(
            _("There is no outcome called '{name}'.", name=outcome[:40]),
            _("Choose one of {known}.", known="rejected, upheld, restored"),
            code="notice.outcome",
        )
    chosen = cast("Literal['rejected', 'upheld', 'restored']", outcome)
    _tell(close(notice, chosen, open_home(home), who=who, reason=reason), json=json, quiet=quiet)


def withdraw(
    work: Work,
    who: Who,
    reason: Reason,
    notice: Annotated[
        str | None, typer.Option("--notice", metavar="NOTICE", help=_("The notice that led to it."), show_default=False)
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Not served any more."""
    from luokuan.colophon.reference import work_of
    from luokuan.rights.notices import withdraw as take_out
    from luokuan.store.home import open_home

    place = open_home(home)
    row = take_out(work_of(work, place).id, place, who=who, reason=reason, notice_id=notice)
    if json:
        emit_json({"withdrawn": row.work_id, "at": row.withdrawn_at.isoformat(), "notice": row.notice_id})
    else:
        say(_("The work {id} is withdrawn. It stays in the log and can be verified.", id=row.work_id), quiet=quiet)


def notices(
    late: Annotated[bool, typer.Option("--late", help=_("Only those whose next step is late."))] = False,
    json: options.Json = False,
    home: options.Home = None,
) -> None:
    """All notices and withdrawals."""
    from luokuan.rights.guard import now_utc
    from luokuan.rights.notices import next_step, overdue, state_word
    from luokuan.store.database import open_database
    from luokuan.store.home import open_home
    from luokuan.store.rights import list_notices, list_withdrawals

    with open_database(open_home(home)) as database, database.read() as connection:
        rows, out = list_notices(connection), list_withdrawals(connection)
    behind = overdue(rows, now_utc())
    if late:
        rows = behind
    if json:
        emit_json(
            {
                "notices": [{**_values(row), "late": row in behind} for row in rows],
                "withdrawn": [
                    {"work": one.work_id, "who": one.who, "reason": one.reason, "notice": one.notice_id,
                     "at": one.withdrawn_at.isoformat()}
                    for one in out
                ],
            }
        )  # fmt: skip
        return
    if not rows and not (out and not late):
        say(_("There are no notices."))
    for row in rows:
        parts = [row.id, row.work_id, row.ground, row.claimant, state_word(row.state), next_step(row)]
        if row in behind:
            parts.append(_("late"))
        say(visible("  ".join(part for part in parts if part)))
    for one in out if not late else ():
        say(_("withdrawn: {id} since {day} by {who}: {reason}", id=one.work_id, day=one.withdrawn_at.date(),
              who=visible(one.who), reason=visible(one.reason)))  # fmt: skip


def _tell(row: NoticeRow, *, json: bool, quiet: bool) -> None:
    from luokuan.rights.notices import next_step, state_word

    if json:
        emit_json(_values(row))
        return
    say(_("Notice {id} about the work {work}: {state}.", id=row.id, work=row.work_id, state=state_word(row.state)),
        quiet=quiet)  # fmt: skip
    if step := next_step(row):
        say(_("Due: {step}.", step=step), quiet=quiet)


def _values(row: NoticeRow) -> dict[str, Any]:
    from dataclasses import asdict
    from datetime import datetime

    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in asdict(row).items()}
