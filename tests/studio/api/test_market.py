"""The market, the books, the chain and appraisal, for programs: one's own, and nothing of others."""

from __future__ import annotations

from typing import Any

import pytest
from market_for_tests import errands_here, offered, quick_copies, unchecked
from people import Place, keep_row

from luokuan.rights.chain.records import AnchorRecord, Records, WorkRecord, keep
from luokuan.store.grants import grants
from luokuan.store.offer_checks import begin_check
from luokuan.studio.api.trade_shapes import OfferCheck
from luokuan.studio.jobs.worker import Settings, Worker
from luokuan.studio.state import now

SCOPES = ("market", "works:read")


@pytest.fixture
def shop(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Works and copies are rows without bytes."""
    unchecked(monkeypatch)
    quick_copies(monkeypatch)
    errands_here(monkeypatch)
    return place


def test_from_an_offer_to_a_grant(shop: Place) -> None:
    ann, bo, cy = (shop.account(name, role) for name, role in (("ann", "maker"), ("bo", "viewer"), ("cy", "maker")))
    work, client = keep_row(shop.database, ann), shop.stranger().client
    seller, buyer, other = (shop.key(one, scopes=SCOPES) for one in (ann, bo, cy))
    wanted = {"works": [work.id], "title": "夜 Night", "amount": 1250, "currency": "EUR", "met": ["consent"]}
    refused: tuple[dict[str, Any], ...] = (
        {"works": ["../x"]}, {"works": []}, {"amount": 0}, {"amount": -1}, {"amount": 1e30}, {"currency": "XXX"},
        {"title": ""}, {"terms": "free"}, {"met": ["money"]}, {"days": 0}, {"more": 1},
    )  # fmt: skip
    for wrong in refused:
        answer = client.post("/api/market/offers", json={**wanted, **wrong}, headers=seller)
        assert 400 <= answer.status_code < 500, (wrong, answer.text)
    assert client.post("/api/market/offers", json=wanted, headers=other).status_code == 404, "another's work"
    assert client.post("/api/market/offers", json=wanted, headers=buyer).status_code == 403
    made = client.post("/api/market/offers", json=wanted, headers=seller)
    assert made.status_code == 202 and made.json()["error"] is None, made.text
    found, check = shop.app.state.studio.errands, made.json()["id"]
    assert made.headers["location"] == f"/api/market/offers/checks/{check}"
    assert found.find(f"publish:{ann.id}:{check}").ended.wait(30)
    told = client.get(made.headers["location"], headers=seller).json()
    assert (told["id"], told["state"], told["error"]) == (check, "published", None), told
    assert client.get(made.headers["location"], headers=other).status_code == 404, "another's check"
    listing = told["listing"]
    again = client.post("/api/market/offers", json=wanted, headers=seller).json()
    assert (again["id"], again["listing"]) == (check, listing), "a program that asks again is told the same"
    later = Place(shop.settings, shop.database).stranger().client
    assert later.get(made.headers["location"], headers=seller).json() == told, "a server that was started anew knows it"
    again = later.post("/api/market/offers", json=wanted, headers=seller).json()
    assert (again["id"], again["state"], again["listing"]) == (check, "published", listing)
    twin = {**wanted, "terms": "exclusive"}
    refused_at = client.post("/api/market/offers", json=twin, headers=seller).headers["location"]
    assert found.find(f"publish:{ann.id}:{refused_at.rpartition('/')[2]}").ended.wait(30)
    with shop.database.write() as connection:
        begin_check(connection, ann.id, "e" * 16, "f" * 16, "", now())
    told = OfferCheck.model_validate(later.get("/api/market/offers/checks/" + "e" * 16, headers=seller).json())
    assert told.state == "stopped" and told.listing is None and told.error is not None
    assert told.error.code == "check.stopped" and "Nothing was published" in told.error.what
    told = client.get(refused_at, headers=seller).json()
    assert later.get(refused_at, headers=seller).json() == told
    assert (told["state"], told["listing"], told["error"]["code"]) == ("refused", None, "market.offered")
    (told,) = client.get("/api/market/offers?q=night&limit=1", headers=buyer).json()["offers"]
    assert (told["id"], told["amount"], told["seller"], told["own"], told["closed"]) == (
        listing,
        1250,
        "ann",
        False,
        None,
    )
    assert client.get("/api/market/offers?q=dress", headers=buyer).json() == {"offers": [], "next": None}
    assert client.post(f"/api/market/offers/{listing}/withdraw", headers=other).status_code == 404
    order = {"listing": listing, "licensee": "Bo Ltd", "key": "monday"}
    assert client.post("/api/market/orders", json=order, headers=seller).status_code == 409, "self-purchase"
    first, again = (client.post("/api/market/orders", json=order, headers=buyer).json() for _turn in range(2))
    assert first == again and (first["state"], first["grants"], first["making"]) == ("placed", [], False)
    path = f"/api/market/orders/{first['id']}"
    for where in (path, "/api/market/orders/" + "f" * 16, "/api/market/orders/x"):
        assert client.get(where, headers=other).status_code == 404
    for action in ("pay", "deliver", "cancel"):
        assert client.post(f"{path}/{action}", headers=other).status_code == 404
    paid = client.post(f"{path}/pay", headers=buyer).json()
    assert (paid["state"], paid["making"], len(paid["grants"])) == ("granted", True, 1)
    assert client.post(f"{path}/pay", headers=buyer).status_code == 409
    grant = paid["grants"][0]["id"]
    assert client.get(f"/api/market/grants/{grant}/file", headers=buyer).status_code == 409, "not made yet"
    Worker(shop.home, shop.database, Settings(idle=0.01)).serve()
    done = client.get(path, headers=buyer).json()
    assert (done["state"], done["making"], done["error"]) == ("delivered", False, None)
    assert [one["id"] for one in client.get("/api/market/grants", headers=buyer).json()["grants"]] == [grant]
    assert client.get("/api/market/grants", headers=other).json() == {"grants": []}
    assert client.get(f"/api/market/grants/{grant}/file", headers=other).status_code == 404
    lines = client.get("/api/market/statement", headers=seller).json()
    assert lines["after"] == {"EUR": 1250} and [line["purpose"] for line in lines["lines"]] == ["sale"]
    assert client.get("/api/market/statement", headers=buyer).json()["lines"] == []
    assert client.get("/api/market/statement?party=house", headers=seller).status_code == 403
    assert client.post(f"{path}/cancel", headers=buyer).json()["state"] == "delivered", "what is paid stays"
    with shop.database.read() as connection:
        assert len(grants(connection)) == 1


def test_books_chain_and_appraisal(shop: Place) -> None:
    ann, chief = shop.account("ann"), shop.account("chief", "admin")
    work, client = keep_row(shop.database, ann, model_name="garments"), shop.stranger().client
    listing = offered(shop.home, work.id, person=ann, shared=shop.database)
    maker, admin = shop.key(ann, scopes=SCOPES), shop.key(chief, scopes=(*SCOPES, "books"))
    empty: dict[str, Any] = {"chain": None, "contract": None, "anchors": [], "works": [], "log_size": 0}
    assert client.get("/api/chain", headers=maker).json() | {"log_size": 0} == empty
    for method, path in (
        ("get", "/api/books/fee"), ("put", "/api/books/fee"), ("get", "/api/books/payouts"),
        ("post", "/api/books/payouts"), ("get", "/api/appraisal/revenue"), ("get", "/api/appraisal/costs"),
        ("get", "/api/appraisal/prices"), ("put", "/api/appraisal/prices"),
        ("delete", "/api/appraisal/prices?version=0"),
        ("post", f"/api/books/payouts/{'f' * 16}/take-back"),
    ):  # fmt: skip
        assert client.request(method, path, headers=maker).status_code == 403, path
    for share in (-1, 9001, 1.5, "x", None):
        assert client.put("/api/books/fee", json={"fee": share}, headers=admin).status_code == 422
    assert client.put("/api/books/fee", json={"fee": 1000}, headers=admin).json() == {"fee": 1000}
    assert client.get("/api/books/fee", headers=admin).json() == {"fee": 1000}
    order = client.post("/api/market/orders", json={"listing": listing.id}, headers=admin).json()
    client.post(f"/api/market/orders/{order['id']}/pay", headers=admin)
    found = client.get("/api/appraisal/revenue", headers=admin).json()
    assert [(row["name"], row["amount"]) for row in found["models"]] == [("garments", 1125)]
    assert [(one["purpose"], one["amount"], one["work"]) for one in found["entries"]] == [
        ("fee", 125, None), ("sale", 1125, work.id),
    ]  # fmt: skip
    assert client.get("/api/appraisal/costs", headers=admin).json()["models"][0]["model"] == "garments"
    given = {"party": "ann", "amount": 1000, "currency": "EUR", "reason": "November", "key": "a" * 16}
    for wrong in (
        {"amount": 2000},
        {"amount": 0},
        {"party": "nobody"},
        {"reason": ""},
        {"key": "x"},
        {"currency": "X"},
    ):
        answer = client.post("/api/books/payouts", json={**given, **wrong}, headers=admin)
        assert 400 <= answer.status_code < 500, wrong
    first, again = (client.post("/api/books/payouts", json=given, headers=admin) for _turn in range(2))
    assert first.status_code == 201 and first.json() == again.json() and first.json()["decided_by"] == chief.id
    assert client.post(f"/api/books/payouts/{'a' * 16}/take-back", headers=admin).json()["taken_back"]
    assert client.post(f"/api/books/payouts/{'b' * 16}/take-back", headers=admin).status_code == 404
    (row,) = client.get("/api/books/payouts", headers=admin).json()["payouts"]
    assert row["taken_back"] and row["reason"] == "November"
    note = client.get("/api/log", headers=admin).json()["checkpoint"]
    anchor = AnchorRecord(note, "k", "0x1", 7, "0x2")
    keep(shop.home, Records(1, "0xabc", (anchor,), (WorkRecord(work.id, work.blob_sha256, "0x3", 8),)))
    told = client.get("/api/chain", headers=maker).json()
    assert (told["contract"], told["anchors"][0]["block"], told["works"][0]["work"]) == ("0xabc", 7, work.id)
    assert client.get("/api/chain", headers=shop.key(shop.account("cy"), scopes=SCOPES)).json()["works"] == []
    page = shop.stranger().login("ann").get("/log").text
    assert "0xabc" in page and f"/works/{work.id}" in page
