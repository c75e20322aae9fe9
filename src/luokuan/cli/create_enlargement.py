"""`luokuan create enlargement`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from luokuan.cli import labelling, options
from luokuan.cli.exporting import path_of, record_of, suffix_of
from luokuan.cli.output import emit_json, say, visible
from luokuan.i18n import _

HELP = _("Make a picture larger with an upscaler; its labels and credentials stay with it.")

FORMATS = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp"}


def enlargement(
    picture: Annotated[Path, typer.Argument(help=_("A PNG, JPEG or WebP picture."), show_default=False)],
    by: Annotated[int, typer.Option("--by", help=_("2 or 4: how many times as large."))] = 2,
    upscaler: Annotated[
        str | None,
        typer.Option("--upscaler", help=_("Which upscaler (default: the starter upscaler)."), show_default=False),
    ] = None,
    licence: Annotated[
        str,
        typer.Option("--licence", help=_("Licence of the picture, such as CC-BY-4.0 or own."), show_default=False),
    ] = "",
    output: options.Output = None,
    format: Annotated[
        str | None, typer.Option("--format", help=_("png, jpg or webp (default: by --output, else png)."))
    ] = None,
    label: labelling.Label = None,
    policy: labelling.Policy = None,
    no_label: labelling.NoLabel = False,
    reason: labelling.Reason = None,
    acknowledge: labelling.Acknowledge = False,
    corner: labelling.Corner = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Enlarge a picture and write it where the person wants it."""
    from luokuan.colophon.finish import export_work
    from luokuan.create.enlargements import create_enlargement
    from luokuan.store.home import open_home

    suffix = suffix_of(format, output, 1, FORMATS)
    work = create_enlargement(
        picture,
        by=by,
        upscaler=upscaler,
        licence=licence,
        media_type=FORMATS[suffix],
        label=labelling.label_options(label, policy, no_label, reason, acknowledge, home, corner=corner),
        home=open_home(home),
    )
    exported = export_work(work, path_of(output, work, suffix, count=1))
    if json:
        emit_json(record_of(exported))
    else:
        label_text = work.label or _("(without explicit label; logged)")
        say(_("{path}  work {id}  {label}", path=visible(exported.path), id=work.id, label=label_text), quiet=quiet)
