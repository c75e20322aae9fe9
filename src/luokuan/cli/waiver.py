"""`luokuan waiver`: whether this home lets out works without explicit label, and the log of those that went."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say, visible
from luokuan.i18n import _

app = typer.Typer(
    no_args_is_help=True, help=_("Works without explicit label: who answers for them, and the log of those that went.")
)


@app.command("allow", help=_("Allow works without explicit label; NAME answers for them from now on."))
def allow(
    who: Annotated[str, typer.Option("--who", metavar="NAME", help=_("Who answers for them."), show_default=False)],
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Name who answers."""
    from luokuan.colophon.waiver import name_of
    from luokuan.store.database import open_database
    from luokuan.store.home import open_home
    from luokuan.store.waivers import allow_waivers

    name = name_of(who)
    with open_database(open_home(home)) as database, database.write() as connection:
        allow_waivers(connection, name, datetime.now(UTC).replace(microsecond=0))
    if json:
        emit_json({"allowed": name})
        return
    say(_("{who} may create works without explicit label in this home.", who=visible(name)), quiet=quiet)
    say(_("Next: luokuan create image 'a dress' --no-label --reason '…' --acknowledge"), quiet=quiet)


@app.command("forbid", help=_("Allow no more works without explicit label; the log stays."))
def forbid(
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Take the permission back."""
    from luokuan.store.database import open_database
    from luokuan.store.home import open_home
    from luokuan.store.waivers import forbid_waivers

    with open_database(open_home(home)) as database, database.write() as connection:
        forbid_waivers(connection)
    if json:
        emit_json({"allowed": None})
    else:
        say(_("From now on every work of this home has its explicit label."), quiet=quiet)


@app.command("list", help=_("Show who may waive, and what was waived, by whom, why and until when that is kept."))
def show(
    json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Show permission and log."""
    from luokuan.store.database import open_database
    from luokuan.store.home import open_home
    from luokuan.store.waivers import list_waivers, permission

    with open_database(open_home(home)) as database, database.read() as connection:
        allowed, rows = permission(connection), list_waivers(connection)
    if json:
        emit_json(
            {
                "allowed": None if allowed is None else allowed.who,
                "since": None if allowed is None else allowed.allowed_at.isoformat(),
                "waivers": [
                    {
                        "work": row.work_id,
                        "who": row.who,
                        "reason": row.reason,
                        "acknowledged_at": row.acknowledged_at.isoformat(),
                        "kept_until": row.kept_until.isoformat(),
                    }
                    for row in rows
                ],
            }
        )
        return
    if allowed is None:
        say(_("Nobody may create works without explicit label in this home."))
    else:
        say(_("{who} may, since {day}.", who=visible(allowed.who), day=allowed.allowed_at.date()))
    for row in rows:
        say(
            _(
                "{time}  work {id}  {who}: {reason}  (kept until {day})",
                time=row.acknowledged_at.isoformat(timespec="minutes"),
                id=row.work_id,
                who=visible(row.who),
                reason=visible(row.reason),
                day=row.kept_until.date(),
            )
        )


@app.command("forget", help=_("Delete a waiver from the log, once it need not be kept any more."))
def forget(
    work: Annotated[str, typer.Argument(help=_("The work's id."), show_default=False)],
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Delete one row, if its time is over."""
    from luokuan.store.database import open_database
    from luokuan.store.home import open_home
    from luokuan.store.waivers import forget_waiver

    with open_database(open_home(home)) as database, database.write() as connection:
        forget_waiver(connection, work, datetime.now(UTC))
    if json:
        emit_json({"forgotten": work})
    else:
        say(_("The waiver of the work {id} is forgotten.", id=visible(work)), quiet=quiet)
