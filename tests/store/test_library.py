"""Whose works are whose, and looking through them, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from people import AT, keep_row, make_account, make_row

from luokuan.store.database import Database
from luokuan.store.library import Overview, Wanted, count_works, overview, page_of_works, storage
from luokuan.store.ownership import (
    find_own_work,
    in_trash,
    own_among,
    owner_of,
    set_owner,
    stored_bytes,
    take_back,
    throw_away,
)  # fmt: skip
from luokuan.store.works import insert_work


def test_everybody_has_their_own_works_and_administrators_those_of_nobody(database: Database) -> None:
    chief, ada, bob = (make_account(database, *who) for who in (("chief", "admin"), ("ada",), ("bob",)))
    by_command, hers, his = keep_row(database), keep_row(database, ada), keep_row(database, bob)
    with database.read() as connection:
        for person, own in ((chief, by_command), (ada, hers), (bob, his)):
            assert [row.id for row in page_of_works(connection, person, Wanted(), 9)[0]] == [own.id]
            assert count_works(connection, person, Wanted()) == 1
            everything = [row.id for row in (by_command, hers, his)]
            assert own_among(connection, everything, person) == {own.id}
            for row in (by_command, hers, his):
                assert (find_own_work(connection, row.id, person) is not None) == (row is own)
        assert (owner_of(connection, hers.id), owner_of(connection, by_command.id)) == (ada.id, None)
        assert stored_bytes(connection, ada.id) == 1000
        assert storage(connection) == [("image", 3, 3000)]


def test_an_owner_may_be_named_before_the_work_but_not_without_it(database: Database) -> None:
    ada, row = make_account(database, "ada"), make_row()
    with database.write() as connection:
        set_owner(connection, row.id, ada.id)
        insert_work(connection, row)
    with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
        set_owner(connection, "f" * 16, ada.id)


def test_pages_stay_right_while_works_come_and_share_a_second(database: Database) -> None:
    ada = make_account(database, "ada")
    rows = [keep_row(database, ada, created_at=AT + timedelta(seconds=number // 3)) for number in range(10)]
    seen, mark = [], None
    for turn in range(6):
        with database.read() as connection:
            page, mark = page_of_works(connection, ada, Wanted(), 3, mark)
        seen += [row.id for row in page]
        keep_row(database, ada, created_at=AT + timedelta(hours=turn + 1))
        if mark is None:
            break
    assert sorted(seen) == sorted(row.id for row in rows) and len(set(seen)) == 10, "none twice, none lost"


def test_filters_and_search(database: Database) -> None:
    ada = make_account(database, "ada")
    dress = keep_row(database, ada, created_at=AT)
    verse = keep_row(
        database,
        ada,
        kind="text",
        model_name="verse_1",
        recipe={"brief": "江上 100%"},
        created_at=AT + timedelta(days=2),
    )
    plain = keep_row(database, ada, recipe={"seed": 1}, model_name="other", created_at=AT + timedelta(days=4))
    gone = keep_row(database, ada, recipe=None, salt=None)

    def ids(**wanted: object) -> list[str]:
        with database.read() as connection:
            return [row.id for row in page_of_works(connection, ada, Wanted(**wanted), 9)[0]]  # type: ignore[arg-type]

    assert ids() == [plain.id, verse.id, dress.id] and gone.id not in ids()
    assert ids(kind="text") == ids(text="江上") == ids(text="100%") == ids(text="VERSE_") == [verse.id]
    assert ids(text="1000%") == ids(text="' OR 1=1 --") == []
    assert ids(text=dress.id[:16]) == ids(text="RED dress") == [dress.id]
    assert ids(model="other") == ids(since=AT + timedelta(days=3)) == [plain.id]
    assert ids(until=AT + timedelta(days=2)) == [dress.id]
    with database.read() as connection:
        assert overview(connection, ada, Wanted()) == Overview(["image", "text"], ["other", "toy", "verse_1"], 3)


def test_the_overview_counts_as_the_count_does(database: Database) -> None:
    ada, other = make_account(database, "ada"), make_account(database, "other")
    kept = [("image", "toy", ada), ("image", "toy", ada), ("image", "big", ada), ("text", "big", ada)]
    for kind, model, owner in (*kept, ("text", "big", other)):
        last = keep_row(database, owner, kind=kind, model_name=model)
    thrown = keep_row(database, ada, kind="text", model_name="toy")
    with database.write() as connection:
        throw_away(connection, thrown.id, AT)
    wanted = [Wanted(kind=kind, model=model, text=text, thrown=gone)
              for kind in ("", "image", "text", "sound") for model in ("", "toy", "big")
              for text in ("", "dress", last.id) for gone in (False, True)]  # fmt: skip
    with database.read() as connection:
        for one in wanted:
            found = overview(connection, ada, one)
            assert found.count == count_works(connection, ada, one), one
            assert (found.kinds, found.models) == (["image", "text"], ["big", "toy"])
        assert overview(connection, ada, Wanted()).count == 4
        assert overview(connection, ada, Wanted(kind="text", model="toy", thrown=True)).count == 1


def test_the_trash_gives_back(database: Database) -> None:
    ada = make_account(database, "ada")
    row = keep_row(database, ada)
    with database.write() as connection:
        throw_away(connection, row.id, AT)
        throw_away(connection, row.id, AT)
    with database.read() as connection:
        assert in_trash(connection, row.id)
        assert page_of_works(connection, ada, Wanted(), 9)[0] == []
        assert [one.id for one in page_of_works(connection, ada, Wanted(thrown=True), 9)[0]] == [row.id]
        assert stored_bytes(connection, ada.id) == 1000, "it still takes room"
    with database.write() as connection:
        take_back(connection, row.id)
    with database.read() as connection:
        assert [one.id for one in page_of_works(connection, ada, Wanted(), 9)[0]] == [row.id]
