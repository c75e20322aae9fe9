"""How the house labels its works, and how long it keeps its trash."""

from __future__ import annotations

from datetime import timedelta

import pytest
from drafts import draft
from people import Place, keep_row

from luokuan.colophon import label as labels
from luokuan.colophon.finish import finish
from luokuan.colophon.houselabel import house_label
from luokuan.colophon.label import LabelOptions
from luokuan.errors import UserError
from luokuan.store import house
from luokuan.store.account_tables import trash
from luokuan.store.database import Database
from luokuan.store.events import recent_events
from luokuan.store.house import LabelSetting, TrashSetting
from luokuan.studio.erasing import BY_ITSELF, empty_by_age
from luokuan.studio.jobs.briefs import Making
from luokuan.studio.pages import rules
from luokuan.studio.state import now

LABEL = {"policy": "cn", "language": "cn", "corner": "top-left", "version": 0}


def test_the_label_of_the_house_is_every_works_label_unless_somebody_asks(place: Place) -> None:
    chief = place.browser("chief", "admin")
    assert house_label(place.home) == LabelOptions() and "bottom right" in chief.get("/settings/rules").text
    saved = chief.post("/settings/rules/label", LABEL)
    assert saved.status_code == 200 and "Saved." in saved.text
    assert house_label(place.home) == LabelOptions("cn", "top-left", "cn")
    assert finish(draft(), home=place.home).label == "人工智能生成"
    assert finish(draft(1), home=place.home, label=LabelOptions("both")).label == "人工智能生成 AI generated"
    assert house_label(place.home, policy="eu") == LabelOptions("en", "top-left", "eu"), (
        "the corner is still the house's"
    )
    assert house_label(place.home, language="both", corner="bottom-left") == LabelOptions("both", "bottom-left", "both")
    assert Making(model="x").wanted_label(place.home) == LabelOptions("cn", "top-left", "cn")
    assert Making(model="x", policy="both").wanted_label(place.home, "top-right") == LabelOptions("both", "top-right")
    with place.database.read() as connection:
        (event,) = recent_events(connection, 1)
    assert (event.action, event.name, event.subject) == ("label.changed", "chief", "cn cn top-left")
    assert "rule of the label changed" in chief.get("/settings/events").text


def test_two_tabs_and_nonsense(place: Place) -> None:
    chief = place.browser("chief", "admin")
    assert chief.post("/settings/rules/label", LABEL).status_code == 200
    for version in (0, 7):
        late = chief.post("/settings/rules/label", {**LABEL, "language": "both", "version": version})
        assert late.status_code == 409 and "another tab" in late.text
        assert 'value="both" selected>Chinese and English' in late.text and "There now: Chinese" in late.text
    assert chief.post("/settings/rules/label", {**LABEL, "language": "both", "version": 1}).status_code == 200
    assert house_label(place.home).language == "both"
    for changes in (
        {"policy": "us"}, {"language": ""}, {"corner": "middle"}, {"policy": "both", "language": "cn"},
        {"policy": "cn", "language": "en"}, {"version": "x"}, {"version": "9" * 18},
    ):  # fmt: skip
        assert chief.post("/settings/rules/label", {**LABEL, "version": 2, **changes}).status_code == 422, changes
    for form in ({"days": "0"}, {"days": "4000"}, {"days": "x"}):
        assert chief.post("/settings/rules/trash", form).status_code == 422
    assert chief.post("/settings/rules/trash", {"days": "30", "version": "0"}).status_code == 200
    late = chief.post("/settings/rules/trash", {"days": "40", "version": "0"})
    assert late.status_code == 409 and 'value="40"' in late.text and "There now: 30" in late.text
    maker = place.browser("ada")
    assert maker.get("/settings/rules").status_code == 403
    assert maker.post("/settings/rules/label", LABEL).status_code == 403


def test_the_page_knows_what_meets_what() -> None:
    assert {policy: set(words) for policy, words in rules._MEETS.items()} == {
        policy: set(words) for policy, words in labels._MEETS.items()
    }
    assert set(house.CORNERS) == set(labels._CORNERS) and set(house.LANGUAGES) == set(labels._TEXTS)


def test_settings_on_both_databases(database: Database) -> None:
    with database.write() as connection:
        house.set_trash(connection, TrashSetting(3), now())
        with pytest.raises(UserError):
            house.set_trash(connection, TrashSetting(4), now())
        house.set_trash(connection, TrashSetting(None, 1), now())
        house.set_label(connection, LabelSetting("eu", "en", "top-left"), now())
    with database.read() as connection:
        assert house.trash_setting(connection) == TrashSetting(None, 2)
        assert house.label_setting(connection) == LabelSetting("eu", "en", "top-left", 1)


def test_the_trash_empties_itself_after_so_many_days(place: Place) -> None:
    ada = place.account("ada")
    work = finish(draft(), home=place.home, owner=ada.id)
    old, young, kept = (keep_row(place.database, ada) for _ in range(3))
    browser = place.stranger().login("ada")
    for row in (work, old, young):
        browser.post(f"/works/{row.id}/trash")
    with place.database.write() as connection:
        past = trash.update().where(trash.c.work_id.in_((work.id, old.id)))
        connection.execute(past.values(thrown_at=now() - timedelta(days=31)))
    assert empty_by_age(place.home, place.database) == 0, "nobody has settled it"
    with place.database.write() as connection:
        house.set_trash(connection, TrashSetting(30), now())
    assert "After 30 days here" in browser.get("/trash").text
    assert empty_by_age(place.home, place.database) == 2 and empty_by_age(place.home, place.database) == 0
    page = browser.get("/trash").text
    assert young.id in page and work.id not in page and old.id not in page
    assert kept.id in browser.get("/library").text and not list(place.home.blobs.glob("??/*"))
    with place.database.read() as connection:
        events = [one for one in recent_events(connection, 10) if one.action == "work.erased"]
    assert {one.subject for one in events} == {work.id, old.id} and {one.address for one in events} == {BY_ITSELF}
