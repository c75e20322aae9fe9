"""Settings: keys, users, home, events, log."""

from __future__ import annotations

import re

import pytest
from drafts import draft
from onpostgres import CHOSEN, take_away
from people import PASSWORD, Place, keep_row

from luokuan.colophon.finish import finish
from luokuan.store import accounts
from luokuan.store.events import recent_events


def test_a_key_is_made_shown_once_used_and_revoked(place: Place) -> None:
    browser = place.browser("ada")
    page = browser.post("/settings/keys", {"name": "backup", "role": "viewer", "scope": "works:read", "days": "7"}).text
    key = re.search(r"lk-[0-9a-f]{16}-[\w-]{43}", page)
    assert key is not None and "backup" in page
    headers = {"Authorization": f"Bearer {key[0]}"}
    assert place.stranger().client.get("/api/works", headers=headers).status_code == 200
    page = browser.get("/settings").text
    assert "backup" in page and key[0] not in page
    wrong = (
        ({"name": ""}, 422), ({"name": "x" * 81}, 422), ({"name": "x", "role": "admin"}, 403),
        ({"name": "x", "role": "king"}, 400),
        ({"name": "x", "days": "-1"}, 422), ({"name": "x", "days": "0"}, 422), ({"name": "a\r\nb"}, 422),
    )  # fmt: skip
    for form, status in wrong:
        assert browser.post("/settings/keys", form).status_code == status, form
    key_id = key[0].split("-")[1]
    assert place.browser("bob").post(f"/settings/keys/{key_id}/revoke").status_code == 404, "it is somebody else's"
    assert browser.post(f"/settings/keys/{key_id}/revoke").status_code == 303
    assert place.stranger().client.get("/api/works", headers=headers).status_code == 401


def test_an_administrator_invites_and_changes_and_two_tabs_are_told(place: Place) -> None:
    chief = place.browser("chief", "admin")
    page = chief.post("/settings/users", {"name": "Bob", "role": "viewer"}).text
    link = re.search(r"http://localhost(/welcome/[\w-]+)", page)
    assert link is not None and "bob" in page
    bob = place.stranger()
    bob.get(link[1])
    assert bob.post(link[1], {"password": PASSWORD, "again": PASSWORD}).status_code == 303
    for form, status in (
        ({"name": "bob", "role": "viewer"}, 409), ({"name": "../x", "role": "viewer"}, 400),
        ({"name": "x", "role": "king"}, 400),
    ):  # fmt: skip
        assert chief.post("/settings/users", form).status_code == status
    with place.database.read() as connection:
        row = accounts.find_by_name(connection, "bob")
    assert row is not None
    path, change = f"/settings/users/{row.id}", {"role": "maker", "active": "yes", "version": row.version}
    one = chief.post(path, {**change, "jobs": "5", "storage": "1"})
    assert one.status_code == 200 and "Saved." in one.text
    two = chief.post(path, {**change, "role": "admin", "jobs": "7"})
    assert two.status_code == 409 and "another tab" in two.text
    assert 'value="7"' in two.text and 'value="admin" selected' in two.text, "what was typed"
    assert "There now: 5" in two.text and "There now: maker" in two.text, "and what is there"
    with place.database.read() as connection:
        found = accounts.find_account(connection, row.id)
    assert found is not None
    assert (found.role, found.jobs_limit, found.storage_limit, found.seconds_limit) == ("maker", 5, 1 << 20, None)
    assert bob.get("/settings").status_code == 200
    closed = chief.post(path, {"role": "maker", "version": found.version})
    assert closed.status_code == 200 and bob.get("/settings").status_code == 401, "who is shut out is out at once"
    assert chief.post(f"{path}/link").status_code == 409
    for form in ({"version": "x"}, {"version": "1", "jobs": "-1"}, {"version": "1", "storage": "9" * 19}):
        assert chief.post(path, {"role": "maker", **form}).status_code == 422
    assert chief.get("/settings/users/0000000000000000").status_code == 404


def test_home_and_events_for_administrators(place: Place) -> None:
    chief = place.browser("chief", "admin")
    assert "no identity yet" in chief.get("/settings/home").text
    finish(draft(), home=place.home)
    page = chief.get("/settings/home").text
    kind = "PostgreSQL" if CHOSEN else "SQLite"
    assert "Luokuan" in page and kind in page and "1 work" in page and "PRIVATE" not in page
    assert f"luokuan backup luokuan.tar --home {place.home.path}" in page
    page = chief.get("/settings/events").text
    assert "logged in" in page and "chief" in page and PASSWORD not in page
    with place.database.read() as connection:
        newest = recent_events(connection, 1)[0].id
    assert "logged in" not in chief.get(f"/settings/events?before={newest}").text


def test_the_log_names_ones_own_works(place: Place) -> None:
    chief = place.browser("chief", "admin")
    assert "begins with the first work" in chief.get("/log").text
    ada = place.account("ada")
    mine, hers = finish(draft(), home=place.home), finish(draft(1), home=place.home, owner=ada.id)
    page = chief.get("/log").text
    assert mine.id in page and hers.id not in page and "somebody else" in page and "luokuan/" in page
    page = place.stranger().login("ada").get("/log").text
    assert hers.id in page and mine.id not in page


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_says_nothing_more(place: Place, path: str) -> None:
    answer = place.stranger().get(path)
    assert answer.status_code == 200 and set(answer.json()) == {"status"}


def test_not_ready_without_its_database(place: Place) -> None:
    place.database.close()
    if CHOSEN:
        take_away(place.home.path)
        answer = place.stranger().client.get("/library", cookies={"luokuan_session": "x" * 43})
        assert answer.status_code == 503 and "reached" in answer.text and "postgresql" not in answer.text
    else:
        place.home.database.write_bytes(b"no database" * 1000)
    for path in place.home.path.glob("luokuan.db-*"):
        path.unlink()
    assert place.stranger().get("/readyz").status_code == 503
    assert place.stranger().get("/healthz").status_code == 200


def test_metrics_count_without_naming(place: Place) -> None:
    ada = place.account("ada", "admin")
    row = keep_row(place.database, ada)
    place.stranger().login("ada").get(f"/works/{row.id}?secret=1")
    headers = place.key(ada, scopes=("metrics",))
    text = place.stranger().client.get("/metrics", headers=headers).text
    assert 'luokuan_requests_total{method="GET",path="/works/{work_id}",status="200"} 1.0' in text
    assert row.id not in text and "secret" not in text and "process_resident_memory_bytes" in text
