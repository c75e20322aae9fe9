"""`luokuan create sound`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from luokuan.cli import labelling, options
from luokuan.cli.create_speech import FORMATS
from luokuan.cli.exporting import path_of, record_of, suffix_of, told_of
from luokuan.cli.output import emit_json, say
from luokuan.i18n import _

HELP = _("Create sound effects of a category, such as rain; also as loops without a seam.")


def sound(
    category: Annotated[
        str, typer.Argument(help=_("What is to be heard, such as 'rain'; empty: as it comes."), show_default=False)
    ] = "",
    seconds: Annotated[float, typer.Option("--seconds", help=_("Length, 0.1 to 120."))] = 5.0,
    loop: Annotated[
        bool, typer.Option("--loop", help=_("The end goes over into the beginning, without a seam."))
    ] = False,
    copies: Annotated[
        bool,
        typer.Option(
            "--copies", help=_("Also categories of which so few clips were learnt that nearly one comes back.")
        ),
    ] = False,
    temperature: Annotated[
        float | None, typer.Option("--temperature", help=_("Below 1: more probable."), show_default=False)
    ] = None,
    guidance: Annotated[
        float | None,
        typer.Option("--guidance", help=_("How strongly the category draws; 1: as learnt."), show_default=False),
    ] = None,
    model: options.Model = "sounds",
    output: options.Output = None,
    count: Annotated[int, typer.Option("--count", "-n", help=_("How many to make."))] = 1,
    seed: options.Seed = 0,
    format: Annotated[
        str | None,
        typer.Option("--format", help=_("wav, flac, mp3, ogg, opus or m4a (default: by --output, else wav).")),
    ] = None,
    label: labelling.Label = None,
    policy: labelling.Policy = None,
    no_label: labelling.NoLabel = False,
    reason: labelling.Reason = None,
    acknowledge: labelling.Acknowledge = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Create sounds and put them where the person wants them."""
    from luokuan.colophon.finish import beside, export_work
    from luokuan.create.sounds import Wish, create_sounds
    from luokuan.store.home import open_home

    suffix = suffix_of(format, output, count, FORMATS)
    works = create_sounds(
        category,
        Wish(seconds, loop, copies, temperature, guidance),
        model=model,
        seed=seed,
        count=count,
        media_type=FORMATS[suffix],
        label=labelling.label_options(label, policy, no_label, reason, acknowledge, home),
        home=open_home(home),
    )
    records: list[dict[str, Any]] = []
    for work in works:
        exported = export_work(work, path_of(output, work, suffix, count=count))
        records.append(record_of(exported) | {"parameters": dict(work.recipe.parameters)})
        if json:
            continue
        say(told_of(exported))
        if work.recipe.parameters["copies"]:
            say(_("Few clips of '{category}' were learnt: this is nearly a copy of one of them.",
                  category=work.recipe.parameters["category"]))  # fmt: skip
        if loop:
            say(_("The loop is the last {seconds} s of the file: before it stands the label.",
                  seconds=f"{seconds:g}"), quiet=quiet)  # fmt: skip
        if others := beside(work):
            say(_("Beside it: {endings}. Keep them together.", endings=", ".join(others)), quiet=quiet)
    if json:
        emit_json(records[0] if count == 1 else {"works": records})
