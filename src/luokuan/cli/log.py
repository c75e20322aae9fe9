"""`luokuan log`: what this home has made, waived, corrected and withdrawn, in a log that can only grow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say, table, visible
from luokuan.errors import ExitCode, UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.colophon.tlog.note import Checkpoint

app = typer.Typer(
    no_args_is_help=True, help=_("The transparency log: what this home made, in an order that nobody can change.")
)

Kept = Annotated[
    Path | None,
    typer.Option("--checkpoint", help=_("A checkpoint of this log that was kept elsewhere."), show_default=False),
]


@app.callback()
def _group() -> None:
    """Commands of the log."""


@app.command("show", help=_("Show the log's name, its key, its size and its latest entries."))
def show(
    limit: Annotated[int, typer.Option("--limit", min=0, max=10_000, help=_("How many entries to show."))] = 10,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Show the log."""
    from luokuan.colophon.tlog.service import opened

    with opened(home) as book:
        found = book.describe(limit)
    if json:
        emit_json(found)
        return
    say(_("Log {origin}: {size} entries.", origin=found["origin"], size=found["size"]))
    say(_("Its checkpoints are verified with {key}", key=found["key"]), quiet=quiet)
    for old in found["earlier"]:
        say(_("Before it: log {origin}, {size} entries.", origin=old["origin"], size=old["size"]), quiet=quiet)
    if found["entries"]:
        columns = (_("entry"), _("kind"), _("time"), _("work"))
        table(columns, [(row["index"], row["kind"], row["time"], row["work"] or "") for row in found["entries"]])


@app.command("prove", help=_("Write the proof that a work is in the log, as FILE.proof."))
def prove(
    work: Annotated[str, typer.Argument(help=_("The work's file, or its id."), show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help=_("File to write (default: FILE.proof)."), show_default=False),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Write a proof."""
    from luokuan.colophon.tlog.proof import ENDING
    from luokuan.colophon.tlog.service import opened
    from luokuan.files import write_atomic

    with opened(home) as book:
        proof = book.prove(work)
    path = output or Path(f"{work}{ENDING}")
    write_atomic(path, proof.to_bytes())
    place: dict[str, Any] = {
        "origin": proof.checkpoint.origin,
        "index": proof.index,
        "size": proof.checkpoint.size,
    }
    if json:
        emit_json({"path": str(path), **place})
    else:
        text = _("{path}: entry {index} of {size} of the log {origin}.", path=visible(path), **place)
        say(text, quiet=quiet)


@app.command("checkpoint", help=_("Print the signed checkpoint: keep it elsewhere, and `audit` compares."))
def checkpoint(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help=_("File to write instead."), show_default=False)
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Print or write the checkpoint."""
    from luokuan.colophon.tlog.service import opened
    from luokuan.files import write_atomic

    with opened(home) as book:
        head, key = book.head, book.key
    if output is not None:
        write_atomic(output, head.checkpoint.encode())
    if json:
        found = {"origin": head.origin, "size": head.size, "root": head.root.hex(), "key": key.text}
        emit_json({**found, "checkpoint": head.checkpoint, "path": None if output is None else str(output)})
    elif output is None:
        typer.echo(head.checkpoint, nl=False)
    else:
        say(_("{path}: {size} entries of the log {origin}.", path=visible(output), size=head.size, origin=head.origin),
            quiet=quiet)  # fmt: skip


@app.command("export", help=_("Write the public log as tiles into a new folder, for any web server and any monitor."))
def export(
    folder: Annotated[Path, typer.Argument(help=_("A new folder, or one to replace."), show_default=False)],
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Write the tiles."""
    from luokuan.colophon.tlog.service import opened

    with opened(home) as book:
        files, head = book.export(folder), book.head
    if json:
        emit_json({"path": str(folder), "files": files, "origin": head.origin, "size": head.size})
    else:
        text = _("{path}: {size} entries in {files} files.", path=visible(folder), size=head.size, files=files)
        say(text, quiet=quiet)


@app.command("audit", help=_("Recompute the whole log and report the first inconsistency. Exit code 0: none; 1: one."))
def audit(
    checkpoint: Kept = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Recompute everything."""
    from luokuan.colophon.tlog.service import audited

    found = audited(home, checkpoint_in(checkpoint))
    if json:
        emit_json({
            "ok": found.problem is None,
            "logs": found.logs,
            "entries": found.entries,
            "problem": found.problem,
            "notes": list(found.notes),
        })  # fmt: skip
    else:
        for sentence in found.notes:
            say(sentence, quiet=quiet)
        if found.problem is None:
            say(_("The log is consistent: {entries} entries recomputed.", entries=found.entries), quiet=quiet)
        else:
            say(visible(found.problem))
    raise typer.Exit(ExitCode.DONE if found.problem is None else ExitCode.NOT_SO)


@app.command("restart", help=_("Begin a new log, whose first entry is the last known checkpoint of the old one."))
def restart(
    new_key: Annotated[
        bool, typer.Option("--new-key", help=_("With a new key: the old one is lost, or in strange hands."))
    ] = False,
    checkpoint: Kept = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Begin a new log."""
    from luokuan.colophon.tlog.service import restarted

    head = restarted(home, checkpoint_in(checkpoint), new_key=new_key)
    if json:
        emit_json({"origin": head.origin, "size": head.size, "checkpoint": head.checkpoint})
    else:
        say(_("The new log {origin} has begun.", origin=head.origin), quiet=quiet)


def checkpoint_in(path: Path | None) -> Checkpoint | None:
    """The checkpoint that ``--checkpoint`` names.

    Raises:
        UserError: there is none in that file.
    """
    from luokuan.colophon.tlog.note import MAX_NOTE, parse_checkpoint

    if path is None:
        return None
    try:
        with path.open("rb") as stream:
            return parse_checkpoint(stream.read(MAX_NOTE + 1))
    except (OSError, ValueError) as error:
        raise UserError(
            _("{path} holds no checkpoint of a log.", path=visible(path)),
            _("Give a file that `luokuan log checkpoint -o` wrote."),
            code="log.checkpoint",
        ) from error
