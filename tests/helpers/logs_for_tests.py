"""Homes with works and logs, without the time that pictures take."""

from __future__ import annotations

import os
import secrets
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from luokuan.colophon.schema import Recipe, commit, new_salt
from luokuan.colophon.tlog import log
from luokuan.colophon.tlog.entries import notice, work_entry
from luokuan.store.blobs import Blobs
from luokuan.store.database import Database
from luokuan.store.home import Home
from luokuan.store.logbook import HeadRow
from luokuan.store.works import WorkRow, insert_work

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
SECRET = "a most secret brief"


def work_row(home: Home, number: int = 0) -> WorkRow:
    """A work whose bytes lie in the home, as ``finish`` would record it."""
    data = f"work {number} {secrets.token_hex(4)}".encode()
    recipe, salt = Recipe("toy", "ab" * 32, SECRET, seed=number, versions={}), new_salt()
    blobs = Blobs(home)
    return WorkRow(
        secrets.token_hex(8), "text", blobs.put(data), len(data), "text/plain", "toy", "ab" * 32, recipe.to_dict(),
        salt, commit(salt, recipe), "unknown", "AI", 1, NOW + timedelta(seconds=number),
        {".c2pa": blobs.put(b"manifest of " + data)},
    )  # fmt: skip


def add_work(connection: sa.Connection, home: Home, number: int = 0) -> tuple[WorkRow, HeadRow]:
    """As ``finish`` records a work."""
    row, book = work_row(home, number), log.writer(connection, home)
    insert_work(connection, row)
    book.append([work_entry(row)])
    return row, book.head


def add_works(database: Database, home: Home, count: int, *, remember: bool = True) -> list[WorkRow]:
    """Several works, each in a transaction of its own."""
    rows = []
    for number in range(count):
        with database.write() as connection:
            row, head = add_work(connection, home, number)
        rows.append(row)
        if remember:
            log.remember(home, head)
    return rows


def add_notices(database: Database, home: Home, work_id: str, count: int) -> HeadRow:
    """Many entries at once."""
    with database.write() as connection:
        book = log.writer(connection, home)
        book.append([notice("correction", work_id, {"number": number}, NOW) for number in range(count)])
    log.remember(home, book.head)
    return book.head


def forked(*actions: Callable[[], object]) -> list[int]:
    """Run each action in a process of its own, all at once. Returns how each ended: 0, or minus the signal's number."""
    children = []
    for action in actions:
        child = os.fork()
        if child == 0:
            try:
                action()
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
