"""`luokuan create text`: what a language model writes."""

from __future__ import annotations

from typing import Annotated

import typer

from luokuan.cli import labelling, options
from luokuan.cli.exporting import suffix_of
from luokuan.cli.writing import FORMATS, Count, Format, hand_over, show
from luokuan.i18n import _

HELP = _("Create texts: a language model goes on with the prompt, or answers it if it has a chat template.")


def text(
    prompt: Annotated[str, typer.Argument(help=_("How the text begins, or what is asked; may be empty."))] = "",
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            help=_("A model: name in the store, folder, Hub id, or http://HOST:PORT/v1#NAME of a server."),
            show_default=False,
        ),
    ] = ...,  # type: ignore[assignment]
    output: options.Output = None,
    count: Count = 1,
    seed: options.Seed = 0,
    format: Format = None,
    tokens: Annotated[
        int, typer.Option("--tokens", min=1, max=65_536, help=_("Most tokens to write, the prompt's not counted."))
    ] = 256,
    temperature: Annotated[
        float, typer.Option("--temperature", min=0, max=5, help=_("Below 1: more probable; 0: always the likeliest."))
    ] = 0.8,
    top_k: Annotated[int, typer.Option("--top-k", min=0, help=_("Only so many of the likeliest tokens; 0: all."))] = 0,
    top_p: Annotated[
        float,
        typer.Option("--top-p", min=0, max=1, help=_("Only the likeliest tokens with this probability together.")),
    ] = 1.0,
    min_p: Annotated[
        float,
        typer.Option(
            "--min-p", min=0, max=1, help=_("Only tokens with this share of the likeliest one's probability.")
        ),
    ] = 0.0,
    repetition_penalty: Annotated[
        float,
        typer.Option(
            "--repetition-penalty",
            min=1,
            max=5,
            help=_("Above 1: tokens that the text already holds become unlikelier."),
        ),
    ] = 1.0,
    stop: Annotated[
        list[str] | None,
        typer.Option("--stop", help=_("A text before which to end; may be repeated."), show_default=False),
    ] = None,
    system: Annotated[
        str, typer.Option("--system", help=_("What a chat model is told first."), show_default=False)
    ] = "",
    raw: Annotated[
        bool, typer.Option("--raw", help=_("Let a chat model go on with the prompt, not answer it."))
    ] = False,
    watermark: Annotated[
        bool,
        typer.Option("--watermark/--no-watermark", help=_("Whether the choice of words carries this home's mark.")),
    ] = True,
    label: labelling.Label = None,
    policy: labelling.Policy = None,
    no_label: labelling.NoLabel = False,
    reason: labelling.Reason = None,
    acknowledge: labelling.Acknowledge = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Create texts, show a single one while it is written, and put them where the person wants them."""
    from luokuan.create.texts import Prompt, create_texts
    from luokuan.models.plm.sampling import Manner
    from luokuan.store.home import open_home

    wanted = labelling.label_options(label, policy, no_label, reason, acknowledge, home)
    suffix = suffix_of(format, output, count, FORMATS)
    shown = count == 1 and not json and not quiet
    works = create_texts(
        Prompt(prompt, system, raw),
        model=model,
        seed=seed,
        count=count,
        manner=Manner(temperature, top_k, top_p, min_p, repetition_penalty, tokens, tuple(stop or ())),
        media_type=FORMATS[suffix],
        label=wanted,
        home=open_home(home),
        on_text=show if shown else None,
        watermark=watermark,
    )
    hand_over(works, output, suffix, count=count, shown=shown, json=json)
