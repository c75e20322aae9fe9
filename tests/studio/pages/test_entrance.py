"""Coming in and going out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from people import PASSWORD, Place, kept_in

from luokuan.store import accounts, events
from luokuan.studio import people
from luokuan.studio.guard import tokens

NEW = "a new password of mine"
DAY = timedelta(days=1)


def test_the_first_link_makes_the_administrator_once(place: Place) -> None:
    token = people.first_link(place.database, datetime.now(UTC), DAY)
    assert token is not None and token not in kept_in(place.database), "only its digest"
    browser = place.stranger()
    page = browser.get(f"/welcome/{token}")
    assert page.status_code == 200 and "admin" in page.text
    assert browser.get(f"/welcome/{token}").status_code == 200, "to look doesn't use it up"
    refused = browser.post(f"/welcome/{token}", {"password": NEW, "again": "another"})
    assert refused.status_code == 422 and "differ" in refused.text
    answer = browser.post(f"/welcome/{token}", {"password": NEW, "again": NEW})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.get("/settings/users").status_code == 200, "it is an administrator, and logged in"
    other = place.stranger()
    assert other.get(f"/welcome/{token}").status_code == 410
    assert other.post(f"/welcome/{token}", {"password": NEW, "again": NEW}).status_code == 410
    assert people.first_link(place.database, datetime.now(UTC), DAY) is None, "there is one with a password"
    other.login("admin", NEW)


def test_links_expire_and_forged_ones_lead_nowhere(place: Place) -> None:
    past = datetime.now(UTC) - timedelta(days=2)
    token = people.first_link(place.database, past, DAY)
    assert token is not None
    for wrong in (token, "x", "0" * 43, tokens.digest(token)):
        assert place.stranger().get(f"/welcome/{wrong}").status_code == 410
    again = people.first_link(place.database, datetime.now(UTC), DAY)
    assert again != token and place.stranger().get(f"/welcome/{again}").status_code == 200
    with place.database.read() as connection:
        assert len(accounts.all_accounts(connection)) == 1, "no second administrator"


def test_login_gives_a_new_session_and_wrong_ones_say_the_same(place: Place) -> None:
    place.account("ada")
    place.account("closed", active=False)
    browser = place.stranger()
    wrong = [browser.post("/login", {"name": name, "password": password}) for name, password in
             (("ada", "wrong"), ("nobody", PASSWORD), ("closed", PASSWORD), ("../x", "y"), ("ada", ""))]  # fmt: skip
    sentences = {re.search(r"Name or password is wrong", answer.text) is not None for answer in wrong}
    assert {answer.status_code for answer in wrong} == {401} and sentences == {True}
    answer = browser.post("/login", {"name": " ADA ", "password": PASSWORD, "next": "/log"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/log")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Max-Age=1209600" in cookie
    token = browser.client.cookies["luokuan_session"]
    assert token not in kept_in(place.database)
    with place.database.read() as connection:
        actions = [one.action for one in events.recent_events(connection, 10)]
    assert actions == ["login", *["login.refused"] * 5]


def test_guessing_is_slowed_down_by_account_and_by_address(place: Place) -> None:
    place.account("ada")
    browser = place.stranger()
    browser.get("/login")
    # Without hashing: the buckets are asked first, and this is about them.
    studio = place.app.state.studio
    for _ in range(10):
        assert studio.logins.take("ada") == 0.0
    answer = browser.post("/login", {"name": "Ada", "password": PASSWORD})
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) > 0
    for _ in range(40):
        studio.knocks.take("testclient")
    assert browser.post("/login", {"name": "bob", "password": "x"}).status_code == 429


def test_logging_out_here_and_everywhere(place: Place) -> None:
    place.account("ada")
    one, two, three = (place.stranger().login("ada") for _ in range(3))
    held = one.client.cookies["luokuan_session"]
    assert one.post("/logout").status_code == 303
    one.client.cookies.set("luokuan_session", held, domain="localhost.local", path="/")
    assert one.get("/settings").status_code == 401, "who kept the cookie has nothing"
    assert two.get("/settings").status_code == 200
    assert two.post("/logout", {"everywhere": "yes"}).status_code == 303
    assert three.get("/settings").status_code == 401


def test_a_changed_password_ends_all_sessions_and_the_old_one(place: Place) -> None:
    one, two = place.browser("ada"), place.stranger().login("ada")
    assert one.post("/settings/password", {"old": "wrong", "password": NEW, "again": NEW}).status_code == 422
    assert one.post("/settings/password", {"old": PASSWORD, "password": NEW, "again": NEW}).status_code == 303
    assert one.get("/settings").status_code == two.get("/settings").status_code == 401
    assert one.post("/login", {"name": "ada", "password": PASSWORD}).status_code in (401, 403)
    place.stranger().login("ada", NEW)


@pytest.mark.parametrize("name", ["/library", "/check", "/settings"])
def test_a_page_that_needs_a_login_shows_it_and_leads_back(place: Place, name: str) -> None:
    page = place.stranger().get(name)
    if name == "/check":
        assert page.status_code == 200
    else:
        assert page.status_code == 401 and f'name="next" value="{name}"' in page.text
        assert page.headers["www-authenticate"] == "Cookie"
