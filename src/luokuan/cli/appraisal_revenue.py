"""`luokuan appraisal revenue`: what works and models have earned, by the market's books."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say, table, visible
from luokuan.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from luokuan.appraisal.revenue import Earning

HELP = _("Count what works and models have earned, by the market's books, each with the entries that it comes from.")


def revenue(
    project: Annotated[
        Path | None, typer.Option("--project", help=_("Only the models of this project file."), show_default=False)
    ] = None,
    items: Annotated[bool, typer.Option("--items", help=_("List every work."))] = False,
    json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Nothing is written."""
    from luokuan.appraisal.appraise import read_project
    from luokuan.appraisal.revenue import by, earnings, of_models
    from luokuan.store.home import open_home

    lines = earnings(open_home(home))
    if project is not None:
        lines = of_models(lines, read_project(project).models)
    if json:
        emit_json(
            {
                "models": [row.to_json() for row in by(lines, "model")],
                "works": [row.to_json() for row in by(lines, "work")],
                "fees": [line.to_json() for line in lines if not line.work],
                "entries": [line.to_json() for line in lines],
            }
        )
        return
    if not lines:
        say(_("Nothing stands in the books yet."))
        return
    _print(lines, "model", _("model"))
    if items:
        _print(lines, "work", _("Work"))


def _print(lines: Sequence[Earning], what: str, word: str) -> None:
    from luokuan.appraisal.revenue import by, numbers

    rows = [
        (visible(row.name), f"{row.sales}", f"{row.amount:,.2f} {row.currency}", numbers(row.entries))
        for row in by(lines, what)
    ]
    table([word, _("sales"), _("revenue"), _("entries of the books")], rows)
