"""`luokuan create`: one command a kind of work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from luokuan.cli import (
    create_clip,
    create_copy,
    create_effect,
    create_enlargement,
    create_music,
    create_presenter,
    create_sound,
    create_speech,
    create_text,
    create_translation,
    create_verse,
    create_video,
    labelling,
    options,
)
from luokuan.cli.exporting import path_of, record_of, suffix_of, told_of
from luokuan.cli.output import emit_json, say
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.colophon.schema import Work

app = typer.Typer(no_args_is_help=True, help=_("Create a work: labelled, signed, with its lineage."))

FORMATS = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp"}


@app.callback()
def _group() -> None:
    """Kinds of work as commands."""


app.command("text", help=create_text.HELP)(create_text.text)
app.command("copy", help=create_copy.HELP)(create_copy.copy)
app.command("music", help=create_music.HELP)(create_music.music)
app.command("verse", help=create_verse.HELP)(create_verse.verse)
app.command("translation", help=create_translation.HELP)(create_translation.translation)
app.command("speech", help=create_speech.HELP)(create_speech.speech)
app.command("sound", help=create_sound.HELP)(create_sound.sound)
app.command("clip", help=create_clip.HELP)(create_clip.clip)
app.command("presenter", help=create_presenter.HELP)(create_presenter.presenter)
app.command("video", help=create_video.HELP)(create_video.video)
app.command("effect", help=create_effect.HELP)(create_effect.effect)
app.command("enlargement", help=create_enlargement.HELP)(create_enlargement.enlargement)


@app.command("image", help=_("Create pictures of what the brief names: a class, attributes or words of a caption."))
def image(
    brief: Annotated[str, typer.Argument(help=_("What to make, such as 'a dress'; empty: as it comes."))] = "",
    model: options.Model = "garments",
    output: options.Output = None,
    count: options.Count = 1,
    seed: options.Seed = 0,
    format: Annotated[
        str | None, typer.Option("--format", help=_("png, jpg or webp (default: by --output, else png)."))
    ] = None,
    class_name: Annotated[
        str | None, typer.Option("--class", help=_("Class to make, by its name."), show_default=False)
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option("--attribute", help=_("NAME=VALUE, for models with attributes; may be repeated.")),
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option("--like", help=_("A picture of which to make variations."), show_default=False),
    ] = None,
    strength: Annotated[
        float | None,
        typer.Option(
            "--strength",
            min=0,
            max=1,
            help=_("How much of it is made anew, with --like (default: 0.5)."),
            show_default=False,
        ),
    ] = None,
    guidance: Annotated[
        float | None,
        typer.Option(
            "--guidance",
            min=1,
            max=20,
            help=_("How strongly words, attributes or the class draw (default: the model's)."),
            show_default=False,
        ),
    ] = None,
    truncation: Annotated[
        float | None,
        typer.Option(
            "--truncation",
            min=0,
            max=1,
            help=_("Below 1: more typical, less varied (default: the model's)."),
            show_default=False,
        ),
    ] = None,
    among: Annotated[
        int | None,
        typer.Option(
            "--among",
            min=1,
            max=64,
            help=_("Drafts from which the model's critic picks each picture (default: 4)."),
            show_default=False,
        ),
    ] = None,
    toward: Annotated[
        int | None,
        typer.Option(
            "--toward",
            min=0,
            max=2**63 - 1,
            help=_("Another seed: --count pictures lead from --seed to it, step by step."),
            show_default=False,
        ),
    ] = None,
    strip: Annotated[
        bool, typer.Option("--strip", help=_("With --toward: the whole way in one picture, side by side."))
    ] = False,
    upscale: Annotated[
        int | None,
        typer.Option(
            "--upscale",
            help=_("2 or 4: make the picture that many times larger first, by an upscaler if it beats interpolation."),
            show_default=False,
        ),
    ] = None,
    upscaler: Annotated[
        str | None,
        typer.Option("--upscaler", help=_("Which upscaler (default: the starter upscaler)."), show_default=False),
    ] = None,
    enlarge: labelling.Enlarge = "lanczos",
    label: labelling.Label = None,
    policy: labelling.Policy = None,
    corner: labelling.Corner = None,
    no_label: labelling.NoLabel = False,
    reason: labelling.Reason = None,
    acknowledge: labelling.Acknowledge = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Create pictures and write them where the person wants them."""
    from luokuan.colophon.finish import export_work
    from luokuan.create.pictures import Manner, create_images
    from luokuan.create.understanding import Asked
    from luokuan.store.home import open_home

    files = 1 if strip else count
    suffix = suffix_of(format, output, files, FORMATS)
    if upscaler is not None and upscale is None:
        raise UserError(
            _("--upscaler has no say without --upscale."), _("Add --upscale 2 or 4."), code="create.upscaler"
        )
    wanted = labelling.label_options(label, policy, no_label, reason, acknowledge, home, corner=corner)
    place = open_home(home)
    works = create_images(
        Asked(brief, class_name, create_clip.given(attribute or [])),
        model=model,
        seed=seed,
        count=count,
        manner=Manner(truncation, among, toward, strip, like, strength, guidance),
        media_type=FORMATS[suffix],
        upscale=upscale,
        upscaler=upscaler,
        enlarge=enlarge,
        label=wanted,
        home=place,
    )
    records = []
    for index, work in enumerate(works):
        path = path_of(output, work, suffix, count=files)
        exported = export_work(work, path)
        if index == 0 and not json and (ignored := work.recipe.parameters.get("ignored_words")):
            say(_("Words without effect on this model: {words}.", words=" ".join(ignored)), quiet=quiet)
        if index == 0 and not json and (how := work.recipe.parameters.get("upscale")):
            say(_upscaled(how), quiet=quiet)
        records.append(_record(exported))
        if not json:
            say(told_of(exported))
    if json:
        emit_json(records[0] if files == 1 else {"works": records})


def _upscaled(how: Mapping[str, Any]) -> str:
    if how["method"] == "upscaler":
        return _("Upscaled by {factor} with '{model}'.", factor=how["factor"], model=how["model"])
    if how["reason"] == "no upscaler":
        return _("Upscaled by {factor} with Lanczos: there is no upscaler.", factor=how["factor"])
    return _(
        "Upscaled by {factor} with Lanczos: the upscaler's record doesn't say that it beats bicubic interpolation.",
        factor=how["factor"],
    )


def _record(work: Work) -> dict[str, Any]:
    return record_of(work) | {
        "ignored_words": work.recipe.parameters.get("ignored_words", []),
        "class": work.recipe.parameters.get("class"),
        "upscale": work.recipe.parameters.get("upscale"),
    }
