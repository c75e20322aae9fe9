from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from luokuan.store.database import Database
from luokuan.store.fingerprints import (
    fingerprint_bits,
    fingerprints_after,
    has_fingerprints,
    insert_fingerprints,
    works_without,
)
from luokuan.store.tables import fingerprint
from luokuan.store.works import WorkRow, insert_work


@dataclass(frozen=True)
class One:
    kind: str = "picture"
    bits: bytes = bytes(32)
    quality: int = 90


def work(number: int) -> WorkRow:
    return WorkRow(
        id=f"{number:016x}",
        kind="image",
        blob_sha256=f"{number:064x}",
        blob_size=3,
        media_type="image/png",
        model_name="m",
        model_digest="b" * 64,
        recipe=None,
        salt=None,
        commitment="c" * 64,
        licence="CC0-1.0",
        label="AI",
        schema_version=1,
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
    )


def test_fingerprints_come_back_in_the_order_of_their_making(database: Database) -> None:
    with database.write() as connection:
        for number in range(5):
            insert_work(connection, work(number))
        insert_fingerprints(connection, work(3).id, [One(), One(bits=b"x" * 32)])
        insert_fingerprints(connection, work(1).id, [One("text", b"12345678", 20)])
        insert_fingerprints(connection, work(2).id, [One(quality=10)])
        insert_fingerprints(connection, work(4).id, [])
    with database.read() as connection:
        (rows,) = fingerprints_after(connection, "picture", 0, 30)
        assert [(row.work_id, row.bits) for row in rows] == [(work(3).id, bytes(32)), (work(3).id, b"x" * 32)]
        batches = list(fingerprints_after(connection, "picture", 0, 0, at_once=2))
        assert [len(batch) for batch in batches] == [2, 1]
        assert list(fingerprints_after(connection, "picture", batches[-1][-1].id, 0)) == []
        assert list(fingerprints_after(connection, "sound", 0, 0)) == []
        assert fingerprint_bits(connection, [rows[1].id]) == {rows[1].id: b"x" * 32}
        assert fingerprint_bits(connection, []) == {}
        assert [row.id for row in works_without(connection, 9)] == [work(0).id]
        assert works_without(connection, 9, after=work(0).id) == []
        assert [has_fingerprints(connection, work(n).id) for n in (0, 3, 4)] == [False, True, True]


@pytest.mark.parametrize(
    "wrong",
    [
        {"bits": bytes(31)},
        {"bits": b""},
        {"kind": "text"},
        {"kind": "sound", "bits": bytes(6)},
        {"kind": "sound", "bits": b""},
        {"kind": "none"},
        {"kind": "smell"},
        {"quality": 101},
        {"quality": -1},
    ],
)
def test_the_database_refuses_what_must_not_be(database: Database, wrong: dict[str, object]) -> None:
    with database.write() as connection:
        insert_work(connection, work(1))
    with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
        insert_fingerprints(connection, work(1).id, [replace(One(), **wrong)])  # type: ignore[arg-type]


def test_a_work_has_its_fingerprints_once_and_there_are_none_without_a_work(database: Database) -> None:
    with database.write() as connection:
        insert_work(connection, work(1))
        insert_fingerprints(connection, work(1).id, [One()])
    for number in (1, 2):
        with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
            insert_fingerprints(connection, work(number).id, [One()])
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(fingerprint)).scalar() == 1
