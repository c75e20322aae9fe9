"""`luokuan train clip`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from luokuan.cli import options, training
from luokuan.cli.train_sound import levels_of
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.foundation.family import Plan

HELP = _("Train a model of short clips: a codec of frames, and a transformer over the tokens of all frames.")


def clip(
    corpus: Annotated[
        Path,
        typer.Argument(
            help=_(
                "A folder of GIF, APNG, WebP, MP4 or WebM clips, strips of square frames, or folders of frames; what "
                "is known of them in metadata.jsonl or .csv, or in the names of the folders."
            ),
            show_default=False,
        ),
    ],
    name: training.Name,
    size: Annotated[int, typer.Option("--size", help=_("Side of a frame in pixels, a multiple of 8, 16 to 128."))] = 64,
    frames: Annotated[int, typer.Option("--frames", help=_("Frames of a clip, 2 to 32."))] = 8,
    codec: Annotated[
        str | None,
        typer.Option(
            "--codec",
            help=_("A token codec that was trained before (default: the model learns its own first)."),
            show_default=False,
        ),
    ] = None,
    codec_share: Annotated[
        float, typer.Option("--codec-share", help=_("Share of the run in which the codec learns, before the prior."))
    ] = 0.3,
    levels: Annotated[
        str, typer.Option("--levels", help=_("Levels of each token channel, with commas between."))
    ] = "8,8,8,8,8,8",
    width: Annotated[int, typer.Option("--width", help=_("Width of the prior."))] = 192,
    layers: Annotated[int, typer.Option("--layers", help=_("Blocks of the prior."))] = 4,
    steps: training.Steps = None,
    minutes: training.Minutes = None,
    batch: Annotated[int, typer.Option("--batch", help=_("Clips a step."))] = 16,
    accumulate: training.Accumulate = 1,
    rate: Annotated[float, typer.Option("--rate", help=_("Adam's learning rate of the codec."))] = 2e-3,
    prior_rate: Annotated[float, typer.Option("--prior-rate", help=_("Adam's learning rate of the prior."))] = 2e-3,
    dropout: Annotated[float, typer.Option("--dropout", help=_("Share that the prior drops while training."))] = 0.0,
    blank: Annotated[
        float, typer.Option("--blank", help=_("Largest share of cells that are hidden from the prior while training."))
    ] = 0.2,
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
    """Plan or run the training of a model of clips."""
    from luokuan.foundation.corpus.clips import open_clips
    from luokuan.foundation.runs import resumed
    from luokuan.models.clip.train import ClipRun, ClipTraining
    from luokuan.store.home import open_home

    place = open_home(home)
    run = (
        resumed(place, name, "clip", ClipRun)
        if resume
        else ClipRun(
            name=name,
            size=size,
            frames=frames,
            codec=codec,
            codec_share=codec_share,
            levels=levels_of(levels),
            width=width,
            layers=layers,
            steps=steps,
            minutes=minutes,
            batch=batch,
            accumulate=accumulate,
            rate=rate,
            prior_rate=prior_rate,
            dropout=dropout,
            blank=blank,
            keep=keep,
            seed=seed,
            precision=precision,
            device=device,
        )
    )
    run.check()  # before the corpus is read
    prepared = ClipTraining((open_clips(corpus),), run, home=place, quiet=quiet or json)
    training.carry_out(
        prepared,
        lines=_lines,
        announcement=_announced(prepared),
        following=_("Next: luokuan create clip -m {name} -o clip.webm", name=run.name),
        resume=resume,
        dry_run=dry_run,
        json=json,
        quiet=quiet,
    )


def _lines(plan: Plan) -> list[tuple[str, str]]:
    found = plan.details
    told = ", ".join(f"{name} ({count})" for name, count in found["attributes"].items())
    return [
        (_("Clips"), _("{frames} frames of {size}² pixels, {fps} a second", frames=found["frames"], size=found["size"],
                       fps=f"{found['fps']:g}")),
        (_("Attributes"), told or "-"),
    ]  # fmt: skip


def _announced(prepared: object) -> list[str]:
    from luokuan.models.clip.train import ClipTraining

    assert isinstance(prepared, ClipTraining)
    found, said = prepared.details(), []
    if found["thinned"]:
        said.append(_("Of {count} clips with more than {frames} frames some are left out, evenly.",
                      count=found["thinned"], frames=found["frames"]))  # fmt: skip
    if found["held"]:
        said.append(_("After the last frame of {count} shorter clips stands still what is there.",
                      count=found["held"]))  # fmt: skip
    if not found["attributes"]:
        said.append(_("Nothing is known of the clips: the model can be told nothing."))
    return said
