"""`luokuan rights`: may this be sold, who is to be named, and what stands in the way."""

from __future__ import annotations

from typing import Annotated

import typer

from luokuan.cli import options, rights_guard, rights_notices, rights_records
from luokuan.cli.output import emit_json, say, visible
from luokuan.errors import ExitCode
from luokuan.i18n import _

app = typer.Typer(
    no_args_is_help=True,
    help=_("What may be done with a work: permissions, credits, licence terms, infringement, notices."),
)
app.add_typer(rights_guard.names, name="names")
app.command("guard", help=rights_guard.HELP)(rights_guard.guard)
app.command("record", help=rights_records.HELP)(rights_records.record)
app.command("records", help=rights_records.LIST)(rights_records.records)
app.command("terms", help=rights_records.TERMS)(rights_records.terms)
app.command("notice", help=rights_notices.NOTICE)(rights_notices.notice)
app.command("counter", help=rights_notices.COUNTER)(rights_notices.counter)
app.command("decide", help=rights_notices.DECIDE)(rights_notices.decide)
app.command("withdraw", help=rights_notices.WITHDRAW)(rights_notices.withdraw)
app.command("notices", help=rights_notices.LIST)(rights_notices.notices)

Thing = Annotated[
    str,
    typer.Argument(help=_("A work's file or id, a model's name or folder, or a corpus's folder."), show_default=False),
]


@app.command(
    "check",
    help=_(
        "May I sell this? Yes, no, or only if, with sources and reasons. Exit code 1: no, or conditions that nobody "
        "meets. It is a list of what records and licences say, and no advice of a lawyer."
    ),
)
def check(
    thing: Thing,
    use: Annotated[str, typer.Option("--use", help=_("commercial, editorial or personal."))] = "commercial",
    met: Annotated[
        list[str] | None,
        typer.Option("--met", metavar="CONDITION", help=_("A kind of condition that you meet; may be given again.")),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """The answer, what is to be done, and why."""
    from luokuan.rights.permission import conditions_of, permission_of, use_of
    from luokuan.rights.reasons import because, condition_word
    from luokuan.rights.rules import Answer
    from luokuan.store.home import find_home

    wanted, kept = use_of(use), conditions_of(met or ())
    found = permission_of(thing, find_home(home), wanted)
    allowed = found.allowed(kept)
    if json:
        emit_json(found.to_json(kept))
        raise typer.Exit(ExitCode.DONE if allowed else ExitCode.NOT_SO)
    say(found.sentence, quiet=quiet)
    if found.answer is Answer.NO:
        for words in dict.fromkeys(because(one) for one in found.reasons):
            say(f"  - {visible(words)}", quiet=quiet)
        if any(one.rule.id in ("licence-unknown", "consent-missing") for one in found.reasons):
            say(_("What records leave out you may record, and answer for: `luokuan rights record`."), quiet=quiet)
    else:
        for one in found.conditions:
            mark = "✓" if one.kind in kept else "-"
            say(f"  {mark} {condition_word(one.kind)} ({one.kind}): {visible(one.words)}", quiet=quiet)
    if found.answer is Answer.ONLY_IF and not allowed:
        say(_("Say with --met which of them you meet."), quiet=quiet)
    raise typer.Exit(ExitCode.DONE if allowed else ExitCode.NOT_SO)


@app.command("credits", help=_("Write who is to be named with a work, as text or as Markdown."))
def credits(
    thing: Thing,
    markdown: Annotated[bool, typer.Option("--markdown", help=_("A list with links to the licences."))] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """All names that records hold, those that a licence asks for and the others."""
    from luokuan.rights.credits import as_markdown, as_text, credits_of
    from luokuan.rights.permission import sources_of
    from luokuan.store.home import find_home

    _subject, sources = sources_of(thing, find_home(home))
    found = credits_of(sources)
    if json:
        emit_json({"credits": [one.to_json() for one in found], "text": as_text(found), "markdown": as_markdown(found)})
        return
    if not found:
        say(_("Nobody is named in the records of what it was made from."), quiet=quiet)
        return
    for line in (as_markdown(found) if markdown else as_text(found)).splitlines():
        say(visible(line))
