"""Check: what strangers are told, and what they aren't."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from drafts import draft, text_draft
from people import Browser, Place

from luokuan.colophon.finish import beside, finish
from luokuan.studio import checking
from luokuan.studio.checking import coarse


def drop(browser: Browser, *files: tuple[str, bytes], **options: Any) -> Any:
    browser.get("/check")
    given = [("file", (name, data, "application/octet-stream")) for name, data in files]
    return browser.client.post("/check", data={"csrf": browser.token}, files=given, **options)


def test_strangers_learn_that_it_was_made_here_owners_all_of_it(place: Place) -> None:
    ada = place.account("ada")
    work = finish(draft(), home=place.home, owner=ada.id)
    stranger = drop(place.stranger(), ("../../etc/x.png", work.data))
    assert stranger.status_code == 200 and "Made by this studio, and unchanged" in stranger.text
    assert "records" not in stranger.text and f'href="/works/{work.id}"' not in stranger.text
    part = drop(place.stranger().login("ada"), ("x", work.data), headers={"hx-request": "true"}).text
    assert f'href="/works/{work.id}"' in part and "byte for byte" in part and "<html" not in part
    bob = drop(place.browser("bob"), ("x.png", work.data)).text
    assert "Made by this studio" in bob and "byte for byte" not in bob and f'href="/works/{work.id}"' not in bob


def test_a_text_is_checked_with_what_lies_beside_it(place: Place) -> None:
    work = finish(text_draft(), home=place.home, media_type="text/plain")
    files = [("poem.txt", work.data), *((f"poem.txt{ending}", data) for ending, data in beside(work).items())]
    assert "Made by this studio, and unchanged" in drop(place.stranger(), *files).text
    alone = drop(place.stranger(), files[0]).text
    assert "its signature was removed" in alone and "byte for byte" not in alone


def test_the_file_isnt_kept(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "t"))
    before = {path for path in place.home.path.rglob("*") if path.is_file()}
    answer = drop(place.stranger(), ("x.bin", os.urandom(3 << 20)))
    assert answer.status_code == 200
    assert list((tmp_path / "t").iterdir()) == []
    assert {path for path in place.home.path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("files", "status", "says"),
    [
        ([], 422, "no file"),
        ([("a.png", b"")], 422, "no file"),
        ([("a.png", b"x"), ("b.png", b"y")], 422, "several"),
        ([("a.c2pa", b"x")], 422, "no file"),
        ([(f"{n}.png", b"x") for n in range(9)], 400, "can't be understood"),
    ],
)
def test_what_isnt_one_file_is_told(place: Place, files: list[tuple[str, bytes]], status: int, says: str) -> None:
    answer = drop(place.stranger(), *files)
    assert answer.status_code == status and says.replace("'", "&#39;") in answer.text


def test_a_file_above_the_limit_is_413(place: Place) -> None:
    small = Place(replace(place.settings, upload_bytes=100_000), place.database)
    assert drop(small.stranger(), ("a.png", b"x" * 100_001)).status_code == 413
    assert drop(small.stranger(), ("a.png", b"x" * 50_000)).status_code == 200


def test_one_address_checks_so_many_a_minute(place: Place) -> None:
    few = Place(replace(place.settings, checks=1), place.database)
    browser = few.stranger()
    assert drop(browser, ("a.png", b"")).status_code == 422
    assert drop(browser, ("a.png", b"")).status_code == 429


def test_a_reader_that_hangs_is_given_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setattr(checking, "COMMAND", (sys.executable, "-c", "import time; time.sleep(60)"))
    monkeypatch.setattr(checking, "SECONDS", 0.3)
    answer = drop(place.stranger(), ("a.png", b"x"))
    assert answer.status_code == 422 and "could not be checked" in answer.text


def verdict(word: str, *table: tuple[str, str]) -> dict[str, Any]:
    return {"verdict": word, "work": "f" * 16, "table": [{"about": about, "says": says} for about, says in table]}


def test_likeness_to_a_work_that_nobody_has_seen_isnt_told() -> None:
    found = coarse(verdict("like_ours", ("records", "work f"), ("fingerprint", "like f")))
    assert (found.word, found.evidence) == ("nothing", ())
    found = coarse(verdict("like_ours", ("label", "AI"), ("watermark", "f")))
    assert (found.word, found.evidence) == ("labelled", (("label", "AI"),))
    assert coarse(verdict("marked")) == coarse(verdict("marked_unlike")), "else likeness could be asked for by a mark"


def test_every_verdict_has_a_coarse_one() -> None:
    from luokuan.colophon.verdict import EXIT_CODES

    for word in EXIT_CODES:
        assert coarse(verdict(word)).says
