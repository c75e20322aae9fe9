"""`luokuan works` and `luokuan export`: what was made with this home."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from luokuan.cli import options, works_copy
from luokuan.cli.output import emit_json, say, table, visible
from luokuan.errors import UserError
from luokuan.i18n import _

app = typer.Typer(no_args_is_help=True, help=_("List, show, copy and erase the works of this home."))
EXPORT = _("Write works of this home, with all that belongs beside them, into a folder or a zip file.")

Work = Annotated[str, typer.Argument(help=_("The work's file, or its id."), show_default=False)]


@app.callback()
def _group() -> None:
    """Actions as commands."""


@app.command("list", help=_("List works, the newest first."))
def list_(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help=_("At most so many."))] = 20,
    kind: Annotated[str | None, typer.Option("--kind", help=_("Only of this kind, such as image."))] = None,
    json: options.Json = False,
    home: options.Home = None,
) -> None:
    """What may be known of them."""
    from luokuan.colophon.collection import public_record
    from luokuan.store.database import open_database
    from luokuan.store.home import open_home
    from luokuan.store.works import recent_works

    with open_database(open_home(home)) as database, database.read() as connection:
        rows = recent_works(connection, limit, kind=kind)
    if json:
        emit_json({"works": [public_record(row) for row in rows]})
        return
    if not rows and kind is not None:
        say(_("There are no works of the kind '{kind}'.", kind=visible(kind)))
        return
    if not rows:
        say(_("There are no works yet: make one with `luokuan create`."))
        return
    table(
        [_("id"), _("kind"), _("model"), _("licence"), _("made at"), _("format")],
        [
            (row.id, row.kind, visible(row.model_name), visible(row.licence), f"{row.created_at:%F %T}", row.media_type)
            for row in rows
        ],
    )


@app.command("show", help=_("Show all that this home knows of a work, its private recipe too."))
def show(work: Work, json: options.Json = False, home: options.Home = None) -> None:
    """The public record and the recipe."""
    from luokuan.colophon.collection import public_record
    from luokuan.colophon.reference import work_of
    from luokuan.store.home import open_home

    row = work_of(work, open_home(home))
    record = public_record(row)
    if json:
        emit_json({**record, "recipe": None if row.recipe is None else dict(row.recipe)})
        return
    recipe = row.recipe or {}
    lines = [*record.items(), *((name, recipe.get(name)) for name in ("brief", "seed", "parameters", "corpus_digest"))]
    table([_("field"), _("value")], [(name, visible(str(value))) for name, value in lines if value not in (None, [])])


app.command("copy", help=works_copy.HELP)(works_copy.copy)


@app.command(
    "erase", help=_("Erase a work: bytes, recipe, master, fingerprints. Its entry in the log stays, unopenable.")
)
def erase(
    work: Work,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=_("Don't ask."))] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Nobody brings it back; copies that left the home are not touched."""
    from luokuan.colophon.erasure import erase_work
    from luokuan.colophon.reference import work_of
    from luokuan.store.database import open_database
    from luokuan.store.home import open_home

    found = open_home(home)
    row = work_of(work, found)
    if not yes and not typer.confirm(_("Erase the work {id} for ever?", id=row.id)):
        raise typer.Abort
    with open_database(found) as database:
        erase_work(found, database, row.id)
    if json:
        emit_json({"erased": row.id})
    else:
        say(_("The work {id} is erased from this home.", id=row.id), quiet=quiet)


def export(
    works: Annotated[
        list[str] | None, typer.Argument(help=_("Files of works, or their ids."), show_default=False)
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help=_("A new folder, or a .zip file."), show_default=False)
    ] = Path("works.zip"),
    everything: Annotated[bool, typer.Option("--all", help=_("All works of this home."))] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Whole or not at all."""
    from luokuan.colophon import collection
    from luokuan.colophon.reference import work_of
    from luokuan.files import expand
    from luokuan.store.database import open_database
    from luokuan.store.home import open_home
    from luokuan.store.works import recent_works

    found = open_home(home)
    if bool(works) == everything:
        raise UserError(
            _("It isn't said which works are meant."),
            _("Give their files or ids, or --all."),
            code="export.which",
        )
    if everything:
        with open_database(found) as database, database.read() as connection:
            rows = [row for row in recent_works(connection) if not row.erased]
    else:
        rows = [work_of(work, found) for work in works or ()]
    if not rows:
        raise UserError(
            _("There are no works yet: make one with `luokuan create`."), _("Then export it."), code="export.none"
        )
    done = collection.export(rows, expand(output), home=found)
    if json:
        emit_json({"path": str(done.path), "works": done.works, "files": done.files})
    else:
        say(
            _("Wrote {works} works ({files} files) to {path}.", works=done.works, files=done.files, path=done.path),
            quiet=quiet,
        )
