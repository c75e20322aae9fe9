"""`luokuan train gan`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from luokuan.cli import options, training
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.foundation.family import Plan
    from luokuan.models.gan.music.train import MusicGanTraining
    from luokuan.models.gan.text.train import TextGanTraining
    from luokuan.models.gan.train import GanTraining

Lines = list[tuple[str, str]]
Told = tuple[Callable[["Plan"], Sequence[tuple[str, str]]], list[str]]
"""Lines of a plan, and the announcement."""


def gan(
    corpus: Annotated[
        Path,
        typer.Argument(
            help=_("A folder of pictures, of text: one sentence on each line, or of music: .mid or .json."),
            show_default=False,
        ),
    ],
    name: training.Name,
    kind: Annotated[str, typer.Option("--kind", help=_("What the items are: image, text or music."))] = "image",
    space: Annotated[
        str | None,
        typer.Option(
            "--space",
            help=_("Pictures: where the game is played: pixels (default), or latent for a codec's latents."),
            show_default=False,
        ),
    ] = None,
    codec: Annotated[
        str | None,
        typer.Option(
            "--codec",
            help=_(
                "In whose latents: a codec for --space latent (default: picture-codec); for text a VAE of sentences "
                "(default: sentences)."
            ),
            show_default=False,
        ),
    ] = None,
    crops: Annotated[
        int | None,
        typer.Option(
            "--crops",
            help=_("Slightly different crops of each picture to encode for --space latent (default: 1, the whole)."),
            show_default=False,
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option("--size", help=_("Side of the pictures in pixels: 32, 64 (default) or 128."), show_default=False),
    ] = None,
    objective: Annotated[
        str,
        typer.Option(
            "--objective",
            help=_("relativistic (paired, with R1+R2), minimax (the original game) or hinge."),
        ),
    ] = "relativistic",
    condition: Annotated[
        str | None,
        typer.Option(
            "--condition",
            help=_("Pictures: class (default): one network for all classes; none: ignore classes."),
            show_default=False,
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            help=_("Pictures: cpu-tiny, cpu-small, cpu or gpu (default: by the device)."),
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
        int | None,
        typer.Option(
            "--width", help=_("Text, music: width of the networks (default: 256; music 96)."), show_default=False
        ),
    ] = None,
    depth: Annotated[
        int | None,
        typer.Option(
            "--depth",
            help=_("Text, music: residual blocks (default: 3 in all; music 2 at each length)."),
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
        typer.Option(
            "--batch",
            help=_("Items a step (default: pictures 32, in latents 64; text 256; music 16)."),
            show_default=False,
        ),
    ] = None,
    accumulate: training.Accumulate = 1,
    rate: Annotated[
        float | None,
        typer.Option(
            "--rate", help=_("Adam's learning rate at the start (default: 0.0005; music 0.001)."), show_default=False
        ),
    ] = None,
    rate_end: Annotated[
        float | None,
        typer.Option(
            "--rate-end", help=_("Learning rate at the end (default: 0.0001; text 0.00005)."), show_default=False
        ),
    ] = None,
    gamma: Annotated[
        float | None,
        typer.Option(
            "--gamma",
            help=_(
                "Weight of the gradient penalties at the start, falling to a tenth (default: 2·(size/64)³; text and "
                "music 0.1)."
            ),
            show_default=False,
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
    """Plan or run the training of a GAN."""
    from luokuan.models.gan.kinds import prepare
    from luokuan.store.home import open_home

    given: dict[str, Any] = {
        "space": space,
        "codec": codec,
        "crops": crops,
        "size": size,
        "condition": condition,
        "preset": preset,
        "encoding": encoding,
        "grid": grid,
        "width": width,
        "depth": depth,
        "transpose": transpose,
        "keep": keep,
        "steps": steps,
        "minutes": minutes,
        "batch": batch,
        "rate": rate,
        "rate_end": rate_end,
        "gamma": gamma,
        "flip": flip,
        "precision": precision,
        "device": device,
    }
    choices = {key: value for key, value in given.items() if value is not None}
    choices |= {"kind": kind, "objective": objective, "accumulate": accumulate, "seed": seed}
    prepared: Any = prepare(
        corpus, resume=resume, home=open_home(home), quiet=quiet or json, name=name, **({} if resume else choices)
    )
    made = getattr(prepared.run, "kind", "image")
    told: dict[str, Callable[[Any], Told]] = {"image": _of_pictures, "text": _of_text, "music": _of_music}
    lines, announcement = told[made](prepared)
    following = {
        "image": _("Next: luokuan create image -m {name} -o picture.png", name=prepared.run.name),
        "text": _("Next: luokuan create text -m {name}", name=prepared.run.name),
        "music": _("Next: luokuan create music -m {name} -o piece.mid", name=prepared.run.name),
    }[made]
    training.carry_out(
        prepared,
        lines=lines,
        announcement=announcement,
        following=following,
        resume=resume,
        dry_run=dry_run,
        json=json,
        quiet=quiet,
    )


def _of_pictures(prepared: GanTraining) -> Told:
    run, gamma = prepared.run, prepared.gamma
    rule = _("given") if run.gamma is not None else _("by the rule 2·(size/64)³, falling to a tenth")
    if run.gamma is None and prepared.codec() is not None:
        rule = _(
            "by the rule 2·(size/64)³ times the ratio {ratio:.3g} of squared distances, falling to a tenth",
            ratio=prepared.space.distance_ratio,
        )
    grid = _latent_grid(prepared)
    return lambda _plan: [*grid, (_("Penalty γ"), f"{gamma.start:.4g} → {gamma.end:.4g}")], [
        _("Pictures of {size}² pixels.", size=run.size),
        *(f"{label}: {text}" for label, text in grid),
        _("γ = {start:.4g} → {end:.4g} ({rule}).", start=gamma.start, end=gamma.end, rule=rule),
    ]


def _latent_grid(prepared: GanTraining) -> Lines:
    """The codec and its grid as lines of a plan; none for pixels."""
    codec = prepared.codec()
    if codec is None:
        return []
    config = prepared.config
    shape = f"{config.size} × {config.size} × {config.channels}"
    return [*_codec_line(codec), (_("Latents"), shape), *_licence_line(codec)]


def _of_text(prepared: TextGanTraining) -> Told:
    run, codec = prepared.run, prepared.codec()
    told = [*_codec_line(codec), (_("Latents"), str(prepared.config.points)), *_licence_line(codec)]
    gamma = f"{run.gamma:.4g} → {run.gamma / 10:.4g}"
    return lambda _plan: [*told, (_("Penalty γ"), gamma)], [
        *(f"{label}: {text}" for label, text in told),
        f"γ = {gamma}",
    ]


def _of_music(prepared: MusicGanTraining) -> Told:
    run, config = prepared.run, prepared.config
    way = config.way
    told = _(
        "{encoding}: {voices} voices, {grid} frames a quarter note; D sees {window} frames at a time",
        encoding=way.name,
        voices=way.voices,
        grid=way.grid,
        window=config.window,
    )
    gamma = f"{run.gamma:.4g} → {run.gamma / 10:.4g}"

    def lines(plan: Plan) -> Lines:
        found = plan.details
        rows = [(_("Encoding"), told), (_("Frames"), f"{found['frames']:,}")]
        left = [(_("Pieces that don't fit the encoding"), found["unfit"]), (_("Pieces too short"), found["short"])]
        rows += [(title, str(count)) for title, count in left if count]
        return [*rows, (_("Penalty γ"), gamma)]

    return lines, [told, f"γ = {gamma}"]


def _codec_line(codec: Any) -> Lines:
    return [(_("Codec"), f"{codec.name} ({codec.digest[:12]}, {codec.licence})")]


def _licence_line(codec: Any) -> Lines:
    if codec.licence != "unknown":
        return []
    return [(_("Licence"), _("the codec's is unknown, so that works of this model can't be sold"))]
