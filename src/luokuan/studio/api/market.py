"""`/api/market`: what is offered, orders and licences of one's own, and statements."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from luokuan.errors import UserError
from luokuan.rights.market import delivery, listings, orders, statements
from luokuan.rights.market.books import HOUSE
from luokuan.rights.market.certificate import seller_name
from luokuan.rights.market.granting import impossible
from luokuan.rights.market.offers import is_seller
from luokuan.rights.money import Money
from luokuan.rights.names import fold
from luokuan.rights.permission import conditions_of
from luokuan.rights.presets import preset
from luokuan.store.accounts import AccountRow
from luokuan.store.grants import GrantRow
from luokuan.store.library import Mark
from luokuan.store.listings import ListingRow, find_listing, items_of
from luokuan.store.listings import listings as all_listings
from luokuan.studio import offering
from luokuan.studio.access import Needs, forbidden, principal
from luokuan.studio.api.bodies import body_of, id_in, json_body
from luokuan.studio.api.trade_shapes import (
    GrantList,
    OfferCheck,
    OfferOrder,
    OfferPage,
    OfferTold,
    OrderList,
    OrderOrder,
    OrderTold,
    StatementTold,
)
from luokuan.studio.deliveries import ask, job_of
from luokuan.studio.errors import missing
from luokuan.studio.files import work_file
from luokuan.studio.forms import is_plain
from luokuan.studio.marks import mark_of, text_of
from luokuan.studio.state import now, studio_of

router = APIRouter(prefix="/api/market")
SCOPE = "market"
MOST = 100
_Binary: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string"}}}}
}


@router.get("/offers", dependencies=[Depends(Needs("viewer", scope=SCOPE))], response_model=OfferPage)
def offers(
    request: Request,
    q: Annotated[str, Query(max_length=200, description="Words that must stand in title or text.")] = "",
    after: Annotated[str, Query(max_length=80, description="The ``next`` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=MOST)] = 24,
) -> Response:
    """What is offered, the newest first. What can't be licensed just now says why."""
    studio, mark = studio_of(request), mark_of(after)
    words = fold(q if is_plain(q) else "").letters
    with studio.database.read() as connection:
        rows = all_listings(
            connection,
            state="published",
            words=words,
            limit=limit + 1,
            after=None if mark is None else (mark.at, mark.id),
        )
        found = [_offer(connection, row, principal(request).person) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    return JSONResponse(
        {"offers": found, "next": None if last is None else text_of(Mark(last.published_at, last.id))}
    )  # fmt: skip


@router.get("/offers/{listing_id}", dependencies=[Depends(Needs("viewer", scope=SCOPE))], response_model=OfferTold)
def offer(request: Request, listing_id: str) -> Response:
    """One offer; one's own also when it isn't offered any more."""
    person = principal(request).person
    with studio_of(request).database.read() as connection:
        row = find_listing(connection, id_in(listing_id))
        if row is None or (row.state != "published" and not is_seller(person, row.seller)):
            raise missing()
        return JSONResponse(_offer(connection, row, person))


@router.post(
    "/offers",
    dependencies=[Depends(Needs("maker", scope=SCOPE))],
    status_code=202,
    response_model=OfferCheck,
    openapi_extra=body_of(OfferOrder),
)
async def publish(request: Request) -> Response:
    """Offer works of one's own under terms and a price. They are checked first: the answer says where to ask for the
    outcome. The same again, while that is under way, is the same check."""
    wanted = await json_body(request, OfferOrder)
    return await run_in_threadpool(_publish, request, wanted)


def _publish(request: Request, wanted: OfferOrder) -> Response:
    price = Money(wanted.amount, wanted.currency)
    terms = replace(preset(wanted.terms), price=price, days=wanted.days)
    works = tuple(id_in(one) for one in wanted.works)
    offered = listings.Offer(
        works, wanted.title, terms, wanted.about, conditions_of(wanted.met), collection=len(works) > 1
    )
    try:
        check_id = offering.begin(request, offered)
    except UserError as error:
        if error.code == "work.unknown":
            raise missing() from error
        raise
    told = offering.told(offering.find(request, check_id))
    return JSONResponse(told, 202, headers={"location": f"/api/market/offers/checks/{check_id}"})


@router.get("/offers/checks/{check_id}", dependencies=[Depends(Needs("maker", scope=SCOPE))], response_model=OfferCheck)
def check(request: Request, check_id: str) -> Response:
    """What became of works that one wants to offer: ``published`` with the offer's id, ``refused`` with the reason, or
    ``stopped``: the studio was started anew meanwhile, nothing was published, and the same may be sent once more."""
    return JSONResponse(offering.told(offering.find(request, id_in(check_id))))


@router.post(
    "/offers/{listing_id}/withdraw", dependencies=[Depends(Needs("maker", scope=SCOPE))], response_model=OfferTold
)
def withdraw(request: Request, listing_id: str) -> Response:
    """Offer it no more; licences that were granted stay."""
    studio, person = studio_of(request), principal(request).person
    row = listings.withdraw(id_in(listing_id), studio.home, person=person, shared=studio.database)
    with studio.database.read() as connection:
        return JSONResponse(_offer(connection, row, person))


@router.get("/orders", dependencies=[Depends(Needs("viewer", scope=SCOPE))], response_model=OrderList)
def order_list(request: Request) -> Response:
    """All orders of one's own, the newest first."""
    with studio_of(request).database.read() as connection:
        found = delivery.bought(connection, principal(request).person.id)
        return JSONResponse({"orders": [_order(connection, one) for one in found]})


@router.post(
    "/orders",
    dependencies=[Depends(Needs("viewer", scope=SCOPE))],
    status_code=201,
    response_model=OrderTold,
    openapi_extra=body_of(OrderOrder),
)
async def place(request: Request) -> Response:
    """Order what is offered."""
    wanted = await json_body(request, OrderOrder)
    return await run_in_threadpool(_place, request, wanted)


def _place(request: Request, wanted: OrderOrder) -> Response:
    studio, person = studio_of(request), principal(request).person
    made = orders.place(
        wanted.listing, person, studio.home, licensee=wanted.licensee, key=wanted.key, shared=studio.database
    )
    return _told(request, made.id, 201)


@router.get("/orders/{order_id}", dependencies=[Depends(Needs("viewer", scope=SCOPE))], response_model=OrderTold)
def order(request: Request, order_id: str) -> Response:
    """One order of one's own."""
    return _told(request, order_id)


@router.post("/orders/{order_id}/pay", dependencies=[Depends(Needs("viewer", scope=SCOPE))], response_model=OrderTold)
def pay(request: Request, order_id: str) -> Response:
    """Pay with test money: the licence follows at once, and copies by a job."""
    studio, found = studio_of(request), _own(request, order_id)
    if orders.pay(found.order.id, studio.home, shared=studio.database).state == "granted":
        ask(studio.queue, found.order.id)
    return _told(request, order_id)


@router.post(
    "/orders/{order_id}/deliver", dependencies=[Depends(Needs("viewer", scope=SCOPE))], response_model=OrderTold
)
def deliver(request: Request, order_id: str) -> Response:
    """Have copies made that aren't there yet, after that broke off."""
    found = _own(request, order_id)
    if found.order.state == "granted":
        ask(studio_of(request).queue, found.order.id)
    return _told(request, order_id)


@router.post(
    "/orders/{order_id}/cancel", dependencies=[Depends(Needs("viewer", scope=SCOPE))], response_model=OrderTold
)
def cancel(request: Request, order_id: str) -> Response:
    """Give up an order that wasn't paid; of others nothing changes."""
    studio, found = studio_of(request), _own(request, order_id)
    if found.order.state == "placed":
        orders.refund(found.order.id, studio.home, reason="cancelled by the buyer", shared=studio.database)
    return _told(request, order_id)


@router.get("/grants", dependencies=[Depends(Needs("viewer", scope=SCOPE))], response_model=GrantList)
def grant_list(request: Request) -> Response:
    """All licences of one's own."""
    with studio_of(request).database.read() as connection:
        found = delivery.bought(connection, principal(request).person.id)
    return JSONResponse({"grants": [granted(one) for row in found for one in row.grants]})


@router.get(
    "/grants/{grant_id}/file",
    dependencies=[Depends(Needs("viewer", scope=SCOPE))],
    response_class=Response,
    responses=_Binary,
)
def grant_file(request: Request, grant_id: str) -> Response:
    """The copy that a licence of one's own gives."""
    studio, wanted = studio_of(request), id_in(grant_id)
    with studio.database.read() as connection:
        rows = delivery.bought(connection, principal(request).person.id)
        licence = next((one for row in rows for one in row.grants if one.id == wanted), None)
        if licence is None:
            raise missing()
        copy = delivery.copy_of(connection, licence, now())
    return work_file(request, copy, studio.home, download=True)


@router.get("/statement", dependencies=[Depends(Needs("viewer", scope=SCOPE))], response_model=StatementTold)
def statement(
    request: Request,
    party: Annotated[
        Literal["mine", "house"], Query(description="One's own, or for administrators the house's.")
    ] = "mine",
) -> Response:
    """The lines of the books that are one's own."""
    who = principal(request)
    if party == "house" and not who.may("admin"):
        raise forbidden()
    with studio_of(request).database.read() as connection:
        found = statements.statement(connection, HOUSE if party == "house" else who.person.id)
    return JSONResponse(found.to_json())


def _own(request: Request, order_id: str) -> delivery.Bought:
    with studio_of(request).database.read() as connection:
        rows = delivery.bought(connection, principal(request).person.id, id_in(order_id))
    if not rows:
        raise missing()
    return rows[0]


def _told(request: Request, order_id: str, status: int = 200) -> Response:
    found = _own(request, order_id)
    with studio_of(request).database.read() as connection:
        return JSONResponse(_order(connection, found), status)


def _order(connection: Any, found: delivery.Bought) -> dict[str, Any]:
    row = found.order
    job = job_of(connection, row.id) if row.state == "granted" else None
    return {
        "id": row.id, "listing": row.listing_id, "title": found.title, "licensee": row.licensee, "amount": row.amount,
        "currency": row.currency, "state": row.state, "placed": row.placed_at.isoformat(), "reason": row.reason or "",
        "making": job is not None and job.live,
        "error": dict(job.error) if job is not None and job.state == "failed" and job.error else None,
        "grants": [granted(one) for one in found.grants],
    }  # fmt: skip


def granted(row: GrantRow) -> dict[str, Any]:
    """A licence, for programs."""

    def when(at: Any) -> str | None:
        return None if at is None else at.isoformat()

    return {
        "id": row.id, "order": row.order_id, "work": row.work_id, "terms": dict(row.terms), "exclusive": row.exclusive,
        "granted": row.granted_at.isoformat(), "expires": when(row.expires_at), "ended": when(row.ended_at),
        "delivered": when(row.delivered_at), "holds": row.holds(now()),
    }  # fmt: skip


def _offer(connection: Any, row: ListingRow, person: AccountRow) -> dict[str, Any]:
    return {
        "id": row.id, "title": row.title, "about": row.about, "kind": row.kind,
        "seller": seller_name(connection, row.seller), "terms": dict(row.terms), "amount": row.amount,
        "currency": row.currency, "exclusive": row.exclusive, "state": row.state,
        "published": row.published_at.isoformat(), "works": len(items_of(connection, row.id)),
        "own": is_seller(person, row.seller), "closed": impossible(connection, row, now()),
    }  # fmt: skip
