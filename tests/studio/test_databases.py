"""A day in a studio, on SQLite and on PostgreSQL."""

from __future__ import annotations

import re

from drafts import draft
from people import PASSWORD, Place, keep_row

from luokuan.colophon.finish import finish
from luokuan.store import claims
from luokuan.store.database import Database, open_database
from luokuan.store.home import open_home
from luokuan.studio.settings import Settings


def test_a_day_in_a_studio(database: Database) -> None:
    place = Place(Settings(open_home()), database)
    chief = place.browser("chief", "admin")
    page = chief.post("/settings/users", {"name": "李白", "role": "maker"}).text
    link = re.search(r"(/welcome/[\w-]+)", page)
    assert link is not None
    maker = place.stranger()
    maker.get(link[1])
    assert maker.post(link[1], {"password": PASSWORD, "again": PASSWORD}).status_code == 303
    owner = re.search(r"/settings/users/([0-9a-f]{16})\">李白", chief.get("/settings/users").text)
    assert owner is not None
    work = finish(draft(), home=place.home, owner=owner[1])
    assert maker.get("/library?q=red").text.count('class="card"') == 1
    assert chief.get("/library").text.count('class="card"') == 0
    assert maker.get(f"/works/{work.id}/file").content == work.data
    assert work.id in maker.get(f"/works/{work.id}/lineage.svg").text
    assert "byte for byte" in maker.get(f"/works/{work.id}/evidence").text, "the child asks the same database"
    maker.get("/check")
    told = maker.client.post("/check", data={"csrf": maker.token}, files={"file": ("x.png", work.data)}).text
    assert "Made by this studio" in told and f"/works/{work.id}" in told
    assert work.id in maker.get("/log").text
    assert maker.post(f"/works/{work.id}/trash").status_code == 303
    assert maker.post(f"/works/{work.id}/erase", {"confirm": work.id[-4:]}).status_code == 303
    assert maker.get(f"/works/{work.id}").status_code == 404
    events = chief.get("/settings/events").text
    assert "work erased" in events and "one-time link given" in events
    name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[database.engine.dialect.name]
    assert name in chief.get("/settings/home").text and place.stranger().get("/readyz").status_code == 200
    assert place.home.database.exists() == (name == "SQLite"), "there is one database, not two"


def test_what_pages_ask_of_their_own(database: Database) -> None:
    place = Place(Settings(open_home()), database)
    ada = place.account("ada")
    rows = [keep_row(database, ada) for _ in range(3)]
    browser = place.stranger().login("ada")
    more = {"work": rows[0].id, "action": "collect", "name": "春"}
    into = browser.post("/library/selection", more).headers["location"]
    assert browser.get(into).text.count('class="card"') == 1
    spring = into.rpartition("=")[2]
    assert browser.post("/collections", {"name": "春"}).status_code == 409, "a name once"
    assert browser.post(f"/collections/{spring}", {"name": "夏", "was": "春"}).status_code == 303
    assert browser.post(f"/collections/{spring}", {"name": "秋", "was": "春"}).status_code == 409
    assert browser.get("/library?q=RED&kind=image&model=toy&since=2026-01-01").text.count('class="card"') == 3
    assert browser.post(f"/works/{rows[1].id}/opinion", {"opinion": "up"}).status_code == 303
    form = {"model": "garments", "brief": "a dress", "count": "1", "key": "k"}
    assert {browser.post("/create/image", form).headers["location"] for _ in range(2)} == {
        browser.post("/create/image", form).headers["location"]
    }, "a repeat is no second job"
    assert browser.get("/jobs").text.count('class="jobrow') == 1
    headers = place.key(ada, scopes=("works:read", "create", "models:read"))
    client = place.stranger().client
    assert len(client.get("/api/works?limit=2", headers=headers).json()["works"]) == 2
    assert client.get("/v1/models", headers=headers).status_code == 200
    chief = place.browser("chief", "admin")
    label = {"policy": "cn", "language": "cn", "corner": "top-left", "version": "0"}
    assert [chief.post("/settings/rules/label", label).status_code for _ in range(2)] == [200, 409]
    version = re.search(r'name="version" value="(\d+)"', chief.get(f"/settings/users/{ada.id}").text)
    assert version is not None
    user = {"role": "maker", "active": "yes", "jobs": "3", "version": version[1]}
    assert [chief.post(f"/settings/users/{ada.id}", user).status_code for _ in range(2)] == [200, 409]
    assert chief.get("/settings/events").status_code == 200


def test_two_studios_serve_one_home(database: Database) -> None:
    one = Place(Settings(open_home()), database)
    with open_database(one.home) as again:
        other = Place(Settings(open_home()), again)
        ada = one.account("ada", "admin")
        browser = one.stranger().login("ada")
        other_browser = other.stranger()
        for name, value in browser.client.cookies.items():
            other_browser.client.cookies.set(name, value)
        assert other_browser.get("/library").status_code == 200, "who is logged in at one is so at the other"
        form = {"model": "garments", "brief": "a dress", "count": "1", "key": "k"}
        first = browser.post("/create/image", form).headers["location"]
        assert other_browser.post("/create/image", form).headers["location"] == first, "one job, wherever it is sent"
        with database.write() as connection:
            mine = claims.claim(connection, "a:1:x", lease=600)
        with again.write() as connection:
            assert mine is not None and claims.claim(connection, "b:1:y", lease=600) is None, "one worker does it"
        assert other.app.state.studio.queue.cancel(mine.id).cancel_at is not None
        assert one.app.state.studio.queue.get(mine.id, ada.id).cancel_at is not None
        headers = {"x-csrf-token": browser.token, "hx-request": "true"}
        begun = browser.client.post("/train/uploads", data={"name": "texts", "size": "4"}, headers=headers).json()
        place = f"/train/uploads/{begun['id']}/pieces"
        assert browser.client.post(f"{place}?at=0", content=b"ab", headers=headers).json() == {"at": 2}
        headers["x-csrf-token"] = other_browser.token
        assert other_browser.client.post(f"{place}?at=0", content=b"ab", headers=headers).status_code == 409
        assert other_browser.client.post(f"{place}?at=2", content=b"cd", headers=headers).json() == {"at": 4}
