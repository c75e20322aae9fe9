from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from drafts import draft, picture
from logs_for_tests import SECRET, add_works
from onpostgres import about_sqlite
from PIL import Image

from luokuan.colophon.erasure import erase_work
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.ingredients import Origin, take_in
from luokuan.colophon.tlog import log
from luokuan.colophon.tlog.audit import audit
from luokuan.colophon.tlog.entries import notice
from luokuan.colophon.tlog.proof import prove_work
from luokuan.errors import UserError
from luokuan.store import logbook
from luokuan.store.blobs import Blobs
from luokuan.store.database import open_database
from luokuan.store.fingerprints import works_without
from luokuan.store.home import Home
from luokuan.store.ingredients import find_ingredients
from luokuan.store.masters import Masters
from luokuan.store.tables import fingerprint
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


@about_sqlite("it looks into the file")
def test_nothing_of_it_is_left_in_the_files_of_the_database(home: Home) -> None:
    with open_database(home) as database:
        (gone,) = add_works(database, home, 1)
        assert any(SECRET.encode() in path.read_bytes() for path in home.path.glob("luokuan.db*"))
        erase_work(home, database, gone.id)
        salt = gone.salt
        assert salt is not None
        for path in home.path.glob("luokuan.db*"):
            assert SECRET.encode() not in path.read_bytes() and salt not in path.read_bytes()


def test_master_fingerprints_and_names_of_files_go_too(home: Home, tmp_path: Path) -> None:
    first = finish(draft(), home=home)
    assert export_work(first, tmp_path / "aunt mary.png").path is not None
    Image.fromarray(picture(80, 90, seed=4).pixels).save(tmp_path / "uncle joe.png")
    given = [take_in(tmp_path / f"{name}.png", home, "inputTo") for name in ("aunt mary", "uncle joe")]
    gone = finish(draft(1), home=home, origin=Origin("reference", tuple(given)))
    with open_database(home) as database:
        with database.read() as connection:
            taken = connection.execute(sa.select(fingerprint.c.bits).where(fingerprint.c.work_id == gone.id)).scalar()
        for _again in range(2):
            erase_work(home, database, gone.id)
        assert not Masters(home).path(gone.id).exists()
        assert Masters(home).path(first.id).exists()
        with database.read() as connection:
            (row,) = find_ingredients(connection, gone.id)
            assert (row.parent_id, row.title, row.aigc) == (first.id, "", None)
            kinds = sa.select(fingerprint.c.work_id, fingerprint.c.kind)
            assert set(connection.execute(kinds).tuples()) == {(first.id, "picture"), (gone.id, "none")}
            assert works_without(connection, 9) == []
            assert audit(connection, home).problem is None
        for path in home.path.glob("luokuan.db*"):
            for secret in (b"aunt mary", b"uncle joe", taken):
                assert isinstance(secret, bytes) and secret not in path.read_bytes()


@about_sqlite("readers keep old pages in the file")
def test_a_reader_of_the_older_state_is_told_of(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("luokuan.store.database.BUSY_SECONDS", 0)
    with open_database(home) as database:
        (gone,) = add_works(database, home, 1)
        with open_database(home) as other, other.read() as connection:
            assert find_work(connection, gone.id) is not None
            with pytest.raises(UserError) as caught:
                erase_work(home, database, gone.id)
        assert caught.value.code == "erase.busy"
        erase_work(home, database, gone.id)
        assert not any(SECRET.encode() in path.read_bytes() for path in home.path.glob("luokuan.db*"))


def test_what_isnt_there_cant_be_erased(home: Home) -> None:
    with open_database(home) as database, pytest.raises(UserError) as caught:
        erase_work(home, database, "f" * 16)
    assert caught.value.code == "work.unknown"
