"""`luokuan train`: one command a family."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from luokuan.cli import options, training
from luokuan.cli.train_clip import HELP as CLIP_HELP
from luokuan.cli.train_clip import clip
from luokuan.cli.train_gan import gan
from luokuan.cli.train_plm import plm
from luokuan.cli.train_prior import prior
from luokuan.cli.train_seq2seq import seq2seq
from luokuan.cli.train_sound import HELP as SOUND_HELP
from luokuan.cli.train_sound import sound
from luokuan.cli.train_speech import HELP as SPEECH_HELP
from luokuan.cli.train_speech import speech
from luokuan.cli.train_upscaler import upscaler
from luokuan.cli.train_vae import vae
from luokuan.errors import UserError
from luokuan.i18n import _

app = typer.Typer(no_args_is_help=True, help=_("Train a model on material you own."))


@app.callback()
def _group() -> None:
    """Families as commands."""


app.command("gan", help=_("Train a GAN on pictures, on music, or on sentences in the latents of a VAE."))(gan)


@app.command("codec", help=_("Train a picture codec (a VAE) on one or more folders of pictures."))
def codec(
    corpora: Annotated[list[Path], typer.Argument(help=_("Folders of pictures."), show_default=False)],
    name: training.Name,
    bottleneck: Annotated[
        str, typer.Option("--bottleneck", help=_("fsq: tokens (finite scalar quantisation); kl: continuous latents."))
    ] = "fsq",
    latent_channels: Annotated[
        int | None,
        typer.Option(
            "--latent-channels",
            help=_("Channels of a latent cell with kl: 4, 8 or 16 (default: 8)."),
            show_default=False,
        ),
    ] = None,
    levels: Annotated[
        str, typer.Option("--levels", help=_("Levels of each token channel with fsq, with commas between."))
    ] = "8,8,8,8,8,8",
    steps: training.Steps = None,
    minutes: training.Minutes = None,
    batch: training.Batch = 32,
    accumulate: training.Accumulate = 1,
    rate: training.Rate = 2e-3,
    rate_end: training.RateEnd = 5e-5,
    perceptual: Annotated[
        float, typer.Option("--perceptual", help=_("Weight of the perceptual distance; 0 leaves it out."))
    ] = 1.0,
    adversary: Annotated[
        float, typer.Option("--adversary", help=_("Weight of the discriminator; 0 leaves it out."))
    ] = 0.25,
    adversary_from: Annotated[
        float, typer.Option("--adversary-from", help=_("Share of the run after which it plays, 0 to 1."))
    ] = 0.0,
    seed: options.Seed = 0,
    precision: training.Precision = None,
    device: training.Device = None,
    resume: training.Resume = False,
    dry_run: training.DryRun = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Plan or run the training of a codec."""
    from luokuan.foundation.corpus import open_corpus
    from luokuan.foundation.runs import resumed
    from luokuan.models.codec.train import CodecRun, CodecTraining
    from luokuan.store.home import open_home

    place = open_home(home)
    run = (
        resumed(place, name, "codec", CodecRun)
        if resume
        else CodecRun(
            name=name,
            bottleneck=bottleneck,
            latent_channels=latent_channels,
            levels=_levels(levels),
            steps=steps,
            minutes=minutes,
            batch=batch,
            accumulate=accumulate,
            rate=rate,
            rate_end=min(rate_end, rate),
            perceptual=perceptual,
            adversary=adversary,
            adversary_from=adversary_from,
            seed=seed,
            precision=precision,
            device=device,
        )
    )
    run.check()  # before the corpora are read
    opened = tuple(open_corpus(corpus) for corpus in corpora)
    prepared = CodecTraining(opened, run, home=place, quiet=quiet or json)
    cell = f"{prepared.config.bottleneck}, 8² → {prepared.config.latent_channels}"
    training.carry_out(
        prepared,
        lines=lambda _plan: [(_("Latent cell"), cell)],
        announcement=[_("Latent cell: {cell}.", cell=cell)],
        following=_("Next: luokuan evaluate {name} {corpus}", name=run.name, corpus=corpora[0]),
        resume=resume,
        dry_run=dry_run,
        json=json,
        quiet=quiet,
    )


app.command("prior", help=_("Train a transformer over a codec's tokens on a folder of pictures."))(prior)


app.command("upscaler", help=_("Train an upscaler (a small GAN) on one or more folders of pictures."))(upscaler)
app.command("vae", help=_("Train a VAE on pictures, sentences or music: a latent vector, a true bound in nats."))(vae)


def _levels(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise UserError(
            _("{option} is out of its range.", option="--levels"),
            _("Allowed: {allowed}.", allowed="8,8,8,6,5"),
            code="training.option",
        ) from error


app.command("plm", help=_("Train a language model on a folder of text, or fine-tune one."))(plm)
app.command("seq2seq", help=_("Train an encoder-decoder on pairs of sentences: it translates."))(seq2seq)
app.command("sound", help=SOUND_HELP)(sound)
app.command("clip", help=CLIP_HELP)(clip)
app.command("speech", help=SPEECH_HELP)(speech)
