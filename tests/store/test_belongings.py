"""Whose corpora and models are, and who may use them."""

from __future__ import annotations

import pytest
from people import AT, make_account

from luokuan.errors import UserError
from luokuan.store import belongings
from luokuan.store.database import Database


def test_own_ones_are_ones_own_and_the_homes_models_are_for_all(database: Database) -> None:
    ann, bob, chief = (
        make_account(database, name, role) for name, role in (("ann", "maker"), ("bob", "maker"), ("c", "admin"))
    )
    with database.write() as connection:
        belongings.take(connection, "model", "hers", ann.id, AT, 10)
        belongings.take(connection, "corpus", "hers", ann.id, AT, 30)
        belongings.take(connection, "corpus", "homes", None, AT)
    with database.read() as connection:
        assert [belongings.may_use(connection, "model", "hers", who) for who in (ann, bob, chief)] == [
            True,
            False,
            False,
        ]
        assert [belongings.may_use(connection, "model", "old", who) for who in (ann, bob, chief)] == [True] * 3
        assert [belongings.is_own(connection, "model", "old", who) for who in (ann, bob, chief)] == [False, False, True]
        for name in ("homes", "bare"):
            found = [belongings.may_use(connection, "corpus", name, who) for who in (ann, bob, chief)]
            assert found == [False, False, True]
        names = ["old", "hers"]
        assert [belongings.usable(connection, "model", names, who) for who in (ann, bob)] == [names, ["old"]]
        assert [belongings.own(connection, "model", names, who) for who in (ann, bob, chief)] == [["hers"], [], ["old"]]
        assert belongings.bytes_of(connection, ann.id) == 40


def test_a_name_is_taken_once_and_a_change_counted_once(database: Database) -> None:
    ann, bob = make_account(database, "ann"), make_account(database, "bob")
    with database.write() as connection:
        belongings.take(connection, "model", "mine", ann.id, AT)
        belongings.take(connection, "model", "mine", ann.id, AT)
        belongings.change(connection, "model", "mine", 1)
    for wrong in (
        lambda c: belongings.take(c, "model", "mine", bob.id, AT),
        lambda c: belongings.change(c, "model", "mine", 1),
    ):
        with pytest.raises(UserError) as caught, database.write() as connection:
            wrong(connection)
        assert caught.value.status == 409
    with database.write() as connection:
        belongings.drop(connection, "model", "mine")
        belongings.take(connection, "model", "mine", bob.id, AT)
