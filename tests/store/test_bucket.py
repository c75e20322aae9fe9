"""Blobs in an object store: in memory, and in S3 as moto's server speaks it."""

from __future__ import annotations

import io
import itertools
import os
import sys
from collections.abc import Iterator
from importlib import import_module

import boto3
import fsspec
import pytest
from drafts import draft
from moto.server import ThreadedMotoServer
from onpostgres import another_database
from people import Place

from luokuan.colophon.collection import export
from luokuan.colophon.erasure import erase_work
from luokuan.colophon.finish import finish
from luokuan.errors import UserError
from luokuan.files import sha256_bytes
from luokuan.store import bucket
from luokuan.store.backup.making import backup
from luokuan.store.backup.restoring import restore
from luokuan.store.blobs import Blobs
from luokuan.store.bucket import OWNER, VARIABLE
from luokuan.store.database import open_database
from luokuan.store.home import Home, open_home
from luokuan.store.works import find_work, recent_works
from luokuan.studio.jobs.references import file_path
from luokuan.studio.settings import Settings

_numbers = itertools.count()


@pytest.fixture(scope="module")
def s3() -> Iterator[None]:
    """A server that speaks S3, on a free port, with a bucket."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.get_host_and_port()[1]}")
        patch.setenv("AWS_ACCESS_KEY_ID", "somebody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-somebody")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        boto3.client("s3").create_bucket(Bucket="works")
        yield
    server.stop()


@pytest.fixture(params=["memory://works", "s3://works"])
def url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new place, which LUOKUAN_BLOBS names."""
    if request.param.startswith("s3"):
        request.getfixturevalue("s3")
    found = f"{request.param}/place-{next(_numbers)}-{os.getpid()}"
    monkeypatch.setenv(VARIABLE, found)
    return found


def test_what_is_put_comes_back_and_nothing_lies_in_the_home(home: Home, url: str) -> None:
    blobs = Blobs(home)
    sha256 = blobs.put(b"work")
    assert blobs.put(b"work") == sha256 and blobs.get(sha256) == b"work" and blobs.has(sha256)
    found = blobs.open(sha256)
    assert found is not None and found[1] == 4
    with found[0] as stream:
        stream.seek(2)
        assert stream.read(10) == b"rk"
    assert not list(home.blobs.rglob("*"))
    data = bytes(range(256)) * 20_000
    assert blobs.take(io.BytesIO(data), sha256_bytes(data)) and blobs.get(sha256_bytes(data)) == data
    assert not blobs.take(io.BytesIO(b"other"), sha256) and blobs.get(sha256) == b"work", "only what has that name"
    blobs.remove(sha256)
    blobs.remove(sha256)
    assert not blobs.has(sha256) and blobs.open(sha256) is None
    with pytest.raises(UserError) as caught:
        blobs.get(sha256)
    assert caught.value.code == "store.damaged"
    with pytest.raises(ValueError, match="64"):
        blobs.has("../x")


def test_changed_bytes_are_noticed_and_orphans_swept(home: Home, url: str) -> None:
    blobs = Blobs(home)
    kept, orphan = blobs.put(b"kept"), blobs.put(b"orphan")
    assert blobs.sweep(set) == 0, "they are young"
    assert blobs.sweep(lambda: {kept}, older_than=-60) == 1
    assert blobs.has(kept) and not blobs.has(orphan)
    place = bucket.bucket_of(home.path)
    assert place is not None
    place.put(kept, b"k3pt")
    with pytest.raises(UserError) as caught:
        blobs.get(kept)
    assert caught.value.code == "store.damaged"


def test_one_place_belongs_to_one_home(home: Home, url: str, tmp_path: object) -> None:
    Blobs(home).put(b"work")
    other = Home(home.path.parent / "other")
    other.path.mkdir()
    with pytest.raises(UserError) as caught:
        Blobs(other)
    assert caught.value.code == "blobs.owner"
    bucket._opened.cache_clear()
    assert Blobs(home).has(sha256_bytes(b"work")), "another process of the same home"
    assert (home.path / OWNER).stat().st_mode & 0o077 == 0


def test_a_work_is_finished_served_exported_used_and_erased(url: str) -> None:
    home = open_home()
    with open_database(home, patience=0.3) as database:
        place = Place(Settings(home, patience=0.3), database)
        ada = place.account("ada")
        work = finish(draft(), home=home, owner=ada.id)
        browser = place.stranger().login("ada")
        got = browser.get(f"/works/{work.id}/file")
        assert got.content == work.data and got.headers["content-length"] == str(len(work.data))
        assert browser.get(f"/works/{work.id}/file", headers={"if-none-match": got.headers["etag"]}).status_code == 304
        for asked, wanted in (
            ("bytes=5-9", work.data[5:10]),
            ("bytes=-3", work.data[-3:]),
            ("bytes=9-", work.data[9:]),
        ):
            part = browser.get(f"/works/{work.id}/file", headers={"range": asked})
            assert part.status_code == 206 and part.content == wanted
        assert browser.get(f"/works/{work.id}/file", headers={"range": "bytes=99999999-"}).status_code == 416
        assert browser.get(f"/works/{work.id}/file", headers={"range": "lines=1-2"}).status_code == 200
        assert browser.get(f"/works/{work.id}/download?whole=true").content.startswith(b"PK")
        assert "byte for byte" in browser.get(f"/works/{work.id}/evidence").text or url.startswith("memory")
        with database.read() as connection:
            row = find_work(connection, work.id)
        assert row is not None and export([row], home.path.parent / "out", home=home).works == 1
        assert file_path(f"work:{work.id}", home).read_bytes() == work.data
        erase_work(home, database, work.id)
        assert not Blobs(home).has(work.sha256) and browser.get(f"/works/{work.id}/file").status_code == 404


def test_a_backup_of_it_goes_into_another_place(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    home = open_home()
    work = finish(draft(), home=home)
    out = home.path.parent / "b.tar"
    with open_database(home) as database:
        assert backup(home, database, out).missing == []
    with pytest.raises(UserError) as caught:
        restore(out, home.path.parent / "back")
    assert caught.value.code == "blobs.owner" and Blobs(home).has(work.sha256)
    monkeypatch.setenv(VARIABLE, f"{url}-back")
    with another_database():
        done = restore(out, home.path.parent / "back")
    assert done.missing == [] and not list((home.path.parent / "back" / "blobs").rglob("*"))
    assert Blobs(Home(done.path)).get(work.sha256) == work.data
    monkeypatch.delenv(VARIABLE)
    with another_database():
        plain = Home(restore(out, home.path.parent / "plain").path)
        assert Blobs(plain).get(work.sha256) == work.data
        with open_database(plain) as database, database.read() as connection:
            assert [row.id for row in recent_works(connection)] == [work.id]


@pytest.mark.parametrize("place", ["s3:/x", "file:///tmp/x", "/tmp/x", "https://example.org/x", "gopher://x", ""])
def test_places_that_wont_do(home: Home, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setenv(VARIABLE, place)
    if not place:
        assert not Blobs(home).elsewhere
        return
    with pytest.raises(UserError) as caught:
        Blobs(home)
    assert caught.value.code == "blobs.url"


def test_without_its_package_one_sentence(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "s3://bucket/x")
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.delitem(import_module("fsspec.registry")._registry, "s3", raising=False)
    with pytest.raises(UserError) as caught:
        Blobs(home)
    assert caught.value.code == "blobs.missing" and "luokuan[s3]" in caught.value.do


def test_a_server_that_goes_in_the_middle_loses_nothing_and_tells_no_secret(
    home: Home, s3: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    port = server.get_host_and_port()[1]
    # Of its own, so that no connection to the other server is taken for one to this.
    monkeypatch.setitem(fsspec.config.conf, "s3", {"endpoint_url": f"http://127.0.0.1:{port}"})
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv(VARIABLE, f"s3://works/middle-{os.getpid()}")
    with open_database(home, patience=0.3) as database:
        place = Place(Settings(home, patience=0.3), database)
        ada = place.account("ada")
        browser = place.stranger().login("ada")
        kept = finish(draft(), home=home, owner=ada.id)
        server.stop()
        with pytest.raises(UserError) as caught:
            finish(draft(seed=8), home=home, owner=ada.id)
        assert (caught.value.code, caught.value.status) == ("blobs.unreachable", 503)
        assert "secret" not in caught.value.what + caught.value.do and str(port) not in caught.value.what
        answer = browser.get(f"/works/{kept.id}/file")
        assert answer.status_code == 503 and "secret" not in answer.text
        assert browser.get(f"/works/{kept.id}").status_code == 200, "what the database knows is still shown"
        with pytest.raises(UserError) as caught:
            erase_work(home, database, kept.id)
        assert caught.value.code == "blobs.unreachable"
        server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
        server.start()
        try:
            with database.read() as connection:
                known = [row.id for row in recent_works(connection)]
            assert kept.id in known and len(known) == 1, "no row without its bytes"
            assert browser.get(f"/works/{kept.id}/file").content == kept.data
            again = finish(draft(seed=8), home=home, owner=ada.id)
            assert browser.get(f"/works/{again.id}/file").content == again.data
        finally:
            server.stop()
