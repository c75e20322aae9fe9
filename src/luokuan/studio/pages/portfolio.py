"""Several projects under one budget: which, under which limits, and what each gets."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from luokuan.errors import UserError
from luokuan.studio import portfolios, projects
from luokuan.studio.access import Needs, principal
from luokuan.studio.errors import missing
from luokuan.studio.portfolios import MOST, PATHS, Wish
from luokuan.studio.rendering import render

router = APIRouter()


@router.get("/appraisal/portfolio", dependencies=[Depends(Needs("maker"))])
def portfolio_page(
    request: Request,
    project: Annotated[list[str], Query(max_length=200)] = [],  # noqa: B006 - FastAPI copies it
    cvar: Annotated[float, Query(ge=0, le=1000)] = 50.0,
    level: Annotated[float, Query(ge=1, le=99.9)] = 95.0,
    most: Annotated[float, Query(ge=0.1, le=100)] = 100.0,
    directions: Annotated[str, Query(max_length=1000)] = "",
    paths: Annotated[int, Query(ge=2, le=projects.PATHS)] = PATHS,
    seed: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> Response:
    """Choose projects and limits; where some are chosen, how the budget is shared."""
    from luokuan.appraisal.words import layer_word, percent, stage_word

    asked = tuple(one.strip() for one in directions.split(",") if one.strip())
    wish = Wish(tuple(project), cvar, level, most, asked, paths, seed)
    found: dict[str, Any] | None = None
    problem: UserError | None = None
    if project:
        try:
            found = portfolios.shared(request, wish)
        except UserError as error:
            if error.code == "http.missing":
                raise missing() from error
            problem = error
    rows = projects.everybodys(request) if principal(request).may("admin") else projects.own(request)
    values = {
        "rows": [(row, f"{layer_word(row.layer)}, {stage_word(row.stage)}") for row in rows],
        "mine": principal(request).person.id,
        "wish": wish,
        "directions": directions,
        "found": found,
        "percent": percent,
        "most_projects": MOST,
        "most_paths": projects.PATHS,
        "error": problem,
    }
    return render(request, "portfolio.html", values, status=200 if problem is None else _status(problem))


def _status(error: UserError) -> int:
    return 503 if error.code == "check.full" else error.status
