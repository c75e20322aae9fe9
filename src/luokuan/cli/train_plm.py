"""`luokuan train plm`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from luokuan.cli import options, training
from luokuan.i18n import _


def plm(
    corpus: Annotated[
        Path,
        typer.Argument(help=_("Folder of .txt, .md or .jsonl files, or one such file."), show_default=False),
    ],
    name: training.Name,
    size: Annotated[
        str, typer.Option("--size", help=_("nano (0.8 M parameters), micro (5 M) or small (26 M), and the vocabulary."))
    ] = "micro",
    layers: Annotated[
        int | None,
        typer.Option("--layers", help=_("Transformer blocks (default: as the size has)."), show_default=False),
    ] = None,
    tied: Annotated[
        bool, typer.Option("--tied", help=_("One matrix for embeddings and head: smaller with a large vocabulary."))
    ] = False,
    tokenizer: Annotated[
        str,
        typer.Option("--tokenizer", help=_("chars, bpe, bytes, or that of another model: store name, folder, Hub id.")),
    ] = "bpe",
    vocabulary: Annotated[int, typer.Option("--vocabulary", help=_("Tokens of --tokenizer bpe."))] = 4096,
    context: Annotated[
        int | None,
        typer.Option("--context", help=_("Tokens of a window (default: 256, small 512)."), show_default=False),
    ] = None,
    steps: training.Steps = None,
    minutes: training.Minutes = None,
    batch: Annotated[int, typer.Option("--batch", help=_("Windows a step."))] = 32,
    accumulate: training.Accumulate = 1,
    rate: training.Rate = 3e-3,
    dropout: Annotated[
        float,
        typer.Option(
            "--dropout", help=_("Share of embeddings and of the blocks' outputs dropped, against learning by heart.")
        ),
    ] = 0.0,
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
    """Plan or run the training of a language model."""
    from luokuan.foundation.corpus import open_texts
    from luokuan.foundation.runs import resumed
    from luokuan.models.plm.train import PlmRun, PlmTraining
    from luokuan.store.home import open_home

    place = open_home(home)
    run = (
        resumed(place, name, "plm", PlmRun)
        if resume
        else PlmRun(
            name=name,
            size=size,
            layers=layers,
            tied=tied,
            tokenizer=tokenizer,
            vocabulary=vocabulary,
            context=context,
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
    )
    run.check()  # before the corpus is read
    prepared = PlmTraining((open_texts(corpus),), run, home=place, quiet=quiet or json)
    told = _(
        "{tokens} in {documents} documents; vocabulary {vocabulary}; windows of {context}",
        tokens=f"{len(prepared.stream.tokens):,}",
        documents=f"{prepared.stream.documents:,}",
        vocabulary=prepared.details()["vocabulary"],
        context=run.window,
    )
    training.carry_out(
        prepared,
        lines=lambda _plan: [(_("Tokens"), told)],
        announcement=[_("Tokens: {told}.", told=told)],
        following=_("Next: AutoModelForCausalLM.from_pretrained reads this folder."),
        resume=resume,
        dry_run=dry_run,
        json=json,
        quiet=quiet,
    )
