"""Rows of the database as lines of JSON, the same for SQLite and PostgreSQL, and back into an empty database."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import IO, Any

import sqlalchemy as sa

from luokuan.i18n import _
from luokuan.store import tables  # noqa: F401 - so that all tables are known
from luokuan.store.backup.tar import damaged
from luokuan.store.columns import metadata

LEFT_OUT = ("session", "link")
"""Who is logged in, and links that open an account, end with the home that gave them."""
LONGEST_LINE = 64 << 20
_BATCH = 500


def kept_tables() -> list[sa.Table]:
    """The tables of a backup, those that others refer to first."""
    return [table for table in metadata.sorted_tables if table.name not in LEFT_OUT]


def snapshot(connection: sa.Connection) -> None:
    """See one state until the end of the transaction: SQLite always does, PostgreSQL when it is told to."""
    if connection.dialect.name == "postgresql":
        connection.execution_options(isolation_level="REPEATABLE READ")


def dump(connection: sa.Connection, table: sa.Table, out: IO[bytes]) -> int:
    """Write a table's rows, a line each. Returns how many."""
    count = 0
    result = connection.execution_options(yield_per=_BATCH).execute(sa.select(table))
    for row in result.mappings():
        values = {name: _plain(value) for name, value in row.items()}
        out.write(json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
        count += 1
    return count


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode("ascii")
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat()
    return value


def reflected(connection: sa.Connection) -> Mapping[str, sa.Table]:
    """The tables as they are in the database, whose migration may be an old one."""
    found = sa.MetaData()
    found.reflect(connection)
    for table in found.tables.values():
        for column in table.columns:
            if isinstance(column.type, sa.JSON):
                column.type.none_as_null = True
    return found.tables


def load(connection: sa.Connection, table: sa.Table, lines: Iterable[bytes]) -> int:
    """Insert a table's rows. Returns how many.

    Raises:
        UserError: a row isn't one of this table, or the database refuses it.
    """
    count, batch = 0, []
    try:
        for line in lines:
            batch.append(_row(table, line))
            if len(batch) == _BATCH:
                connection.execute(table.insert(), batch)
                count, batch = count + len(batch), []
        if batch:
            connection.execute(table.insert(), batch)
    except (ValueError, TypeError, LookupError, RecursionError, sa.exc.StatementError) as error:
        if isinstance(error, sa.exc.OperationalError):
            raise  # of the disk, not of the rows
        raise damaged(_("its rows of the table {table} don't fit", table=table.name)) from error
    return count + len(batch)


def _row(table: sa.Table, line: bytes) -> dict[str, Any]:
    values = json.loads(line)
    if set(values) != set(table.columns.keys()):
        raise ValueError("columns")
    return {name: _typed(value, table.columns[name].type) for name, value in values.items()}


def _typed(value: Any, kind: sa.types.TypeEngine[Any]) -> Any:
    if value is None:
        return None
    if isinstance(kind, sa.DateTime):
        return datetime.fromisoformat(value)
    if isinstance(kind, sa.LargeBinary):
        return base64.b64decode(value, validate=True)
    return value


def set_counters(connection: sa.Connection, loaded: Iterable[sa.Table]) -> None:
    """Let PostgreSQL count on where the rows end; SQLite looks by itself."""
    if connection.dialect.name != "postgresql":
        return
    quote = connection.dialect.identifier_preparer.quote
    for table in loaded:
        for column in table.primary_key.columns:
            named = connection.execute(
                sa.text("SELECT pg_get_serial_sequence(:table, :column)"),
                {"table": quote(table.name), "column": column.name},
            ).scalar()
            if named is not None:
                largest = sa.select(sa.func.max(column)).scalar_subquery()
                connection.execute(sa.select(sa.func.setval(named, sa.func.coalesce(largest, 1), largest.is_not(None))))
