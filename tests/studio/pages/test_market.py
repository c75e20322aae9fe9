"""The market's pages: the storefront for everybody, orders of a buyer, selling, statements; and nothing of others."""

from __future__ import annotations

import io
import json
import re
import threading
import time
import xml.etree.ElementTree as ET
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from drafts import text_draft
from market_for_tests import MET, TALE, offered, priced, quick_copies, unchecked, written
from people import Browser, Place, keep_row

from luokuan.colophon.finish import finish
from luokuan.errors import UserError
from luokuan.rights import notices
from luokuan.rights.market import listings, orders
from luokuan.rights.market.testmoney import TestMoney
from luokuan.store import collections, offer_checks
from luokuan.store import listings as store_listings
from luokuan.store.listings import set_preview
from luokuan.store.market_tables import offer_check
from luokuan.studio.jobs.queue import JobQueue
from luokuan.studio.jobs.worker import Settings, Worker
from luokuan.studio.material import errand_child
from luokuan.studio.material.errands import Errands
from luokuan.studio.pages import selling
from luokuan.studio.state import now

ATTACK = "</script><script>alert(1)</script>\"><img src=x onerror=alert(1)> & 'x"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def rows_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Works and copies are rows without bytes."""
    unchecked(monkeypatch)
    quick_copies(monkeypatch)


def test_publish_buy_deliver_refund(place: Place) -> None:
    ann, _bo = place.account("ann"), place.account("bo", "viewer")
    work = written(place.home, TALE, owner=ann.id, brief="secret words")
    seller, buyer = place.stranger().login("ann"), place.stranger().login("bo")
    assert "Nothing is offered yet" in place.stranger().get("/market").text
    assert f'value="{work.id}" selected' in seller.get(f"/selling/new?work={work.id}").text
    form = {"work": work.id, "title": "A tale", "terms": "commercial", "price": "12.50", "currency": "EUR"}
    answer = outcome(seller, seller.post("/selling/publish", form))
    assert answer.status_code == 409 and "may not be sold" in answer.text and 'value="A tale"' in answer.text
    assert "under &#39;Conditions that I meet&#39;" in answer.text and "--met" not in answer.text, "a field, no option"
    answer = outcome(seller, seller.post("/selling/publish", {**form, "met": list(MET)}))
    assert answer.status_code == 303, answer.text
    path, stranger = answer.headers["location"], place.stranger()
    page = stranger.get(path).text
    assert "12.50 EUR" in page and "Log in to buy" in page and "secret words" not in page and TALE not in page
    assert TALE[:20] in page, "the preview shows the beginning"
    preview = stranger.get(f"{path}/preview/0")
    assert preview.status_code == 200 and TALE[:20] in preview.text and TALE not in preview.text
    assert stranger.get(f"{path}/preview/1").status_code == 404
    assert "A tale" in stranger.get("/market?q=TALE").text and "Nothing fits" in stranger.get("/market?q=dress").text
    assert "your own offer" in seller.get(path).text
    assert seller.post(f"{path}/order", {"licensee": "Ann"}).status_code == 409, "self-purchase"
    page = buyer.get(path).text
    key = re.search(r'name="key" value="([0-9a-f]+)"', page)
    assert key is not None
    order = buyer.post(f"{path}/order", {"licensee": "Bo Ltd", "key": key[1]}).headers["location"]
    assert buyer.post(f"{path}/order", {"licensee": "Bo Ltd", "key": key[1]}).headers["location"] == order
    assert "Pay 12.50 EUR" in buyer.get(order).text
    assert buyer.get(f"{order}/download").status_code == 409
    assert buyer.post(f"{order}/pay").status_code == 303
    page = buyer.get(order).text
    assert "are being made" in page and f'hx-get="{order}"' in page and "Download with" not in page
    Worker(place.home, place.database, Settings(idle=0.01)).serve()
    part = buyer.get(order, headers={"hx-request": "true"}).text
    assert "Download with certificate" in part and "hx-get" not in part and "<html" not in part
    page = buyer.get(order).text
    assert "Download with certificate" in page and "secret words" not in page
    archive = zipfile.ZipFile(io.BytesIO(buyer.get(f"{order}/download").content))
    grant = re.search(r"/copies/([0-9a-f]{16})", page)
    assert grant is not None and any(grant[1] in name for name in archive.namelist())
    assert TALE in buyer.get(f"{order}/copies/{grant[1]}").text
    assert buyer.get(f"{order}/copies/{'f' * 16}").status_code == 404
    assert "attachment" in buyer.get(f"{order}/certificates/{grant[1]}").headers["content-disposition"]
    assert buyer.get(f"/works/{grant[1]}").status_code == 404, "the recipe stays its maker's"
    assert "A tale" in buyer.get("/orders").text and buyer.post(f"{order}/pay").status_code == 409
    assert "12.50 EUR" in seller.get("/statements").text
    assert "sale" in seller.get("/statements/mine.csv").text
    assert seller.get("/statements/home.csv").status_code == 404 == seller.get("/statements/mine.exe").status_code
    number = order.rpartition("/")[2]
    assert seller.post(f"/selling/orders/{number}/refund", {"reason": " "}).status_code == 422
    assert seller.post(f"/selling/orders/{number}/refund", {"reason": "a fault"}).status_code == 303
    assert "refunded" in buyer.get(order).text and buyer.get(f"{order}/copies/{grant[1]}").status_code == 410
    assert seller.post(f"/selling/{path.rpartition('/')[2]}/withdraw").status_code == 303
    assert stranger.get(path).status_code == 410 and "A tale" not in stranger.get("/market").text
    assert "withdrawn" in seller.get("/selling").text


def outcome(seller: Browser, answer: Any) -> Any:
    """What becomes of something that is checked before it is published: what leads to it, or says why not."""
    where, until = answer.headers.get("location", ""), time.monotonic() + 60
    while answer.status_code == 200 or answer.headers.get("location", "").startswith("/selling/checks/"):
        assert time.monotonic() < until
        answer = seller.get(where)
    return answer


def test_what_is_published_is_checked_outside_of_the_server(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = place.account("ann")
    place.account("cy")
    work = keep_row(place.database, ann)
    asked, go_on, said = [], threading.Event(), UserError("It is like another.", "Change it.", code="x", status=409)

    def ask(_self: Any, _errand: Any, wanted: dict[str, Any]) -> Any:
        asked.append(wanted)
        assert go_on.wait(30)
        raise said

    monkeypatch.setattr(Errands, "_ask", ask)
    monkeypatch.setattr(selling, "SOON", 0.0)
    form = {
        "work": work.id, "title": "A <b>tale", "terms": "commercial", "price": "5", "currency": "EUR", "days": "30",
        "met": "consent",
    }  # fmt: skip
    seller, other = place.stranger().login("ann"), place.stranger().login("cy")
    first, again = (seller.post("/selling/publish", form).headers["location"] for _turn in range(2))
    until = time.monotonic() + 30
    while not asked and time.monotonic() < until:  # in a thread of its own
        time.sleep(0.01)
    assert first == again and len(asked) == 1 and asked[0]["person"] == ann.id, "twice is once while it is under way"
    for title in ("B", "C"):
        assert seller.post("/selling/publish", {**form, "title": title}).status_code == 303
    full = seller.post("/selling/publish", {**form, "title": "D"})
    assert full.status_code == 429 and "are being checked" in full.text, "others' uploads wait behind them"
    page, part = seller.get(first).text, seller.get(f"{first}/state").text
    assert "being checked" in page and "A &lt;b&gt;tale" in page and "<html" not in part
    assert f'hx-get="{first}/state"' in part and 'hx-trigger="every 1s"' in part
    for end in ("", "/state", "/end"):
        assert other.get(first + end).status_code == 404
    assert seller.get("/selling/checks/" + "f" * 16).status_code == 404
    assert place.stranger().get(first).status_code == 401
    go_on.set()
    assert place.app.state.studio.errands.find(f"publish:{ann.id}:{first.rpartition('/')[2]}").ended.wait(30)
    part = seller.get(f"{first}/state").text
    assert f'hx-get="{first}/end"' in part and 'hx-trigger="load"' in part, "it asks no more than once"
    assert seller.get(f"{first}/end", headers={"hx-request": "true"}).headers["hx-redirect"] == first
    assert seller.get(f"{first}/end").headers["location"] == first
    answer = seller.get(first)
    assert answer.status_code == 409 and "like another" in answer.text and 'value="A &lt;b&gt;tale"' in answer.text
    assert 'value="30"' in answer.text and 'value="consent" checked' in answer.text, "what was typed is still there"


def test_a_check_that_a_restart_broke_off_is_told_and_sent_again(
    place: Place, rows_alone: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = place.account("ann")
    place.account("cy")
    work, asked, go_on = keep_row(place.database, ann), [], threading.Event()

    def ask(errands: Any, _errand: Any, wanted: dict[str, Any]) -> Any:
        asked.append(wanted)
        assert go_on.wait(30)
        return errand_child._DO[wanted["what"]](wanted, errands._home, Any)

    monkeypatch.setattr(Errands, "_ask", ask)
    monkeypatch.setattr(selling, "SOON", 0.0)
    form = {"work": work.id, "title": "A <b>tale", "terms": "commercial", "price": "5", "currency": "EUR"}
    path = place.stranger().login("ann").post("/selling/publish", form).headers["location"]
    until = time.monotonic() + 30
    while not asked and time.monotonic() < until:
        time.sleep(0.01)
    anew = Place(place.settings, place.database)  # the first server is gone, and what it has begun may still go on
    seller = anew.stranger().login("ann")
    page = seller.get(path)
    assert page.status_code == 409 and "started anew" in page.text and 'value="A &lt;b&gt;tale"' in page.text
    listed = seller.get("/selling").text
    assert f'<a href="{path}">A &lt;b&gt;tale</a>' in listed and "stopped ·" in listed, "found without its address"
    assert path not in anew.stranger().login("cy").get("/selling").text
    part = seller.get(f"{path}/state").text
    assert f'hx-get="{path}/end"' in part, "a page that was open sees the end, too"
    assert anew.stranger().login("cy").get(path).status_code == 404
    assert seller.post("/selling/publish", form).headers["location"] == path, "the same check, sent again"
    until = time.monotonic() + 30
    while len(asked) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    go_on.set()
    key = f"publish:{ann.id}:{path.rpartition('/')[2]}"
    first, second = (one.app.state.studio.errands.find(key) for one in (place, anew))
    assert first.ended.wait(30) and second.ended.wait(30)
    assert first.error is not None and first.error.code == "check.anew", "what was left behind publishes nothing"
    with place.database.read() as connection:
        (row,) = store_listings.listings(connection)
    assert second.answer == {"listing": row.id} and seller.get(path).headers["location"] == f"/market/{row.id}"
    third = Place(place.settings, place.database).stranger().login("ann")
    assert path not in third.get("/selling").text and f"/market/{row.id}" in third.get("/selling").text
    assert third.get(path).headers["location"] == f"/market/{row.id}", "what was published is still known"
    assert third.post("/selling/publish", form).headers["location"] == f"/market/{row.id}", "and never published twice"
    assert len(asked) == 2


def test_why_something_was_refused_is_known_after_a_restart(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = place.account("ann")
    work, said = keep_row(place.database, ann), UserError("It is like another.", "Change it.", code="x", status=409)

    def ask(errands: Any, _errand: Any, wanted: dict[str, Any]) -> Any:
        return errand_child._DO[wanted["what"]](wanted, errands._home, Any)

    def publish(*_arguments: Any, **_options: Any) -> Any:
        raise said

    monkeypatch.setattr(Errands, "_ask", ask)
    monkeypatch.setattr(listings, "publish", publish)
    form = {"work": work.id, "title": "A tale", "terms": "commercial", "price": "5", "currency": "EUR"}
    path = place.stranger().login("ann").post("/selling/publish", form).headers["location"]
    seller = Place(place.settings, place.database).stranger().login("ann")
    page = seller.get(path)
    assert page.status_code == 409 and "like another" in page.text and 'value="A tale"' in page.text
    with place.database.write() as connection:
        connection.execute(offer_check.update().values(begun_at=now() - offer_checks.KEPT - timedelta(seconds=1)))
    seller.post("/selling/publish", {**form, "title": "Another"})
    assert seller.get(path).status_code == 404, "long ago"


def test_what_was_published_before_its_process_came_to_grief_counts_as_published(
    place: Place, rows_alone: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = place.account("ann")
    work, asked = keep_row(place.database, ann), list[str]()

    def ask(errands: Any, _errand: Any, wanted: dict[str, Any]) -> Any:
        asked.append(wanted["run"])
        errand_child._DO[wanted["what"]](wanted, errands._home, Any)
        raise UserError("It was killed.", "Look at the log.", code="errand.failed", status=422)

    monkeypatch.setattr(Errands, "_ask", ask)
    form = {"work": work.id, "title": "A tale", "terms": "commercial", "price": "5", "currency": "EUR"}
    seller = place.stranger().login("ann")
    first, again = (seller.post("/selling/publish", form) for _turn in range(2))
    with place.database.read() as connection:
        (row,) = store_listings.listings(connection)
    assert first.headers["location"] == again.headers["location"] == f"/market/{row.id}" and len(asked) == 1


def test_a_check_that_found_no_place_leaves_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = place.account("ann")
    work = keep_row(place.database, ann)
    monkeypatch.setattr("luokuan.studio.material.errands.WAITING", 0)
    form = {"work": work.id, "title": "A tale", "terms": "commercial", "price": "5", "currency": "EUR"}
    assert place.stranger().login("ann").post("/selling/publish", form).status_code == 429
    with place.database.read() as connection:
        assert connection.execute(offer_check.select()).all() == []


def test_who_lost_the_right_meanwhile_publishes_nothing(place: Place) -> None:
    ann = place.account("ann", "viewer")
    terms = priced().to_json()
    offer = {"works": ["f" * 16], "title": "x", "about": "", "terms": terms, "met": [], "collection": False}
    for person in (ann.id, "nobody"):
        with pytest.raises(UserError) as told:
            errand_child._publish({"offer": offer, "person": person}, place.home, Any)
        assert told.value.status == 403


def test_anothers_orders_and_listings_are_nobodys(place: Place, rows_alone: None) -> None:
    ann, bo, cy = place.account("ann"), place.account("bo", "viewer"), place.account("cy")
    work = keep_row(place.database, ann)
    listing = offered(place.home, work.id, person=ann)
    order = orders.place(listing.id, bo, place.home, shared=place.database)
    orders.pay(order.id, place.home, shared=place.database)
    other, buyer, strange = place.stranger().login("cy"), place.stranger().login("bo"), place.stranger()
    for path in ("", "/download", f"/copies/{'f' * 16}", f"/certificates/{'f' * 16}"):
        assert other.get(f"/orders/{order.id}{path}").status_code == 404, path
        assert strange.get(f"/orders/{order.id}{path}").status_code == 401, path
    for path in ("/pay", "/deliver", "/cancel"):
        assert other.post(f"/orders/{order.id}{path}").status_code == 404, path
    with place.database.write() as connection:
        from people import AT

        collections.make_collection(connection, "a" * 16, "hers", ann, AT)
        collections.add_works(connection, "a" * 16, [work.id], ann, AT)
    form = {"title": "x", "terms": "commercial", "price": "1", "currency": "EUR"}
    for wrong in ({"work": work.id}, {"work": "f" * 16}, {"work": "../x"}, {"collection": "a" * 16}):
        assert other.post("/selling/publish", {**form, **wrong}).status_code == 404, wrong
    assert other.post(f"/selling/{listing.id}/withdraw").status_code == 404
    assert other.post(f"/selling/orders/{order.id}/refund", {"reason": "r"}).status_code == 404
    assert buyer.post(f"/selling/orders/{order.id}/refund", {"reason": "r"}).status_code == 403, (
        "a viewer sells nothing"
    )
    assert buyer.post(f"/orders/{order.id}/cancel").status_code == 303
    assert orders.order_of(order.id, place.home).state == "granted", "what is paid the buyer doesn't take back alone"
    assert work.id not in other.get("/selling").text and cy.id not in other.get("/statements").text
    for _again in range(2):
        assert buyer.post(f"/orders/{order.id}/deliver").status_code == 303
    Worker(place.home, place.database, Settings(idle=0.01)).serve()
    assert orders.order_of(order.id, place.home).state == "delivered"
    (job,) = JobQueue(place.home, place.database).list()
    assert (job.owner, job.state, job.result) == ("house", "done", {"copies": 1})


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": "-5"}, {"price": "0"}, {"price": "NaN"}, {"price": "1e5"}, {"price": "9" * 30}, {"price": ""},
        {"price": "1.5", "currency": "JPY"}, {"price": "1.2345", "currency": "KWD"}, {"currency": "XXX"},
        {"currency": ""}, {"title": ""}, {"title": "x" * 121}, {"title": "a\u202eb"}, {"about": "x" * 2001},
        {"terms": "free"}, {"days": "-1"}, {"days": "36501"}, {"days": "0"}, {"met": "money"},
    ],
)  # fmt: skip
def test_what_cant_be_published(place: Place, wrong: dict[str, str], rows_alone: None) -> None:
    ann = place.account("ann")
    form = {"work": keep_row(place.database, ann).id, "title": "x", "terms": "commercial", "price": "5",
            "currency": "EUR"}  # fmt: skip
    answer = place.stranger().login("ann").post("/selling/publish", {**form, **wrong})
    assert 400 <= answer.status_code < 500 and 'role="alert"' in answer.text, answer.status_code
    with place.database.read() as connection:
        assert listings.listings(connection) == []


def test_nothing_that_was_typed_becomes_markup(place: Place, rows_alone: None) -> None:
    ann, bo = place.account("ann"), place.account("bo")
    work, shown = keep_row(place.database, ann), finish(text_draft(), home=place.home, media_type="text/plain")
    with place.database.write() as connection:
        set_preview(connection, work.id, shown.id)
    terms = priced(credit=f"Ann {ATTACK}")
    listing = offered(place.home, work.id, title=ATTACK[:118], about=ATTACK, terms=terms, person=ann)
    order = orders.place(listing.id, bo, place.home, licensee=ATTACK, shared=place.database)
    stranger, buyer, seller = place.stranger(), place.stranger().login("bo"), place.stranger().login("ann")
    pages = [
        stranger.get("/market"), stranger.get(f"/market/{listing.id}"), buyer.get("/orders"),
        buyer.get(f"/orders/{order.id}"), seller.get("/selling"), stranger.get("/market?q=%3Cscript%3Ealert"),
    ]  # fmt: skip
    for page in pages:
        assert page.status_code == 200
        assert (
            "<script>alert" not in page.text and "<img src=x" not in page.text and "onerror=alert(1)>" not in page.text
        )
        assert "script-src 'self'" in page.headers["content-security-policy"]
    data = re.search(r'<script type="application/ld\+json">(.*?)</script>', pages[1].text, re.DOTALL)
    assert data is not None
    told = json.loads(data[1])
    assert told["name"] == ATTACK[:118].strip() and told["offers"]["price"] == "12.50"
    assert told["@type"] == "CreativeWork" and told["acquireLicensePage"].endswith(f"/market/{listing.id}")
    assert told["license"].endswith("#terms") and told["offers"]["availability"].endswith("InStock")
    assert 'property="og:title"' in pages[1].text
    feed = stranger.get("/market/feed.atom")
    assert feed.headers["content-type"].startswith("application/atom+xml")
    tree = ET.fromstring(feed.text)
    (entry,) = tree.findall(f"{ATOM}entry")
    assert (
        entry.findtext(f"{ATOM}title") == ATTACK[:118].strip() and entry.findtext(f"{ATOM}author/{ATOM}name") == "ann"
    )


def test_webhooks_are_signed_and_say_nothing(place: Place, rows_alone: None) -> None:
    ann, bo = place.account("ann"), place.account("bo")
    listing = offered(place.home, keep_row(place.database, ann).id, person=ann)
    order = orders.place(listing.id, bo, place.home, shared=place.database)
    money = TestMoney(place.home, shared=place.database)
    body = json.dumps({"id": "e1", "kind": "payment.succeeded", "payment": "p1", "order": order.id, "amount": 1250,
                       "currency": "EUR"}).encode()  # fmt: skip
    client, path = place.stranger().client, "/payments/test/events"
    assert client.post(path, content=body).status_code == 400
    assert client.post(path, content=body, headers={"luokuan-signature": "t=1,v1=00"}).status_code == 400
    assert client.post(path, content=b"x" * 20_000, headers={"luokuan-signature": "t=1,v1=00"}).status_code in (
        400,
        413,
    )
    assert client.post("/payments/other/events", content=body).status_code == 404
    assert orders.order_of(order.id, place.home).state == "placed"
    good = {"luokuan-signature": money.header(body)}
    for _twice in range(2):
        answer = client.post(path, content=body, headers=good)
        assert (answer.status_code, answer.json()) == (200, {"received": True})
    assert orders.order_of(order.id, place.home).state == "granted"
    unknown = body.replace(order.id.encode(), b"f" * 16).replace(b"e1", b"e2").replace(b'"p1"', b'"p2"')
    answer = client.post(path, content=unknown, headers={"luokuan-signature": money.header(unknown)})
    assert answer.json() == {"received": True}, "whether there is such an order isn't told"


def test_nobody_learns_who_has_an_account(place: Place, rows_alone: None) -> None:
    ann = place.account("ann")
    place.account("bo@example.org".replace("@", "-at-"))
    listing = offered(place.home, keep_row(place.database, ann).id, person=ann)
    stranger = place.stranger()
    told = set()
    for name in ("bo-at-example.org", "nobody@example.org"):
        page = stranger.get("/login")
        answer = stranger.post("/login", {"name": name, "password": "wrong words"})
        told.add((answer.status_code, re.sub(r'value="[^"]*"', "", answer.text)))
        assert page.status_code == 200
        assert stranger.post(f"/market/{listing.id}/order", {"licensee": name}).status_code == 401
    assert len(told) == 1, "both are told the same"
    assert "bo-at" not in stranger.get("/market").text + stranger.get(f"/market/{listing.id}").text


def test_what_is_disputed_isnt_shown_and_its_page_says_why(place: Place, rows_alone: None) -> None:
    ann = place.account("ann")
    work = keep_row(place.database, ann)
    listing = offered(place.home, work.id, title="A quarrel", person=ann)
    notices.file_notice(work.id, notices.Claim("Bo", "bo", "copyright", "Mine."), place.home)
    stranger = place.stranger()
    assert "A quarrel" not in stranger.get("/market").text + stranger.get("/market/feed.atom").text
    page = stranger.get(f"/market/{listing.id}", headers={"accept-language": "en"}).text
    assert "decided" in page and "SoldOut" in page and "Log in to buy" not in page
