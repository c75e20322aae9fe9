"""`luokuan train upscaler`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from luokuan.cli import options, training
from luokuan.i18n import _


def upscaler(
    corpora: Annotated[list[Path], typer.Argument(help=_("Folders of pictures."), show_default=False)],
    name: training.Name,
    steps: training.Steps = None,
    minutes: training.Minutes = None,
    batch: training.Batch = 32,
    accumulate: training.Accumulate = 1,
    rate: training.Rate = 1e-3,
    rate_end: training.RateEnd = 2e-5,
    adversary: Annotated[
        float, typer.Option("--adversary", help=_("Weight of the patch discriminator; 0 leaves it out."))
    ] = 0.03,
    adversary_from: Annotated[
        float, typer.Option("--adversary-from", help=_("Share of the run after which it plays, 0 to 1."))
    ] = 2 / 3,
    matching: Annotated[
        float, typer.Option("--matching", help=_("Weight of feature matching in the patch discriminator."))
    ] = 0.3,
    seed: options.Seed = 0,
    precision: training.Precision = None,
    device: training.Device = None,
    resume: training.Resume = False,
    dry_run: training.DryRun = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Plan or run the training of an upscaler."""
    from luokuan.foundation.corpus import open_corpus
    from luokuan.foundation.runs import resumed
    from luokuan.models.upscaler.train import UpscalerRun, UpscalerTraining
    from luokuan.store.home import open_home

    place = open_home(home)
    run = (
        resumed(place, name, "upscaler", UpscalerRun)
        if resume
        else UpscalerRun(
            name=name,
            steps=steps,
            minutes=minutes,
            batch=batch,
            accumulate=accumulate,
            rate=rate,
            rate_end=min(rate_end, rate),
            adversary=adversary,
            adversary_from=adversary_from,
            matching=matching,
            seed=seed,
            precision=precision,
            device=device,
        )
    )
    run.check()  # before the corpora are read
    opened = tuple(open_corpus(corpus) for corpus in corpora)
    prepared = UpscalerTraining(opened, run, home=place, quiet=quiet or json)
    training.carry_out(
        prepared,
        lines=lambda _plan: [],
        announcement=[_("Crops of 64² pixels, from half their side.")],
        following=_("Next: luokuan create image --upscale 2 --upscaler {name} -o picture.png", name=run.name),
        resume=resume,
        dry_run=dry_run,
        json=json,
        quiet=quiet,
    )
