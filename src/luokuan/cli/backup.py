"""`luokuan backup` and `luokuan restore`: a whole home in one file, and a home from such a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from luokuan import __version__
from luokuan.cli import options
from luokuan.cli.log import Kept, checkpoint_in
from luokuan.cli.output import emit_json, say
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.store.home import Home

BACKUP = _("Write the home into one file, also while the studio runs: works, rows, models, corpora, sealed keys.")
RESTORE = _("Make a home from a backup. The log begins anew there, and names the old one.")
VARIABLE = "LUOKUAN_PASSPHRASE"
"""Environment variable with the passphrase of the keys."""

Passphrase = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        help=_("File whose first line is the passphrase of the keys (default: LUOKUAN_PASSPHRASE)."),
        show_default=False,
    ),
]


def backup(
    target: Annotated[Path, typer.Argument(metavar="OUT.tar", help=_("The file to write."), show_default=False)],
    models: Annotated[bool, typer.Option("--models/--no-models", help=_("With the models of the store."))] = True,
    corpora: Annotated[bool, typer.Option("--corpora/--no-corpora", help=_("With the corpora."))] = True,
    runs: Annotated[
        bool, typer.Option("--runs/--no-runs", help=_("With training runs and their checkpoints."))
    ] = False,
    keys: Annotated[
        bool, typer.Option("--keys/--no-keys", help=_("With the keys, sealed by a passphrase."))
    ] = True,
    passphrase_file: Passphrase = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:  # fmt: skip
    """Write a backup."""
    from luokuan import logs
    from luokuan.files import expand
    from luokuan.store.backup.making import Parts
    from luokuan.store.backup.making import backup as write
    from luokuan.store.database import open_database

    place = _home(home)
    secret = passphrase(passphrase_file) if keys else None
    if keys and secret is None:
        logs.get("backup").warning(
            _("The keys are left out, for there is no passphrase to seal them. Without them a restored home signs as "
              "somebody new, and knows no watermark of before. Give --passphrase-file, or say --no-keys.")
        )  # fmt: skip
    with open_database(place) as database:
        made = write(
            place, database, expand(target), parts=Parts(models, corpora, runs), passphrase=secret, version=__version__
        )
    if json:
        emit_json(
            {"path": str(made.path), "bytes": made.bytes, "works": made.works, "files": made.files, "keys": made.keys,
             "missing": list(made.missing), "changed": list(made.changed)}
        )  # fmt: skip
        return
    say(_("{path}: {works} works, {files} files of models and corpora, {size:.1f} MiB.", path=made.path,
          works=made.works, files=made.files, size=made.bytes / 2**20), quiet=quiet)  # fmt: skip
    if made.missing:
        say(_("The bytes of {count} works are missing from the home, or damaged.", count=len(made.missing)))
    for path in made.changed:
        say(_("Left out, because it was being changed or has an impossible name: {path}", path=path))


def restore(
    source: Annotated[Path, typer.Argument(metavar="BACKUP.tar", help=_("The backup."), show_default=False)],
    into: Annotated[
        Path | None, typer.Option("--into", help=_("A new folder for the home (default: --home)."), show_default=False)
    ] = None,
    passphrase_file: Passphrase = None,
    checkpoint: Kept = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Restore a backup."""
    from luokuan import logs
    from luokuan.colophon.tlog import log
    from luokuan.files import expand
    from luokuan.store.backup.restoring import restore as read
    from luokuan.store.home import place_of

    known = checkpoint_in(checkpoint)
    origins: list[str] = []

    def begin(connection: sa.Connection, staged: Home) -> None:
        head = log.begin(connection, staged, known)
        log.remember(staged, head)
        origins.append(head.origin)

    secret = passphrase(passphrase_file)
    done = read(expand(source), expand(into) if into else place_of(home), passphrase=secret, begin=begin)
    if not done.keys:
        logs.get("backup").warning(
            _("The keys were not restored: the home signs as somebody new. If you have the folder of its old keys, put "
              "it into {path} now, before anything is made.", path=done.path / "keys")
        )  # fmt: skip
    if json:
        emit_json(
            {"home": str(done.path), "made_at": done.made_at, "works": done.works, "files": done.files,
             "keys": done.keys, "missing": list(done.missing), "log": origins[0]}
        )  # fmt: skip
        return
    say(_("{path}: {works} works and {files} files of models and corpora, as of {time}.", path=done.path,
          works=done.works, files=done.files, time=done.made_at), quiet=quiet)  # fmt: skip
    say(_("The log goes on as {origin}, and names the old one.", origin=origins[0]), quiet=quiet)
    if done.missing:
        say(_("The bytes of {count} works were missing when the backup was made.", count=len(done.missing)))


def passphrase(file: Path | None) -> str | None:
    """The first line of ``file``, else what the environment says, else None.

    Raises:
        UserError: the file can't be read, or is empty.
    """
    if file is None:
        return os.environ.get(VARIABLE) or None
    try:
        with file.open(encoding="utf-8") as stream:
            found = stream.readline(4096).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or _("it is no text")
        raise _no_passphrase(_("{path} can't be opened: {reason}.", path=file, reason=reason)) from error
    if not found:
        raise _no_passphrase(_("There is no passphrase in {path}.", path=file))
    return found


def _no_passphrase(what: str) -> UserError:
    return UserError(what, _("Give a text file whose first line is the passphrase."), code="backup.passphrase")


def _home(given: Path | None) -> Home:
    from luokuan.store.home import find_home

    found = find_home(given)
    if found is None:
        raise UserError(
            _("There is no home to back up."),
            _("Give one with --home or LUOKUAN_HOME."),
            code="home.missing",
            status=404,
        )
    return found
