"""Appraisal: one's own projects on the value chain, and what models and works cost and earn by the records; for makers
by those of their own works alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from luokuan.errors import UserError
from luokuan.studio import projects
from luokuan.studio.access import Needs, principal
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
    from luokuan.appraisal.prices import read_prices
    from luokuan.appraisal.revenue import by, earnings_in, numbers
    from luokuan.appraisal.words import layer_word, small_money, stage_word

    studio, who = studio_of(request), principal(request)
    owner = None if who.may("admin") else who.person.id
    problem: UserError | None = None
    costs: Costs | None = None
    try:
        costs = costs_of(studio.home, read_prices(None), owner=owner)
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
