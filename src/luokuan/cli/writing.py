"""What the commands that create texts have in common: options, showing a text while it is written, handing it over."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from luokuan.cli.exporting import path_of, record_of, told_of
from luokuan.cli.output import emit_json, say, visible
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.colophon.schema import Work

FORMATS = {"txt": "text/plain", "md": "text/markdown", "json": "application/json", "html": "text/html"}
"""Endings and media types of texts."""

SHOWN = ("txt", "md")
"""Endings of files that are shown as they are, when several are made."""
RUN_SHOWN = 200
"""Characters of a run that is told."""

Count = Annotated[int, typer.Option("--count", "-n", min=1, max=64, help=_("How many to make."))]
Format = Annotated[
    str | None, typer.Option("--format", help=_("txt, md, json or html (default: by --output, else txt)."))
]


def show(_index: int, piece: str) -> None:
    """Print a piece of a text: lines stay lines, and nothing in it steers the terminal."""
    lines = (visible(line) for line in piece.replace("\t", "    ").split("\n"))
    typer.echo("\n".join(lines), nl=False)


def hand_over(
    works: Iterable[Work],
    output: Path | None,
    suffix: str,
    *,
    count: int,
    shown: bool,
    json: bool,
    quiet: bool = False,
    notes: Callable[[Work], Iterable[str]] = lambda _work: (),
    told: Iterable[str] = ("ended", "shared_words", "shared_run"),
) -> None:
    """Write works to where the person wants them, and say so.

    Args:
        shown: Whether the text was printed already.
        json: Whether one object is printed instead of sentences.
        quiet: Whether texts that weren't shown stay in their files.
        notes: Lines to print of a work, after its text.
        told: Parameters of the recipe that ``json`` tells.
    """
    from luokuan.colophon.finish import beside, export_work
    from luokuan.models.plm.ngrams import COPY

    records = []
    for work in works:
        if shown:
            typer.echo("\n")  # first, so that what goes wrong in writing stands on a line of its own
        exported = export_work(work, path_of(output, work, suffix, count=count))
        parameters = work.recipe.parameters
        records.append(record_of(exported) | {key: parameters.get(key) for key in told})
        if json:
            continue
        if not shown and not quiet and suffix in SHOWN:
            show(0, work.data.decode("utf-8", "replace").rstrip("\n") + "\n\n")
        for line in notes(work):
            say(visible(line))
        say(told_of(exported))
        if others := beside(work):
            say(_("Beside it: {endings}. Keep them together.", endings=", ".join(others)), quiet=not shown)
        if (parameters.get("shared_words") or 0) >= COPY:
            say(
                _(
                    "{count} words in a row stand in the training text, too: “{run}”. Look whose they are.",
                    count=parameters["shared_words"],
                    run=visible(str(parameters["shared_run"])[:RUN_SHOWN]),
                )
            )
    if json:
        emit_json(records[0] if count == 1 else {"works": records})
