"""`luokuan train vae`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from luokuan.cli import options, training
from luokuan.i18n import _


def vae(
    corpus: Annotated[Path, typer.Argument(help=_("The folder of pictures."), show_default=False)],
    name: training.Name,
    kind: Annotated[str, typer.Option("--kind", help=_("What the items are: image."))] = "image",
    size: Annotated[int, typer.Option("--size", help=_("Side of the pictures in pixels: 32 or 64."))] = 64,
    latent: Annotated[int, typer.Option("--latent", help=_("Length of the latent vector."))] = 64,
    likelihood: Annotated[
        str, typer.Option("--likelihood", help=_("Shape of p(x|z) of an 8-bit value: logistic or laplace."))
    ] = "logistic",
    scale: Annotated[
        str, typer.Option("--scale", help=_("Whose scale is learnt: channel (one for each) or shared."))
    ] = "channel",
    beta: Annotated[float, typer.Option("--beta", help=_("Weight of the KL term; 1 is the ELBO."))] = 1.0,
    warm_up: Annotated[
        float, typer.Option("--warm-up", help=_("Share of the run in which that weight rises from 0, 0 to 1."))
    ] = 0.1,
    steps: training.Steps = None,
    minutes: training.Minutes = None,
    batch: training.Batch = 32,
    accumulate: training.Accumulate = 1,
    rate: training.Rate = 2e-3,
    rate_end: training.RateEnd = 1e-4,
    flip: Annotated[
        bool,
        typer.Option("--flip/--no-flip", help=_("Also learn from mirrored pictures; not for text or logos.")),
    ] = True,
    seed: options.Seed = 0,
    precision: training.Precision = None,
    device: training.Device = None,
    resume: training.Resume = False,
    dry_run: training.DryRun = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Plan or run the training of a VAE."""
    from luokuan.foundation.corpus import open_corpus
    from luokuan.foundation.runs import resumed
    from luokuan.models.vae.train import VaeRun, VaeTraining
    from luokuan.store.home import open_home

    place = open_home(home)
    run = (
        resumed(place, name, "vae", VaeRun)
        if resume
        else VaeRun(
            name=name,
            kind=kind,
            size=size,
            latent=latent,
            likelihood=likelihood,
            scale=scale,
            beta=beta,
            warm_up=warm_up,
            steps=steps,
            minutes=minutes,
            batch=batch,
            accumulate=accumulate,
            rate=rate,
            rate_end=min(rate_end, rate),
            flip=flip,
            seed=seed,
            precision=precision,
            device=device,
        )
    )
    run.check()  # before the corpus is read
    prepared = VaeTraining((open_corpus(corpus),), run, home=place, quiet=quiet or json)
    shape = _("{latent} numbers, {likelihood} likelihood", latent=run.latent, likelihood=run.likelihood)
    training.carry_out(
        prepared,
        lines=lambda _plan: [(_("Latent vector"), shape)],
        announcement=[
            _("Pictures of {size}² pixels.", size=run.size),
            _(
                "Latent vector: {shape}; β = {beta:g} after {share:.0%} of the run.",
                shape=shape,
                beta=run.beta,
                share=run.warm_up,
            ),
        ],
        following=_("Next: luokuan evaluate {name} {corpus}", name=run.name, corpus=corpus),
        resume=resume,
        dry_run=dry_run,
        json=json,
        quiet=quiet,
    )
