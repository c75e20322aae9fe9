"""`luokuan create music`: pieces, variations, and ways from one piece to another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from luokuan.cli import labelling, options
from luokuan.cli.exporting import path_of, record_of, suffix_of, told_of
from luokuan.cli.output import emit_json, say
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.colophon.schema import Work

HELP = _("Create music: MIDI, sound, sheet or piano-roll, by a model of music; new, or from a piece that you give.")

FORMATS = {
    "mid": "audio/midi",
    "midi": "audio/midi",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg; codecs=opus",
    "m4a": "audio/mp4",
    "png": "image/png",
    "musicxml": "application/vnd.recordare.musicxml+xml",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
}
"""Endings and media types of music; png is its piano-roll, svg and pdf its sheet."""


def music(
    start: Annotated[
        Path | None, typer.Option("--from", help=_("A MIDI file from which the way leads."), show_default=False)
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", help=_("The MIDI file to which it leads."), show_default=False)
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", help=_("Pieces on the way, with both ends: 2 to 64 (default 8)."), show_default=False),
    ] = None,
    strip: Annotated[
        bool, typer.Option("--strip", help=_("The pieces of the way one after another in one work."))
    ] = False,
    like: Annotated[Path | None, typer.Option("--like", help=_("A MIDI file to vary."), show_default=False)] = None,
    noise: Annotated[
        float | None,
        typer.Option("--noise", help=_("How far a variation goes, 0 to 1 (default 0.4)."), show_default=False),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", help=_("Language models: such as 'A minor' or 'Bb major'."), show_default=False),
    ] = None,
    go_on: Annotated[
        Path | None,
        typer.Option("--continue", help=_("Language models: a MIDI file to go on with."), show_default=False),
    ] = None,
    accompany: Annotated[
        Path | None,
        typer.Option(
            "--accompany", help=_("Language models: a MIDI file with a melody to accompany."), show_default=False
        ),
    ] = None,
    infill: Annotated[
        Path | None,
        typer.Option(
            "--infill", help=_("Language models: a MIDI file of which bars are written anew."), show_default=False
        ),
    ] = None,
    from_bar: Annotated[
        int | None, typer.Option("--from-bar", help=_("The first of them, counted from 1."), show_default=False)
    ] = None,
    to_bar: Annotated[int | None, typer.Option("--to-bar", help=_("The last of them."), show_default=False)] = None,
    mode: Annotated[str | None, typer.Option("--mode", help=_("major or minor."), show_default=False)] = None,
    density: Annotated[
        str | None,
        typer.Option("--density", help=_("low, medium (language models) or high: how many notes."), show_default=False),
    ] = None,
    bars: Annotated[
        int | None,
        typer.Option(
            "--bars",
            help=_("Length in bars, or how many are added (default 8; language models: 16); melodies have always two."),
            show_default=False,
        ),
    ] = None,
    tempo: Annotated[
        float | None,
        typer.Option(
            "--tempo",
            help=_("Quarter notes a minute (default 96; language models: 90, or as the given piece)."),
            show_default=False,
        ),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option("--temperature", help=_("Below 1: more probable; 0: always the likeliest."), show_default=False),
    ] = None,
    truncation: Annotated[
        float, typer.Option("--truncation", help=_("1 leaves the latents as drawn; less: more typical."))
    ] = 1.0,
    soundfont: Annotated[
        str | None,
        typer.Option(
            "--soundfont",
            help=_("A .sf2 or .sf3 file for sounds; '' for the built-in synthesiser (default: the system's one)."),
            show_default=False,
        ),
    ] = None,
    model: options.Model = "chorale",
    output: options.Output = None,
    count: Annotated[int, typer.Option("--count", "-n", help=_("How many to make."))] = 1,
    seed: options.Seed = 0,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            help=_("mid, wav, flac, mp3, ogg, opus, m4a, png, svg, pdf or musicxml (default: by --output, else mid)."),
        ),
    ] = None,
    label: labelling.Label = None,
    policy: labelling.Policy = None,
    no_label: labelling.NoLabel = False,
    reason: labelling.Reason = None,
    acknowledge: labelling.Acknowledge = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Create music and put it where the person wants it."""
    from luokuan.colophon.finish import beside, export_work
    from luokuan.create.pieces import Wish, create_music
    from luokuan.store.home import open_home

    way = start is not None or to is not None
    if way and count != 1:
        raise UserError(
            _("{option} has no say with {other}.", option="--count", other="--from"),
            _("Say with --steps how many pieces the way has."),
            code="create.option",
        )
    if (start is None) != (to is None):
        raise UserError(_("A way needs two ends."), _("Give both --from and --to."), code="create.option")
    if steps is not None and not way:
        raise UserError(
            _("{option} has no say without {other}.", option="--steps", other="--from"),
            _("Add {other}, or leave it out.", other="--from"),
            code="create.option",
        )
    steps = Wish().steps if steps is None else steps
    files = (1 if strip else steps) if way else count
    suffix = suffix_of(format, output, files, FORMATS)
    wish = Wish(bars, mode, density, tempo, temperature, truncation, steps, noise, strip, key)
    works = create_music(
        wish,
        model=model,
        seed=seed,
        count=count,
        like=like,
        start=start,
        to=to,
        go_on=go_on,
        accompany=accompany,
        infill=infill,
        from_bar=from_bar,
        to_bar=to_bar,
        media_type=FORMATS[suffix],
        font=soundfont,
        label=labelling.label_options(label, policy, no_label, reason, acknowledge, home),
        home=open_home(home),
    )
    records: list[dict[str, Any]] = []
    for work in works:
        exported = export_work(work, _place(output, work, suffix, files))
        records.append(record_of(exported) | {"parameters": dict(work.recipe.parameters)})
        if json:
            continue
        say(told_of(exported))
        if others := beside(work):
            say(_("Beside it: {endings}. Keep them together.", endings=", ".join(others)), quiet=quiet)
    if json:
        emit_json(records[0] if files == 1 else {"works": records})


def _place(output: Path | None, work: Work, suffix: str, files: int) -> Path:
    """As for all works; steps of a way are numbered, so that files sort along it."""
    path = path_of(output, work, suffix, count=files)
    step = work.recipe.parameters.get("step")
    return path if step is None or files == 1 else path.with_name(f"{step:02d}-{path.name}")
