"""kill -9 at each point of an append leaves a valid tree, and the log goes on."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest
from logs_for_tests import add_works, forked

from luokuan.colophon.tlog import log
from luokuan.colophon.tlog.audit import audit
from luokuan.store import logbook
from luokuan.store.database import open_database
from luokuan.store.home import Home

# The child dies before or after each statement of the append's transaction, the commit and the copy of the checkpoint.
STATEMENTS = (
    "insert_head",
    "lock_head",
    "nodes",
    "insert_entries",
    "insert_nodes",
    "update_head",
    "write_atomic",
    "remember",
)
PLACES = [f"{when} {name}" for name in STATEMENTS for when in ("before", "after")]
COMMITTED = {"write_atomic", "remember"}


def die(*_arguments: object, **_named: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("place", PLACES)
def test_killed_anywhere_the_tree_is_valid(home: Home, place: str) -> None:
    when, name = place.split()
    module: Any = log if name in COMMITTED else logbook
    if name != "insert_head":
        with open_database(home) as database:
            add_works(database, home, 3)

    def killed() -> None:
        action = getattr(module, name)
        setattr(module, name, die if when == "before" else lambda *a, **n: (action(*a, **n), die()))
        with open_database(home) as database:
            add_works(database, home, 1)

    assert forked(killed) == [-signal.SIGKILL]
    expected = 0 if name == "insert_head" else 4 if name in COMMITTED else 3
    with open_database(home) as database:
        for added in (0, 1):
            add_works(database, home, added)
            with database.read() as connection:
                head = logbook.newest_head(connection)
                found = audit(connection, home)
            assert found.problem is None and found.notes == ()
            assert (0 if head is None else head.size) == expected + added
        kept = log.kept_checkpoint(home)
        assert kept is not None and kept.size == expected + 1
        assert head is not None and head.id == 1, "the copy was behind at most: that is no restore"
