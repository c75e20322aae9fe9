"""Rows of the transparency log: heads, entries, nodes of the tree. Each call touches O(log n) of them, but for the
ranges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from luokuan.store.tables import log_entry, log_head, log_node, work
from luokuan.store.works import WorkRow

Place = tuple[int, int]
"""(level, position) of a node."""

_NEWEST = "SELECT id, origin, public_key, size, root, checkpoint FROM log_head ORDER BY id DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class HeadRow:
    """One log. ``id``: 1 for a home's first log, then counting. ``public_key``: Ed25519, 32 bytes. ``root`` and
    ``checkpoint``: of its ``size`` entries."""

    id: int
    origin: str
    public_key: bytes
    size: int
    root: bytes
    checkpoint: str


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry. ``leaf``: its public bytes. ``private`` and ``salt`` are None when they have been erased, or never
    were."""

    kind: str
    leaf: bytes
    made_at: datetime
    work_id: str | None
    private: Mapping[str, Any] | None
    salt: bytes | None


@dataclass(frozen=True, slots=True)
class Found:
    """An entry and its place: number ``index`` (from 0) of the log ``log_id``."""

    log_id: int
    index: int
    entry: EntryRow


def lock_head(connection: sa.Connection) -> HeadRow | None:
    """The newest log, locked until the transaction ends: the next index comes from here, so that no number is left out
    or given twice. None when there is no log yet."""
    lite = connection.dialect.name == "sqlite"  # there the transaction itself is the lock
    while True:
        row = _run(connection, _NEWEST if lite else f"{_NEWEST} FOR UPDATE").first()
        if row is None:
            return None
        # PostgreSQL: while this waited for the lock, its holder may have begun a newer log.
        if lite or _run(connection, "SELECT max(id) FROM log_head").scalar() == row[0]:
            return HeadRow(*row)


def heads(connection: sa.Connection) -> list[HeadRow]:
    """All logs, the oldest first."""
    return [HeadRow(**row) for row in connection.execute(sa.select(log_head).order_by(log_head.c.id)).mappings()]


def newest_head(connection: sa.Connection) -> HeadRow | None:
    """The newest log, not locked."""
    row = _run(connection, _NEWEST).first()
    return None if row is None else HeadRow(*row)


def insert_head(connection: sa.Connection, row: HeadRow) -> bool:
    """Insert a log, unless another process has made it meanwhile. Returns whether it was inserted."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    made = insert(log_head).values(**asdict(row)).on_conflict_do_nothing(index_elements=["id"])
    return connection.execute(made.returning(log_head.c.id)).first() is not None


def update_head(connection: sa.Connection, row: HeadRow) -> None:
    """Note the log's new size, root and checkpoint."""
    _run(
        connection,
        "UPDATE log_head SET size = ?, root = ?, checkpoint = ? WHERE id = ?",
        (row.size, row.root, row.checkpoint, row.id),
    )


def insert_entries(connection: sa.Connection, log_id: int, first: int, rows: Sequence[EntryRow]) -> None:
    """Insert entries from the index ``first`` on."""
    values = [
        {
            "log_id": log_id,
            "leaf_index": first + number,
            "kind": row.kind,
            "leaf": row.leaf,
            "made_at": row.made_at,
            "work_id": row.work_id,
            "private": row.private,
            "salt": row.salt,
        }
        for number, row in enumerate(rows)
    ]
    connection.execute(log_entry.insert(), values)


def insert_nodes(connection: sa.Connection, log_id: int, made: Sequence[tuple[Place, bytes]]) -> None:
    """Insert nodes of the tree. They never change afterwards: the database refuses a place that it already has."""
    values = [(log_id, level, position, value) for (level, position), value in made]
    _run(connection, "INSERT INTO log_node (log_id, level, position, hash) VALUES (?, ?, ?, ?)", values)


def nodes(connection: sa.Connection, log_id: int, places: Iterable[Place]) -> dict[Place, bytes]:
    """The nodes at these places, by place; what is missing is left out."""
    wanted = list(places)
    if not wanted:
        return {}
    # The wanted places are the outer table of the join: SQLite then looks each of them up by the key. For
    # (level, position) IN (…) and for a long OR it reads the whole log.
    rows = _run(
        connection,
        f"WITH wanted (l, p) AS (VALUES {', '.join(['(?, ?)'] * len(wanted))}) "  # noqa: S608 - marks alone
        "SELECT level, position, hash FROM wanted CROSS JOIN log_node WHERE log_id = ? AND level = l AND position = p",
        (*(number for place in wanted for number in place), log_id),
    )
    return {(level, position): value for level, position, value in rows}


def node_range(connection: sa.Connection, log_id: int, level: int, start: int, stop: int) -> list[bytes]:
    """The nodes of one level at [start, stop), in order; shorter where some are missing."""
    chosen = (
        sa.select(log_node.c.hash)
        .where(log_node.c.log_id == log_id, log_node.c.level == level)
        .where(log_node.c.position >= start, log_node.c.position < stop)
        .order_by(log_node.c.position)
    )
    return list(connection.execute(chosen).scalars())


def count_nodes(connection: sa.Connection, log_id: int) -> int:
    """How many nodes the log has."""
    return connection.execute(sa.select(sa.func.count()).where(log_node.c.log_id == log_id)).scalar_one()


def count_entries(connection: sa.Connection, log_id: int) -> int:
    """How many entries the log has."""
    return connection.execute(sa.select(sa.func.count()).where(log_entry.c.log_id == log_id)).scalar_one()


def entries(connection: sa.Connection, log_id: int, start: int, stop: int) -> list[Found]:
    """The entries of a log at [start, stop), in order."""
    chosen = (
        sa.select(log_entry)
        .where(log_entry.c.log_id == log_id, log_entry.c.leaf_index >= start, log_entry.c.leaf_index < stop)
        .order_by(log_entry.c.leaf_index)
    )
    return [_found(row) for row in connection.execute(chosen).mappings()]


def entries_of_work(connection: sa.Connection, work_id: str) -> list[Found]:
    """All entries about a work, the oldest first."""
    chosen = sa.select(log_entry).where(log_entry.c.work_id == work_id)
    rows = connection.execute(chosen.order_by(log_entry.c.log_id, log_entry.c.leaf_index)).mappings()
    return [_found(row) for row in rows]


def erase_entries(connection: sa.Connection, work_id: str, kinds: Sequence[str]) -> None:
    """Erase private part and salt of the entries of these kinds about a work; the leaves stay."""
    chosen = log_entry.update().where(log_entry.c.work_id == work_id, log_entry.c.kind.in_(kinds))
    connection.execute(chosen.values(private=None, salt=None))


def unlogged_works(connection: sa.Connection) -> Iterator[WorkRow]:
    """Works without an entry that they were made, in the order of their making."""
    logged = sa.exists().where(log_entry.c.work_id == work.c.id, log_entry.c.kind == "work")
    for row in connection.execute(sa.select(work).where(~logged).order_by(work.c.created_at, work.c.id)).mappings():
        yield WorkRow(**row)


def _run(connection: sa.Connection, statement: str, values: Any = ()) -> Any:
    """Plain SQL, with ? for values. An append is six statements and a commit: built from expressions, they would take
    longer than the disk."""
    # What each driver wants in the place of ?.
    text = statement if connection.dialect.paramstyle == "qmark" else statement.replace("?", "%s")
    return connection.exec_driver_sql(text, values)


def _found(row: sa.RowMapping) -> Found:
    values: dict[str, Any] = {**row}
    return Found(values.pop("log_id"), values.pop("leaf_index"), EntryRow(**values))
