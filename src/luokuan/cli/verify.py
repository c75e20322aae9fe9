"""`luokuan verify`: who made a file, with what, when, and whether it is still what was signed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say, visible
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.colophon.verdict import Verdict

HELP = _(
    "Check a picture, a sound or a text, or all works in a folder: who made it, with what model, when, and whether it "
    "is unchanged. "
    "Exit code 0: ours or trusted, and unchanged; 1: not so; 2: can't be checked."
)


def _named(text: str) -> Path:
    if not text:
        # As of a shell variable that isn't set: Path("") would be the current folder.
        raise UserError(
            _("The name of the file is empty."), _("Give a file, or . for this folder."), code="verify.empty"
        )
    return Path(text)


def verify(
    path: Annotated[Path, typer.Argument(help=_("The file or folder to check."), show_default=False, parser=_named)],
    trust: Annotated[
        list[Path] | None,
        typer.Option(
            "--trust",
            metavar="PEM",
            help=_("Trust signers under this root certificate too; may be repeated."),
            show_default=False,
        ),
    ] = None,
    crl: Annotated[
        list[Path] | None,
        typer.Option(
            "--crl",
            metavar="PEM",
            help=_("A revocation list of signers under --trust (crl.pem of `identity export`); may be repeated."),
            show_default=False,
        ),
    ] = None,
    trust_time: Annotated[
        list[Path] | None,
        typer.Option(
            "--trust-time",
            metavar="PEM",
            help=_("Trust time-stamps under this root certificate; may be repeated."),
            show_default=False,
        ),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Check a file or a folder."""
    from luokuan.colophon.verification import verify_file, verify_folder, worst
    from luokuan.models.plm.listening import listener
    from luokuan.store.home import find_home

    place = find_home(home)
    anchors, clocks, lists = trust or [], trust_time or [], crl or []
    listen = None if place is None else listener(place)
    if _is_folder(path):
        verdicts = verify_folder(path, place, anchors, listen=listen, stamp_anchors=clocks, lists=lists)
        overall = worst(verdicts)
        if json:
            emit_json({"verdict": overall.verdict, "files": [verdict.to_json() for verdict in verdicts]})
        else:
            for verdict in verdicts:
                _say_line(verdict, path, quiet=quiet)
    else:
        overall = verify_file(path, place, anchors, listen=listen, stamp_anchors=clocks, lists=lists)
        if json:
            emit_json(overall.to_json())
        else:
            _say_all(overall, quiet=quiet)
    raise typer.Exit(overall.exit_code)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False  # in a folder that may not be entered: verify_file says so


def _say_line(verdict: Verdict, folder: Path, *, quiet: bool) -> None:
    """One line in a folder's list; with --quiet only what needs attention."""
    name = visible(verdict.path.relative_to(folder))
    say(f"{verdict.verdict:<14}  {name}  {verdict.summary}", quiet=quiet and verdict.exit_code == 0)


def _say_all(verdict: Verdict, *, quiet: bool) -> None:
    """All that is known; with --quiet the exit code alone says it."""
    say(f"{visible(verdict.path)}: {verdict.summary}", quiet=quiet)
    for sentence in verdict.evidence:
        say(f"  {sentence}", quiet=quiet)
