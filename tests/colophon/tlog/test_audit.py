from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from logs_for_tests import add_notices, add_works
from onpostgres import CHOSEN
from sqlalchemy.dialects import postgresql

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


def without_rules(connection: sa.Connection) -> None:
    """Let the database take rows that break its constraints, as it does from who writes past it; its own connection
    and transaction, which is rolled back."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # foreign keys are triggers
    checks = connection.exec_driver_sql("SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'c'")
    for table, name in checks.all():
        if table in LOGGED:
            connection.exec_driver_sql(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')


def problem_after(home: Home, statement: str, **values: object) -> str | None:
    """What the audit finds after a statement, which is taken back."""
    with open_database(home) as database, database.engine.connect() as connection:
        without_rules(connection)
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
    if isinstance(value, datetime):
        return value.replace(microsecond=value.microsecond ^ 1)
    text = str(value)
    return text[:-2] + chr(ord(text[-2]) ^ 1) + text[-1]


def flipped_json(text: str) -> str:
    """A JSON text of which one bit is changed, so that it still is one: PostgreSQL takes nothing else."""
    for place in reversed(range(len(text))):
        changed = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]
        try:
            if json.loads(changed) != json.loads(text):
                return changed
        except ValueError:
            continue
    raise AssertionError(text)


# feedback isn't part of the log, and the width of a home's own columns is all there is.
LOGGED = ("work", "log_head", "log_entry", "log_node")
COLUMNS = [(name, column.name) for name in LOGGED for column in metadata.tables[name].c]


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_flipped_bit_is_found_in_each_column(filled: Home, table: str, column: str) -> None:
    written = CHOSEN and isinstance(metadata.tables[table].c[column].type, sa.JSON)
    with open_database(filled) as database, database.read() as connection:
        key = [c.name for c in metadata.tables[table].primary_key]
        # The last row, where the first one's neighbour would be in the way.
        order = ", ".join(f"{name} DESC" if column in key else name for name in key)
        what = ", ".join([f"CAST({column} AS text) AS value" if written else f"{column} AS value", *key])
        row = connection.execute(sa.text(f"SELECT {what} FROM {table} ORDER BY {order} LIMIT 1")).mappings().one()
    where = " AND ".join(f"{name} = :key_{name}" for name in key)
    found = problem_after(
        filled,
        f"UPDATE {table} SET {column} = {'CAST(:value AS json)' if written else ':value'} WHERE {where}",
        value=flipped_json(row["value"]) if written else flipped(row["value"]),
        **{f"key_{name}": row[name] for name in key},
    )
    assert found is not None, (table, column, row["value"])
    assert "\n" not in found


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
        (
            "INSERT INTO log_node SELECT log_id, 40, 7, hash FROM log_node WHERE level = 3 AND position = 5",
            "more nodes",
        ),
        ("UPDATE log_entry SET work_id = NULL WHERE leaf_index = 5", "private part"),
        ("UPDATE log_entry SET kind = 'waiver' WHERE leaf_index = 5", "another kind"),
        (
            "UPDATE log_entry SET leaf = (SELECT leaf FROM log_entry WHERE leaf_index = 1) WHERE leaf_index = 0",
            "Entry 0",
        ),
        ("UPDATE work SET licence = 'CC0-1.0'", "says something else"),
        (f"UPDATE work SET commitment = '{'0' * 64}'", "says something else"),
    ],
)
def test_what_was_done_is_named(filled: Home, statement: str, words: str) -> None:
    import re

    found = problem_after(filled, statement)
    assert found is not None and re.search(words, found), found


DEEP = "[" * 2000 + "]" * 2000


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("work.created_at", "infinity"),
        ("work.created_at", "4000-01-01 BC"),
        ("log_entry.made_at", "-infinity"),
        ("work.recipe", DEEP),
        ("work.recipe", "[1]"),
        ("work.recipe", "null"),
        ("work.sidecars", DEEP),
        ("work.sidecars", "[1]"),
        ("work.sidecars", '{".c2pa": 5}'),
        ("work.sidecars", "null"),
        ("work.sidecars", '{".c2pa": ' + "9" * 5000 + "}"),
        ("work.sidecars", '{".c2pa": NaN}' if not CHOSEN else '{".c2pa": 1e999}'),
        ("work.sidecars", r'{".c2pa": "\ud800"}'),
        ("log_entry.private", DEEP),
        ("log_entry.private", "[1]"),
        ("log_entry.private", "null"),
        ("log_entry.private", r'{"work": "\ud800"}'),
        ("log_entry.salt", b""),
        ("log_entry.leaf", b""),
        ("log_head.public_key", b""),
        ("log_head.root", b""),
        ("log_head.size", -1),
        ("log_head.size", 2**63 - 1),
        ("log_head.id", -1),
        ("log_head.checkpoint", ""),
        ("log_head.origin", ""),
        ("work.salt", b""),
        ("work.schema_version", -1),
        ("work.blob_size", 2**63 - 1),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_can_hardly_be_read_is_found(filled: Home, column: str, value: object) -> None:
    table, _point, name = column.partition(".")
    kind = metadata.tables[table].c[name].type
    taken = ":value"
    if CHOSEN and isinstance(value, str):
        taken = f"CAST(:value AS {kind.compile(dialect=postgresql.dialect())})"
    found = problem_after(filled, f"UPDATE {table} SET {name} = {taken}", value=value)
    assert found is not None and "\n" not in found


def test_a_work_without_an_entry_is_found(filled: Home) -> None:
    copy = (
        f"INSERT INTO work SELECT '00000000000000aa', kind, '{'0' * 64}', blob_size, media_type, model_name,"
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


def test_the_newest_log_is_found_by_its_number(filled: Home) -> None:
    assert "number 1 is missing" in (problem_after(filled, "UPDATE log_head SET id = 2") or "")


def test_a_home_without_works_has_nothing_to_find(tmp_path: Path) -> None:
    home = open_home(tmp_path / "empty")
    with open_database(home) as database, database.read() as connection:
        assert audit(connection, home).entries == 0
        assert logbook.newest_head(connection) is None
    assert json.dumps(audit.__doc__)
