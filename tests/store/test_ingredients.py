from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from luokuan.store.database import Database
from luokuan.store.ingredients import IngredientRow, derived_works, find_ingredients, insert_ingredients
from luokuan.store.tables import log_entry, log_head
from luokuan.store.works import WorkRow, insert_work, with_recipe


def work(number: int, **changes: object) -> WorkRow:
    row = WorkRow(
        id=f"{number:016x}",
        kind="image",
        blob_sha256=f"{number:064x}",
        blob_size=3,
        media_type="image/png",
        model_name="toy",
        model_digest="b" * 64,
        recipe={"brief": ""},
        salt=b"s" * 32,
        commitment="c" * 64,
        licence="CC0-1.0",
        label="AI generated",
        schema_version=1,
        created_at=datetime(2026, 1, 2, 3, 4, number, tzinfo=UTC),
    )
    return replace(row, **changes)  # type: ignore[arg-type]


def row(**changes: object) -> IngredientRow:
    found = IngredientRow(work(2).id, 0, "parentOf", "derived", work(1).id, "1" * 64, "a.png", {"Label": "1"})
    return replace(found, **changes)  # type: ignore[arg-type]


def test_rows_come_back_in_both_directions(database: Database) -> None:
    rows = [row(), row(place=1, role="inputTo", purpose="reference", parent_id=None, aigc=None, title="照片.jpg")]
    with database.write() as connection:
        for number in (1, 2, 3):
            insert_work(connection, work(number))
        insert_ingredients(connection, [])
        insert_ingredients(connection, rows)
        insert_ingredients(connection, [row(work_id=work(3).id)])
    with database.read() as connection:
        assert find_ingredients(connection, work(2).id) == rows
        assert find_ingredients(connection, work(1).id) == []
        assert derived_works(connection, work(1).id) == [(work(2), rows[0]), (work(3), row(work_id=work(3).id))]
        assert derived_works(connection, work(2).id) == []


def test_what_was_made_within_a_second_stands_in_the_order_of_its_log(database: Database) -> None:
    """Times are whole seconds, and ids are random: which came first is known to the log alone."""
    moment = work(1).created_at
    with database.write() as connection:
        head = {"id": 1, "origin": "o", "public_key": b"k" * 32, "size": 3, "root": b"r" * 32, "checkpoint": "c"}
        connection.execute(sa.insert(log_head), head)
        insert_work(connection, work(1))
        for leaf, number in enumerate((4, 2, 3)):
            insert_work(connection, work(number, created_at=moment))
            insert_ingredients(connection, [row(work_id=work(number).id)])
            entry = {"log_id": 1, "leaf_index": leaf, "kind": "work", "leaf": b"l", "made_at": moment}
            connection.execute(sa.insert(log_entry), {**entry, "work_id": work(number).id})
    with database.read() as connection:
        assert [made.id for made, _row in derived_works(connection, work(1).id)] == [work(n).id for n in (4, 2, 3)]


@pytest.mark.parametrize(
    "changes",
    [
        {"role": "child"},
        {"purpose": "stolen"},
        {"parent_id": "f" * 16},
        {"parent_id": "0" * 15 + "2"},
        {"work_id": "f" * 16},
        {"place": -1},
        {"sha256": "A" * 64},
        {"title": None},
    ],
)
def test_the_database_refuses_what_must_not_be(database: Database, changes: dict[str, object]) -> None:
    with database.write() as connection:
        for number in (1, 2):
            insert_work(connection, work(number))
    with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
        insert_ingredients(connection, [row(**changes)])


def test_erased_works_are_known_and_their_masters_go(database: Database) -> None:
    with database.write() as connection:
        insert_work(connection, work(1))
        insert_work(connection, work(2, recipe=None, salt=None))
    with database.read() as connection:
        assert with_recipe(connection) == {work(1).id}
