"""`luokuan rights guard` and `names`: what stands in the way of publishing a work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say, visible
from luokuan.errors import ExitCode, UserError
from luokuan.i18n import _

HELP = _(
    "Look at a work before it is published: near-copies of training items and of others' works, protected names. "
    "Exit code 1: it is blocked."
)
names = typer.Typer(no_args_is_help=True, help=_("Names and marks that works may not use."))


def guard(
    work: Annotated[str, typer.Argument(help=_("The work's file, or its id."), show_default=False)],
    corpus: Annotated[
        list[Path] | None,
        typer.Option("--corpus", metavar="FOLDER", help=_("A corpus to compare with; may be given again.")),
    ] = None,
    override: Annotated[bool, typer.Option("--override", help=_("Let it pass all the same; logged."))] = False,
    who: Annotated[str, typer.Option("--who", metavar="NAME", help=_("Who answers for that."))] = "",
    reason: Annotated[str, typer.Option("--reason", help=_("Why."))] = "",
    acknowledge: Annotated[bool, typer.Option("--acknowledge", help=_("They take the responsibility."))] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Hits, and the override."""
    from dataclasses import replace

    from luokuan.colophon.reference import work_of
    from luokuan.files import expand
    from luokuan.rights.guard import guard as look
    from luokuan.rights.override import override as let_pass
    from luokuan.store.home import open_home

    if not override and (who or reason or acknowledge):
        raise UserError(
            _("--who, --reason and --acknowledge belong to --override."), _("Add --override."), code="guard.options"
        )
    folders = [expand(str(path)) for path in corpus or ()]
    for folder in folders:
        if not folder.is_dir():
            raise UserError(
                _("{path} is not a folder.", path=folder), _("Give the folder of a corpus."), code="corpus.not_folder"
            )
    place = open_home(home)
    found = look(work_of(work, place), place, corpora=folders)
    if override:
        row = let_pass(found, place, who=who, reason=reason, acknowledged=acknowledge)
        found = replace(found, override=row)
    if json:
        emit_json(found.to_json())
    else:
        for one in found.hits:
            say(f"{'✗' if one.blocks else '·'} {visible(one.words)}", quiet=quiet)
        if found.override is not None:
            row = found.override
            say(_("{who} lets it pass: {reason}", who=visible(row.who), reason=visible(row.reason)), quiet=quiet)
        elif found.blocked:
            say(_("It is blocked. To let it pass: --override --who NAME --reason '…' --acknowledge"), quiet=quiet)
        else:
            say(_("Nothing stops it."), quiet=quiet)
        if found.compared:
            say(_("Compared with: {what}.", what=visible("; ".join(found.compared))), quiet=quiet)
        else:
            say(_("There was nothing to compare it with."), quiet=quiet)
    raise typer.Exit(ExitCode.NOT_SO if found.blocked else ExitCode.DONE)


@names.command("add", help=_("Protect a name or a mark: works that use it are blocked."))
def add(
    name: Annotated[str, typer.Argument(help=_("The name."), show_default=False)],
    mark: Annotated[bool, typer.Option("--mark", help=_("It is a trade mark, and no name of a person."))] = False,
    note: Annotated[str, typer.Option("--note", help=_("Whose it is, for yourself."))] = "",
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """One more row."""
    from luokuan.rights.guard import now_utc
    from luokuan.rights.names import protect
    from luokuan.store.database import open_database
    from luokuan.store.home import open_home

    with open_database(open_home(home)) as database, database.write() as connection:
        row = protect(connection, name, now_utc(), kind="mark" if mark else "name", note=note)
    if json:
        emit_json({"added": row.name, "kind": row.kind})
    else:
        say(_("'{name}' is on the list.", name=visible(row.name)), quiet=quiet)


@names.command("list", help=_("Show protected names and marks."))
def list_(json: options.Json = False, home: options.Home = None) -> None:
    """All rows."""
    from luokuan.rights.names import protected
    from luokuan.store.database import open_database
    from luokuan.store.home import open_home

    with open_database(open_home(home)) as database, database.read() as connection:
        rows = protected(connection)
    if json:
        emit_json({"names": [{"name": row.name, "kind": row.kind, "note": row.note} for row in rows]})
        return
    if not rows:
        say(_("No names are protected."))
    for row in rows:
        kind = _("trade mark") if row.kind == "mark" else _("name")
        say(visible("  ".join(part for part in (row.name, kind, row.note) if part)))


@names.command("remove", help=_("Protect a name no more."))
def remove(
    name: Annotated[str, typer.Argument(help=_("The name."), show_default=False)],
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """One row less."""
    from luokuan.rights.names import protect_no_more
    from luokuan.store.database import open_database
    from luokuan.store.home import open_home

    with open_database(open_home(home)) as database, database.write() as connection:
        protect_no_more(connection, name)
    if json:
        emit_json({"removed": name})
    else:
        say(_("'{name}' is off the list.", name=visible(name)), quiet=quiet)
