"""Forged requests."""

from __future__ import annotations

import pytest
from people import PASSWORD, Place

LOGIN = {"name": "ada", "password": PASSWORD}


def test_a_form_needs_the_token_of_its_own_browser(place: Place) -> None:
    place.account("ada")
    browser, other = place.stranger(), place.stranger()
    assert browser.client.post("/login", data=LOGIN).status_code == 403, "there is no cookie at all"
    browser.get("/login")
    other.get("/login")
    for token in ("", "0" * 64, other.token, "€"):
        answer = browser.client.post("/login", data={**LOGIN, "csrf": token})
        assert answer.status_code == 403 and "another site" in answer.text
    assert browser.client.post("/login", data=LOGIN, headers={"x-csrf-token": browser.token}).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:9"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_what_browsers_say_of_other_sites_is_believed(place: Place, headers: dict[str, str]) -> None:
    place.account("ada")
    browser = place.stranger()
    browser.get("/login")
    assert browser.post("/login", LOGIN, headers=headers).status_code == 403
    fine = {"origin": "http://localhost", "sec-fetch-site": "same-origin"}
    assert browser.post("/login", LOGIN, headers=fine).status_code == 303


def test_the_token_changes_with_the_login(place: Place) -> None:
    place.account("ada")
    browser = place.stranger()
    browser.get("/login")
    before = browser.token
    browser.login("ada")
    assert browser.token != before
    browser.token = before
    assert browser.post("/logout").status_code == 403
