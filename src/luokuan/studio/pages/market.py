"""The storefront, open to everybody: what is offered, one offer, previews, a feed; and how an order begins."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.market import orders
from luokuan.rights.market.listings import terms_of
from luokuan.rights.market.payments import receive
from luokuan.rights.market.signing import HEADER
from luokuan.rights.market.testmoney import MAX_BODY, TestMoney
from luokuan.rights.names import fold
from luokuan.rights.words import describe
from luokuan.store.listings import ListingRow, find_listing, find_preview, items_of, listings
from luokuan.store.rights import is_withdrawn
from luokuan.store.works import find_work
from luokuan.studio import storefront
from luokuan.studio.access import Needs, form_of, principal
from luokuan.studio.errors import missing
from luokuan.studio.files import work_file
from luokuan.studio.forms import is_plain, text_in
from luokuan.studio.marks import mark_of, text_of
from luokuan.studio.rendering import render
from luokuan.studio.state import now, studio_of

router = APIRouter()
PAGE = 24
"""Listings a page."""
FEED = 50


@router.get("/market", dependencies=[Depends(Needs())])
def market_page(request: Request) -> Response:
    """What is offered, the newest first; searched."""
    from luokuan.store.library import Mark

    studio, at = studio_of(request), now()
    asked = request.query_params.get("q", "")
    words = asked if is_plain(asked) and len(asked) <= 200 else ""
    mark = mark_of(request.query_params.get("after", ""))
    with studio.database.read() as connection:
        rows = listings(
            connection,
            state="published",
            words=fold(words).letters,
            limit=PAGE + 1,
            after=None if mark is None else (mark.at, mark.id),
        )
        shelves = [storefront.shelf(connection, row, studio.home, at) for row in rows[:PAGE]]
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    values = {
        # What can't be licensed just now isn't shown; its own page says why.
        "shelves": [one for one in shelves if one.closed is None],
        "q": words,
        "after": "" if last is None else text_of(Mark(last.published_at, last.id)),
    }
    return render(request, "market.html", values)


@router.get("/market/feed.atom", dependencies=[Depends(Needs())])
def feed(request: Request) -> Response:
    """The newest offers as an Atom feed."""
    studio, at = studio_of(request), now()
    with studio.database.read() as connection:
        rows = listings(connection, state="published", limit=FEED)
        shelves = [storefront.shelf(connection, row, studio.home, at, most=0) for row in rows]
    shown = [one for one in shelves if one.closed is None]
    updated = max((one.row.published_at for one in shown), default=at)
    return Response(storefront.atom(shown, _base(request), updated), media_type="application/atom+xml")


@router.get("/market/{listing_id}", dependencies=[Depends(Needs())])
def listing_page(request: Request, listing_id: str) -> Response:
    """One offer: previews, terms, price."""
    return _page(request, _listing(request, listing_id))


@router.get("/market/{listing_id}/preview/{place}", dependencies=[Depends(Needs())])
def preview(request: Request, listing_id: str, place: int) -> Response:
    """The reduced copy of one of its works."""
    studio, row = studio_of(request), _listing(request, listing_id)
    with studio.database.read() as connection:
        item = next((one for one in items_of(connection, row.id) if one.place == place), None)
        found = None if item is None else find_work(connection, find_preview(connection, item.work_id) or "")
        if found is None or found.erased or is_withdrawn(connection, found.id):
            raise missing()
    return work_file(request, found, studio.home)


@router.post("/market/{listing_id}/order", dependencies=[Depends(Needs("viewer"))])
def order(request: Request, listing_id: str) -> Response:
    """Order it; the same form sent twice is one order."""
    studio, person = studio_of(request), principal(request).person
    row = _listing(request, listing_id)
    try:
        licensee = text_in(form_of(request), "licensee", most=orders.MAX_NAME)
        key = text_in(form_of(request), "key", most=orders.MAX_KEY)
        made = orders.place(row.id, person, studio.home, licensee=licensee, key=key, shared=studio.database)
    except UserError as error:
        return _page(request, row, error=error)
    return RedirectResponse(f"/orders/{made.id}", 303)


@router.post("/payments/{provider}/events", dependencies=[Depends(Needs(raw="body"))])
async def payment_event(request: Request, provider: str) -> Response:
    """What a payment provider says. Its signature stands in the place of a session and of a form's token."""
    if provider != TestMoney.name:
        raise missing()
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            break  # refused below
    studio = studio_of(request)
    money = TestMoney(studio.home, shared=studio.database)
    header = request.headers.get(HEADER, "")
    order_id, outcome = await run_in_threadpool(receive, studio.home, money, body, header, shared=studio.database)
    if outcome in ("paid", "refund_due"):
        await run_in_threadpool(orders.advance, order_id, studio.home, money, shared=studio.database)
    # Nothing is said of orders: whoever sent it knows.
    return JSONResponse({"received": True})


def _page(request: Request, row: ListingRow, *, error: UserError | None = None) -> Response:
    from luokuan.studio.guard import tokens

    studio, who = studio_of(request), principal(request)
    with studio.database.read() as connection:
        found = storefront.shelf(connection, row, studio.home, now(), most=100)
        credits = storefront.credits_for(connection, row, studio.home, studio.database)
    from luokuan.rights.market.offers import is_seller

    values = {
        "shelf": found,
        "terms": describe(terms_of(row)),
        "credits": credits,
        "own": who.account is not None and is_seller(who.account, row.seller),
        "data": Markup(storefront.linked_data(found, _base(request), credits)),  # noqa: S704 - escaped there
        "address": _base(request) + found.path,
        "base": _base(request),
        "key": tokens.new_id(),
        "error": error,
        "longest": orders.MAX_NAME,
    }
    return render(request, "listing.html", values, status=200 if error is None else error.status)


def _listing(request: Request, listing_id: str) -> ListingRow:
    with studio_of(request).database.read() as connection:
        row = find_listing(connection, listing_id)
    if row is None:
        raise missing()
    if row.state != "published":
        raise UserError(
            _("This isn't offered any more."), _("Look for something else in the market."), code="market.closed",
            status=410,
        )  # fmt: skip
    return row


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")
