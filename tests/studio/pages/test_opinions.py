"""What somebody thinks of their works."""

from __future__ import annotations

import pytest
from people import Place, keep_row

from luokuan.store.feedback import opinions

pytestmark = pytest.mark.usefixtures("each_database")


def test_an_opinion_is_noted_changed_and_taken_back(place: Place) -> None:
    ada = place.account("ada")
    row = keep_row(place.database, ada)
    browser = place.stranger().login("ada")
    for said, kept in (("up", {row.id: True}), ("down", {row.id: False}), ("none", {})):
        part = browser.post(f"/works/{row.id}/opinion", {"opinion": said}, headers={"hx-request": "true"})
        assert part.status_code == 200 and "<html" not in part.text
        assert part.text.count('aria-pressed="true"') == len(kept)
        with place.database.read() as connection:
            assert opinions(connection, [row.id]) == kept
    assert browser.post(f"/works/{row.id}/opinion", {"opinion": "up"}).headers["location"] == f"/works/{row.id}"
    assert 'aria-pressed="true"' in browser.get(f"/works/{row.id}").text
    assert browser.post(f"/works/{row.id}/opinion", {"opinion": "great"}).status_code == 422


def test_nobody_rates_works_of_others(place: Place) -> None:
    row = keep_row(place.database, place.account("ada"))
    assert place.browser("bob").post(f"/works/{row.id}/opinion", {"opinion": "up"}).status_code == 404
    with place.database.read() as connection:
        assert opinions(connection, [row.id]) == {}
