"""`luokuan create copy`: ads, descriptions, news, slogans and posts from a brief, checked and ranked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from luokuan.cli import labelling, options
from luokuan.cli.exporting import suffix_of
from luokuan.cli.writing import FORMATS, Count, Format, hand_over, show
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.colophon.schema import Work
    from luokuan.create.copybrief import Brief

HELP = _("Create copy of a product from a brief: checked for facts, figures, absolutes and medical claims, and ranked.")


def copy(
    product: Annotated[
        str | None, typer.Option("--product", help=_("The product's name, as it is to be written."), show_default=False)
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(
            "--attribute",
            help=_("NAME=VALUE, a fact of the product, such as 'memory=8 GB'; may be repeated."),
            show_default=False,
        ),
    ] = None,
    brief: Annotated[
        Path | None,
        typer.Option(
            "--brief",
            help=_("YAML or JSON file with the brief; options win over it, and their entries are added to its lists."),
            show_default=False,
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--form", help=_("ad, description (default), news, slogan or post."), show_default=False, metavar="FORM"
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option("--language", help=_("en or zh (default: as the brief is written)."), show_default=False),
    ] = None,
    audience: Annotated[
        str | None, typer.Option("--audience", help=_("Who is to read it."), show_default=False)
    ] = None,
    tone: Annotated[str | None, typer.Option("--tone", help=_("How it is to sound."), show_default=False)] = None,
    length: Annotated[
        int | None,
        typer.Option(
            "--length", help=_("Most words (en) or characters (zh); default: as the form has."), show_default=False
        ),
    ] = None,
    must: Annotated[
        list[str] | None,
        typer.Option("--must", help=_("Words that must stand in it; may be repeated."), show_default=False),
    ] = None,
    must_not: Annotated[
        list[str] | None,
        typer.Option("--must-not", help=_("Words that mustn't stand in it; may be repeated."), show_default=False),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help=_(
                "A model: name in the store, folder, Hub id, or http://HOST:PORT/v1#NAME of a server (default: "
                "copy-en, for Chinese the starter copy-zh if it is there)."
            ),
            show_default=False,
        ),
    ] = None,
    output: options.Output = None,
    count: Count = 1,
    among: Annotated[
        int | None,
        typer.Option(
            "--among",
            min=1,
            max=64,
            help=_(
                "Drafts from which each text is picked (default: 8 by copy-en, 16 by copy-zh, 1 by models that answer)."
            ),
            show_default=False,
        ),
    ] = None,
    seed: options.Seed = 0,
    format: Format = None,
    tokens: Annotated[
        int, typer.Option("--tokens", min=1, max=65_536, help=_("Most tokens of a text by a model that answers."))
    ] = 512,
    temperature: Annotated[
        float, typer.Option("--temperature", min=0, max=5, help=_("Below 1: more probable; 0: always the likeliest."))
    ] = 0.8,
    top_p: Annotated[
        float,
        typer.Option("--top-p", min=0, max=1, help=_("Only the likeliest tokens with this probability together.")),
    ] = 1.0,
    watermark: Annotated[
        bool,
        typer.Option("--watermark/--no-watermark", help=_("Whether the choice of words carries this home's mark.")),
    ] = True,
    label: labelling.Label = None,
    policy: labelling.Policy = None,
    no_label: labelling.NoLabel = False,
    reason: labelling.Reason = None,
    acknowledge: labelling.Acknowledge = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Create copy, show it with what was found in it, and put it where the person wants it."""
    from luokuan.create.copies import create_copies
    from luokuan.models.plm.sampling import Manner
    from luokuan.store.home import open_home

    given = {"form": form, "language": language, "product": product, "audience": audience, "tone": tone}
    lists: dict[str, list[Any]] = {
        "attributes": _attributes(attribute or []),
        "must": must or [],
        "must_not": must_not or [],
    }
    asked = _brief(brief, {key: value for key, value in given.items() if value is not None}, lists, length)
    wanted = labelling.label_options(label, policy, no_label, reason, acknowledge, home)
    suffix = suffix_of(format, output, count, FORMATS)
    shown = not json and not quiet
    works = create_copies(
        asked,
        model=model,
        seed=seed,
        count=count,
        among=among,
        manner=Manner(temperature=temperature, top_p=top_p, max_tokens=tokens),
        media_type=FORMATS[suffix],
        label=wanted,
        home=open_home(home),
        on_text=show if shown else None,
        watermark=watermark,
    )
    told = ("ended", "rank", "findings", "ignored")
    hand_over(works, output, suffix, count=count, shown=shown, json=json, quiet=quiet, notes=_notes, told=told)


def _brief(path: Path | None, given: dict[str, str], lists: dict[str, list[Any]], length: int | None) -> Brief:
    from luokuan.create.copybrief import Brief, read_brief_file

    fields: dict[str, Any] = read_brief_file(path) if path is not None else {}
    fields |= given
    own = dict(lists["attributes"])
    before = [pair for pair in fields.get("attributes", ()) if pair[0] not in own]
    fields["attributes"] = (*before, *lists["attributes"])
    for key in ("must", "must_not"):
        fields[key] = tuple(dict.fromkeys((*fields.get(key, ()), *lists[key])))
    if length is not None:
        fields["length"] = length
    if not fields.get("product"):
        raise UserError(
            _("The brief names no product."), _("Give --product, or --brief with a file that names it."),
            code="copy.brief",
        )  # fmt: skip
    return Brief(**fields)


def _attributes(given: list[str]) -> list[tuple[str, str]]:
    pairs = [text.partition("=") for text in given]
    if any(not name.strip() or not value.strip() for name, _sign, value in pairs):
        raise UserError(
            _("--attribute needs a name and a value."),
            _("Write NAME=VALUE, such as --attribute 'memory=8 GB'."),
            code="create.option",
        )
    return [(name.strip(), value.strip()) for name, _sign, value in pairs]


def _notes(work: Work) -> Iterator[str]:
    """What a person should know of a piece of copy."""
    parameters = work.recipe.parameters
    if parameters["rank"] == 1 and (ignored := parameters.get("ignored")):
        yield _("The model never looks at: {names}.", names=", ".join(ignored))
    for found in parameters["findings"]:
        written, reason = found["written"], found["reason"]
        yield _("! {written}: {reason}", written=written, reason=reason) if written else f"! {reason}"
    if not parameters["findings"]:
        yield _("Nothing found that speaks against it; a person must read it all the same.")
