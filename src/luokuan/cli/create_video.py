"""`luokuan create video`."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Literal

import typer

from luokuan.cli import labelling, options
from luokuan.cli.clips import FORMATS, progress, tell_clip, tell_credit
from luokuan.cli.exporting import path_of, suffix_of
from luokuan.i18n import _

HELP = _("Make an animated short from a storyboard: scenes with characters, camera, speech, music and captions.")


def video(
    storyboard: Annotated[Path, typer.Argument(help=_("The storyboard, a file of YAML."), show_default=False)],
    aspect: Annotated[
        Literal["16:9", "9:16", "1:1"] | None,
        typer.Option("--aspect", help=_("Width to height (default: as the storyboard says)."), show_default=False),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(
            "--size", help=_("Shortest side in pixels (default: as the storyboard says)."), show_default=False
        ),
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option("--fps", help=_("Frames a second (default: as the storyboard says)."), show_default=False),
    ] = None,
    captions: Annotated[
        bool | None,
        typer.Option(
            "--captions/--no-captions",
            help=_("Whether captions stand on the frames, too (default: as the storyboard says)."),
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", help=_("Another seed than the storyboard's."), min=0, max=2**53 - 1, show_default=False),
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option("--licence", help=_("Of the given files (SPDX id)."), show_default=False),
    ] = None,
    output: options.Output = None,
    format: Annotated[
        str | None, typer.Option("--format", help=_("mp4 or webm (default: by --output, else mp4)."))
    ] = None,
    label: labelling.Label = None,
    policy: labelling.Policy = None,
    corner: labelling.Corner = "top-right",
    no_label: labelling.NoLabel = False,
    reason: labelling.Reason = None,
    acknowledge: labelling.Acknowledge = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Draw, mix, finish and write the short, and tell how long that took against how long it is."""
    from luokuan.colophon.finish import export_work
    from luokuan.create.shorts.drafts import create_video
    from luokuan.store.home import open_home

    suffix = suffix_of(format, output, 1, FORMATS)
    wanted = labelling.label_options(label, policy, no_label, reason, acknowledge, home, corner=corner)
    began = time.monotonic()
    with ExitStack() as held:
        work = create_video(
            storyboard,
            media_type=FORMATS[suffix],
            label=wanted,
            home=open_home(home),
            on_frame=None if quiet or json else progress(held),
            aspect=aspect,
            size=size,
            fps=fps,
            captions=captions,
            seed=seed,
            licence=licence,
        )
    exported = export_work(work, path_of(output, work, suffix, count=1))
    tell_clip(exported, time.monotonic() - began, json=json, quiet=quiet)
    if not json:
        tell_credit(work)
