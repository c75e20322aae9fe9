"""Who may ask for what: every route is walked, as everybody."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import APIRouter
from people import AT, PASSWORD, Place, keep_row

from luokuan.store import apikeys, sessions
from luokuan.store.account_tables import ROLES
from luokuan.store.sessions import SessionRow
from luokuan.studio.access import SAFE, SCOPES, check_routes, needs_of
from luokuan.studio.guard import tokens

OPEN = {
    "/", "/healthz", "/readyz", "/static", "/login", "/welcome/{token}", "/preferences", "/check", "/media/{given}",
    "/market", "/market/feed.atom", "/market/{listing_id}", "/market/{listing_id}/preview/{place}",
    "/payments/{provider}/events",
}  # fmt: skip
"""What strangers may ask for. A path comes here only after somebody has thought about it."""
SIGNED = ("/payments/{provider}/events",)
"""Where a signature of the sender's stands in the place of a form's token."""
PROGRAMS = ("/api", "/v1", "/metrics")


def calls(place: Place) -> list[tuple[str, str, Any]]:
    """Method, path and route of everything that can be asked for."""
    return [
        (method, route.path, route)
        for route in place.app.router.routes
        for method in sorted(getattr(route, "methods", None) or {"GET"})
        if method != "HEAD"
    ]


def filled(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "0" * 16, path)


def test_strangers_get_nothing_but_what_is_open(place: Place) -> None:
    browser = place.stranger()
    browser.get("/login")
    seen = set()
    for method, path, _route in calls(place):
        headers = {"x-csrf-token": browser.token}
        status = browser.client.request(method, filled(path), headers=headers).status_code
        if path in OPEN:
            seen.add(path)
            # 401 there says that name or password is wrong.
            assert status != 403 and (status != 401 or (method, path) == ("POST", "/login")), path
        else:
            assert status == 401, (method, path, status)
    assert seen == OPEN, "the list names what isn't there"


def test_each_role_gets_what_is_its_own_and_no_more(place: Place) -> None:
    people = {role: place.browser(role, role) for role in ROLES}
    asked = set()
    for method, path, route in calls(place):
        needs = needs_of(route)
        if needs is None or not needs.role or path.startswith(PROGRAMS) or path == "/logout":
            continue
        for role, browser in people.items():
            headers = {"x-csrf-token": browser.token}
            status = browser.client.request(method, filled(path), headers=headers).status_code
            may = ROLES.index(role) >= ROLES.index(needs.role)
            assert (status != 403) == may and status not in (401, 500), (method, path, role, status)
            asked.add(needs.role)
    assert asked == set(ROLES), "there are pages for each role"


def test_keys_get_what_their_role_and_their_scopes_allow(place: Place) -> None:
    rows = {role: place.account(role, role) for role in ROLES}
    for method, path, route in calls(place):
        needs = needs_of(route)
        if needs is None or not path.startswith(PROGRAMS):
            continue
        assert needs.role, "programs always need a key"
        for role, row in rows.items():
            for scopes in ((), tuple(SCOPES)):
                headers = place.key(row, scopes=scopes)
                status = place.stranger().client.request(method, filled(path), headers=headers).status_code
                may = ROLES.index(role) >= ROLES.index(needs.role) and needs.fits(scopes)
                assert (status != 403) == may and status not in (401, 500), (method, path, role, status)
    chief = place.key(rows["admin"], role="viewer", scopes=tuple(SCOPES))
    assert place.stranger().client.get("/metrics", headers=chief).status_code == 403, "the key is a viewer's only"


def test_no_address_with_control_characters_leads_anywhere(place: Place) -> None:
    chief = place.browser("chief", "admin")
    key = place.key(place.account("ada", "admin"), scopes=tuple(SCOPES))
    for method, path, route in calls(place):
        if "{" not in path or needs_of(route) is None:
            continue
        browser = place.stranger() if path.startswith(PROGRAMS) else chief
        headers = key if path.startswith(PROGRAMS) else {"x-csrf-token": chief.token}
        address = re.sub(r"\{[^}]*\}", "a%00b", path)
        assert browser.client.request(method, address, headers=headers).status_code == 404, (method, path)


def test_every_form_needs_its_token(place: Place) -> None:
    chief = place.browser("chief", "admin")
    for method, path, _route in calls(place):
        if method not in SAFE and not path.startswith(PROGRAMS) and path not in SIGNED:
            assert chief.client.request(method, filled(path)).status_code == 403, path


def test_cookies_open_nothing_for_programs_and_keys_no_pages(place: Place) -> None:
    browser = place.browser("ada", "admin")
    assert browser.get("/api/me").status_code == 401
    assert browser.get("/metrics").status_code == 401
    row = place.account("bob", "admin")
    assert place.stranger().client.get("/settings", headers=place.key(row)).status_code == 401
    answer = browser.client.get("/api/me", headers=place.key(row))
    assert answer.json()["name"] == "bob", "the key speaks, not the cookie"


def test_a_route_that_says_nothing_stops_the_start(place: Place) -> None:
    router = APIRouter()
    router.add_api_route("/secret", lambda: None)
    with pytest.raises(RuntimeError, match="secret"):
        check_routes([*place.app.router.routes, *router.routes])


@pytest.mark.parametrize("value", ["", "x", "0" * 43, "a" * 4000, "%00", "../../etc/passwd", "' OR 1=1 --"])
def test_forged_sessions_open_nothing(place: Place, value: str) -> None:
    client = place.stranger().client
    assert client.get("/settings", headers={"cookie": f"luokuan_session={value}"}).status_code == 401


def test_expired_and_ended_sessions_open_nothing(place: Place) -> None:
    row, at = place.account("ada"), datetime.now(UTC)
    wrong = {
        "expired": (at - timedelta(days=20), at, at - timedelta(days=1)),
        "slept": (at - timedelta(days=2), at - timedelta(days=1), at + timedelta(days=5)),
        "future": (at + timedelta(days=2), at + timedelta(days=2), at + timedelta(days=5)),
    }
    for name, (made, seen, ends) in wrong.items():
        with place.database.write() as connection:
            sessions.insert_session(connection, SessionRow(tokens.digest(name), row.id, made, seen, ends))
    fine = (at - timedelta(days=1), at - timedelta(hours=1), at + timedelta(hours=1))
    with place.database.write() as connection:
        sessions.insert_session(connection, SessionRow(tokens.digest("fine"), row.id, *fine))
    client = place.stranger().client
    for name in (*wrong, "fine"):
        status = client.get("/settings", headers={"cookie": f"luokuan_session={name}"}).status_code
        assert status == (200 if name == "fine" else 401), name
    with place.database.read() as connection:
        found = sessions.find_session(connection, tokens.digest("fine"), at, timedelta(hours=12))
        assert found is not None and at - found[0].seen_at < timedelta(minutes=1), "it was seen"


def test_forged_expired_and_revoked_keys_open_nothing(place: Place) -> None:
    row, client = place.account("ada"), place.stranger().client
    headers = place.key(row)
    assert client.get("/api/me", headers=headers).json() == {
        "name": "ada", "role": "maker", "scopes": ["works:read"],
    }  # fmt: skip
    text = headers["Authorization"]
    key_id = text.removeprefix("Bearer ").split("-")[1]
    for wrong in (
        text[:-1] + ("A" if text[-1] != "A" else "B"), text.replace(key_id, "0" * 16), "Bearer", "Bearer lk-",
        "Basic YTpi",
        f"Bearer {PASSWORD}", "Bearer " + "lk-" * 5000,
    ):  # fmt: skip
        answer = client.get("/api/me", headers={"Authorization": wrong})
        assert answer.status_code == 401 and answer.json()["error"]["code"] in ("access.key", "access.login")
        assert answer.headers["www-authenticate"] == "Bearer"
    with place.database.write() as connection:
        assert apikeys.revoke_key(connection, key_id, row.id, AT)
    assert client.get("/api/me", headers=headers).status_code == 401


def test_works_of_others_are_nowhere(place: Place) -> None:
    ada, bob, chief = (place.account(name, role) for name, role in (("ada", "maker"), ("bob", "maker"), ("c", "admin")))
    row = keep_row(place.database, ada)
    for other in (bob, chief):
        browser = place.stranger().login(other.name)
        for method, path, _route in calls(place):
            if "{work_id}" not in path:
                continue
            url = path.replace("{work_id}", row.id)
            headers = place.key(other) if path.startswith("/api") else {"x-csrf-token": browser.token}
            status = browser.client.request(method, url, headers=headers).status_code
            assert status == 404, (other.name, method, url, status)
        for page in ("/library", "/trash", "/log", f"/library?q={row.id}"):
            assert row.id not in browser.get(page).text.replace(f'value="{row.id}"', "").replace(f"q={row.id}", "")
    assert place.stranger().login("ada").get(f"/works/{row.id}").status_code == 200


def test_too_many_requests_are_put_off(place: Place) -> None:
    from dataclasses import replace

    slow = Place(replace(place.settings, requests=0.5), place.database)
    client = slow.stranger().client
    statuses = [client.get("/healthz").status_code for _ in range(8)]
    assert statuses[:5] == [200] * 5 and 429 in statuses
    answer = client.get("/check")
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) > 0
