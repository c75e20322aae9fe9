"""`luokuan works copy`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from luokuan.cli import labelling, options
from luokuan.cli.exporting import record_of
from luokuan.cli.output import emit_json, say, visible
from luokuan.i18n import _

HELP = _(
    "Finish a work again, in another format or with another label: a work of its own with one watermark, whose "
    "manifest names the first one as its parent."
)


def copy(
    work: Annotated[str, typer.Argument(help=_("The work's file, or its id."), show_default=False)],
    output: Annotated[
        Path, typer.Option("--output", "-o", help=_("File to write; its ending says the format."), show_default=False)
    ],
    purpose: Annotated[
        Literal["derived", "licensed"],
        typer.Option("--for", help=_("derived: another form of it; licensed: for somebody who got a licence.")),
    ] = "derived",
    label: labelling.Label = None,
    policy: labelling.Policy = None,
    no_label: labelling.NoLabel = False,
    reason: labelling.Reason = None,
    acknowledge: labelling.Acknowledge = False,
    corner: labelling.Corner = None,
    enlarge: labelling.Enlarge = "lanczos",
    heard: labelling.Heard = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Make a copy and write it."""
    from luokuan.colophon.derive import finish_again
    from luokuan.colophon.finish import export_work
    from luokuan.colophon.formats import format_of, format_of_path
    from luokuan.colophon.reference import work_of
    from luokuan.store.home import open_home

    place = open_home(home)
    row = work_of(work, place)
    media_type = format_of_path(output, format_of(row.media_type).kind).media_type
    wanted = labelling.label_options(label, policy, no_label, reason, acknowledge, home, corner=corner)
    if media_type.startswith("audio/") and media_type != "audio/midi":
        from luokuan.create.voices.label import with_voice

        wanted = with_voice(wanted, heard)
    made = finish_again(
        row.id,
        home=place,
        media_type=media_type,
        label=wanted,
        purpose=purpose,
        enlarge=enlarge,
    )
    exported = export_work(made, output)
    if json:
        emit_json(record_of(exported) | {"parent": row.id, "purpose": purpose})
    else:
        say(
            _("{path}  work {id}, a copy of {parent}", path=visible(exported.path), id=made.id, parent=row.id),
            quiet=quiet,
        )
