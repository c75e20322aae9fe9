"""`luokuan train vae`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from luokuan.cli import options, training
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.foundation.family import Plan

Lines = Callable[["Plan"], Sequence[tuple[str, str]]]


def vae(
    corpus: Annotated[
        Path,
        typer.Argument(
            help=_("A folder of pictures, of text (one sentence on each line), or of .mid files."), show_default=False
        ),
    ],
    name: training.Name,
    kind: Annotated[str, typer.Option("--kind", help=_("What the items are: image, text or music."))] = "image",
    size: Annotated[
        str | None,
        typer.Option(
            "--size",
            help=_("Side of the pictures in pixels: 32 or 64 (default). Text: nano, micro (default) or small."),
            show_default=False,
        ),
    ] = None,
    latent: Annotated[
        int | None,
        typer.Option(
            "--latent",
            help=_("Length of the latent vector (default 64; text and music: 32; music: 0 for none)."),
            show_default=False,
        ),
    ] = None,
    likelihood: Annotated[
        str | None,
        typer.Option(
            "--likelihood",
            help=_("Pictures: shape of p(x|z) of an 8-bit value: logistic (default) or laplace."),
            show_default=False,
        ),
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option(
            "--scale",
            help=_("Pictures: whose scale is learnt: channel (one for each, default) or shared."),
            show_default=False,
        ),
    ] = None,
    beta: Annotated[
        float | None,
        typer.Option("--beta", help=_("Weight of the KL term; 1, the default, is the ELBO."), show_default=False),
    ] = None,
    warm_up: Annotated[
        float | None,
        typer.Option(
            "--warm-up",
            help=_("Share of the run in which that weight rises from 0, 0 to 1 (default 0.1; text and music: 0.25)."),
            show_default=False,
        ),
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option(
            "--schedule", help=_("Text: linear (default), or cyclical: it rises four times."), show_default=False
        ),
    ] = None,
    autoencoder: Annotated[
        float | None,
        typer.Option(
            "--autoencoder",
            help=_("Text: share of the run that is an autoencoder first (default 0.15)."),
            show_default=False,
        ),
    ] = None,
    free_bits: Annotated[
        float | None,
        typer.Option(
            "--free-bits",
            help=_(
                "Text, music: nats a sentence or segment that the KL term may have for nothing (default 8; music: 12)."
            ),
            show_default=False,
        ),
    ] = None,
    word_dropout: Annotated[
        float | None,
        typer.Option(
            "--word-dropout",
            help=_("Text: share of the words that the decoder doesn't see at first (default 0.3)."),
            show_default=False,
        ),
    ] = None,
    dropout: Annotated[
        float | None,
        typer.Option(
            "--dropout",
            help=_("Text, music: share of outputs dropped while training (default 0.1; music: 0.2)."),
            show_default=False,
        ),
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(
            "--tokenizer",
            help=_("Text: bpe, chars or bytes (default: chars where most letters are hanzi or kana, else bpe)."),
            show_default=False,
        ),
    ] = None,
    vocabulary: Annotated[
        int | None, typer.Option("--vocabulary", help=_("Text: tokens of bpe (default 4096)."), show_default=False)
    ] = None,
    context: Annotated[
        int | None,
        typer.Option(
            "--context", help=_("Text: most tokens of a sentence, with its end (default 64)."), show_default=False
        ),
    ] = None,
    items: Annotated[
        str | None,
        typer.Option(
            "--items",
            help=_("Text: lines (default), or documents: whole texts of .jsonl files, such as poems."),
            show_default=False,
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            "--encoding", help=_("Music: satb, four voices (default), or melody, two bars."), show_default=False
        ),
    ] = None,
    grid: Annotated[
        str | None,
        typer.Option(
            "--grid", help=_("Music: quarter (default of satb) or sixteenth: how long a frame is."), show_default=False
        ),
    ] = None,
    width: Annotated[
        int | None, typer.Option("--width", help=_("Music: width of the networks (default 144)."), show_default=False)
    ] = None,
    hide: Annotated[
        float | None,
        typer.Option(
            "--hide",
            help=_("Music: largest share of earlier frames that the decoder doesn't see (default 0.3)."),
            show_default=False,
        ),
    ] = None,
    transpose: Annotated[
        bool | None,
        typer.Option(
            "--transpose/--no-transpose",
            help=_("Music: also learn from transposed pieces (default)."),
            show_default=False,
        ),
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(
            "--keep",
            help=_("Text, music: which average to keep: best on held-out items (default), or last."),
            show_default=False,
        ),
    ] = None,
    steps: training.Steps = None,
    minutes: training.Minutes = None,
    batch: Annotated[
        int | None,
        typer.Option("--batch", help=_("Items a step (default 32; text: 256)."), show_default=False),
    ] = None,
    accumulate: training.Accumulate = 1,
    rate: Annotated[
        float | None,
        typer.Option("--rate", help=_("Adam's learning rate (default 0.002; text: 0.003)."), show_default=False),
    ] = None,
    rate_end: Annotated[
        float | None,
        typer.Option(
            "--rate-end", help=_("Pictures: Adam's learning rate at the end (default 0.0001)."), show_default=False
        ),
    ] = None,
    flip: Annotated[
        bool | None,
        typer.Option(
            "--flip/--no-flip",
            help=_("Pictures: also learn from mirrored ones (default); not for text or logos."),
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
    """Plan or run the training of a VAE."""
    from luokuan.models.vae.kinds import prepare
    from luokuan.store.home import open_home

    given: dict[str, Any] = {
        "size": int(size) if size is not None and size.isascii() and size.isdigit() else size,
        "latent": latent,
        "likelihood": likelihood,
        "scale": scale,
        "beta": beta,
        "warm_up": warm_up,
        "schedule": schedule,
        "autoencoder": autoencoder,
        "free_bits": free_bits,
        "word_dropout": word_dropout,
        "dropout": dropout,
        "tokenizer": tokenizer,
        "vocabulary": vocabulary,
        "context": context,
        "items": items,
        "encoding": encoding,
        "grid": grid,
        "width": width,
        "hide": hide,
        "transpose": transpose,
        "keep": keep,
        "steps": steps,
        "minutes": minutes,
        "batch": batch,
        "rate": rate,
        "rate_end": rate_end,
        "flip": flip,
        "precision": precision,
        "device": device,
    }
    choices = {key: value for key, value in given.items() if value is not None}
    choices |= {"kind": kind, "accumulate": accumulate, "seed": seed}
    prepared = prepare(
        corpus, resume=resume, home=open_home(home), quiet=quiet or json, name=name, **({} if resume else choices)
    )
    lines, announcement = TOLD[prepared.run.kind](prepared.run)
    training.carry_out(
        prepared,
        lines=lines,
        announcement=announcement,
        following=_("Next: luokuan evaluate {name} {corpus}", name=prepared.run.name, corpus=corpus),
        resume=resume,
        dry_run=dry_run,
        json=json,
        quiet=quiet,
    )


def _of_pictures(run: Any) -> tuple[Lines, list[str]]:
    shape = _("{latent} numbers, {likelihood} likelihood", latent=run.latent, likelihood=run.likelihood)
    return lambda _plan: [(_("Latent vector"), shape)], [
        _("Pictures of {size}² pixels.", size=run.size),
        _(
            "Latent vector: {shape}; β = {beta:g} after {share:.0%} of the run.",
            shape=shape,
            beta=run.beta,
            share=run.warm_up,
        ),
    ]


def _of_text(run: Any) -> tuple[Lines, list[str]]:
    def lines(plan: Plan) -> list[tuple[str, str]]:
        found = plan.details
        told = [(_("Latent vector"), _("{latent} numbers", latent=found["latent"]))]
        told.append(
            (_("Tokens"), _("{tokens:,} of {vocabulary:,}", tokens=found["tokens"], vocabulary=found["vocabulary"]))
        )
        if found["left_out"]:
            told.append((_("Left out, because too long"), str(found["left_out"])))
        return told

    return lines, [
        _(
            "Latent vector: {latent} numbers, {free:g} nats free. {autoencoder:.0%} of the run is an autoencoder; then "
            "the decoder begins anew, and β rises over {share:.0%}.",
            latent=run.latent,
            free=run.free_bits,
            autoencoder=run.autoencoder,
            share=run.warm_up,
        )
    ]


def _of_music(run: Any) -> tuple[Lines, list[str]]:
    way = run.way
    told = _(
        "{encoding}: {voices} voices, {grid} frames a quarter note, a latent of {latent} numbers for {segment} frames",
        encoding=way.name,
        voices=way.voices,
        grid=way.grid,
        latent=run.latent,
        segment=way.segment,
    )

    def lines(plan: Plan) -> list[tuple[str, str]]:
        found = [(_("Encoding"), told), (_("Frames"), f"{plan.details['frames']:,}")]
        if plan.details["unfit"]:
            found.append((_("Pieces that don't fit the encoding"), str(plan.details["unfit"])))
        return found

    return lines, [told]


TOLD: dict[str, Callable[[Any], tuple[Lines, list[str]]]] = {
    "image": _of_pictures,
    "text": _of_text,
    "music": _of_music,
}
"""What is said of a run of each kind: lines of a plan, and the announcement."""
