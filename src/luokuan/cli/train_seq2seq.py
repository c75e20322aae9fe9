"""`luokuan train seq2seq`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from luokuan.cli import options, training
from luokuan.errors import UserError
from luokuan.i18n import _

SHAPE = ("size", "layers", "width", "vocabulary")
"""Options that shape a new network: one that goes on has its shape."""


def seq2seq(
    context: typer.Context,
    corpora: Annotated[
        list[Path],
        typer.Argument(
            help=_("Folders of .jsonl files with a column for each language, or such files."), show_default=False
        ),
    ],
    name: training.Name,
    start: Annotated[str, typer.Option("--from", help=_("The language to translate from, such as en."))] = "en",
    to: Annotated[str, typer.Option("--to", help=_("The language to translate to, such as zh."))] = "zh",
    both: Annotated[bool, typer.Option("--both/--one-way", help=_("Whether to learn the way back too."))] = True,
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            help=_("Go on with this model of `luokuan train seq2seq` instead of starting at random."),
            show_default=False,
        ),
    ] = None,
    size: Annotated[
        str,
        typer.Option("--size", help=_("nano (0.5 M parameters), micro (3 M) or small (7 M), and the vocabulary.")),
    ] = "micro",
    layers: Annotated[
        str | None,
        typer.Option(
            "--layers", help=_("Blocks of encoder and decoder, such as 4+3 (default: by the size)."), show_default=False
        ),
    ] = None,
    width: Annotated[
        int | None,
        typer.Option("--width", help=_("Width, a multiple of 64 (default: by the size)."), show_default=False),
    ] = None,
    vocabulary: Annotated[
        int, typer.Option("--vocabulary", help=_("Tokens of the tokenizer that both languages share."))
    ] = 6144,
    steps: training.Steps = None,
    minutes: training.Minutes = None,
    batch: Annotated[int, typer.Option("--batch", help=_("Sentence pairs a step."))] = 256,
    accumulate: training.Accumulate = 1,
    rate: Annotated[float, typer.Option("--rate", help=_("Adam's highest learning rate."))] = 3e-3,
    dropout: Annotated[
        float,
        typer.Option(
            "--dropout", help=_("Share of embeddings and of the blocks' outputs dropped, against learning by heart.")
        ),
    ] = 0.3,
    keep: Annotated[
        str, typer.Option("--keep", help=_("best: the average that predicts held-out text best; last: the last one."))
    ] = "best",
    seed: options.Seed = 0,
    precision: training.Precision = None,
    device: training.Device = None,
    resume: training.Resume = False,
    dry_run: training.DryRun = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Plan or run the training of an encoder-decoder."""
    from luokuan.models.seq2seq.train import prepare
    from luokuan.store.home import open_home

    for option in SHAPE if base is not None and not resume else ():
        source = context.get_parameter_source(option)
        if source is None or source.name != "DEFAULT":
            raise UserError(
                _("{option} has no say with {other}.", option=f"--{option}", other="--base"),
                _("Leave one of them out."),
                code="training.option",
            )
    prepared = prepare(
        corpora,
        resume=resume,
        home=open_home(home),
        quiet=quiet or json,
        name=name,
        start=start,
        to=to,
        both=both,
        base=base,
        size=size,
        layers=layers,
        width=width,
        vocabulary=vocabulary,
        steps=steps,
        minutes=minutes,
        batch=batch,
        accumulate=accumulate,
        rate=rate,
        dropout=dropout,
        keep=keep,
        seed=seed,
        precision=precision,
        device=device,
    )
    found = prepared.details()
    amount = _(
        "{tokens} of targets; vocabulary {vocabulary}; {synthetic} sources by a machine, {left_out} pairs left out as "
        "too long",
        tokens=f"{found['target_tokens']:,}",
        vocabulary=found["vocabulary"],
        synthetic=found["synthetic"],
        left_out=found["left_out"],
    )
    told = [(_("Directions"), ", ".join(found["directions"])), (_("Tokens"), amount)]
    following = _("Next: luokuan create translation TEXT --to {to} -m {name}", to=prepared.run.to, name=name)
    training.carry_out(
        prepared,
        lines=lambda _plan: told,
        announcement=[f"{label}: {text}." for label, text in told],
        following=following,
        resume=resume,
        dry_run=dry_run,
        json=json,
        quiet=quiet,
    )
