"""The page Create: forms, what is wrong with them, and that nothing is made twice."""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest
from people import Browser, Place, keep_row

from luokuan.studio.jobs.kinds import Brief, Kind, kinds, register

FORM = {"model": "garments", "brief": "a dress", "count": "2", "key": "k1", "corner": "bottom-right"}


def jobs_of(place: Place) -> list[Any]:
    found: list[Any] = place.app.state.studio.queue.list()
    return found


def sent(browser: Browser, form: dict[str, str], word: str = "image") -> Any:
    browser.get(f"/create/{word}")
    return browser.post(f"/create/{word}", form)


def test_every_kind_is_a_tab_with_its_models(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from luokuan.studio.jobs import kinds as module

    class Song(Brief):
        voice: str

    monkeypatch.setattr(module, "_registered", dict(kinds()))
    register(Kind(name="create.song", brief=Song, run=lambda _context, _brief: None))
    browser = place.browser("ada")
    assert browser.get("/create").headers["location"] == "/create/image"
    page = browser.get("/create/image").text
    for word in ("image", "text", "sentences", "verse", "copy", "translation", "enlargement", "music", "song"):
        assert f'href="/create/{word}"' in page
        assert browser.get(f"/create/{word}").status_code == 200, word
    assert 'value="garments"' in page and 'value="verse"' not in page and "/models/garments/sample" in page
    assert 'value="verse" checked' in browser.get("/create/verse").text, "the schema's default is chosen"
    assert 'id="field-voice"' in browser.get("/create/song").text
    for wrong in ("none", "train", "%2e%2e%2f", "%00"):
        assert browser.get(f"/create/{wrong}").status_code == 404


def test_a_form_makes_one_job_and_shows_it(place: Place) -> None:
    browser = place.browser("ada")
    answer = sent(browser, FORM)
    assert answer.status_code == 303
    (job,) = jobs_of(place)
    assert answer.headers["location"] == f"/create/image?job={job.id}#job"
    assert job.brief["brief"] == "a dress" and job.brief["count"] == 2 and job.brief["seed"] is not None
    assert browser.post("/create/image", FORM).headers["location"] == answer.headers["location"]
    assert len(jobs_of(place)) == 1, "a repeat is no second job"
    assert browser.post("/create/image", {**FORM, "brief": "a hat"}).status_code == 303
    assert len(jobs_of(place)) == 2, "the same page with other values is another job"
    page = browser.get(f"/create/image?job={job.id}").text
    assert ">a dress</textarea>" in page and 'value="2"' in page and 'id="job"' in page
    assert f'value="{job.brief["seed"]}"' not in page, "the next one is to be another"
    keys = {re.search(r'name="key" value="(\w+)"', browser.get("/create/image").text)[1] for _ in range(2)}  # type: ignore[index]
    assert len(keys) == 2


def test_what_is_wrong_is_told_at_its_field_and_values_stay(place: Place) -> None:
    browser = place.browser("ada")
    answer = sent(browser, {**FORM, "count": "lots", "strength": "3", "brief": "<dress>"})
    assert answer.status_code == 422 and not jobs_of(place)
    assert 'value="lots"' in answer.text and "&lt;dress&gt;" in answer.text and 'aria-invalid="true"' in answer.text
    assert 'id="field-count-wrong"' in answer.text and 'href="#field-count"' in answer.text
    answer = sent(browser, {**FORM, "strength": "3"})
    assert 'id="field-strength-wrong"' in answer.text and '<details class="more-fields" open' in answer.text
    answer = sent(browser, {**FORM, "model": "nobody"})
    assert answer.status_code == 404 and "There is no model" in answer.text and ">a dress</textarea>" in answer.text
    assert sent(browser, {"key": "x", "product": "", "model": "copy-en"}, "copy").status_code == 422
    assert not jobs_of(place)


def test_quotas_refuse_with_words(place: Place) -> None:
    browser = place.browser("ada", jobs_limit=1)
    assert sent(browser, FORM).status_code == 303
    answer = sent(browser, {**FORM, "key": "k2"})
    assert answer.status_code == 429 and "quota of 1 jobs" in answer.text and ">a dress</textarea>" in answer.text


def test_one_starts_from_works_of_ones_own(place: Place) -> None:
    ada, bob = place.account("ada"), place.account("bob")
    own, strange = keep_row(place.database, ada), keep_row(place.database, bob)
    browser = place.stranger().login("ada")
    page = browser.get("/create/image").text
    assert f'value="work:{own.id}"' in page and strange.id not in page
    page = browser.get(f"/create/image?like={own.id}").text
    assert f'value="work:{own.id}" selected' in page and ">a red dress</textarea>" in page
    for query in (f"like={strange.id}", f"again={strange.id}", "again=x", "job=x"):
        assert browser.get(f"/create/image?{query}").status_code == 404, query
    answer = sent(browser, {**FORM, "like": f"work:{strange.id}"})
    assert answer.status_code == 404 and "There is no file" in answer.text and not jobs_of(place)


def test_pieces_are_offered_where_pieces_are_asked_for(place: Place) -> None:
    ada = place.account("ada")
    piece = keep_row(place.database, ada, kind="music", media_type="audio/midi")
    sound = keep_row(place.database, ada, kind="music", media_type="audio/wav")
    picture = keep_row(place.database, ada)
    browser = place.stranger().login("ada")
    tune = keep_row(place.database, ada, kind="music", media_type="audio/midi", model_name="chorale")
    assert f'href="/create/music?like={tune.id}"' in browser.get(f"/works/{tune.id}").text
    assert f'value="work:{tune.id}" selected' in browser.get(f"/create/music?like={tune.id}").text
    assert "Variations" not in browser.get(f"/works/{piece.id}").text, "its model isn't there any more"
    page = browser.get("/create/music").text
    assert f'value="work:{piece.id}"' in page and 'value="chorale"' in page
    assert f"work:{sound.id}" not in page and f"work:{picture.id}" not in page
    answer = sent(browser, {"key": "m", "model": "chorale", "like": f"work:{piece.id}", "strip": "yes"}, "music")
    assert answer.status_code == 422 and "has no say without" in answer.text and not jobs_of(place)
    form = {"key": "s", "model": "sentences", "sentence": "A cat.", "attributes": "length: -1.5"}
    answer = sent(browser, {**form, "attributes": "length: much"}, "sentences")
    assert answer.status_code == 422 and 'id="field-attributes-wrong"' in answer.text
    assert sent(browser, form, "sentences").status_code == 303
    (job,) = jobs_of(place)
    assert job.brief["attributes"] == {"length": -1.5}


def test_sheets_of_music_are_offered_as_formats_and_never_as_pictures(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = place.account("ada")
    sheet = keep_row(place.database, ada, kind="music", media_type="image/svg+xml", model_name="chorale")
    browser = place.stranger().login("ada")
    page = browser.get("/create/music").text
    for sent_as, word in (
        ("image/svg+xml", "sheet music (SVG)"),
        ("application/pdf", "sheet music (PDF)"),
        ("application/vnd.recordare.musicxml+xml", "sheet music (MusicXML)"),
    ):
        assert f'<option value="{sent_as}">{word}</option>' in page
    for word in ("image", "enlargement", "effect", "presenter"):
        assert f"work:{sheet.id}" not in browser.get(f"/create/{word}").text, word
    again = browser.get(f"/create/music?again={sheet.id}").text
    assert '<option value="image/svg+xml" selected>' in again, "and of the same seed another format can be made"
    monkeypatch.setitem(sys.modules, "fpdf", None)
    answer = sent(browser, {"key": "p", "model": "chorale", "format": "application/pdf"}, "music")
    assert answer.status_code == 400 and not jobs_of(place)
    assert 'id="field-format-wrong"' in answer.text and "needs the package fpdf2" in answer.text


def test_a_work_is_made_again(place: Place) -> None:
    ada = place.account("ada")
    picture = keep_row(place.database, ada)
    poem = keep_row(place.database, ada, kind="verse", media_type="text/plain",
                    recipe={"brief": "江上", "parameters": {"title": "江上", "form": "七绝"}})  # fmt: skip
    song = keep_row(place.database, ada, kind="sound", recipe={"brief": ""})
    browser = place.stranger().login("ada")
    assert f"/create/image?again={picture.id}" in browser.get(f"/works/{picture.id}").text
    assert "Make again" not in browser.get(f"/works/{song.id}").text
    page = browser.get(f"/create/image?again={picture.id}").text
    assert ">a red dress</textarea>" in page and 'value="7"' in page and 'value="0.7"' in page
    assert browser.get(f"/create/image?again={poem.id}").headers["location"] == f"/create/verse?again={poem.id}"
    assert 'value="江上"' in browser.get(f"/create/verse?again={poem.id}").text
    assert browser.get(f"/create/image?again={song.id}").status_code == 404
    assert "Make again" not in place.browser("vic", "viewer").get("/library").text
