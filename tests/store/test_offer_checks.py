"""Rows about checks of offers: whose they are, which process may end them, and when they are forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from people import AT, make_account

from luokuan.errors import UserError
from luokuan.store.database import Database
from luokuan.store.offer_checks import KEPT, begin_check, end_check, find_check, open_checks

pytestmark = pytest.mark.usefixtures("each_database")
CHECK = "0123456789abcdef"
OTHER = "f" * 16


def test_only_the_run_that_checks_ends_it(database: Database) -> None:
    ann, bob = make_account(database, "ann"), make_account(database, "bob")
    wrong = UserError("It is like another.", "Take another.", code="guard.near", status=409)
    with database.write() as connection:
        begin_check(connection, ann.id, CHECK, "a" * 16, "title=x", AT)
        begin_check(connection, ann.id, CHECK, "b" * 16, "title=y", AT)
        assert not end_check(connection, ann.id, CHECK, "a" * 16, error=wrong), "it was begun anew"
        assert not end_check(connection, bob.id, CHECK, "b" * 16, error=wrong)
        assert end_check(connection, ann.id, CHECK, "b" * 16, error=wrong)
        assert not end_check(connection, ann.id, CHECK, "b" * 16, error=wrong), "once"
    with database.read() as connection:
        (row,) = open_checks(connection, ann.id)
        assert row == find_check(connection, ann.id, CHECK) and row.state == "refused" and row.typed == "title=y"
        assert row.error == ("It is like another.", "Take another.", "guard.near", 409)
        assert find_check(connection, bob.id, CHECK) is None and open_checks(connection, bob.id) == []


def test_old_ones_are_forgotten_whoever_offers_next(database: Database) -> None:
    ann, bob = make_account(database, "ann"), make_account(database, "bob")
    with database.write() as connection:
        begin_check(connection, ann.id, CHECK, "a" * 16, "title=x", AT)
        begin_check(connection, bob.id, OTHER, "b" * 16, "", AT + KEPT)
        assert find_check(connection, ann.id, CHECK) is not None
        begin_check(connection, bob.id, CHECK, "b" * 16, "", AT + KEPT + timedelta(seconds=1))
        assert find_check(connection, ann.id, CHECK) is None
        assert [row.id for row in open_checks(connection, bob.id)] == [CHECK, OTHER], "the newest first"
