"""Collections, several works at once, and what one thinks of them."""

from __future__ import annotations

import io
import re
import time
import zipfile
from functools import partial

import pytest
import sqlalchemy as sa
from drafts import draft
from people import AT, Place, keep_row, make_account

from luokuan.colophon.finish import finish
from luokuan.errors import UserError
from luokuan.store import collections, ownership
from luokuan.store.database import Database
from luokuan.store.house_tables import collection_work
from luokuan.studio.pages import selection


def ids(page: str) -> list[str]:
    return re.findall(r"/library\?collection=([0-9a-f]{16})", page)


def test_a_collection_is_made_named_filled_and_deleted_and_its_works_stay(place: Place) -> None:
    ada = place.account("ada")
    rows = [keep_row(place.database, ada) for _ in range(3)]
    browser = place.stranger().login("ada")
    assert "no collections of yours" in browser.get("/collections").text
    assert browser.post("/collections", {"name": "春 <b>"}).status_code == 303
    page = browser.get("/collections").text
    (spring,) = ids(page)
    assert "春 &lt;b&gt;" in page and "0 works" in page
    chosen = {"work": [rows[0].id, rows[1].id], "action": "collect", "into": spring}
    for _twice in range(2):
        answer = browser.post("/library/selection", chosen)
        assert answer.status_code == 303 and answer.headers["location"] == f"/library?collection={spring}"
    page = browser.get(f"/library?collection={spring}").text
    assert page.count('class="card"') == 2 and rows[2].id not in page and "Take out of this collection" in page
    more = {"work": rows[0].id, "action": "collect", "name": "summer"}
    summer = browser.post("/library/selection", more).headers["location"].rpartition("=")[2]
    assert browser.get(f"/library?collection={summer}").text.count('class="card"') == 1, "a work lies in many"
    assert browser.post("/library/selection", more).status_code == 409, "the name is taken"
    browser.post("/library/selection", {"work": rows[0].id, "action": "take_out", "from": spring})
    assert rows[0].id not in browser.get(f"/library?collection={spring}").text
    assert browser.post(f"/collections/{spring}", {"name": "autumn", "was": "春 <b>"}).status_code == 303
    taken = browser.post(f"/collections/{spring}", {"name": "summer", "was": "autumn"})
    assert taken.status_code == 409 and "already" in taken.text
    for form in ({"name": "winter <i>", "was": "春 <b>"}, {"name": "winter <i>"}):
        late = browser.post(f"/collections/{spring}", form)
        assert late.status_code == 409 and "another tab" in late.text
        assert 'value="winter &lt;i&gt;"' in late.text and ">autumn</a>" in late.text, "both names are there"
    assert browser.post(f"/collections/{spring}/delete", {"was": "春 <b>"}).status_code == 409
    for name in ("", "x" * 81, "a\nb"):
        assert browser.post("/collections", {"name": name}).status_code == 422
    assert browser.post(f"/collections/{spring}/delete", {"was": "autumn"}).status_code == 303
    assert "autumn" not in browser.get("/collections").text
    assert all(row.id in browser.get("/library").text for row in rows)


def test_nobody_reaches_anothers_collections_or_works(place: Place) -> None:
    ada, bob = place.account("ada"), place.account("bob")
    mine, hers = keep_row(place.database, bob), keep_row(place.database, ada)
    with place.database.write() as connection:
        collections.make_collection(connection, "a" * 16, "secret", ada, AT)
        collections.add_works(connection, "a" * 16, [hers.id, mine.id], ada, AT)
        assert collections.take_out(connection, "a" * 16, [mine.id]) == 0, "not hers, so it never came in"
    browser = place.stranger().login("bob")
    assert "secret" not in browser.get("/collections").text
    assert browser.get(f"/library?collection={'a' * 16}").status_code == 404
    for path, form in (
        (f"/collections/{'a' * 16}", {"name": "x"}),
        (f"/collections/{'a' * 16}/delete", {}),
        ("/library/selection", {"work": mine.id, "action": "collect", "into": "a" * 16}),
        ("/library/selection", {"work": mine.id, "action": "take_out", "from": "a" * 16}),
        ("/library/selection", {"work": [mine.id, hers.id], "action": "trash"}),
        ("/library/selection", {"work": hers.id, "action": "export"}),
        ("/library/selection", {"work": "../../x", "action": "export"}),
        ("/library/selection", {"work": mine.id, "action": "nothing"}),
        (f"/works/{hers.id}/opinion", {"opinion": "up"}),
    ):  # fmt: skip
        assert browser.post(path, form).status_code == 404, (path, form)
    assert browser.post("/library/selection", {"action": "export"}).status_code == 422, "nothing was chosen"
    assert mine.id in browser.get("/library").text, "nothing was done by halves"
    viewer = place.browser("eve", "viewer")
    assert viewer.get("/collections").status_code == 200 and "With chosen works" not in viewer.get("/library").text
    assert viewer.post("/collections", {"name": "x"}).status_code == 403


def test_collections_on_both_databases(database: Database) -> None:
    ada = make_account(database, "ada")
    row = keep_row(database, ada)
    with database.write() as connection:
        collections.make_collection(connection, "a" * 16, "one", ada, AT)
        with pytest.raises(UserError):
            collections.make_collection(connection, "b" * 16, "one", ada, AT)
        assert collections.add_works(connection, "a" * 16, [row.id], ada, AT) == 1
        assert [one.count for one in collections.collections_of(connection, ada)] == [1]
        collections.forget_work(connection, row.id)
        assert connection.execute(sa.select(sa.func.count()).select_from(collection_work)).scalar() == 0
        collections.add_works(connection, "a" * 16, [row.id], ada, AT)
        for change in (collections.delete_collection, partial(collections.rename_collection, name="two")):
            with pytest.raises(UserError) as caught:
                change(connection, "a" * 16, was="two")
            assert caught.value.code == "collection.changed"
        collections.delete_collection(connection, "a" * 16, was="one")
        assert collections.collections_of(connection, ada) == []


def test_chosen_works_are_exported_by_a_job(place: Place) -> None:
    from luokuan.studio.jobs.worker import Settings, Worker

    ada = place.account("ada")
    works = [finish(draft(seed), home=place.home, owner=ada.id) for seed in range(2)]
    browser = place.stranger().login("ada")
    answer = browser.post("/library/selection", {"work": [work.id for work in works], "action": "export"})
    assert answer.status_code == 303
    path = answer.headers["location"]
    page = browser.get(path).text
    assert "being written" in page and 'hx-trigger="every 1s"' in page
    assert browser.get(f"{path}/file").status_code == 410
    Worker(place.home, place.database, Settings(idle=0.01)).serve()
    for _try in range(50):
        page = browser.get(path, headers={"hx-request": "true"}).text
        if "Download" in page:
            break
        time.sleep(0.1)
    assert "2 works" in page and "<html" not in page and "hx-trigger" not in page
    got = browser.get(f"{path}/file")
    assert "attachment" in got.headers["content-disposition"]
    names = zipfile.ZipFile(io.BytesIO(got.content)).namelist()
    assert all(any(work.id in name for name in names) for work in works)
    bob = place.browser("bob")
    for address in (path, f"{path}/file", "/exports/none"):
        assert bob.get(address).status_code == 404
    other = place.app.state.studio.queue.submit(ada.id, "export.model", {"model": "garments", "to": "hub-folder"})
    assert browser.get(f"/exports/{other.id}").status_code == 404, "this page is for works"


def test_thumbs_are_given_shown_and_taken_back(place: Place) -> None:
    ada = place.account("ada")
    row = keep_row(place.database, ada)
    browser = place.stranger().login("ada")
    for opinion, shown in (("up", "thumb up"), ("down", "thumb down"), ("none", "")):
        assert browser.post(f"/works/{row.id}/opinion", {"opinion": opinion}).status_code == 303
        page = browser.get("/library").text
        assert [name for name in ("thumb up", "thumb down") if name in page] == ([shown] if shown else [])
    page = browser.get(f"/works/{row.id}").text
    assert page.count('aria-pressed="false"') >= 2


def test_many_are_thrown_away_and_the_trash_is_emptied(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = place.account("ada")
    rows = [keep_row(place.database, ada) for _ in range(60)]
    with place.database.write() as connection:
        collections.make_collection(connection, "a" * 16, "one", ada, AT)
        collections.add_works(connection, "a" * 16, [rows[0].id], ada, AT)
    browser = place.stranger().login("ada")
    answer = browser.post("/library/selection", {"work": [row.id for row in rows[:50]], "action": "trash"})
    assert answer.status_code == 303 and "50 works" in browser.get("/trash").text
    for confirm in ("", "49", "all"):
        assert browser.post("/trash/empty", {"confirm": confirm}).status_code == 422
    assert "50 works" in browser.get("/trash").text
    browser.post(f"/works/{rows[0].id}/restore")
    monkeypatch.setattr(selection, "MOST", 3)
    assert browser.post("/trash/empty", {"confirm": "49"}).status_code == 303
    assert "46 works" in browser.get("/trash").text, "so many at once"
    with place.database.read() as connection:
        assert ownership.find_own_work(connection, rows[0].id, ada) is not None
        assert [one.count for one in collections.collections_of(connection, ada)] == [1]
    assert browser.get("/settings").status_code == 200
