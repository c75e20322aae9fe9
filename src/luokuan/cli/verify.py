"""`luokuan verify`: who made a file, with what, when, and whether it is still what was signed."""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say, visible
from luokuan.cli.verify_chain import Chained, asker
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.colophon.verdict import Verdict

HELP = _(
    "Check a picture, a sound, a text or a score, several of them, or all works in a folder: who made it, with what "
    "model, when, and whether it is unchanged. - reads one file from the standard input. "
    "Exit code 0: ours or trusted, and unchanged; 1: not so; 2: can't be checked."
)


_STDIN = Path("-")


def _named(text: str) -> Path:
    if not text:
        # As of a shell variable that isn't set: Path("") would be the current folder.
        raise UserError(
            _("The name of the file is empty."), _("Give a file, or . for this folder."), code="verify.empty"
        )
    path = Path(text)
    if text == "-" or path != _STDIN:
        return path
    return path.absolute()  # ./- is a file


def verify(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help=_("The files and folders to check; - for the standard input."),
            show_default=False,
            parser=_named,
        ),
    ],
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
    chain: Annotated[
        str | None,
        typer.Option(
            "--chain",
            metavar="URL",
            help=_("Ask a node of a chain, too, whether the log's checkpoint is anchored; exit code 1 if it isn't."),
            show_default=False,
        ),
    ] = None,
    contract: Annotated[
        str | None,
        typer.Option(
            "--contract",
            metavar="ADDRESS",
            help=_("The contract for --chain (default: the home's)."),
            show_default=False,
        ),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Check files and folders."""
    from luokuan.colophon.verification import verify_file, verify_files, verify_stream, works_in, worst
    from luokuan.models.plm.listening import listener
    from luokuan.store.home import find_home

    place = find_home(home)
    ask = asker(chain, contract, paths, place)
    trusted: dict[str, Any] = {
        "trust_anchors": trust or [],
        "stamp_anchors": trust_time or [],
        "lists": crl or [],
        "listen": None if place is None else listener(place),
    }
    if len(paths) == 1 and not _is_folder(paths[0]):
        (path,) = paths
        piped = path == _STDIN
        overall = verify_stream(sys.stdin.buffer, place, **trusted) if piped else verify_file(path, place, **trusted)
        found_there = ask(overall)
        if json:
            emit_json({**overall.to_json(), **found_there.values})
        else:
            _say_all(overall, found_there, quiet=quiet)
        raise typer.Exit(max(overall.exit_code, found_there.exit_code))
    if paths.count(_STDIN) > 1:
        raise UserError(_("The standard input can be read only once."), _("Give - once."), code="verify.stdin")
    wanted = [(one, path) for path in paths for one in (works_in(path) if _is_folder(path) else [path])]
    # Read first: the files are looked at one after the other by one child.
    from_pipe = verify_stream(sys.stdin.buffer, place, **trusted) if _STDIN in paths else None
    found = verify_files((one for one, _path in wanted if one != _STDIN), place, **trusted)
    verdicts: list[Verdict] = []
    chained: list[Chained] = []
    for one, path in wanted:
        verdict = from_pipe if one == _STDIN and from_pipe is not None else next(found)
        verdicts.append(verdict)
        chained.append(ask(verdict))
        if not json:
            _say_line(verdict, chained[-1], one.relative_to(path) if paths == [path] else one, quiet=quiet)
    overall = worst(verdicts)
    if json:
        files = [{**verdict.to_json(), **one.values} for verdict, one in zip(verdicts, chained, strict=True)]
        emit_json({"verdict": overall.verdict, "files": files})
    raise typer.Exit(max(overall.exit_code, *(one.exit_code for one in chained)))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False  # in a folder that may not be entered: verify_file says so


def _say_line(verdict: Verdict, chained: Chained, name: Path, *, quiet: bool) -> None:
    """One line in a list; with --quiet only what needs attention."""
    text = f"{verdict.verdict:<15}  {visible(name)}  {' '.join([verdict.summary, *map(visible, chained.says)])}"
    say(text, quiet=quiet and max(verdict.exit_code, chained.exit_code) == 0)


def _say_all(verdict: Verdict, chained: Chained, *, quiet: bool) -> None:
    """All that is known, the verdict first, then a table of what it rests on; with --quiet the exit code alone says
    it."""
    from luokuan.colophon.evidence import word_for

    say(f"{visible(verdict.path)}: {verdict.summary}", quiet=quiet)
    rows = [*verdict.table, *(("chain", visible(sentence)) for sentence in chained.says)]
    width = max((_width(word_for(about)) for about, _sentence in rows), default=0)
    before = None
    for about, sentence in rows:
        word = "" if about == before else word_for(about)
        say(f"  {word}{' ' * (width - _width(word))}  {sentence}", quiet=quiet)
        before = about


def _width(text: str) -> int:
    """Columns in a terminal; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
