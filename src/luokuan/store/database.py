"""The home's database: one engine, durable writes, and migrations that run by themselves."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from luokuan.errors import UserError
from luokuan.files import disk_errors
from luokuan.i18n import _
from luokuan.store.home import ELSEWHERE, Home

HEAD = "0020"
"""The newest migration (a test compares it with the files)."""

BUSY_SECONDS = 30
"""How long a writer waits for another one."""

_MIGRATION_LOCK = 0x4C554F4B  # any number, as long as every process takes the same one
_one_migration = threading.Lock()  # Alembic keeps its context in a global
_WRITE = "luokuan_write"
_SQLITE_FULL = ("SQLITE_FULL", "SQLITE_IOERR")
_POSTGRESQL_FULL = ("53100",)  # disk_full
_POSTGRESQL_BUSY = ("55P03",)  # lock_not_available
_POSTGRESQL_AWAY = ("08", "57P", "28", "3D")
"""Connection exceptions, a server that stops or starts, a login refused, no such database; classes of states
(PostgreSQL manual, appendix A)."""


class Database:
    """The database of a home. ``read`` and ``write`` give a connection inside one transaction.

    SQLite: WAL, synchronous=FULL (a committed work survives a power cut), foreign keys, and BEGIN IMMEDIATE for
    writes, so that a writer waits at the start and never fails in the middle. On both databases who writes waits for
    others no longer than ``patience`` seconds.
    """

    def __init__(self, engine: sa.Engine, patience: float = BUSY_SECONDS) -> None:
        self.engine = engine
        self._patience = patience

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for reading; nothing is committed.

        Raises:
            UserError: the file is damaged, the server can't be reached, or another process holds the database for too
                long.
        """
        try:
            with self.engine.connect() as connection:
                yield connection
        except sa.exc.DatabaseError as error:
            raise _as_user_error(error, self._patience, path=Path(self.engine.url.database or "")) from error

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A connection in a write transaction: committed at the end, rolled back by an exception.

        Raises:
            UserError: the disk is full, the server can't be reached, or another process holds the database for too
                long.
        """
        try:
            with self.engine.connect().execution_options(**{_WRITE: True}) as connection, connection.begin():
                yield connection
        except sa.exc.OperationalError as error:
            raise _as_user_error(error, self._patience) from error

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def open_database(home: Home, url: str | None = None, *, patience: float | None = None) -> Database:
    """Open the database of ``home`` (or at ``url``) and bring it up to date. Safe in several processes at once.

    Args:
        home: The home.
        url: Another database, as SQLAlchemy writes it; default: what LUOKUAN_DATABASE says, else the home's own file.
        patience: Seconds to wait for another process that writes; default: ``BUSY_SECONDS``.

    Raises:
        UserError: the file is no database, can't be written, or was made by a newer Luokuan; its server can't be
            reached.
    """
    seconds = BUSY_SECONDS if patience is None else patience
    database = _connected(home, url, seconds)
    try:
        _bring_up_to_date(database)
    except sa.exc.DatabaseError as error:
        database.close()
        raise _as_user_error(error, seconds, path=home.database) from error
    except BaseException:
        database.close()
        raise
    return database


def empty_database(home: Home) -> Database:
    """Open the place of a database, here or where LUOKUAN_DATABASE says, and leave it as it is: ``migrate`` makes the
    tables.

    Raises:
        UserError: it can't be written.
    """
    return _connected(home, None, BUSY_SECONDS)


def _connected(home: Home, url: str | None, patience: float) -> Database:
    url = url or os.environ.get(ELSEWHERE)
    if url is None:
        with disk_errors(home.database):
            # Recipes and salts are private, whatever the umask; SQLite gives its WAL the mode of the file.
            home.database.touch(mode=0o600)
    # Not as text: a home's name may hold the signs that mean something in a URL.
    place = sa.URL.create("sqlite", database=str(home.database)) if url is None else _url(url)
    return Database(_engine(place, patience), patience)


def _engine(url: sa.URL, patience: float) -> sa.Engine:
    # Parameters hidden: recipes and salts would stand in tracebacks and logs. The connection that was used last comes
    # first: each has a cache of its own, and so only as many fill as are in use at once.
    engine = sa.create_engine(url, hide_parameters=True, pool_use_lifo=True)
    if engine.dialect.name != "sqlite":

        @sa.event.listens_for(engine, "connect")
        def _on_connection(connection: Any, _record: Any) -> None:
            # 0 would mean for ever.
            connection.execute(f"SET lock_timeout = {max(int(patience * 1000), 1)}")  # in milliseconds
            connection.commit()

        return engine

    @sa.event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        # The driver must not start transactions of its own: ours begin below.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout = {int(patience * 1000)}",
            "synchronous = FULL",
            "foreign_keys = ON",
            "trusted_schema = OFF",
        ):
            connection.execute(f"PRAGMA {pragma}")
        _use_wal(connection)

    @sa.event.listens_for(engine, "begin")
    def _on_begin(connection: sa.Connection) -> None:
        immediate = connection.get_execution_options().get(_WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def _url(text: str) -> sa.URL:
    try:
        found = sa.make_url(text)
        found.get_dialect()
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError) as error:
        raise UserError(
            _("This address of a database can't be used."),  # it may hold a password
            _("Write it as postgresql+psycopg://USER@HOST/NAME, with luokuan[postgres] installed."),
            code="database.url",
        ) from error
    return found


def _use_wal(connection: Any) -> None:
    # SQLite doesn't wait here by itself: of two processes that open a new file at once, one is told BUSY.
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > until:
                raise
            time.sleep(0.01)


def revision(connection: sa.Connection) -> str | None:
    """The newest migration that a database has seen; None: it is empty."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _bring_up_to_date(database: Database) -> None:
    with database.read() as connection:
        if revision(connection) == HEAD:
            return
    with database.engine.connect().execution_options(**{_WRITE: True}) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        # Asked again under the lock: another process may have been quicker.
        if revision(connection) != HEAD:
            migrate(connection)


def migrate(connection: sa.Connection, to: str = "head") -> None:
    """Bring a database up to date, or ``to`` a migration, in the caller's write transaction.

    Raises:
        UserError: it was made by a newer Luokuan.
    """
    # Imported here: a database that is up to date needs no Alembic, and it takes time to load.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        with _one_migration:
            command.upgrade(config, to)
    except CommandError as error:
        raise UserError(
            _("The home's database was made by a newer version of Luokuan."),
            _("Update Luokuan, or choose another home."),
            code="database.newer",
        ) from error


def _as_user_error(error: sa.exc.DatabaseError, patience: float, path: Path | None = None) -> Exception:
    name = getattr(error.orig, "sqlite_errorname", "")
    state = getattr(error.orig, "sqlstate", None) or ""
    if name.startswith(_SQLITE_FULL) or state in _POSTGRESQL_FULL:
        return UserError(
            _("No room left for the home's database."),
            _("Free some space there or choose another place; nothing was half-written."),
            code="disk.full",
            status=413,
        )
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) or state in _POSTGRESQL_BUSY:
        return UserError(
            _("Another process has held the home's database for more than {seconds} seconds.", seconds=f"{patience:g}"),
            _("Try again when it has finished."),
            code="database.busy",
            status=409,
        )
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_CANTOPEN", "SQLITE_READONLY")) and path:
        return UserError(
            _("The database {path} can't be used: {reason}.", path=path, reason=error.orig),
            _("Restore it from a backup, or choose another home."),
            code="database.unusable",
        )
    # libpq tells no state where nobody answered; SQLite has names instead of states.
    if not name and isinstance(error, sa.exc.OperationalError) and (not state or state.startswith(_POSTGRESQL_AWAY)):
        return UserError(
            _("The home's database can't be reached: {reason}.", reason=(str(error.orig).splitlines() or ["-"])[0]),
            _("Start its server, or mend the address in LUOKUAN_DATABASE; nothing was half-written."),
            code="database.unreachable",
            status=503,
        )
    return error
