"""Sales and refunds for programs: one's own, once, and nothing of others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from market_for_tests import offered, unchecked
from people import AT, Place, keep_order, keep_row

from luokuan.rights.market import orders
from luokuan.store.books import transfers_of

SALES = "/api/market/sales"


def test_a_sale_is_taken_back_once_and_by_its_seller(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    unchecked(monkeypatch)
    ann, bo, cy = (place.account(name, role) for name, role in (("ann", "maker"), ("bo", "viewer"), ("cy", "maker")))
    chief, client = place.account("chief", "admin"), place.stranger().client
    seller, buyer, other, admin = (place.key(one, scopes=("market",)) for one in (ann, bo, cy, chief))
    listing = offered(place.home, keep_row(place.database, ann).id, title="夜", person=ann, shared=place.database)
    waiting, paid = (orders.place(listing.id, bo, place.home, shared=place.database) for _turn in range(2))
    orders.pay(paid.id, place.home, shared=place.database)
    path = f"{SALES}/{paid.id}"
    told = client.get(path, headers=seller).json()
    assert (told["title"], told["amount"], told["state"], len(told["grants"])) == ("夜", 1250, "granted", 1)
    assert bo.id not in str(told) and "licensee" not in told, "who bought isn't told"
    assert {one["id"] for one in client.get(SALES, headers=seller).json()["sales"]} == {waiting.id, paid.id}
    for headers in (other, admin):
        assert client.get(SALES, headers=headers).json() == {"sales": [], "next": None}
        assert client.get(path, headers=headers).status_code == 404
        assert client.post(f"{path}/refund", json={"reason": "r"}, headers=headers).status_code == 404
    for headers in (buyer, place.key(ann, role="viewer", scopes=("market",)), place.key(ann)):
        assert client.post(f"{path}/refund", json={"reason": "r"}, headers=headers).status_code == 403
        assert client.get(SALES, headers=headers).status_code == 403
    refused: tuple[object, ...] = ({}, {"reason": ""}, {"reason": " "}, {"reason": "x" * 501}, {"reason": 1}, [])
    for wrong in refused:
        assert client.post(f"{path}/refund", json=wrong, headers=seller).status_code == 422, wrong
    for wrong_id in ("f" * 16, "x", "..%2f"):
        assert client.post(f"{SALES}/{wrong_id}/refund", json={"reason": "r"}, headers=seller).status_code == 404
    assert client.post(f"{SALES}/{waiting.id}/refund", json={"reason": "r"}, headers=seller).status_code == 409
    assert orders.order_of(waiting.id, place.home, place.database).state == "placed", "the buyer's to pay or cancel"
    first = client.post(f"{path}/refund", json={"reason": "a fault"}, headers=seller)
    assert first.status_code == 200 and (first.json()["state"], first.json()["reason"]) == ("refunded", "a fault")
    with place.database.read() as connection:
        entries = len(transfers_of(connection))
    again = client.post(f"{path}/refund", json={"reason": "another"}, headers=seller)
    assert (again.status_code, again.json()) == (200, first.json()), "the first reason stays"
    with place.database.read() as connection:
        assert len(transfers_of(connection)) == entries, "and nothing moves twice"
    assert not client.get(path, headers=seller).json()["grants"][0]["holds"]


def test_pages_of_sales(place: Place) -> None:
    ann, bo = place.account("ann"), place.account("bo", "viewer")
    headers, client = place.key(ann, scopes=("market",)), place.stranger().client
    made = sorted((keep_order(place.database, ann, bo)["order_id"] for _turn in range(3)), reverse=True)
    found, after = [], ""
    for _page in range(3):
        told = client.get(f"{SALES}?limit=1&after={after}", headers=headers).json()
        found += [one["id"] for one in told["sales"]]
        after = told["next"]
    assert found == made and after is None
    assert client.get(f"{SALES}?limit=0", headers=headers).status_code == 422
    with place.database.read() as connection:
        from luokuan.store.orders import orders as rows

        assert rows(connection, sellers=[None]) == [], "the home sells nothing"
        assert len(rows(connection, sellers=[ann.id, None], after=(AT + timedelta(days=1), "0" * 16))) == 3
