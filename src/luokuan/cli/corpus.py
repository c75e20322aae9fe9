"""`luokuan corpus`: look at material before training on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from luokuan.cli import corpus_back_translate, corpus_tokenizer, feedback, options
from luokuan.cli.output import emit_json, say, table, visible
from luokuan.errors import ExitCode, UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.foundation.corpus.check import Check

app = typer.Typer(no_args_is_help=True, help=_("Check, clean and describe material; learn tokenizers from it."))
SHOWN = 8


@app.callback()
def _group() -> None:
    """Actions as commands."""


@app.command(
    "check",
    help=_("Count, find broken files, copies, leaks and personal data. Exit code 0: trainable, 1: not, 2: no corpus."),
)
def check(
    folder: Annotated[
        Path, typer.Argument(help=_("The folder of pictures or of text, or one file of text."), show_default=False)
    ],
    clean: Annotated[
        Path | None,
        typer.Option(
            "--clean",
            help=_("Write a cleaned copy here: no broken files, copies or metadata; pictures upright, text repaired."),
            show_default=False,
        ),
    ] = None,
    script: Annotated[
        str | None,
        typer.Option("--script", help=_("Chinese of the cleaned copy: simplified or traditional."), show_default=False),
    ] = None,
    personal: Annotated[
        str | None,
        typer.Option(
            "--personal",
            help=_("Personal data in text of the cleaned copy: mask (default), drop its documents, or keep."),
            show_default=False,
        ),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Print findings; write a cleaned copy if asked."""
    from luokuan.foundation.corpus.check import check_corpus, clean_copy
    from luokuan.foundation.corpus.kinds import TEXT, kind_of
    from luokuan.foundation.corpus.reader import open_corpus

    _check_choices(clean, script, personal)
    if kind_of(folder) == TEXT:
        from luokuan.cli.corpus_text import check_text

        raise typer.Exit(check_text(folder, clean=clean, script=script, personal=personal, json=json, quiet=quiet))
    for option, value in (("--script", script), ("--personal", personal)):
        if value is not None:
            raise _pointless(option, _("pictures"))
    found = check_corpus(open_corpus(folder, broken_limit=1.0))
    written = clean_copy(found, clean) if clean is not None else None
    if json:
        emit_json(
            {**found.to_json(), "cleaned": None if written is None else {"path": str(clean), "pictures": written}}
        )
    else:
        _print(found, quiet=quiet)
        if written is not None:
            say(_("Wrote {count} pictures to {path}.", count=written, path=clean))
    raise typer.Exit(ExitCode.DONE if found.trainable else ExitCode.NOT_SO)


def _check_choices(clean: Path | None, script: str | None, personal: str | None) -> None:
    rules = (("--script", script, ("simplified", "traditional")), ("--personal", personal, ("mask", "drop", "keep")))
    for option, value, allowed in rules:
        if value is not None and value not in allowed:
            raise UserError(
                _("{option} is out of its range.", option=option),
                _("Allowed: {allowed}.", allowed=", ".join(allowed)),
                code="corpus.option",
            )
        if value is not None and clean is None:
            raise UserError(
                _("{option} has no say without {other}.", option=option, other="--clean"),
                _("Say with --clean where the cleaned copy goes."),
                code="corpus.option",
            )


def _pointless(option: str, other: str) -> UserError:
    return UserError(
        _("{option} has no say with {other}.", option=option, other=other),
        _("Leave one of them out."),
        code="corpus.option",
    )


def _print(found: Check, *, quiet: bool) -> None:
    corpus = found.corpus
    if not quiet:
        columns = [_("class"), _("train"), _("validation"), _("test"), _("left out")]
        rows = [(visible(name), *row.values()) for name, row in found.counts.items()]
        totals = [sum(row[i] for row in map(list, (r.values() for r in found.counts.values()))) for i in range(4)]
        table(columns, [*rows, (_("all"), *totals)])
    say(
        _(
            "{count} pictures; shorter side {low} to {high} pixels, median {middle}; licence {licence}.",
            count=len(corpus.items),
            low=found.sides[0],
            middle=found.sides[1],
            high=found.sides[2],
            licence=corpus.licence,
        )
    )
    details = [
        *(f"{broken.path}: {broken.reason}" for broken in corpus.broken[:SHOWN]),
        *(_("copies: {names}", names=", ".join(i.name for i in g.items)) for g in (*found.exact, *found.near)[:SHOWN]),
        *(f"{hint.item.name}: {hint.what}" for hint in found.hints[:SHOWN]),
    ]
    if not quiet:
        for line in details:
            say(f"  {visible(line)}")
    for sentence in (*found.problems, *found.warnings):
        say(visible(sentence))
    if found.trainable:
        say(_("It can be trained on."))


app.command("tokenizer", help=corpus_tokenizer.HELP)(corpus_tokenizer.tokenizer)
app.command("feedback", help=feedback.GATHER)(feedback.gather)
app.command("back-translate", help=corpus_back_translate.HELP)(corpus_back_translate.back_translate)


@app.command("card", help=_("Write card.yaml: what the material is, whose it is, what may be done with it."))
def card(
    folder: Annotated[Path, typer.Argument(help=_("The folder of pictures."), show_default=False)],
    title: Annotated[str | None, typer.Option("--title", help=_("What it is called."), show_default=False)] = None,
    licence: Annotated[
        str | None,
        typer.Option("--licence", help=_("SPDX identifier, or 'own' for material of one's own."), show_default=False),
    ] = None,
    source: Annotated[str | None, typer.Option("--source", help=_("Where it came from."), show_default=False)] = None,
    credit: Annotated[str | None, typer.Option("--credit", help=_("Who is to be named."), show_default=False)] = None,
    consent: Annotated[
        str | None, typer.Option("--consent", help=_("How depicted persons agreed."), show_default=False)
    ] = None,
    personal_data: Annotated[
        str | None,
        typer.Option("--personal-data", help=_("Which personal data it holds; or none."), show_default=False),
    ] = None,
    json: options.Json = False,
) -> None:
    """Write or change the card; fields that are not given stay as they are."""
    from dataclasses import replace

    from luokuan.foundation.corpus.card import Card, read_card, write_card

    if not folder.is_dir():
        raise UserError(
            _("{path} is not a folder.", path=folder),
            _("Give a folder of JPEG, PNG or WebP pictures."),
            code="corpus.not_folder",
        )
    given: dict[str, Any] = {
        "title": title,
        "licence": licence,
        "source": source,
        "credit": credit,
        "consent": consent,
        "personal_data": personal_data,
    }
    changed = replace(read_card(folder) or Card(), **{k: v for k, v in given.items() if v is not None})
    path = write_card(folder, changed)
    if json:
        emit_json({"path": str(path), "missing": list(changed.missing)})
        return
    say(_("Wrote {path}.", path=path))
    if changed.missing:
        say(_("The card lacks: {fields}.", fields=", ".join(changed.missing)))
