"""`luokuan showcase`: the main job in one go (`make run`)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say, table
from luokuan.errors import ExitCode
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.create.showcase import Exhibit

HELP = _("Create a work with each starter model, verify each, and write a contact sheet.")


def showcase(
    output: Annotated[Path, typer.Option("--output", "-o", help=_("Folder of the works and index.html."))] = Path(
        "out"
    ),
    storyboard: Annotated[
        Path | None,
        typer.Option("--storyboard", help=_("Make the short of this storyboard, too."), show_default=False),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Exit code 0 only if every work was verified."""
    from luokuan.create.showcase import exhibits, write_sheet
    from luokuan.store.home import open_home

    found = list(exhibits(output, open_home(home), storyboard))
    sheet = write_sheet(found, output)
    if json:
        works = [{"path": str(e.path), "id": e.work.id, "verdict": e.verdict.verdict} for e in found]
        emit_json({"sheet": str(sheet), "works": works})
    elif not quiet:
        table([_("work"), _("brief"), _("label"), _("verdict"), _("model digest")], [told(one) for one in found])
        say(_("Open {path} in a browser.", path=sheet))
    if not found or not all(exhibit.good for exhibit in found):
        raise typer.Exit(ExitCode.NOT_SO)


def told(exhibit: Exhibit) -> tuple[str, ...]:
    """A work as a row of the table; lines of its brief are put into one."""
    recipe = exhibit.work.recipe
    brief = " ".join(recipe.brief.split())
    return exhibit.path.name, brief, exhibit.work.label, exhibit.verdict.verdict, recipe.model_digest[:12]
