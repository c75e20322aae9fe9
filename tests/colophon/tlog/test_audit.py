from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from logs_for_tests import add_notices, add_works
from onpostgres import about_sqlite

from luokuan.colophon.tlog import log
from luokuan.colophon.tlog.audit import audit
from luokuan.store import logbook
from luokuan.store.database import open_database
from luokuan.store.home import Home, open_home
from luokuan.store.tables import metadata


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with three works and an entry about the first; its log goes over a chunk's end."""
    home = open_home(tmp_path_factory.mktemp("audit") / "home")
    with open_database(home) as database:
        rows = add_works(database, home, 3)
        add_notices(database, home, rows[0].id, 1100)
    return home


def problem_after(home: Home, statement: str, **values: object) -> str | None:
    """What the audit finds after a statement, which is taken back."""
    with open_database(home) as database, database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        connection.exec_driver_sql("BEGIN")
        done = connection.execute(sa.text(statement), values)
        assert done.rowcount > 0
        found = audit(connection, home).problem
        connection.rollback()
    return found


def test_a_sound_log_has_no_problem(filled: Home) -> None:
    seen: list[int] = []
    with open_database(filled) as database, database.read() as connection:
        found = audit(connection, filled, progress=seen.append)
    assert (found.problem, found.entries, found.logs, found.notes) == (None, 1103, 1, ())
    assert seen == [1024, 1103]


def flipped(value: object) -> object:
    """The value with one bit changed."""
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    if isinstance(value, int):
        return value ^ 1
    text = str(value)
    return text[:-2] + chr(ord(text[-2]) ^ 1) + text[-1]


# feedback isn't part of the log, and the width of a home's own columns is all there is.
COLUMNS = [
    (name, column.name) for name in ("work", "log_head", "log_entry", "log_node") for column in metadata.tables[name].c
]


@about_sqlite("PRAGMA turns its constraints off, and it keeps what isn't of a column's type")
@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_flipped_bit_is_found_in_each_column(filled: Home, table: str, column: str) -> None:
    with open_database(filled) as database, database.read() as connection:
        key = [c.name for c in metadata.tables[table].primary_key]
        # The last row, where the first one's neighbour would be in the way.
        order = ", ".join(f"{name} DESC" if column in key else name for name in key)
        row = connection.execute(sa.text(f"SELECT * FROM {table} ORDER BY {order} LIMIT 1")).mappings().one()
    where = " AND ".join(f"{name} = :key_{name}" for name in key)
    found = problem_after(
        filled,
        f"UPDATE {table} SET {column} = :value WHERE {where}",
        value=flipped(row[column]),
        **{f"key_{name}": row[name] for name in key},
    )
    assert found is not None, (table, column, row[column])
    assert "\n" not in found


@about_sqlite("PRAGMA turns its constraints off")
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM log_entry WHERE leaf_index = 700", "Entry 700"),
        ("DELETE FROM log_entry WHERE leaf_index = 1102", "Entry 1102"),
        ("DELETE FROM log_node WHERE level = 10", "Node 0 of level 10"),
        ("DELETE FROM log_node WHERE level = 3 AND position = 5", "Node 5 of level 3"),
        ("DELETE FROM log_head", "no such log"),
        ("DELETE FROM work WHERE kind = 'text'", "its work is missing"),
        ("UPDATE log_head SET size = size - 1", "checkpoint|root|more entries"),
        ("INSERT INTO log_node VALUES (1, 40, 7, zeroblob(32))", "more nodes"),
        ("UPDATE log_entry SET work_id = NULL WHERE leaf_index = 5", "private part"),
        ("UPDATE log_entry SET kind = 'waiver' WHERE leaf_index = 5", "another kind"),
        (
            "UPDATE log_entry SET leaf = (SELECT leaf FROM log_entry WHERE leaf_index = 1) WHERE leaf_index = 0",
            "Entry 0",
        ),
        ("UPDATE work SET licence = 'CC0-1.0'", "says something else"),
        ("UPDATE work SET commitment = lower(hex(zeroblob(32)))", "says something else"),
    ],
)
def test_what_was_done_is_named(filled: Home, statement: str, words: str) -> None:
    import re

    found = problem_after(filled, statement)
    assert found is not None and re.search(words, found), found


@about_sqlite("PRAGMA turns its constraints off")
def test_a_work_without_an_entry_is_found(filled: Home) -> None:
    copy = (
        "INSERT INTO work SELECT '00000000000000aa', kind, lower(hex(zeroblob(32))), blob_size, media_type, model_name,"
        " model_digest, recipe, salt, commitment, licence, label, schema_version, created_at, sidecars FROM work"
        " LIMIT 1"
    )
    found = problem_after(filled, copy)
    assert found == "The work 00000000000000aa has no entry."


def test_a_checkpoint_that_was_kept_elsewhere_is_compared(filled: Home) -> None:
    from luokuan.colophon.tlog import note

    last = log.kept_checkpoint(filled)
    assert last is not None
    with open_database(filled) as database, database.read() as connection:
        assert audit(connection, filled, last).problem is None
        forged = note.parse_checkpoint(last.text.replace("\n1103\n", "\n1102\n"))
        found = audit(connection, filled, forged).problem
        assert found is not None and "isn't signed" in found


@about_sqlite("PRAGMA turns its constraints off")
def test_the_newest_log_is_found_by_its_number(filled: Home) -> None:
    assert "number 1 is missing" in (problem_after(filled, "UPDATE log_head SET id = 2") or "")


def test_a_home_without_works_has_nothing_to_find(tmp_path: Path) -> None:
    home = open_home(tmp_path / "empty")
    with open_database(home) as database, database.read() as connection:
        assert audit(connection, home).entries == 0
        assert logbook.newest_head(connection) is None
    assert json.dumps(audit.__doc__)
