"""`luokuan create effect`."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from luokuan.cli import labelling, options
from luokuan.cli.clips import FORMATS, progress, tell_clip
from luokuan.cli.create_enlargement import FORMATS as PICTURES
from luokuan.cli.exporting import path_of, record_of, suffix_of, told_of
from luokuan.cli.output import emit_json, say
from luokuan.create.effects.orders import STILL, EffectName, Flakes
from luokuan.errors import UserError
from luokuan.i18n import _

HELP = _("Put an effect on a picture or a clip of anybody: a clip, or a picture, that keeps its history.")


def effect(
    file: Annotated[Path, typer.Argument(help=_("A picture or a clip."), show_default=False)],
    effect: Annotated[EffectName, typer.Option("--effect", "-e", help=_("What is done with it."))] = "zoom",
    of: Annotated[Flakes, typer.Option("--of", help=_("What falls or flies, with particles."))] = "snow",
    strength: Annotated[float, typer.Option("--strength", help=_("How much of it, 0 to 1."))] = 0.5,
    toward: Annotated[
        Path | None,
        typer.Option(
            "--toward",
            help=_(
                "The other picture, with morph; with style a picture, or a folder of them; with background a picture."
            ),
            show_default=False,
        ),
    ] = None,
    background: Annotated[
        str,
        typer.Option(
            "--background",
            help=_("What comes behind, with background: a colour, or hills, sea, night, city or room."),
            show_default=False,
        ),
    ] = "",
    inside: Annotated[
        str | None,
        typer.Option(
            "--inside",
            help=_("A box around all that stays, with background: LEFT,TOP,WIDTH,HEIGHT in shares of the picture."),
            show_default=False,
        ),
    ] = None,
    codec: Annotated[
        str | None,
        typer.Option(
            "--codec",
            help=_("Whose latents morph goes through (default: the starter picture-codec)."),
            show_default=False,
        ),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", help=_("Of a clip made of a picture (default: 4)."), show_default=False),
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option("--fps", help=_("Its frames a second (default: 12)."), show_default=False),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option("--size", help=_("Its shortest side in pixels (default: 512)."), show_default=False),
    ] = None,
    licence: Annotated[str, typer.Option("--licence", help=_("Of the given files (SPDX id)."))] = "",
    output: options.Output = None,
    seed: options.Seed = 0,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            help=_(
                "mp4 or webm; png, jpg or webp for a picture's style or background (default: by --output, else that "
                "picture's own there, else mp4)."
            ),
        ),
    ] = None,
    label: labelling.Label = None,
    policy: labelling.Policy = None,
    corner: labelling.Corner = None,
    no_label: labelling.NoLabel = False,
    reason: labelling.Reason = None,
    acknowledge: labelling.Acknowledge = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Make, finish and write the clip, or the picture."""
    from luokuan.colophon.finish import export_work
    from luokuan.colophon.formats import format_of
    from luokuan.create.effects.drafts import create_effect
    from luokuan.store.home import open_home

    known = {**FORMATS, **PICTURES} if effect in STILL else FORMATS
    # Whether a picture stays one depends on what it is: the work tells.
    open_yet = effect in STILL and format is None and (output is None or not output.suffix or output.is_dir())
    suffix = None if open_yet else suffix_of(format, output, 1, known)
    wanted = labelling.label_options(label, policy, no_label, reason, acknowledge, home, corner=corner)
    began = time.monotonic()
    with ExitStack() as held:
        work = create_effect(
            file,
            effect,
            of=of,
            strength=strength,
            toward=toward,
            codec=codec,
            background=background,
            inside=_box(inside),
            seconds=seconds,
            fps=fps,
            size=size,
            seed=seed,
            licence=licence,
            media_type=None if suffix is None else known[suffix],
            label=wanted,
            home=open_home(home),
            on_frame=None if quiet or json else progress(held),
        )
    suffix = suffix or format_of(work.media_type).suffixes[0][1:]
    exported = export_work(work, path_of(output, work, suffix, count=1))
    if suffix in PICTURES:
        emit_json(record_of(exported)) if json else say(told_of(exported))
        return
    tell_clip(exported, time.monotonic() - began, json=json, quiet=quiet)


def _box(given: str | None) -> tuple[float, float, float, float] | None:
    if given is None:
        return None
    try:
        left, top, width, height = (float(part) for part in given.split(","))
    except ValueError as error:
        raise UserError(
            _("{option} can't be {value}.", option="--inside", value=given[:40]),
            _("Give left, top, width and height as shares of the picture, such as 0.2,0.1,0.6,0.8."),
            code="effect.range",
        ) from error
    return left, top, width, height
