"""`luokuan create text`: what a language model writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from luokuan.cli import options
from luokuan.cli.exporting import path_of, record_of, suffix_of
from luokuan.cli.output import emit_json, say, visible
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.colophon.schema import Work

HELP = _("Create texts: a language model goes on with the prompt, or answers it if it has a chat template.")
FORMATS = {"txt": "text/plain", "md": "text/markdown", "json": "application/json"}


def text(
    prompt: Annotated[str, typer.Argument(help=_("How the text begins, or what is asked; may be empty."))] = "",
    model: Annotated[
        str, typer.Option("--model", "-m", help=_("A model: name in the store, folder, or Hub id."), show_default=False)
    ] = ...,  # type: ignore[assignment]
    output: options.Output = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=64, help=_("How many to make."))] = 1,
    seed: options.Seed = 0,
    format: Annotated[
        str | None, typer.Option("--format", help=_("txt, md or json (default: by --output, else txt)."))
    ] = None,
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
    label: Annotated[
        Literal["cn", "en", "both"], typer.Option("--label", help=_("Language of the explicit label: cn, en or both."))
    ] = "both",
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Create texts, show a single one while it is written, and put them where the person wants them."""
    from luokuan.colophon.finish import export_work
    from luokuan.colophon.label import LabelOptions
    from luokuan.create.texts import Prompt, create_texts
    from luokuan.models.plm.sampling import Manner
    from luokuan.store.home import open_home

    suffix = suffix_of(format, output, count, FORMATS)
    shown = count == 1 and not json and not quiet
    works = create_texts(
        Prompt(prompt, system, raw),
        model=model,
        seed=seed,
        count=count,
        manner=Manner(temperature, top_k, top_p, min_p, repetition_penalty, tokens, tuple(stop or ())),
        media_type=FORMATS[suffix],
        label=LabelOptions(language=label),
        home=open_home(home),
        on_text=_show if shown else None,
    )
    records = []
    for work in works:
        exported = export_work(work, path_of(output, work, suffix, count=count))
        records.append(record_of(exported) | {"ended": work.recipe.parameters["ended"]})
        if not json:
            _tell(exported, shown=shown)
    if json:
        emit_json(records[0] if count == 1 else {"works": records})


def _show(_index: int, piece: str) -> None:
    lines = (visible(line) for line in piece.replace("\t", "    ").split("\n"))
    typer.echo("\n".join(lines), nl=False)


def _tell(work: Work, *, shown: bool) -> None:
    if shown:
        typer.echo("\n")
    say(_("{path}  seed {seed}  {label}", path=visible(work.path), seed=work.recipe.seed, label=work.label))
    if work.sidecars:
        say(_("Beside it: {endings}. Keep them together.", endings=", ".join(work.sidecars)), quiet=not shown)
