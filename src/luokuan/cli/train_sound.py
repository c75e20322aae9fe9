"""`luokuan train sound`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from luokuan.cli import options, training
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.foundation.family import Plan

HELP = _("Train a model of sound effects: a codec of sound, and a transformer over its tokens.")


def sound(
    corpus: Annotated[
        Path,
        typer.Argument(
            help=_("A folder of WAV, FLAC, OGG or MP3 files: a folder a category, or metadata.jsonl or .csv."),
            show_default=False,
        ),
    ],
    name: training.Name,
    steps: training.Steps = None,
    minutes: training.Minutes = None,
    batch: Annotated[int, typer.Option("--batch", help=_("Clips a step."))] = 16,
    accumulate: training.Accumulate = 1,
    codec_share: Annotated[
        float, typer.Option("--codec-share", help=_("Share of the run in which the codec learns, before the prior."))
    ] = 0.6,
    codec_width: Annotated[int, typer.Option("--codec-width", help=_("Channels of the codec."))] = 152,
    codec_layers: Annotated[int, typer.Option("--codec-layers", help=_("Blocks of the codec's decoder."))] = 5,
    levels: Annotated[
        str, typer.Option("--levels", help=_("Levels of each token channel, with commas between."))
    ] = "8,8,8,8,8,8",
    width: Annotated[int, typer.Option("--width", help=_("Width of the prior."))] = 160,
    layers: Annotated[int, typer.Option("--layers", help=_("Blocks of the prior."))] = 4,
    window: Annotated[
        int, typer.Option("--window", help=_("Square root of the cells that the prior sees at once."))
    ] = 13,
    rate: Annotated[float, typer.Option("--rate", help=_("Adam's learning rate of the codec."))] = 1e-3,
    prior_rate: Annotated[float, typer.Option("--prior-rate", help=_("Adam's learning rate of the prior."))] = 2e-3,
    dropout: Annotated[float, typer.Option("--dropout", help=_("Share that the prior drops while training."))] = 0.1,
    blank: Annotated[
        float, typer.Option("--blank", help=_("Largest share of cells that are hidden from the prior while training."))
    ] = 0.2,
    variants: Annotated[
        int, typer.Option("--variants", help=_("Variants of each clip, at slightly other speeds, for the prior."))
    ] = 4,
    keep: Annotated[
        str, typer.Option("--keep", help=_("best: the average that did best on held-out clips; or last."))
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
    """Plan or run the training of a model of sound effects."""
    from luokuan.foundation.corpus.sounds import open_sounds
    from luokuan.foundation.runs import resumed
    from luokuan.models.sound.train import SoundRun, SoundTraining
    from luokuan.store.home import open_home

    place = open_home(home)
    run = (
        resumed(place, name, "sound", SoundRun)
        if resume
        else SoundRun(
            name=name,
            codec_share=codec_share,
            codec_width=codec_width,
            codec_layers=codec_layers,
            levels=levels_of(levels),
            width=width,
            layers=layers,
            window=window,
            steps=steps,
            minutes=minutes,
            batch=batch,
            accumulate=accumulate,
            rate=rate,
            prior_rate=prior_rate,
            dropout=dropout,
            blank=blank,
            variants=variants,
            keep=keep,
            seed=seed,
            precision=precision,
            device=device,
        )
    )
    run.check()  # before the corpus is read
    prepared = SoundTraining((open_sounds(corpus),), run, home=place, quiet=quiet or json)
    training.carry_out(
        prepared,
        lines=_lines,
        announcement=_announced(prepared),
        following=_("Next: luokuan create sound -m {name} -o sound.wav", name=run.name),
        resume=resume,
        dry_run=dry_run,
        json=json,
        quiet=quiet,
    )


def _lines(plan: Plan) -> list[tuple[str, str]]:
    found = plan.details
    lines = [(_("Sound"), _("{seconds} s of training clips", seconds=f"{found['seconds']:g}"))]
    if found["few"]:
        lines.append((_("Categories with too few clips"), ", ".join(found["few"])))
    return lines


def _announced(prepared: object) -> list[str]:
    from luokuan.models.sound.config import LEAST_CLIPS
    from luokuan.models.sound.train import SoundTraining

    assert isinstance(prepared, SoundTraining)
    found, said = prepared.details(), []
    if found["few"]:
        said.append(
            _(
                "Categories with fewer than {least} clips: {names}. What is made of them will be nearly a copy, and is "
                "made with --copies alone.",
                least=LEAST_CLIPS,
                names=", ".join(found["few"]),
            )
        )
    if found["clipped"]:
        said.append(_("Clips that stand at full scale for over 1 %: {count}. They sound distorted.",
                      count=found["clipped"]))  # fmt: skip
    if found["unclassed"]:
        said.append(_("Categories are ignored, because {count} clips have none.", count=found["unclassed"]))
    return said


def levels_of(text: str) -> tuple[int, ...]:
    """Levels, with commas between.

    Raises:
        UserError: they are no numbers.
    """
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise UserError(
            _("{option} is out of its range.", option="--levels"),
            _("Allowed: {allowed}.", allowed="8,8,8,8,8,8"),
            code="training.option",
        ) from error
