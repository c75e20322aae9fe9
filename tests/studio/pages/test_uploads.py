"""Bringing a corpus over HTTP: in pieces, in one form, and all that may come instead."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bringing import bring, pictures, unpacked, zipped
from people import Browser, Place

from luokuan.studio.material import receiving

FORM = "/train/uploads/whole"


def whole(browser: Browser, name: str, archive: bytes, token: str | None = None) -> Any:
    """The form as a browser without scripts sends it: the token stands before the file."""
    fields = {"csrf": browser.token if token is None else token, "name": name}
    return unpacked(browser, browser.client.post(FORM, data=fields, files={"file": ("a.zip", archive)}))


def left(place: Place) -> list[Path]:
    """What lies about in the home of uploads and corpora."""
    return [*(place.home.cache / "uploads").glob("*"), *place.home.corpora.iterdir()]


def test_an_archive_becomes_a_corpus(place: Place) -> None:
    ann = place.browser("ann")
    answer = bring(ann, "photos", zipped(pictures()), piece=7000)
    assert (answer.status_code, answer.headers["location"]) == (303, "/train/corpora/photos")
    names = sorted(path.name for path in (place.home.corpora / "photos").iterdir())
    assert names == ["a", "b", "card.yaml"] and len(left(place)) == 1
    page = ann.get("/train/corpora/photos").text
    assert "Noise" in page and str(place.home.path) not in page
    # The name is taken now, for everybody, and nobody else sees what is under it.
    bob = place.browser("bob")
    assert bring(bob, "photos", zipped(pictures())).status_code == 409
    assert bob.get("/train/corpora/photos").status_code == 404


def test_an_archive_in_one_form(place: Place) -> None:
    ann = place.browser("ann")
    assert whole(ann, "photos", zipped(pictures()), token="0" * 64).status_code == 403
    assert left(place) == [], "nothing is kept before the token was seen"
    assert whole(ann, "photos", zipped(pictures())).headers["location"] == "/train/corpora/photos"
    answer = ann.client.post(FORM, content=b"x", headers={"x-csrf-token": ann.token, "content-type": "text/plain"})
    assert answer.status_code == 422
    assert whole(ann, "../x", zipped(pictures())).status_code == 422

    def endless() -> Any:
        yield b"--b\r\ncontent-disposition: form-data; name=name\r\n\r\nmore\r\n"
        yield b'--b\r\ncontent-disposition: form-data; name=file; filename="a"\r\n\r\n'
        for _ in range(100):
            yield b"x" * 65536

    headers = {"x-csrf-token": ann.token, "content-type": "multipart/form-data; boundary=b"}
    assert ann.client.post(FORM, content=endless(), headers=headers).status_code == 411
    assert ann.client.post(FORM, content=endless(), headers={**headers, "content-length": "5000"}).status_code == 413
    assert [path.name for path in left(place)] == ["photos"]


def test_five_gigabytes_do_not_go_into_a_quota_of_one(place: Place) -> None:
    ann = place.browser("ann", storage_limit=1 << 30)
    headers = {"x-csrf-token": ann.token}
    answer = ann.client.post("/train/uploads", data={"name": "photos", "size": 5 << 30}, headers=headers)
    assert answer.status_code == 413 and "quota" in answer.text
    form = {**headers, "content-type": "multipart/form-data; boundary=b", "content-length": str(5 << 30)}
    start = b"--b\r\ncontent-disposition: form-data; name="
    body = start + b"name\r\n\r\nphotos\r\n" + start + b'file; filename="a"\r\n\r\nx'
    answer = ann.client.post(FORM, content=iter([body]), headers=form)
    assert answer.status_code == 413 and "quota" in answer.text
    # A small one that is said, and a stream that doesn't end.
    begun = ann.client.post("/train/uploads", data={"name": "photos", "size": 1 << 29}, headers=headers).json()
    answer = ann.client.post(
        f"/train/uploads/{begun['id']}/pieces?at=0", content=iter([b"x" * 65536] * 100), headers=headers
    )
    assert answer.status_code == 413
    assert receiving.place_of(place.home, begun["id"]).stat().st_size == 0
    # What comes out counts, and not only what goes in.
    poor = place.browser("poor", storage_limit=40_000)
    answer = bring(poor, "texts", zipped({"a.txt": b"0" * 50_000}))
    assert "/train/uploads/" in answer.headers["location"]
    assert "room" in poor.get(answer.headers["location"]).text and not (place.home.corpora / "texts").exists()


@pytest.mark.parametrize("name", ["../x.png", "a\x00.png", "..\\x.png"])
def test_a_hostile_archive_leaves_nothing(place: Place, name: str) -> None:
    ann = place.browser("ann")
    answer = bring(ann, "photos", zipped({**pictures(), name: b"x"}))
    page = ann.get(answer.headers["location"]).text
    assert "Nothing was kept" in page
    row = ann.get("/train/corpora").text.partition('class="rows"')[2].partition("</ul>")[0]
    assert "Refused." in row and "wait" not in row
    upload = answer.headers["location"].rpartition("/")[2]
    assert ann.post(f"/train/uploads/{upload}/give-up").status_code == 303 and left(place) == []


def test_programs_in_an_archive_are_left_out_and_nothing_of_it_is_served(place: Place) -> None:
    ann = place.browser("ann")
    evil = {"photos/a/x.html": "<script>alert(1)</script>", "photos/a/x.svg": "<svg/>", "photos/m.pkl": b"\x80\x04."}
    bring(ann, "photos", zipped({**pictures(), **evil}))
    kept = {path.suffix for path in (place.home.corpora / "photos").rglob("*") if path.is_file()}
    assert kept == {".png", ".yaml"}
    for path in ("a/000.png", "card.yaml", "a/x.html"):
        assert ann.get(f"/train/corpora/photos/{path}").status_code == 404


def test_uploads_are_nobody_elses(place: Place) -> None:
    ann, bob, chief = (place.browser(name, role) for name, role in (("ann", "maker"), ("bob", "maker"), ("c", "admin")))
    headers = {"x-csrf-token": ann.token}
    begun = ann.client.post("/train/uploads", data={"name": "photos", "size": 100}, headers=headers).json()
    for other in (bob, chief):
        token = {"x-csrf-token": other.token}
        for method, path in (
            ("POST", "pieces?at=0"),
            ("POST", "finish"),
            ("POST", "give-up"),
            ("GET", "state"),
            ("GET", ""),
        ):
            url = f"/train/uploads/{begun['id']}/{path}".rstrip("/")
            assert other.client.request(method, url, headers=token).status_code == 404, path
    assert ann.client.post(f"/train/uploads/{begun['id']}/finish", headers=headers).status_code == 409
    wrong = ann.client.post(f"/train/uploads/{begun['id']}/pieces?at=5", content=b"x", headers=headers)
    assert (wrong.status_code, wrong.json()["at"]) == (409, 0)
    assert ann.client.post(f"/train/uploads/{begun['id']}/pieces?at=0", content=b"x").status_code == 403


def test_a_disk_that_fills_up_keeps_what_has_come(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    ann = place.browser("ann")
    headers = {"x-csrf-token": ann.token, "hx-request": "true"}
    begun = ann.client.post("/train/uploads", data={"name": "photos", "size": 100}, headers=headers).json()
    url = f"/train/uploads/{begun['id']}/pieces"
    assert ann.client.post(f"{url}?at=0", content=b"x" * 50, headers=headers).json() == {"at": 50}
    usage = shutil.disk_usage(place.home.path)
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
        assert ann.client.post(f"{url}?at=50", content=b"x" * 50, headers=headers).status_code == 413
    assert ann.client.post(f"{url}?at=50", content=b"x" * 50, headers=headers).json() == {"at": 100}


def test_an_archive_that_is_larger_than_the_studio_takes(place: Place) -> None:
    small = Place(replace(place.settings, corpus_bytes=20_000), place.database)
    ann = small.browser("ann")
    assert bring(ann, "photos", zipped(pictures())).status_code == 413
    assert whole(ann, "photos", zipped(pictures())).status_code == 413
    assert left(small) == []
