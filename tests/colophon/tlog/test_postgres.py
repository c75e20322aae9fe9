"""The same log on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from logs_for_tests import add_notices, add_works, forked, work_row
from postgres import Cluster

from luokuan.colophon.erasure import erase_work
from luokuan.colophon.tlog import log, tree
from luokuan.colophon.tlog.audit import audit
from luokuan.colophon.tlog.proof import prove_work
from luokuan.store import logbook
from luokuan.store.database import Database, open_database
from luokuan.store.home import Home
from luokuan.store.tables import metadata
from luokuan.store.works import insert_work


@pytest.fixture
def url(postgres: Cluster) -> Iterator[str]:
    with postgres.database() as found:
        yield found


@pytest.fixture
def database(home: Home, url: str) -> Iterator[Database]:
    with open_database(home, url) as found:
        yield found


def problem(database: Database, home: Home) -> str | None:
    with database.read() as connection:
        connection.execution_options(isolation_level="REPEATABLE READ")
        return audit(connection, home).problem


def test_append_prove_erase_audit(home: Home, database: Database) -> None:
    rows = add_works(database, home, 3)
    head = add_notices(database, home, rows[0].id, 300)
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        proof = prove_work(connection, rows[1].id)
        assert proof is not None and proof.sound and proof.checkpoint.size == 303
        root = log.root_at(connection, head, 100)
        assert tree.extends(100, root, 303, head.root, log.consistency(connection, head, 100))
    assert problem(database, home) is None
    erase_work(home, database, rows[1].id)
    assert problem(database, home) is None
    with database.write() as connection:
        connection.execute(sa.text("UPDATE log_node SET hash = decode(repeat('00', 32), 'hex') WHERE level = 4"))
    assert "of level 4" in (problem(database, home) or "")


def test_works_from_before_the_log_are_entered_once_by_whoever_is_first(
    home: Home, url: str, database: Database
) -> None:
    old = [work_row(home, number) for number in range(5)]
    with database.write() as connection:
        for row in old:
            insert_work(connection, row)

    def append() -> None:
        with open_database(home, url) as own:
            add_works(own, home, 1)

    database.engine.dispose()
    assert forked(append, append, append) == [0] * 3
    with database.read() as connection:
        (head,) = logbook.heads(connection)
        found = logbook.entries(connection, 1, 0, 99)
    assert head.size == 8 and [one.entry.work_id for one in found[:5]] == [row.id for row in old]
    assert problem(database, home) is None


def test_processes_that_append_at_once_share_one_log(home: Home, url: str, database: Database) -> None:
    def append() -> None:
        with open_database(home, url) as own:
            add_works(own, home, 10)

    database.engine.dispose()
    assert forked(append, append, append) == [0] * 3
    with database.read() as connection:
        (head,) = logbook.heads(connection)
    assert head.size == 30
    assert problem(database, home) is None


def test_whoever_waits_while_a_new_log_begins_writes_to_the_new_one(home: Home, database: Database) -> None:
    import threading

    (row,) = add_works(database, home, 1)
    waiting = threading.Event()

    def append() -> None:
        waiting.set()
        add_notices(database, home, row.id, 1)

    thread = threading.Thread(target=append)
    with database.write() as connection:
        log.begin(connection, home)
        thread.start()
        waiting.wait()
        thread.join(timeout=0.5)
        assert thread.is_alive(), "it waits for the head"
    thread.join()
    with database.read() as connection:
        assert [head.size for head in logbook.heads(connection)] == [1, 2]
    assert problem(database, home) is None
