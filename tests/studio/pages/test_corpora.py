"""Corpora: what they hold, their cards, and two tabs that change one."""

from __future__ import annotations

import re
import time
from typing import Any

from bringing import bring, pictures, zipped
from people import Browser, Place

from luokuan.foundation.corpus.card import read_card


def reported(browser: Browser, name: str) -> str:
    """The page's report when it is there."""
    until = time.monotonic() + 60
    while "hx-get" in (text := browser.get(f"/train/corpora/{name}/report").text) and time.monotonic() < until:
        time.sleep(0.1)
    return str(text)


def card(**changes: Any) -> dict[str, Any]:
    fields = {"title": "Dresses", "licence": "own", "source": "me", "credit": "", "consent": "none needed"}
    return {**fields, "personal_data": "none", "version": 1, **changes}


def test_a_corpus_its_report_and_its_card(place: Place) -> None:
    ann = place.browser("ann")
    bring(ann, "photos", zipped({**pictures(), "photos/a/broken.png": b"no picture"}))
    page = reported(ann, "photos")
    assert "24" in page and "broken.png" in page and "/train/corpora/photos/sheet.jpg" in page
    sheet = ann.get("/train/corpora/photos/sheet.jpg")
    assert sheet.content.startswith(b"\xff\xd8") and "sandbox" in sheet.headers["content-security-policy"]
    assert ann.get("/train/corpora").text.count("/train/corpora/photos") == 1

    assert ann.post("/train/corpora/photos/card", card()).status_code == 303
    found = read_card(place.home.corpora / "photos")
    assert found is not None and (found.title, found.licence, found.missing) == ("Dresses", "own", ("credit",))
    assert "own work, all rights reserved" in ann.get("/train/corpora/photos").text
    ann.post("/train/corpora/photos/card", card(licence="unknown", version=2))
    assert "can&#39;t be sold" in ann.get("/train/corpora/photos").text
    ann.post("/train/corpora/photos/card", card(other="LicenseRef-ours", version=3))
    assert "selected>LicenseRef-ours" in ann.get("/train/corpora/photos").text


def test_two_tabs_change_one_card_and_nothing_is_lost(place: Place) -> None:
    ann = place.browser("ann")
    bring(ann, "photos", zipped(pictures()))
    assert ann.post("/train/corpora/photos/card", card(title="First")).status_code == 303
    answer = ann.post("/train/corpora/photos/card", card(title="Second <b>"))
    assert answer.status_code == 409
    assert 'value="Second &lt;b&gt;"' in answer.text and "First" in answer.text, "what was typed, and what is there"
    version = re.search(r'name="version" value="(\d+)"', answer.text)
    assert version is not None
    found = read_card(place.home.corpora / "photos")
    assert found is not None and found.title == "First"
    assert ann.post("/train/corpora/photos/card", card(title="Second", version=version[1])).status_code == 303


def test_what_is_wrong_with_a_card_or_a_corpus_is_told_without_places(place: Place) -> None:
    ann = place.browser("ann")
    bring(ann, "texts", zipped({"a.txt": "hello " * 3000, "card.yaml": "- no card"}))
    assert "card.yaml" in ann.get("/train/corpora/texts").text
    assert str(place.home.path) not in reported(ann, "texts")
    assert ann.post("/train/corpora/texts/card", card()).status_code == 303
    assert "It can be trained on." in reported(ann, "texts")
    both = {"a.txt": "x", "b.png": pictures()["photos/a/000.png"]}
    bring(ann, "both", zipped(both))
    text = reported(ann, "both")
    assert "holds both pictures and text" in text and str(place.home.path) not in text


def test_music_pairs_and_examples_are_known(place: Place) -> None:
    ann = place.browser("ann")
    pair, example = '{"en": "good day", "zh": "你好"}\n', '{"prompt": "a", "completion": "b"}\n'
    bring(ann, "pairs", zipped({"a.jsonl": pair * 30}))
    bring(ann, "examples", zipped({"a.jsonl": example * 30 + example.replace('"a"', '"c"')}))
    assert "en, zh" in reported(ann, "pairs")
    assert "Examples" in reported(ann, "examples")


def test_a_corpus_is_removed_when_its_name_was_typed(place: Place) -> None:
    ann, bob = place.browser("ann"), place.browser("bob")
    bring(ann, "photos", zipped(pictures()))
    reported(ann, "photos")
    assert ann.post("/train/corpora/photos/delete", {"confirm": "photo"}).status_code == 422
    assert bob.post("/train/corpora/photos/delete", {"confirm": "photos"}).status_code == 404
    assert ann.post("/train/corpora/photos/delete", {"confirm": "photos"}).status_code == 303
    assert list(place.home.corpora.iterdir()) == [] and list((place.home.cache / "reports").iterdir()) == []
    assert ann.get("/train/corpora/photos").status_code == 404
    assert bring(bob, "photos", zipped(pictures())).status_code == 303, "the name is free"


def test_what_the_command_line_brought_is_the_administrators(place: Place) -> None:
    (place.home.corpora / "ancient").mkdir()
    (place.home.corpora / "ancient" / "a.txt").write_text("hello " * 3000)
    chief, ann = place.browser("chief", "admin"), place.browser("ann")
    assert ann.get("/train/corpora/ancient").status_code == 404 and "ancient" not in ann.get("/train/corpora").text
    assert chief.get("/train/corpora/ancient").status_code == 200
    assert chief.post("/train/corpora/ancient/card", card(version=0)).status_code == 303
    assert chief.post("/train/corpora/ancient/card", card(version=0)).status_code == 409
    other = place.browser("other", "admin")
    assert "Dresses" in other.get("/train/corpora/ancient").text, "it stays the home's"


def test_corpora_of_others_are_nowhere(place: Place) -> None:
    ann = place.browser("ann")
    bring(ann, "secret", zipped(pictures()))
    for role in ("maker", "admin"):
        other = place.browser(f"o{role}", role)
        headers = {"x-csrf-token": other.token}
        for method, path in (
            ("GET", ""), ("GET", "/report"), ("GET", "/sheet.jpg"), ("POST", "/check"), ("POST", "/card"),
            ("POST", "/delete"),
        ):  # fmt: skip
            answer = other.client.request(method, f"/train/corpora/secret{path}", headers=headers)
            assert answer.status_code == 404, path
        for path in ("/train", "/train/corpora", "/train/new?task=gan", "/train/models"):
            assert "secret" not in other.get(path).text
        form = {"task": "gan", "corpus": "secret", "name": "mine", "size": "64"}
        unknown = other.post("/train/runs", {**form, "corpus": "nothing"})
        taken = other.post("/train/runs", form)
        assert (taken.status_code, unknown.status_code) == (404, 404)
        assert "There is no corpus" in taken.text and "There is no corpus" in unknown.text
        assert other.post("/train/plan", form).status_code == 404
