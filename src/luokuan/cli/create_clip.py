"""`luokuan create clip`."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from luokuan.cli import labelling, options
from luokuan.cli.clips import FORMATS, tell_clip, tell_credit
from luokuan.cli.exporting import path_of, record_of, suffix_of
from luokuan.cli.output import emit_json, say
from luokuan.errors import UserError
from luokuan.i18n import _

HELP = _("Create short clips of what the brief names, such as an action and a direction, with a model of clips.")


def clip(
    model: options.Model,
    brief: Annotated[
        str,
        typer.Argument(help=_("What is to be seen, such as 'walk south, leather cap'; empty: as it comes.")),
    ] = "",
    attribute: Annotated[
        list[str] | None,
        typer.Option("--attribute", help=_("NAME=VALUE, as `luokuan models show` names them; may be repeated.")),
    ] = None,
    fps: Annotated[
        float | None, typer.Option("--fps", help=_("Frames a second (default: as the corpus)."), show_default=False)
    ] = None,
    loops: Annotated[
        int | None,
        typer.Option("--loops", help=_("How often it is repeated (default: for about 4 seconds)."), show_default=False),
    ] = None,
    size: Annotated[
        int, typer.Option("--size", help=_("Its side in pixels at least, 256 to 1024; pixels become squares."))
    ] = 256,
    temperature: Annotated[
        float | None, typer.Option("--temperature", help=_("Below 1: more probable."), show_default=False)
    ] = None,
    guidance: Annotated[
        float | None,
        typer.Option("--guidance", help=_("How strongly the brief draws; 1: as learnt."), show_default=False),
    ] = None,
    output: options.Output = None,
    count: Annotated[int, typer.Option("--count", "-n", help=_("How many to make."))] = 1,
    seed: options.Seed = 0,
    format: Annotated[
        str | None, typer.Option("--format", help=_("mp4 or webm (default: by --output, else mp4)."))
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
    """Create clips and put them where the person wants them."""
    from luokuan.colophon.finish import export_work
    from luokuan.create.clips import Wish, create_clips
    from luokuan.store.home import open_home

    suffix = suffix_of(format, output, count, FORMATS)
    works = create_clips(
        brief,
        Wish(given(attribute or []), fps, loops, size, temperature, guidance),
        model=model,
        seed=seed,
        count=count,
        media_type=FORMATS[suffix],
        label=labelling.label_options(label, policy, no_label, reason, acknowledge, home, corner=corner),
        home=open_home(home),
    )
    records: list[dict[str, Any]] = []
    began = time.monotonic()
    for work in works:
        exported = export_work(work, path_of(output, work, suffix, count=count))
        said = dict(work.recipe.parameters)
        records.append(record_of(exported) | {"parameters": said})
        took, began = time.monotonic() - began, time.monotonic()
        if json:
            continue
        tell_clip(exported, took, json=False, quiet=quiet)
        if said["attributes"]:
            told = ", ".join(f"{name}={value}" for name, value in said["attributes"].items())
            say(_("Told: {told}.", told=told), quiet=quiet)
        if said["ignored_words"]:
            say(_("Words without effect: {words}.", words=", ".join(said["ignored_words"])))
        tell_credit(exported)
    if json:
        emit_json(records[0] if count == 1 else {"works": records})


def given(attributes: list[str]) -> dict[str, str]:
    """NAME=VALUE, several of them, as a mapping.

    Raises:
        UserError: one is no such pair.
    """
    pairs = [text.partition("=") for text in attributes]
    if any(not name or not value for name, _sign, value in pairs):
        raise UserError(
            _("--attribute needs a name and a value."),
            _("Write NAME=VALUE; `luokuan models show` tells both."),
            code="create.option",
        )
    return {name: value for name, _sign, value in pairs}
