"""`luokuan train prior`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from luokuan.cli import options, training
from luokuan.i18n import _


def prior(
    corpus: Annotated[Path, typer.Argument(help=_("Folder of pictures."), show_default=False)],
    name: training.Name,
    codec: Annotated[
        str, typer.Option("--codec", help=_("Codec with tokens: store name, starter name or folder."))
    ] = "picture-codec",
    size: Annotated[int, typer.Option("--size", help=_("Side of the pictures in pixels: 64 or 128."))] = 64,
    condition: Annotated[
        str | None,
        typer.Option(
            "--condition",
            help=_("class, attributes, text or none (default: the most that the corpus tells)."),
            show_default=False,
        ),
    ] = None,
    order: Annotated[
        str,
        typer.Option("--order", help=_("autoregressive: cell by cell; masked: several at once, the surest first.")),
    ] = "autoregressive",
    width: Annotated[int, typer.Option("--width", help=_("Length of a token's vector, a multiple of 64."))] = 256,
    layers: Annotated[int, typer.Option("--layers", help=_("Transformer blocks."))] = 4,
    steps: training.Steps = None,
    minutes: training.Minutes = None,
    batch: training.Batch = 16,
    accumulate: training.Accumulate = 1,
    rate: training.Rate = 2e-3,
    crops: Annotated[
        int, typer.Option("--crops", help=_("Crops of each picture to learn from: 1, the whole picture, to 64."))
    ] = 1,
    flip: Annotated[
        bool,
        typer.Option("--flip/--no-flip", help=_("Also learn from mirrored pictures; not for text and logos.")),
    ] = True,
    dropout: Annotated[
        float,
        typer.Option(
            "--dropout", help=_("Share of the blocks' outputs dropped while training, against learning by heart.")
        ),
    ] = 0.0,
    blank: Annotated[
        float,
        typer.Option(
            "--blank",
            help=_("Largest share of its cells hidden while it learns a picture: the more, the more words count."),
        ),
    ] = 0.2,
    keep: Annotated[
        str,
        typer.Option("--keep", help=_("best: the average that predicts held-out pictures best; last: the last one.")),
    ] = "best",
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            help=_("Fine-tune this prior instead of starting at random: store name, starter name, folder or Hub id."),
            show_default=False,
        ),
    ] = None,
    seed: options.Seed = 0,
    precision: training.Precision = None,
    device: training.Device = None,
    resume: training.Resume = False,
    dry_run: training.DryRun = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Plan or run the training of a token prior."""
    from luokuan.foundation.corpus import open_corpus
    from luokuan.foundation.runs import resumed
    from luokuan.models.prior.condition import prefix_shape
    from luokuan.models.prior.train import PriorRun, PriorTraining
    from luokuan.store.home import open_home

    place = open_home(home)
    run = (
        resumed(place, name, "prior", PriorRun)
        if resume
        else PriorRun(
            name=name,
            codec=codec,
            size=size,
            condition=condition,
            order=order,
            width=width,
            layers=layers,
            steps=steps,
            minutes=minutes,
            batch=batch,
            accumulate=accumulate,
            rate=rate,
            crops=crops,
            flip=flip,
            dropout=dropout,
            blank=blank,
            keep=keep,
            base=base,
            seed=seed,
            precision=precision,
            device=device,
        )
    )
    run.check()  # before the corpus is read
    prepared = PriorTraining((open_corpus(corpus),), run, home=place, quiet=quiet or json)
    config = prepared.config
    told = f"{config.cells}² × {len(config.levels)}, {config.order}, {config.condition}"
    base_model, known = prepared.base(), None
    if base_model is not None:
        known = _(
            "{name}, licence {licence}; it knows {known} of {all} classes, values or words",
            name=base_model.name,
            licence=base_model.licence,
            known=prepared.known,
            all=prefix_shape(config)[0] - 1,
        )
    training.carry_out(
        prepared,
        lines=lambda _plan: [(_("Tokens"), told), *([(_("Base"), known)] if known else [])],
        announcement=[_("Tokens: {told}.", told=told), *([_("Base: {known}.", known=known)] if known else [])],
        following=_("Next: luokuan create image -m {name} -o picture.png", name=run.name),
        resume=resume,
        dry_run=dry_run,
        json=json,
        quiet=quiet,
    )
