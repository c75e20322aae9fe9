"""`/api/appraisal/projects`, `/api/appraisal/portfolio`: one's own projects on the value chain, their appraisal, and a
budget shared among them; for administrators also everybody's, to be read."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from luokuan.store.projects import ProjectHead, ProjectRow
from luokuan.studio import portfolios, projects
from luokuan.studio.access import Needs, forbidden, principal
from luokuan.studio.api.bodies import body_of, id_in, json_body
from luokuan.studio.api.project_shapes import (
    AppraisalOrder,
    AppraisalTold,
    PortfolioTold,
    ProjectChange,
    ProjectList,
    ProjectOrder,
    ProjectTold,
)
from luokuan.studio.portfolios import MOST, Wish
from luokuan.studio.projects import PATHS

router = APIRouter(prefix="/api/appraisal")
SCOPE = ("books", "market")


def fitting_key(request: Request) -> None:
    """A dependency: what administrators see counts everybody's books, what makers see their own sales.

    Raises:
        UserError: the key isn't for those (403).
    """
    who = principal(request)
    if who.key is None or ("books" if who.may("admin") else "market") not in who.key.scopes:
        raise forbidden()


FOR_MAKERS = [Depends(Needs("maker", scope=SCOPE)), Depends(fitting_key)]


@router.get("/projects", dependencies=FOR_MAKERS, response_model=ProjectList)
def project_list(request: Request, everybodys: bool = False) -> Response:
    """One's own projects; for administrators, if they ask so, everybody's."""
    found = projects.everybodys(request) if everybodys else projects.own(request)
    return JSONResponse({"projects": [_line(one) for one in found]})


@router.post(
    "/projects",
    dependencies=FOR_MAKERS,
    status_code=201,
    response_model=ProjectTold,
    openapi_extra=body_of(ProjectOrder),
)
async def make(request: Request) -> Response:
    """Keep a new one; what is wrong with it is told with its line and field."""
    wanted = await json_body(request, ProjectOrder)
    project_id = await run_in_threadpool(projects.make, request, wanted.text)
    row = await run_in_threadpool(projects.find, request, project_id)
    return JSONResponse(_told(row), 201, {"location": f"/api/appraisal/projects/{project_id}"})


@router.get("/projects/{project_id}", dependencies=FOR_MAKERS, response_model=ProjectTold)
def project(request: Request, project_id: str) -> Response:
    """One of one's own; for administrators any."""
    return JSONResponse(_told(projects.find(request, id_in(project_id))))


@router.put(
    "/projects/{project_id}",
    dependencies=FOR_MAKERS,
    response_model=ProjectTold,
    openapi_extra=body_of(ProjectChange),
)
async def change(request: Request, project_id: str) -> Response:
    """Change it; 409 where it isn't any more what ``version`` saw."""
    await run_in_threadpool(projects.find_own, request, id_in(project_id))
    wanted = await json_body(request, ProjectChange)
    await run_in_threadpool(projects.change, request, project_id, wanted.text, wanted.version)
    return JSONResponse(_told(await run_in_threadpool(projects.find, request, project_id)))


@router.delete("/projects/{project_id}", dependencies=FOR_MAKERS, status_code=204)
def delete(
    request: Request, project_id: str, version: Annotated[int, Query(ge=1, le=2**31 - 2)]
) -> Response:  # fmt: skip
    """Delete it; 409 where it isn't any more what ``version`` saw."""
    projects.delete(request, id_in(project_id), version)
    return Response(status_code=204)


@router.get("/projects/{project_id}/appraisal", dependencies=FOR_MAKERS, response_model=AppraisalTold)
def appraisal(
    request: Request,
    project_id: str,
    paths: Annotated[int, Query(ge=2, le=PATHS)] = PATHS,
    seed: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> Response:
    """Its appraisal on the home's records of today, a maker's on those of their own works; 503 while it takes longer
    than an answer waits."""
    return JSONResponse(projects.appraised(request, id_in(project_id), "json", paths=paths, seed=seed))


@router.post(
    "/projects/{project_id}/appraisal",
    dependencies=FOR_MAKERS,
    response_model=AppraisalTold,
    openapi_extra=body_of(AppraisalOrder),
)
async def appraisal_with_receipts(request: Request, project_id: str) -> Response:
    """Its appraisal with receipts of actual months in the place of the market's books; they aren't kept."""
    await run_in_threadpool(projects.find, request, id_in(project_id))
    wanted = await json_body(request, AppraisalOrder)
    found = await run_in_threadpool(
        projects.appraised, request, project_id, "json", paths=wanted.paths, seed=wanted.seed, receipts=wanted.receipts
    )
    return JSONResponse(found)


@router.get("/portfolio", dependencies=FOR_MAKERS, response_model=PortfolioTold)
def portfolio(
    request: Request,
    project: Annotated[list[str], Query(min_length=2, max_length=MOST)],
    cvar: Annotated[float, Query(ge=0, le=1000)] = 50.0,
    level: Annotated[float, Query(ge=1, le=99.9)] = 95.0,
    most: Annotated[float, Query(ge=0.1, le=100)] = 100.0,
    direction: Annotated[list[str], Query(max_length=40)] = [],  # noqa: B006 - FastAPI copies it
    paths: Annotated[int, Query(ge=2, le=PATHS)] = portfolios.PATHS,
    seed: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> Response:
    """A budget shared among projects, under limits of risk and directions such as ``application=60``, in per cent."""
    wish = Wish(tuple(id_in(one) for one in project), cvar, level, most, tuple(direction), paths, seed)
    return JSONResponse(portfolios.shared(request, wish))


def _line(row: ProjectHead) -> dict[str, Any]:
    return {
        "id": row.id, "owner": row.owner, "name": row.name, "layer": row.layer, "stage": row.stage,
        "changed": row.changed_at.isoformat(), "version": row.version,
    }  # fmt: skip


def _told(row: ProjectRow) -> dict[str, Any]:
    return {**_line(row), "text": row.text}
