"""Rows of rights: what the databases refuse, on both of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from luokuan.store.database import Database
from luokuan.store.ingredients import IngredientRow, insert_ingredients
from luokuan.store.rights import (
    NameRow,
    OverrideRow,
    SourceRow,
    WithdrawalRow,
    add_name,
    find_override,
    find_record,
    forget_record,
    insert_override,
    insert_withdrawal,
    is_withdrawn,
    lift_withdrawal,
    list_names,
    put_record,
)
from luokuan.store.waivers import KEPT
from luokuan.store.works import WorkRow, insert_work

NOW = datetime.now(UTC).replace(microsecond=0)
WORK, OTHER = "0123456789abcdef", "f" * 16


def work_row(work_id: str) -> WorkRow:
    digests = work_id.rjust(64, "a"), "b" * 64, "c" * 64
    return WorkRow(
        work_id, "text", digests[0], 1, "text/plain", "m", digests[1], None, None, digests[2], "CC0-1.0", "", 1, NOW
    )


def row(at: datetime = NOW, **changes: object) -> OverrideRow:
    values = {"work_id": WORK, "findings_digest": "d" * 64, "findings": [{"kind": "name"}], "who": "Ann",
              "reason": "a poem", "made_at": at, "kept_until": at + KEPT}  # fmt: skip
    return OverrideRow(**{**values, **changes})  # type: ignore[arg-type]


def test_an_override_comes_back_and_stays(database: Database) -> None:
    with database.write() as connection:
        insert_work(connection, work_row(WORK))
        insert_override(connection, row())
        insert_override(connection, row(findings_digest="e" * 64))
    with database.read() as connection:
        assert find_override(connection, WORK, "d" * 64) == row()
        assert find_override(connection, WORK, "0" * 64) is None
    for statement in (
        "DELETE FROM guard_override",
        "UPDATE guard_override SET reason = 'x'",
        "DELETE FROM work",
        "INSERT INTO guard_override SELECT * FROM guard_override",
    ):
        with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
            connection.exec_driver_sql(statement)
    for wrong in (
        row(findings_digest="0" * 64, kept_until=NOW + timedelta(days=183)),
        row(findings_digest="0" * 64, reason=""),
        row(findings_digest="0" * 64, who="x" * 201),
        row(work_id=OTHER),
    ):
        with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
            insert_override(connection, wrong)
    old = NOW - KEPT - timedelta(days=1)
    with database.write() as connection:
        insert_override(connection, row(old, findings_digest="0" * 64))
        done = connection.exec_driver_sql(f"DELETE FROM guard_override WHERE findings_digest = '{'0' * 64}'")
        assert done.rowcount == 1


def test_records_and_names(database: Database) -> None:
    one = SourceRow("e" * 64, "t", "own", "", "agreed", "", "Ann", NOW)
    with database.write() as connection:
        put_record(connection, one)
        put_record(connection, SourceRow("e" * 64, "t", "own", "Bo", "agreed", "", "Ann", NOW))
        found = find_record(connection, "e" * 64)
        assert found is not None and found.credit == "Bo" and found.as_record()["licence"] == "own"
        assert forget_record(connection, "e" * 64) and not forget_record(connection, "e" * 64)
        name = NameRow("nlke", "Nike", "mark", "", NOW)
        assert add_name(connection, name) and not add_name(connection, name)
        assert list_names(connection) == [name]


def test_copies_of_a_withdrawn_work_are_withdrawn_too(database: Database) -> None:
    copy, changed = "1" * 16, "2" * 16
    with database.write() as connection:
        for number in (WORK, copy, changed):
            insert_work(connection, work_row(number))
        for child, parent, purpose in ((copy, WORK, "derived"), (changed, copy, "edited")):
            link = IngredientRow(child, 0, "parentOf", purpose, parent, "a" * 64, "t", None)
            insert_ingredients(connection, [link])
        insert_withdrawal(connection, WithdrawalRow(WORK, "Ann", "r", None, NOW))
        assert [is_withdrawn(connection, one) for one in (WORK, copy, changed)] == [True, True, True]
        assert lift_withdrawal(connection, WORK) and not lift_withdrawal(connection, WORK)
        assert not is_withdrawn(connection, copy)
    for wrong in (WithdrawalRow(OTHER, "Ann", "r", None, NOW), WithdrawalRow(WORK, "", "r", None, NOW),
                  WithdrawalRow(WORK, "Ann", "r", "9" * 16, NOW)):  # fmt: skip
        with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
            insert_withdrawal(connection, wrong)
