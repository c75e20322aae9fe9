"""What one sells: listings of one's own, publishing and withdrawing, sales and refunds, statements."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.market import listings as market
from luokuan.rights.market import orders, paper, statements
from luokuan.rights.market.books import HOUSE
from luokuan.rights.money import DIGITS, Money, money
from luokuan.rights.permission import conditions_of
from luokuan.rights.presets import PRESETS, name_of_preset, preset
from luokuan.rights.reasons import condition_word
from luokuan.rights.rules import CONDITIONS
from luokuan.rights.terms import LONGEST_TERM
from luokuan.store import collections, library
from luokuan.store.accounts import AccountRow
from luokuan.store.library import Wanted
from luokuan.store.listings import listings
from luokuan.store.orders import orders as all_orders
from luokuan.studio import offering, sales
from luokuan.studio.access import Needs, form_of, principal
from luokuan.studio.errors import missing
from luokuan.studio.files import disposition
from luokuan.studio.forms import number_in, text_in
from luokuan.studio.guard.headers import FILES
from luokuan.studio.rendering import render
from luokuan.studio.state import now, studio_of

router = APIRouter()
MONEY = ("CNY", "EUR", "USD", "GBP", "JPY", "KRW", "HKD", "TWD", "KWD", "CHF")
"""Currencies that a form offers first."""
HINTED = ("consent", "material", "record", "name", "share-alike", "licence-text", "font", "not-for-money", "verify")
SALES = 200
SOON = 1.5
"""Seconds in which most works are looked through: so long the answer waits."""


@router.get("/selling", dependencies=[Depends(Needs("maker"))])
def selling_page(request: Request) -> Response:
    """Listings and sales of one's own."""
    return _page(request)


@router.get("/selling/new", dependencies=[Depends(Needs("maker"))])
def new_page(request: Request) -> Response:
    """What is to be published."""
    return _form(request, dict(request.query_params))


@router.post("/selling/publish", dependencies=[Depends(Needs("maker", fields=60))])
def publish(request: Request) -> Response:
    """Have a work or a collection checked and published."""
    person, form = principal(request).person, form_of(request)
    given: dict[str, str] = {}
    try:
        for name, most in (
            ("work", 40),
            ("collection", 40),
            ("title", 200),
            ("price", 40),
            ("currency", 8),
            ("terms", 40),
        ):
            given[name] = text_in(form, name, most=most)
        about = str(form.get("about", ""))
        given["about"] = about[: market.MAX_ABOUT + 1]
        given["days"] = str(form.get("days", ""))[:10]
        ticked = [str(one)[:40] for one in form.getlist("met")]
        given["met"] = ",".join(ticked)
        met = conditions_of(ticked)
        price = money(given["price"], given["currency"])
        terms = replace(preset(given["terms"]), price=price, days=number_in(form, "days", most=LONGEST_TERM))
        works = _works(request, given["work"], given["collection"], person)
        offer = market.Offer(works, given["title"], terms, about, met, collection=bool(given["collection"]))
        check_id = offering.begin(request, offer, given)
    except UserError as error:
        if error.code in ("http.missing", "work.unknown"):
            raise missing() from error
        return _form(request, given, error=error)
    found = offering.find(request, check_id, wait=SOON)
    if found.listing is not None:
        return RedirectResponse(f"/market/{found.listing}", 303)
    return RedirectResponse(f"/selling/checks/{check_id}", 303)


@router.get("/selling/checks/{check_id}", dependencies=[Depends(Needs("maker"))])
def check_page(request: Request, check_id: str) -> Response:
    """Whether what one wants to publish is still being looked at; then the offer, or why there is none."""
    found = offering.find(request, check_id)
    if not found.ended:
        return render(request, "checking.html", _checking(found))
    if found.listing is not None:
        return RedirectResponse(f"/market/{found.listing}", 303)
    return _form(request, dict(found.typed), error=found.error)


@router.get("/selling/checks/{check_id}/state", dependencies=[Depends(Needs("maker"))])
def check_state(request: Request, check_id: str) -> Response:
    """The same, as a part that is asked for again and again."""
    return render(request, "_checking.html", _checking(offering.find(request, check_id)))


@router.get("/selling/checks/{check_id}/end", dependencies=[Depends(Needs("maker"))])
def check_end(request: Request, check_id: str) -> Response:
    """Lead a page that has seen the end to what became of it: once, as whoever asks again and again would stop it."""
    offering.find(request, check_id)
    path = f"/selling/checks/{check_id}"
    if "hx-request" in request.headers:
        return Response(status_code=204, headers={"hx-redirect": path})
    return RedirectResponse(path, 303)


def _checking(found: offering.Check) -> dict[str, Any]:
    title = found.typed.get("title", "")
    return {"check": found.id, "running": found.running, "ended": found.ended, "title": title}


@router.post("/selling/{listing_id}/withdraw", dependencies=[Depends(Needs("maker"))])
def withdraw(request: Request, listing_id: str) -> Response:
    """Offer it no more."""
    studio, person = studio_of(request), principal(request).person
    try:
        market.withdraw(listing_id, studio.home, person=person, shared=studio.database)
    except UserError as error:
        if error.status == 404:
            raise missing() from error
        return _page(request, error=error)
    return RedirectResponse("/selling", 303)


@router.post("/selling/orders/{order_id}/refund", dependencies=[Depends(Needs("maker"))])
def refund(request: Request, order_id: str) -> Response:
    """Take a sale back."""
    row = sales.own_sale(request, order_id)
    try:
        sales.refund(request, row.id, text_in(form_of(request), "reason", most=500))
    except UserError as error:
        return _page(request, error=error)
    return RedirectResponse("/selling", 303)


@router.get("/statements", dependencies=[Depends(Needs("viewer"))])
def statements_page(request: Request) -> Response:
    """One's own lines of the books."""
    found = _statements(request)
    values = {"found": found, "decimal": statements.decimal, "purpose_word": statements.purpose_word}
    return render(request, "statements.html", values)


@router.get("/statements/{party}.{form}", dependencies=[Depends(Needs("viewer"))])
def statement_file(request: Request, party: str, form: str) -> Response:
    """A statement as CSV or PDF."""
    known = {key: (name, found) for key, name, found in _statements(request)}
    if party not in known or form not in ("csv", "pdf"):
        raise missing()
    name, found = known[party]
    if form == "csv":
        data, media_type = statements.as_csv(found).encode(), "text/csv; charset=utf-8"
    else:
        data, media_type = paper.to_pdf(statements.as_sheet(found, name, now())), "application/pdf"
    headers = {
        "content-security-policy": FILES,
        "content-disposition": disposition(f"statement-{party}.{form}", attached=True),
    }
    return Response(data, media_type=media_type, headers=headers)


def _statements(request: Request) -> list[tuple[str, str, statements.Statement]]:
    """Party, name and statement: one's own, and of administrators the home's."""
    person = principal(request).person
    parties = [("mine", person.name, person.id)]
    if person.role == "admin":
        parties.append(("home", _("this studio"), HOUSE))
    with studio_of(request).database.read() as connection:
        return [(key, name, statements.statement(connection, party)) for key, name, party in parties]


def _works(request: Request, work: str, collection: str, person: AccountRow) -> tuple[str, ...]:
    if not collection:
        return (work,)
    with studio_of(request).database.read() as connection:
        if collections.find_collection(connection, collection, person) is None:
            raise missing()
        most = market.MAX_WORKS + 1
        rows, _more = library.page_of_works(connection, person, Wanted(collection=collection), most)
    return tuple(row.id for row in rows)


def _page(request: Request, *, error: UserError | None = None) -> Response:
    person = principal(request).person
    with studio_of(request).database.read() as connection:
        rows = listings(connection, sellers=sales.sellers_of(person))
        sold = all_orders(connection, listings=[row.id for row in rows], limit=SALES)
    titles = {row.id: row.title for row in rows}
    values = {
        "rows": [(row, str(Money(row.amount, row.currency))) for row in rows],
        "sales": [(row, titles[row.listing_id], str(Money(row.amount, row.currency))) for row in sold],
        "state_word": orders.state_word,
        "checks": offering.unfinished(request),
        "error": error,
    }
    return render(request, "selling.html", values, status=200 if error is None else error.status)


def _form(request: Request, given: dict[str, str], *, error: UserError | None = None) -> Response:
    person = principal(request).person
    with studio_of(request).database.read() as connection:
        own = collections.collections_of(connection, person)
        works, _more = library.page_of_works(connection, person, Wanted(), 200)
    values = {
        "given": {name: given.get(name, "") for name in ("work", "collection", "title", "about", "price", "currency",
                                                         "terms", "days")},
        "met": given.get("met", "").split(","),
        "works": works,
        "collections": [one for one in own if one.count],
        "terms": [(name, name_of_preset(name)) for name in PRESETS if name != "all-rights-reserved"],
        "money": [*MONEY, *sorted(set(DIGITS) - set(MONEY))],
        "conditions": [(name, condition_word(name)) for name in CONDITIONS if name in HINTED],
        "error": error,
        "longest": market.MAX_TITLE,
        "most": market.MAX_ABOUT,
    }  # fmt: skip
    return render(request, "selling_new.html", values, status=200 if error is None else error.status)
