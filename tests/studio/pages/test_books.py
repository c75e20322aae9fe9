"""What administrators see of the books, and what they enter; nobody else does."""

from __future__ import annotations

import re

import pytest
from market_for_tests import offered, unchecked
from people import Place, keep_row

from luokuan.rights.market import orders
from luokuan.store.books import payouts
from luokuan.store.events import recent_events
from luokuan.store.house import market_setting


def test_fee_payout_and_appraisal(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    unchecked(monkeypatch)
    ann, bo, _chief = place.account("ann"), place.account("bo", "viewer"), place.account("chief", "admin")
    maker, chief = place.stranger().login("ann"), place.stranger().login("chief")
    assert maker.get("/books").status_code == 403
    for path in ("/books", "/appraisal"):
        assert place.stranger().get(path).status_code in (303, 401)
    assert maker.post("/books/fee", {"fee": "5"}).status_code == 403
    assert "Nothing stands in the books yet" in chief.get("/appraisal").text
    assert 'href="/books"' in chief.get("/statements").text and 'href="/books"' not in maker.get("/statements").text
    for share in ("", "-1", "NaN", "91", "1,5"):
        assert 400 <= chief.post("/books/fee", {"fee": share}).status_code < 500, share
    assert chief.post("/books/fee", {"fee": "12.5"}).status_code == 303
    listing = offered(place.home, keep_row(place.database, ann, model_name="garments").id, person=ann)
    orders.pay(orders.place(listing.id, bo, place.home).id, place.home)
    page = chief.get("/books").text
    assert 'value="12.5"' in page and "10.94 EUR" in page and "1.56 EUR" in page
    key = re.search(r'name="key" value="([0-9a-f]{16})"', page)
    assert key is not None
    form = {"party": "ann", "amount": "10", "currency": "EUR", "reason": "<b>November</b>", "key": key[1]}
    for wrong in ({"amount": "11"}, {"amount": "-1"}, {"party": "nobody"}, {"reason": ""}, {"currency": "XXX"}):
        answer = chief.post("/books/payouts", {**form, **wrong})
        assert 400 <= answer.status_code < 500 and 'role="alert"' in answer.text, wrong
    for _again in range(2):
        assert chief.post("/books/payouts", form).status_code == 303
    page = chief.get("/books").text
    assert "0.94 EUR" in page and "&lt;b&gt;November" in page and "<b>November" not in page
    assert "paid out" in maker.get("/statements").text and "fee of the house" in chief.get("/statements").text
    with place.database.read() as connection:
        (row,) = payouts(connection)
        assert market_setting(connection).fee == 1250
    assert maker.post(f"/books/payouts/{row.id}/take-back").status_code == 403
    assert chief.post(f"/books/payouts/{row.id}/take-back").status_code == 303
    assert chief.post(f"/books/payouts/{'f' * 16}/take-back").status_code == 404
    with place.database.read() as connection:
        assert [one.action for one in recent_events(connection, 9)][:3] == [
            "market.unpaid",
            "market.paid",
            "market.paid",
        ]
    found = chief.get("/appraisal").text
    assert "garments" in found and "fee of the house" in found and "Decision support" in found
    own, strange = maker.get("/appraisal").text, place.browser("cy").get("/appraisal").text
    assert "garments" in own and "10.94" in own and "fee of the house" not in own, "of a maker only what is theirs"
    assert "garments" not in strange and "Your works have brought nothing yet" in strange
    assert place.browser("dee", "viewer").get("/appraisal").status_code == 403
