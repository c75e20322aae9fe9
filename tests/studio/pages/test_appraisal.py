"""What counts for everybody's appraisal: the price table of the house, which administrators settle."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from market_for_tests import errands_here
from people import Place, keep_row
from projects_for_tests import stated, values

from luokuan.appraisal.prices import beginning
from luokuan.store.events import recent_events
from luokuan.store.house import price_setting
from luokuan.store.house_tables import house_setting
from luokuan.studio.api.trade_shapes import PricesTold

PATH, API = "/appraisal/prices", "/api/appraisal/prices"


def text_in(answer: Any) -> str:
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", answer.text, re.DOTALL)
    assert found is not None
    return unescape(found[1])


def dearer() -> str:
    """The table that comes with Luokuan, storage at a price that shows."""
    text = beginning().replace("price: 0.05", "price: 900000")
    assert text != beginning()
    return text


def test_the_table_of_the_house_is_settled_and_taken_back(place: Place) -> None:
    maker, chief = place.browser("ann"), place.browser("chief", "admin")
    assert maker.get(PATH).status_code == 403 == maker.post(PATH, {"text": dearer(), "version": "0"}).status_code
    assert 'href="/appraisal/prices"' not in maker.get("/appraisal").text
    first = chief.get(PATH)
    assert text_in(first) == beginning() and "comes with Luokuan, whose prices" in first.text
    for wrong, told in (
        ("", "holds no fields"), ("x: 1", "can&#39;t be used"),
        (dearer().replace("currency: CNY", "currency: XXQ", 1), "is no currency"),
        (dearer().replace("unit: kWh", "unit: J"), "must be kWh"), ("#" * 50_001, "at most 50000"),
    ):  # fmt: skip
        answer = chief.post(PATH, {"text": wrong, "version": "0"})
        assert answer.status_code == 422 and 'role="alert"' in answer.text and told in answer.text, wrong[:40]
    with place.database.read() as connection:
        assert price_setting(connection).text == "", "nothing wrong is kept"
    assert chief.post(PATH, {"text": dearer().replace("\n", "\r\n"), "version": "0"}).status_code == 303
    page = chief.get(f"{PATH}?saved=true")
    assert text_in(page) == dearer() and "by this table of the house" in page.text and "Saved." in page.text
    late = chief.post(PATH, {"text": beginning(), "version": "0"})
    assert late.status_code == 409 and text_in(late) == beginning() and "What is there now:" in late.text
    assert chief.post(f"{PATH}/back", {"version": "0"}).status_code == 409
    assert chief.post(f"{PATH}/back", {"version": "1"}).status_code == 303
    assert text_in(chief.get(PATH)) == beginning()
    with place.database.read() as connection:
        assert [one.action for one in recent_events(connection, 2)] == ["appraisal.prices"] * 2
    assert "price table settled" in chief.get("/settings/events").text


def test_costs_are_counted_by_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    errands_here(monkeypatch)
    ann = place.account("ann")
    keep_row(place.database, ann, model_name="garments", blob_size=10**9)
    admin, client = place.key(place.account("chief", "admin"), scopes=("books",)), place.stranger().client
    maker, costs = place.key(ann, scopes=("market",)), "/api/appraisal/costs"
    import yaml

    text = yaml.safe_dump(values(models=["garments"], limits={"unit_cost": stated(1, "EUR/unit")}))
    one = client.post("/api/appraisal/projects", json={"text": text}, headers=maker).headers["location"]

    def unit_cost() -> float | None:
        (limit,) = client.get(f"{one}/appraisal?paths=400", headers=maker).json()["limits"]
        found: float | None = limit["value"]
        return found

    before, cheap = client.get(costs, headers=admin).json()["total"], unit_cost()
    told = PricesTold.model_validate(client.get(API, headers=admin).json())
    assert (told.own, told.version, told.text) == (False, 0, beginning())
    assert client.get(API, headers=maker).status_code == 403
    for wrong in ({}, {"text": "x: 1", "version": 0}, {"text": "", "version": 0}, {"text": dearer(), "version": -1}):
        assert client.put(API, json=wrong, headers=admin).status_code == 422, wrong
    made = client.put(API, json={"text": dearer(), "version": 0}, headers=admin)
    assert PricesTold.model_validate(made.json()) == PricesTold(text=dearer(), own=True, version=1)
    assert client.put(API, json={"text": dearer(), "version": 0}, headers=admin).status_code == 409
    after, dear = client.get(costs, headers=admin).json()["total"], unit_cost()
    assert before < 1 < after and cheap is not None and dear is not None and cheap < 1 < dear
    other = dearer().replace("currency: EUR", "currency: GBP")
    assert client.put(API, json={"text": other, "version": 1}, headers=admin).status_code == 200
    assert unit_cost() is None, "without a rate of the project's currency nothing is counted, and the rest stands"
    assert client.delete(f"{API}?version=1", headers=admin).status_code == 409
    assert client.delete(f"{API}?version=2", headers=admin).json()["own"] is False
    assert client.get(costs, headers=admin).json()["total"] == pytest.approx(before, rel=1e-3)


def test_what_a_later_version_settled_is_told_and_the_page_stands(place: Place) -> None:
    chief = place.browser("chief", "admin")
    chief.post(PATH, {"text": dearer(), "version": "0"})
    with place.database.write() as connection:
        later = {"text": "luokuan_prices: 2\n"}
        connection.execute(house_setting.update().where(house_setting.c.name == "prices").values(value=later))
    page = chief.get("/appraisal")
    assert page.status_code == 200 and "The price table can&#39;t be used" in page.text
    assert "luokuan_prices: 2" in text_in(chief.get(PATH))
