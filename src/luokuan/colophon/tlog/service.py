"""What the command line, and others above, ask of the home's log: each call opens the database by itself."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from luokuan.colophon.tlog import log, note
from luokuan.colophon.tlog.audit import Audit, audit
from luokuan.colophon.tlog.proof import Proof, prove_work
from luokuan.colophon.tlog.tiles import is_export, write_tiles
from luokuan.errors import UserError
from luokuan.files import new_folder, sha256_file
from luokuan.i18n import _
from luokuan.store import logbook
from luokuan.store.database import open_database
from luokuan.store.home import open_home
from luokuan.store.logbook import HeadRow
from luokuan.store.secrets import replace_log_key
from luokuan.store.works import find_work, find_work_by_sha256, no_work

_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Book:
    """The home's log, open for reading. ``head``: the newest log."""

    connection: sa.Connection
    head: HeadRow

    @property
    def key(self) -> note.LogKey:
        """What verifies its checkpoints."""
        return log.key_of(self.head)

    def describe(self, limit: int) -> dict[str, Any]:
        """The log and its last ``limit`` entries, the newest first, as JSON values."""
        head = self.head
        found = logbook.entries(self.connection, head.id, max(0, head.size - limit), head.size)
        earlier = [old for old in logbook.heads(self.connection) if old.id < head.id]
        return {
            "origin": head.origin,
            "key": self.key.text,
            "size": head.size,
            "root": head.root.hex(),
            "checkpoint": head.checkpoint,
            "earlier": [{"origin": old.origin, "size": old.size} for old in earlier],
            "entries": [
                {
                    "index": one.index,
                    "kind": one.entry.kind,
                    "time": one.entry.made_at.isoformat(),
                    "work": one.entry.work_id,
                }
                for one in reversed(found)
            ],
        }

    def prove(self, reference: str) -> Proof:
        """The proof for a work, by its file or its id.

        Raises:
            UserError: there is no such work, or the log is damaged.
        """
        work_id = self._work(reference)
        try:
            proof = prove_work(self.connection, work_id)
        except ValueError as error:
            raise _damaged() from error
        if proof is None or not proof.sound:
            raise _damaged()
        return proof

    def export(self, folder: Path) -> int:
        """Write checkpoint, tiles and entries into ``folder``, which is replaced as a whole. Returns how many files.

        Raises:
            UserError: it can't be written, holds something else than a log, or rows are missing.
        """
        if folder.is_dir() and any(folder.iterdir()) and not is_export(folder):
            raise UserError(
                _("The folder {path} holds something else than a log.", path=folder),
                _("Give a new folder."),
                code="log.folder",
            )
        try:
            with new_folder(folder) as part:
                return write_tiles(self.connection, self.head, part)
        except ValueError as error:
            raise _damaged() from error

    def _work(self, reference: str) -> str:
        path, row = Path(reference), None
        try:
            if path.name and stat.S_ISREG(path.stat().st_mode):
                row = find_work_by_sha256(self.connection, sha256_file(path))
        except (OSError, ValueError):
            row = None  # no such file: an id, maybe
        if row is None and _ID.fullmatch(reference):
            row = find_work(self.connection, reference)
        if row is None:
            raise no_work(reference)
        return row.id


@contextmanager
def opened(place: Path | None = None) -> Iterator[Book]:
    """The log of the home at ``place``, made if there is none, with the works that are there already; and begun anew if
    the database is older than what was signed.

    Raises:
        UserError: the log contradicts what was signed, or the home can't be used.
    """
    home = open_home(place)
    with open_database(home) as database:
        with database.write() as connection:
            made = log.writer(connection, home).head
        log.remember(home, made)
        with database.read() as connection:
            _snapshot(connection)
            head = logbook.newest_head(connection)
            assert head is not None
            yield Book(connection, head)


def audited(place: Path | None = None, checkpoint: note.Checkpoint | None = None) -> Audit:
    """Recompute the log of the home at ``place``; see ``audit``. Writes nothing, but for the database's migrations.

    Raises:
        UserError: the home can't be used.
    """
    home = open_home(place)
    with open_database(home) as database, database.read() as connection:
        _snapshot(connection)
        return audit(connection, home, checkpoint)


def restarted(
    place: Path | None = None, checkpoint: note.Checkpoint | None = None, *, new_key: bool = False
) -> HeadRow:
    """Begin a new log in the home at ``place``; see ``log.begin``. ``new_key``: with a new key in the place of the old.

    Raises:
        UserError: the home can't be used.
    """
    home = open_home(place)
    with open_database(home) as database:
        if new_key:
            replace_log_key(home)  # a process that dies here leaves a key that doesn't fit: the next entry begins anew
        with database.write() as connection:
            head = log.begin(connection, home, checkpoint)
        log.remember(home, head)
        return head


def _snapshot(connection: sa.Connection) -> None:
    """See one state until the end: SQLite always does, PostgreSQL when it is told to."""
    if connection.dialect.name == "postgresql":
        connection.execution_options(isolation_level="REPEATABLE READ")


def _damaged() -> UserError:
    return UserError(
        _("The log is damaged."),
        _("See `luokuan log audit`; restore the home from a backup, or begin a new log with `luokuan log restart`."),
        code="log.damaged",
        status=410,
    )
