"""Appraisal: one's own projects on the value chain, and what models and works cost and earn by the records; for makers
by those of their own works alone. Administrators settle the prices by which costs are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from luokuan.errors import UserError
from luokuan.store.house import LONGEST_PRICES
from luokuan.studio import pricing, projects
from luokuan.studio.access import Needs, form_of, principal
from luokuan.studio.forms import lines_in, number_in
from luokuan.studio.projects import BODY
from luokuan.studio.rendering import render
from luokuan.studio.state import studio_of

if TYPE_CHECKING:
    from luokuan.appraisal.cost import Costs

router = APIRouter()
MOST_WORKS = 200


@router.get("/appraisal", dependencies=[Depends(Needs("maker"))])
def appraisal_page(request: Request) -> Response:
    """One's own projects; cost by the home's records beside revenue by the market's books, with what it comes from."""
    from luokuan.appraisal.cost import costs_of  # they load NumPy, which a server that idles does without
    from luokuan.appraisal.revenue import by, earnings_in, numbers
    from luokuan.appraisal.words import layer_word, small_money, stage_word

    studio, who = studio_of(request), principal(request)
    owner = None if who.may("admin") else who.person.id
    problem: UserError | None = None
    costs: Costs | None = None
    try:
        costs = costs_of(studio.home, pricing.table(request), owner=owner)
    except UserError as error:
        problem = error
    with studio.database.read() as connection:
        lines = earnings_in(connection, owner)
    values = {
        "every": owner is None,
        "costs": costs,
        "models": by(lines, "model"),
        "works": by(lines, "work")[:MOST_WORKS],
        "fees": [line for line in lines if not line.work],
        "units": {} if costs is None else {model.name: model.unit for model in costs.models},
        "money": small_money,
        "numbers": numbers,
        "chain": projects.chain(projects.own(request)),
        "layer_word": layer_word,
        "stage_word": stage_word,
        "error": problem,
    }
    return render(request, "appraisal.html", values)


@router.get("/appraisal/prices", dependencies=[Depends(Needs("admin"))])
def prices_page(request: Request, saved: bool = False) -> Response:
    """The price table by which this studio counts."""
    return _prices(request, saved=saved)


@router.post("/appraisal/prices", dependencies=[Depends(Needs("admin", longest=BODY))])
def settle_prices(request: Request) -> Response:
    """Settle another; refused when it was changed meanwhile (409), and what was typed stays."""
    form, text = form_of(request), None
    try:
        text = lines_in(form, "text", most=LONGEST_PRICES)
        pricing.settle(request, text, number_in(form, "version", most=2**31 - 2) or 0)
    except UserError as error:
        return _prices(request, error=error, typed=text)
    return RedirectResponse("/appraisal/prices?saved=true", 303)


@router.post("/appraisal/prices/back", dependencies=[Depends(Needs("admin"))])
def take_back_prices(request: Request) -> Response:
    """Count by the table that comes with Luokuan again."""
    try:
        pricing.take_back(request, number_in(form_of(request), "version", most=2**31 - 2) or 0)
    except UserError as error:
        return _prices(request, error=error)
    return RedirectResponse("/appraisal/prices?saved=true", 303)


def _prices(
    request: Request, *, error: UserError | None = None, saved: bool = False, typed: str | None = None
) -> Response:
    found = pricing.setting(request)
    known = pricing.text_of(found)
    values = {
        "own": bool(found.text),
        "version": found.version,
        "text": known if typed is None else typed,
        "there": known if error is not None and error.status == 409 and typed not in (None, known) else "",
        "longest": LONGEST_PRICES,
        "saved": saved,
        "error": error,
    }
    return render(request, "prices.html", values, status=200 if error is None else error.status)
