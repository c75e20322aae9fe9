from __future__ import annotations

from datetime import UTC, datetime

import pytest
from logs_for_tests import SECRET, add_works

from luokuan.colophon.erasure import erase_work
from luokuan.colophon.tlog import log
from luokuan.colophon.tlog.audit import audit
from luokuan.colophon.tlog.entries import notice
from luokuan.colophon.tlog.proof import prove_work
from luokuan.errors import UserError
from luokuan.store import logbook
from luokuan.store.blobs import Blobs
from luokuan.store.database import open_database
from luokuan.store.home import Home
from luokuan.store.works import find_work

NOW = datetime(2026, 5, 6, tzinfo=UTC)


def test_content_recipe_and_salts_go_and_the_tree_stays(home: Home) -> None:
    with open_database(home) as database:
        gone, kept = add_works(database, home, 2)
        with database.write() as connection:
            about = {"by": "somebody", "reason": "a secret reason"}
            kinds = ("waiver", "correction", "withdrawal")
            log.writer(connection, home).append([notice(kind, gone.id, about, NOW) for kind in kinds])
        with database.read() as connection:
            before = logbook.newest_head(connection)
        for _again in range(2):
            erase_work(home, database, gone.id)
        with database.read() as connection:
            row = find_work(connection, gone.id)
            assert row is not None and row.recipe is None and row.salt is None
            found = logbook.entries_of_work(connection, gone.id)
            assert [one.entry.kind for one in found if one.entry.salt is not None] == ["waiver"]
            assert all((one.entry.private is None) == (one.entry.salt is None) for one in found)
            assert logbook.newest_head(connection) == before
            assert audit(connection, home).problem is None
            proof = prove_work(connection, gone.id)
            assert proof is not None and proof.sound and proof.entry.sha256 == gone.blob_sha256
            other = find_work(connection, kept.id)
            assert other is not None and other.recipe is not None
        for sha256 in (gone.blob_sha256, *gone.sidecars.values()):
            assert not Blobs(home).path(sha256).exists()
        assert Blobs(home).get(kept.blob_sha256)


def test_nothing_of_it_is_left_in_the_files_of_the_database(home: Home) -> None:
    with open_database(home) as database:
        (gone,) = add_works(database, home, 1)
        assert any(SECRET.encode() in path.read_bytes() for path in home.path.glob("luokuan.db*"))
        erase_work(home, database, gone.id)
        salt = gone.salt
        assert salt is not None
        for path in home.path.glob("luokuan.db*"):
            assert SECRET.encode() not in path.read_bytes() and salt not in path.read_bytes()


def test_what_isnt_there_cant_be_erased(home: Home) -> None:
    with open_database(home) as database, pytest.raises(UserError) as caught:
        erase_work(home, database, "f" * 16)
    assert caught.value.code == "work.missing"
