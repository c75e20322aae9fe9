"""Archives that come in pieces, are broken off, come twice, or are too large."""

from __future__ import annotations

import resource
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest
from people import Place

from luokuan.errors import UserError
from luokuan.store.belongings import find_belonging, take
from luokuan.store.quotas import used_by
from luokuan.studio.material import receiving
from luokuan.studio.state import now

pytestmark = pytest.mark.usefixtures("each_database")


def code_of(caught: pytest.ExceptionInfo[UserError]) -> tuple[str, int]:
    return caught.value.code, caught.value.status


def test_pieces_come_in_order_and_an_upload_goes_on_where_it_was(place: Place) -> None:
    ann = place.account("ann")
    row, at = receiving.begin(place.database, place.settings, ann, "photos", 10, now())
    assert at == 0 and receiving.append(place.settings, row, 0, b"01234") == 5
    for wrong in (0, 4, 6):
        with pytest.raises(UserError) as caught:
            receiving.append(place.settings, row, wrong, b"x")
        assert code_of(caught) == ("upload.place", 409)
    again, at = receiving.begin(place.database, place.settings, ann, "photos", 10, now())
    assert (again.id, at) == (row.id, 5)
    assert receiving.append(place.settings, row, 5, b"56789") == 10
    for data in (b"x", b"x" * (receiving.PIECE + 1)):
        with pytest.raises(UserError) as caught:
            receiving.append(place.settings, row, 10, data)
        assert code_of(caught) == ("upload.beyond", 413)
    assert receiving.place_of(place.home, row.id).read_bytes() == b"0123456789"
    # Another archive of the same name takes its place.
    other, at = receiving.begin(place.database, place.settings, ann, "photos", 20, now())
    assert other.id != row.id and at == 0 and not receiving.place_of(place.home, row.id).exists()


def test_a_disk_that_fills_up_within_a_piece_keeps_the_pieces_before_it(place: Place) -> None:
    ann = place.account("ann")
    row, _at = receiving.begin(place.database, place.settings, ann, "photos", 40_000, now())
    path = receiving.place_of(place.home, row.id)
    assert receiving.append(place.settings, row, 0, b"a" * 10_000) == 10_000
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (15_000, hard))  # half of the next piece fits
    try:
        with pytest.raises(UserError) as caught:
            receiving.append(place.settings, row, 10_000, b"b" * 20_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert code_of(caught) == ("disk.full", 413) and str(place.home.path) not in caught.value.what + caught.value.do
    assert path.read_bytes() == b"a" * 10_000, "nothing of the piece, and it isn't written later either"
    assert receiving.append(place.settings, row, 10_000, b"b" * 30_000) == 40_000
    assert path.read_bytes() == b"a" * 10_000 + b"b" * 30_000


def test_quotas_count_what_is_on_its_way(place: Place) -> None:
    ann = place.account("ann", storage_limit=1 << 30)
    with pytest.raises(UserError) as caught:
        receiving.begin(place.database, place.settings, ann, "photos", 5 << 30, now())
    assert code_of(caught) == ("quota.storage", 413)
    receiving.begin(place.database, place.settings, ann, "photos", 1 << 29, now())
    with place.database.read() as connection:
        assert used_by(connection, ann.id, now()).bytes == 1 << 29
    with pytest.raises(UserError) as caught:
        receiving.begin(place.database, place.settings, ann, "more", (1 << 29) + 1, now())
    assert code_of(caught) == ("quota.storage", 413)


def test_the_studio_and_the_disk_have_an_end(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = place.account("ann")
    small = replace(place.settings, corpus_bytes=100)
    for size, code in ((101, ("upload.large", 413)), (0, ("upload.nothing", 422))):
        with pytest.raises(UserError) as caught:
            receiving.begin(place.database, small, ann, "photos", size, now())
        assert code_of(caught) == code
    row, _at = receiving.begin(place.database, place.settings, ann, "photos", 100, now())
    usage = shutil.disk_usage(place.home.path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=place.settings.reserve_bytes + 50))
    assert receiving.append(place.settings, row, 0, b"x" * 50) == 50
    with pytest.raises(UserError) as caught:
        receiving.append(place.settings, row, 50, b"x" * 51)
    assert code_of(caught) == ("upload.beyond", 413)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=place.settings.reserve_bytes + 10))
    with pytest.raises(UserError) as caught:
        receiving.append(place.settings, row, 50, b"x" * 50)
    assert code_of(caught) == ("disk.full", 413) and receiving.received(place.home, row) == 50
    with pytest.raises(UserError) as caught:
        receiving.begin(place.database, place.settings, ann, "other", 100, now())
    assert code_of(caught) == ("disk.full", 413)


@pytest.mark.parametrize(
    "name",
    [
        "..",
        ".",
        "../x",
        "..\\x",
        "a/b",
        "/etc",
        "%2e%2e",
        "%2e%2e%2fx",
        "a\x00b",
        "C:x",
        "．．",
        "裙子",
        "",
        " ",
        "x" * 65,
        ".hid",
    ],
)
def test_names_that_lead_elsewhere(place: Place, name: str) -> None:
    ann = place.account("ann")
    with pytest.raises(UserError) as caught:
        receiving.begin(place.database, place.settings, ann, name, 10, now())
    assert code_of(caught) == ("corpus.name", 422)
    assert list(place.home.corpora.iterdir()) == []


def test_a_name_is_one_persons(place: Place) -> None:
    ann, bob = place.account("ann"), place.account("bob")
    receiving.begin(place.database, place.settings, ann, "photos", 10, now())
    (place.home.corpora / "old").mkdir()
    with place.database.write() as connection:
        take(connection, "corpus", "hers", ann.id, now())
    for name in ("photos", "old", "hers"):
        with pytest.raises(UserError) as caught:
            receiving.begin(place.database, place.settings, bob, name, 10, now())
        assert code_of(caught) == ("belonging.taken", 409)


def test_what_was_unpacked_becomes_a_corpus_with_its_owner_or_nothing(place: Place) -> None:
    ann = place.account("ann", storage_limit=1000)
    row, _at = receiving.begin(place.database, place.settings, ann, "photos", 10, now())
    receiving.unpacking_place(place.home, row).mkdir()
    with pytest.raises(UserError) as caught:
        receiving.settle(place.database, place.home, ann, row, 1001, now())
    assert code_of(caught) == ("quota.storage", 413) and not (place.home.corpora / "photos").exists()
    receiving.settle(place.database, place.home, ann, row, 900, now())
    assert (place.home.corpora / "photos").is_dir() and not receiving.place_of(place.home, row.id).exists()
    with place.database.read() as connection:
        found = find_belonging(connection, "corpus", "photos")
        assert found is not None and (found.account_id, found.size) == (ann.id, 900)
        assert used_by(connection, ann.id, now()).bytes == 900
    with pytest.raises(UserError):
        receiving.settle(place.database, place.home, ann, row, 1, now())


def test_old_uploads_are_forgotten(place: Place) -> None:
    ann = place.account("ann")
    row, _at = receiving.begin(place.database, place.settings, ann, "photos", 10, now() - timedelta(days=2))
    (place.home.cache / "uploads" / "ffff.part").write_bytes(b"x")
    receiving.sweep(place.database, place.home, now())
    assert list((place.home.cache / "uploads").iterdir()) == []
    assert receiving.begin(place.database, place.settings, place.account("bob"), "photos", 10, now())[0].id != row.id
