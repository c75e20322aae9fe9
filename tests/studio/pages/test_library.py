"""The grid, the trash, and what lies in a work's file."""

from __future__ import annotations

import re

import pytest
from people import Place, keep_row

from luokuan.colophon.finish import finish
from luokuan.studio.pages.library import PAGE

pytestmark = pytest.mark.usefixtures("each_database")


def test_the_grid_filters_searches_and_pages(place: Place) -> None:
    ada = place.account("ada")
    rows = [keep_row(place.database, ada) for _ in range(PAGE + 3)]
    odd = keep_row(place.database, ada, kind="text", recipe={"brief": "<script>alert(1)</script> 江上"}, label="")
    browser = place.stranger().login("ada")
    page = browser.get("/library").text
    assert page.count('class="card"') == PAGE and f"{PAGE + 4} works" in page
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page and "without explicit label" in page
    more = re.search(r'hx-get="(/library\?after=[^"]+)"', page)
    assert more is not None
    rest = browser.get(more[1].replace("&amp;", "&"), headers={"hx-request": "true"}).text
    assert rest.count('class="card"') == 4 and "<html" not in rest and rows[0].id in rest
    found = browser.get("/library?q=江上&kind=text", headers={"hx-request": "true"}).text
    assert found.count('class="card"') == 1 and odd.id in found and "1 work" in found
    assert "Nothing fits" in browser.get("/library?model=none").text
    assert "no works of yours" in place.browser("bob").get("/library").text


def test_the_trash_takes_gives_back_and_erases_only_what_was_confirmed(place: Place) -> None:
    from drafts import draft

    ada = place.account("ada")
    work = finish(draft(), home=place.home, owner=ada.id)
    browser = place.stranger().login("ada")
    assert work.id in browser.get("/library").text
    wrong = browser.post(f"/works/{work.id}/erase", {"confirm": work.id[-4:]})
    assert wrong.status_code == 404, "it doesn't lie in the trash"
    part = browser.post(f"/works/{work.id}/trash", headers={"hx-request": "true"})
    assert part.status_code == 200 and "Undo" in part.text and "<html" not in part.text
    assert work.id not in browser.get("/library").text and work.id in browser.get("/trash").text
    back = browser.post(f"/works/{work.id}/restore", headers={"hx-request": "true"})
    assert 'class="card"' in back.text and "<html" not in back.text
    assert work.id in browser.get("/library").text
    assert browser.post(f"/works/{work.id}/trash").status_code == 303
    assert browser.post(f"/works/{work.id}/trash").status_code == 303, "two tabs, one trash"
    assert browser.post(f"/works/{work.id}/erase", {"confirm": "none"}).status_code == 422
    assert browser.get(f"/works/{work.id}").status_code == 200
    assert browser.post(f"/works/{work.id}/erase", {"confirm": work.id[-4:]}).status_code == 303
    for path in (f"/works/{work.id}", f"/works/{work.id}/file"):
        assert browser.get(path).status_code == 404
    assert browser.get("/trash").text.count('class="card"') == 0


def test_a_viewer_only_looks(place: Place) -> None:
    ada = place.account("ada", "viewer")
    row = keep_row(place.database, ada)
    browser = place.stranger().login("ada")
    page = browser.get("/library").text
    assert row.id in page and "Throw away" not in page
    assert browser.post(f"/works/{row.id}/trash").status_code == 403
