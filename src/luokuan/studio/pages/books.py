"""For administrators: what the house takes of sales, and who is paid what."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from luokuan.errors import UserError
from luokuan.rights.market import payouts as paying
from luokuan.rights.market.books import HOUSE, party_account
from luokuan.rights.market.statements import decimal
from luokuan.rights.money import money, points_of
from luokuan.rights.words import percent
from luokuan.store.accounts import find_account
from luokuan.store.books import balances, payouts
from luokuan.store.house import market_setting
from luokuan.studio import bookkeeping
from luokuan.studio.access import Needs, form_of
from luokuan.studio.errors import missing
from luokuan.studio.forms import text_in
from luokuan.studio.rendering import render
from luokuan.studio.state import studio_of

router = APIRouter()
_PARTY = party_account("")


@router.get("/books", dependencies=[Depends(Needs("admin"))])
def books_page(request: Request) -> Response:
    """Fee, balances, payouts."""
    return _page(request)


@router.post("/books/fee", dependencies=[Depends(Needs("admin"))])
def fee(request: Request) -> Response:
    """Settle what the house takes."""
    try:
        bookkeeping.settled(request, points_of(text_in(form_of(request), "fee", most=10)))
    except UserError as error:
        return _page(request, error=error)
    return RedirectResponse("/books", 303)


@router.post("/books/payouts", dependencies=[Depends(Needs("admin"))])
def payout(request: Request) -> Response:
    """Enter that somebody was paid; the same form sent twice is one payout."""
    form = form_of(request)
    try:
        amount = money(text_in(form, "amount", most=40), text_in(form, "currency", most=8))
        reason, party = text_in(form, "reason", most=500), text_in(form, "party", most=64)
        bookkeeping.entered(request, party, amount, reason, text_in(form, "key", most=16))
    except UserError as error:
        return _page(request, error=error)
    return RedirectResponse("/books", 303)


@router.post("/books/payouts/{payout_id}/take-back", dependencies=[Depends(Needs("admin"))])
def take_back(request: Request, payout_id: str) -> Response:
    """Take a payout back, because the money didn't go."""
    try:
        bookkeeping.undone(request, payout_id)
    except UserError as error:
        raise missing() from error
    return RedirectResponse("/books", 303)


def _page(request: Request, *, error: UserError | None = None) -> Response:
    with studio_of(request).database.read() as connection:
        found = {name.removeprefix(_PARTY): each for name, each in balances(connection).items()
                 if name.startswith(_PARTY)}  # fmt: skip
        names = {party: HOUSE for party in found if party == HOUSE}
        for party in found.keys() - names.keys():
            account = find_account(connection, party)
            names[party] = party if account is None else account.name
        rows, back = payouts(connection), paying.undone(connection)
        taken = market_setting(connection).fee
    values = {
        "balances": sorted((names[party], code, decimal(minor, code)) for party, each in found.items()
                           for code, minor in each.items() if minor),
        "payouts": [
            (row, names.get(row.party, row.party), decimal(row.amount, row.currency), row.id in back)
            for row in reversed(rows)
        ],
        "fee": percent(taken).removesuffix(" %"),
        "key": paying.new_key(),
        "error": error,
    }  # fmt: skip
    return render(request, "books.html", values, status=200 if error is None else error.status)
