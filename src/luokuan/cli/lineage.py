"""`luokuan lineage`: corpus, model, work, derived works."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say, visible
from luokuan.errors import ExitCode
from luokuan.i18n import _

HELP = _(
    "Show what a work was made from and what was made from it: corpus, model, work, derived works. Of somebody else's "
    "file, what its manifest says. Exit code 1: nothing is known."
)


def lineage(
    work: Annotated[str, typer.Argument(help=_("A file, or a work's id."), show_default=False)],
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help=_("Draw it into this SVG file."), show_default=False)
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Show a lineage as text, SVG or JSON."""
    from luokuan.colophon.lineage import draw, lineage_of, lines
    from luokuan.files import write_atomic
    from luokuan.store.home import find_home

    found = lineage_of(work, find_home(home))
    if svg is not None:
        title = _("Lineage of {name}", name=found.nodes[found.this].title)
        write_atomic(svg, draw(found, title).encode())
    if json:
        emit_json(found.to_json())
    else:
        for line in lines(found):
            say(visible(line), quiet=quiet)
        if not found.known:
            say(_("It has no manifest and no label: nothing is known about what it was made from."), quiet=quiet)
        elif not found.vouched:
            say(_("This is what the file says; `luokuan verify` tells whether to believe it."), quiet=quiet)
        if found.cut:
            say(_("There is more than is shown."), quiet=quiet)
    raise typer.Exit(ExitCode.DONE if found.known else ExitCode.NOT_SO)
