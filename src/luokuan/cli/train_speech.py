"""`luokuan train speech`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from luokuan.cli import options, training
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.foundation.family import Plan

HELP = _("Train a voice on an English speaker's recordings with their texts.")


def speech(
    corpus: Annotated[
        Path,
        typer.Argument(
            help=_("A folder of recordings with metadata.csv or .jsonl, or with a .txt file beside each."),
            show_default=False,
        ),
    ],
    name: training.Name,
    steps: training.Steps = None,
    minutes: training.Minutes = None,
    batch: Annotated[int, typer.Option("--batch", help=_("Utterances a step."))] = 16,
    accumulate: training.Accumulate = 1,
    width: Annotated[int, typer.Option("--width", help=_("Channels of text encoder, prior and posterior."))] = 160,
    decoder_width: Annotated[int, typer.Option("--decoder-width", help=_("Channels of the decoder."))] = 192,
    decoder_layers: Annotated[int, typer.Option("--decoder-layers", help=_("Blocks of the decoder."))] = 6,
    latent: Annotated[int, typer.Option("--latent", help=_("Length of a frame's latent vector."))] = 32,
    flows: Annotated[int, typer.Option("--flows", help=_("Coupling layers of the flow."))] = 4,
    rate: Annotated[float, typer.Option("--rate", help=_("Adam's learning rate at the start."))] = 1e-3,
    kl: Annotated[float, typer.Option("--kl", help=_("Weight of the KL term."))] = 1.0,
    dropout: Annotated[
        float,
        typer.Option("--dropout", help=_("Share dropped in text encoder and prior, against learning by heart.")),
    ] = 0.1,
    adversary_from: Annotated[
        float,
        typer.Option("--adversary-from", help=_("Share of the run after which the discriminator plays; 1: never.")),
    ] = 0.7,
    keep: Annotated[
        str, typer.Option("--keep", help=_("last, or best: the average that did best on held-out sentences."))
    ] = "last",
    seed: options.Seed = 0,
    precision: training.Precision = None,
    device: training.Device = None,
    resume: training.Resume = False,
    dry_run: training.DryRun = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Plan or run the training of a voice."""
    from luokuan.foundation.corpus.utterances import open_speech
    from luokuan.foundation.runs import resumed
    from luokuan.models.speech.train import SpeechRun, SpeechTraining
    from luokuan.store.home import open_home

    place = open_home(home)
    run = (
        resumed(place, name, "speech", SpeechRun)
        if resume
        else SpeechRun(
            name=name,
            width=width,
            decoder_width=decoder_width,
            decoder_layers=decoder_layers,
            latent=latent,
            flows=flows,
            steps=steps,
            minutes=minutes,
            batch=batch,
            accumulate=accumulate,
            rate=rate,
            kl=kl,
            dropout=dropout,
            adversary_from=adversary_from,
            keep=keep,
            seed=seed,
            precision=precision,
            device=device,
        )
    )
    run.check()  # before the corpus is read
    prepared = SpeechTraining((open_speech(corpus),), run, home=place, quiet=quiet or json)
    training.carry_out(
        prepared,
        lines=_lines,
        announcement=_announced(prepared),
        following=_('Next: luokuan create speech "…" -m {name} -o speech.wav', name=run.name),
        resume=resume,
        dry_run=dry_run,
        json=json,
        quiet=quiet,
    )


def _lines(plan: Plan) -> list[tuple[str, str]]:
    found = plan.details
    return [
        (_("Speech"), _("{minutes} minutes, median pitch {hertz} Hz", minutes=f"{found['seconds'] / 60:.1f}",
                        hertz=f"{found['hertz']:.0f}")),
        (_("Consent of the speaker"),
         found["consent"] or _("none is recorded: what the voice says can't be published")),
    ]  # fmt: skip


def _announced(prepared: object) -> list[str]:
    from luokuan.models.speech.train import SpeechTraining

    assert isinstance(prepared, SpeechTraining)
    found, said = prepared.details(), []
    if found["unread"]:
        said.append(_("Left out, as recording and text don't fit: {count} utterances.", count=found["unread"]))
    if not found["consent"]:
        said.append(
            _(
                "card.yaml says nothing of the speaker's consent: what the voice says can't be published. See "
                "`luokuan corpus card`."
            )
        )
    return said
