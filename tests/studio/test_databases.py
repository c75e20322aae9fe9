"""A day in a studio, on SQLite and on PostgreSQL."""

from __future__ import annotations

import re

from drafts import draft
from people import PASSWORD, Place

from luokuan.colophon.finish import finish
from luokuan.store.database import Database
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
