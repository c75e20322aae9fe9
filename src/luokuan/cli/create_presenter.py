"""`luokuan create presenter`."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Literal

import typer

from luokuan.cli import labelling, options
from luokuan.cli.clips import FORMATS, progress, tell_clip, tell_credit
from luokuan.cli.exporting import path_of, suffix_of
from luokuan.cli.output import emit_json, say, table, visible
from luokuan.errors import UserError
from luokuan.i18n import _

HELP = _("Let a presenter say a text: a drawn portrait whose lips follow the voice, as a clip with captions.")

_PICTURES = (".png", ".jpg", ".jpeg", ".webp")


def presenter(
    text: Annotated[str, typer.Argument(help=_("What to say."), show_default=False)] = "",
    source: Annotated[
        Path | None, typer.Option("--file", "-i", help=_("A file of text to say."), show_default=False)
    ] = None,
    voice: Annotated[
        list[str] | None,
        typer.Option(
            "--voice",
            help=_("A voice, one a language; may be repeated (see `luokuan create speech --voices`)."),
            show_default=False,
        ),
    ] = None,
    portrait: Annotated[
        list[str] | None,
        typer.Option(
            "--portrait",
            help=_("NAME=VALUE of the drawn portrait, such as hair=bob; may be repeated (see --portraits)."),
            show_default=False,
        ),
    ] = None,
    portraits: Annotated[
        bool, typer.Option("--portraits", help=_("List the attributes of a drawn portrait and their values."))
    ] = False,
    portrait_file: Annotated[
        Path | None,
        typer.Option(
            "--portrait-file", help=_("A picture that speaks instead of a drawn portrait."), show_default=False
        ),
    ] = None,
    mouth: Annotated[
        str | None,
        typer.Option(
            "--mouth",
            help=_("Where that picture's mouth is: X,Y,WIDTH in shares of its middle square."),
            show_default=False,
        ),
    ] = None,
    licence: Annotated[str, typer.Option("--licence", help=_("Of the given pictures (SPDX id)."))] = "",
    title: Annotated[str, typer.Option("--title", help=_("A name in the lower third."))] = "",
    subtitle: Annotated[str, typer.Option("--subtitle", help=_("A line below the title."))] = "",
    background: Annotated[
        str, typer.Option("--background", help=_("A colour, such as navy or #C8DCE6, or a picture (default: by seed)."))
    ] = "",
    aspect: Annotated[Literal["16:9", "9:16", "1:1"], typer.Option("--aspect", help=_("Width to height."))] = "16:9",
    size: Annotated[int, typer.Option("--size", help=_("Shortest side in pixels, 128 to 1080."))] = 720,
    fps: Annotated[float, typer.Option("--fps", help=_("Frames a second, 8 to 60."))] = 25.0,
    captions: Annotated[
        bool, typer.Option("--captions", help=_("Write the captions on the frames, not only into files beside them."))
    ] = False,
    rate: Annotated[float, typer.Option("--rate", help=_("How fast, 0.5 to 2."))] = 1.0,
    pitch: Annotated[float, typer.Option("--pitch", help=_("Semitones higher, -12 to 12."))] = 0.0,
    output: options.Output = None,
    seed: options.Seed = 0,
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
    """Draw, finish and write the clip with its captions, and tell how long that took against how long it is."""
    from luokuan.colophon.finish import export_work
    from luokuan.create.presenters.drafts import create_presenter
    from luokuan.create.presenters.looks import parsed
    from luokuan.create.starting import text_from
    from luokuan.store.home import open_home

    if portraits:
        _list(json=json)
        return
    if text and source is not None:
        raise UserError(_("Both a text and --file were given."), _("Give one of them."), code="presenter.input")
    suffix = suffix_of(format, output, 1, FORMATS)
    wanted = labelling.label_options(label, policy, no_label, reason, acknowledge, home, corner=corner)
    place = open_home(home)
    given, origin = (text, None) if source is None else text_from(source, place)
    picture = Path(background) if background.lower().endswith(_PICTURES) else None
    began = time.monotonic()
    with ExitStack() as held:
        work = create_presenter(
            given,
            voices=tuple(voice or ()),
            rate=rate,
            pitch=pitch,
            portrait=parsed(portrait or []),
            portrait_file=portrait_file,
            mouth=_mouth(mouth),
            background_file=picture,
            background="" if picture else background,
            licence=licence,
            title=title,
            subtitle=subtitle,
            aspect=aspect,
            size=size,
            fps=fps,
            captions=captions,
            seed=seed,
            media_type=FORMATS[suffix],
            label=wanted,
            home=place,
            origin=origin,
            on_frame=None if quiet or json else progress(held),
        )
    took = time.monotonic() - began
    exported = export_work(work, path_of(output, work, suffix, count=1))
    left_out = work.recipe.parameters.get("left_out")
    tell_clip(exported, took, json=json, quiet=quiet, left_out=left_out or None)
    if json:
        return
    if left_out:
        say(_("Left out, as no voice here speaks it: {letters}", letters=visible(left_out)))
    tell_credit(work)


def _mouth(given: str | None) -> tuple[float, float, float] | None:
    from luokuan.create.presenters.portraits import mouth_of

    if given is None:
        return None
    try:
        shares = [float(part) for part in given.split(",")]
    except ValueError:
        shares = []
    return mouth_of(shares)


def _list(*, json: bool) -> None:
    from luokuan.create.presenters.looks import ATTRIBUTES, CHINESE

    if json:
        emit_json({"attributes": {name: list(values) for name, values in ATTRIBUTES.items()}})
        return
    chinese: dict[str, str] = {}
    for word, name in CHINESE.items():
        chinese.setdefault(name, word)
    both = {name: f"{name} {chinese[name]}" if name in chinese else name for name in chinese}
    rows = [
        (both.get(name, name), ", ".join(both.get(value, value) for value in values))
        for name, values in ATTRIBUTES.items()
    ]
    table([_("attribute"), _("values")], rows)
