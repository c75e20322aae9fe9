"""`luokuan rights record`, `records` and `terms`: what is said of sources, and licence terms in words and as data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say, visible
from luokuan.errors import UserError
from luokuan.i18n import _

HELP = _(
    "Record what you know of a source and answer for: its licence, whom it shows and that they agreed. It fills in "
    "what its own record leaves out, and never overrules that."
)
LIST = _("Show what was recorded of sources.")
TERMS = _("Show licence terms in plain words; --json, --odrl, --xmp and --c2pa for programs.")


def record(
    source: Annotated[str, typer.Argument(help=_("A model's name or folder, or a file."), show_default=False)],
    who: Annotated[str, typer.Option("--who", metavar="NAME", help=_("Who answers for it."), show_default=False)],
    licence: Annotated[str, typer.Option("--licence", help=_("SPDX id or a name."))] = "",
    credit: Annotated[str, typer.Option("--credit", help=_("Who is to be named."))] = "",
    consent: Annotated[
        str, typer.Option("--consent", help=_("On what ground people in it agreed, or 'none needed' and why."))
    ] = "",
    personal_data: Annotated[str, typer.Option("--personal-data", help=_("What personal data it holds."))] = "",
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Keep a row about it, by its digest."""
    from luokuan.rights.records import record_source
    from luokuan.store.home import open_home

    row = record_source(
        source, open_home(home), who=who, licence=licence, credit=credit, consent=consent, personal_data=personal_data
    )
    if json:
        emit_json({"recorded": row.digest, "title": row.title})
    else:
        say(_("Recorded of {title}; {who} answers for it.", title=visible(row.title), who=visible(row.who)),
            quiet=quiet)  # fmt: skip


def records(json: options.Json = False, home: options.Home = None) -> None:
    """All rows."""
    from dataclasses import asdict

    from luokuan.store.database import open_database
    from luokuan.store.home import open_home
    from luokuan.store.rights import list_records

    with open_database(open_home(home)) as database, database.read() as connection:
        rows = list_records(connection)
    if json:
        emit_json({"records": [{**asdict(row), "recorded_at": row.recorded_at.isoformat()} for row in rows]})
        return
    if not rows:
        say(_("Nothing was recorded of any source."))
    for row in rows:
        said = "; ".join(f"{name}: {value}" for name, value in row.as_record().items() if value)
        say(visible(f"{row.recorded_at:%F}  {row.title} ({row.digest[:12]})  {row.who}: {said}"))


def terms(
    name: Annotated[
        str, typer.Argument(help=_("A name such as commercial or cc-by, or a JSON file."), show_default=False)
    ] = "",
    odrl: Annotated[bool, typer.Option("--odrl", help=_("As an ODRL 2.2 offer in JSON-LD."))] = False,
    xmp: Annotated[bool, typer.Option("--xmp", help=_("As XMP rights."))] = False,
    c2pa: Annotated[bool, typer.Option("--c2pa", help=_("The C2PA assertion on training and data mining."))] = False,
    target: Annotated[str, typer.Option("--target", metavar="IRI", help=_("What an offer is about."))] = (
        "urn:luokuan:work"
    ),
    owner: Annotated[str, typer.Option("--owner", help=_("Who grants it."))] = "",
    json: options.Json = False,
    home: options.Home = None,
) -> None:
    """One set of terms, or the names of all."""
    from luokuan.files import expand
    from luokuan.rights.metadata import training_mining, xmp_rights
    from luokuan.rights.odrl import to_odrl
    from luokuan.rights.presets import PRESETS, name_of_preset, preset, spdx_of
    from luokuan.rights.terms import MAX_JSON, read_terms
    from luokuan.rights.words import describe

    if not name:
        if json:
            emit_json({"terms": {key: found.to_json() for key, found in PRESETS.items()}})
        else:
            for key in PRESETS:
                say(f"{key:20} {name_of_preset(key)}")
        return
    path = expand(name)
    found = read_terms(_text(path, MAX_JSON)) if path.is_file() else preset(name)
    if odrl:
        emit_json(to_odrl(found, uid=f"{target}:offer", target=target, assigner=owner or "urn:luokuan:owner"))
    elif xmp:
        say(xmp_rights(found, owner=owner))
    elif json:
        emit_json(found.to_json())
    elif c2pa:
        emit_json(training_mining(found))
    else:
        for line in describe(found):
            say(visible(line))
        if spdx := spdx_of(found):
            say(f"SPDX: {spdx}")


def _text(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(most + 1)
    except OSError as error:
        raise UserError(
            _("{path} can't be read: {why}.", path=path, why=error.strerror or error),
            _("Check its permissions."),
            code="terms.unreadable",
        ) from error
