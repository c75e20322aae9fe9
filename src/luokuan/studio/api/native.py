"""`/api`: who a key speaks for, and the works that it may read."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from luokuan.colophon.collection import public_record
from luokuan.store import library
from luokuan.studio.access import Needs, principal
from luokuan.studio.api.shapes import Me, WorkPage, WorkWhole
from luokuan.studio.files import work_file
from luokuan.studio.marks import mark_of, text_of
from luokuan.studio.state import studio_of
from luokuan.studio.works import own_work, served_work, wanted_of

router = APIRouter(prefix="/api")
MOST = 100
"""Works a page."""


@router.get("/me", dependencies=[Depends(Needs("viewer"))], response_model=Me)
def me(request: Request) -> Response:
    """The account, and what the key is for."""
    who = principal(request)
    assert who.key is not None
    return JSONResponse({"name": who.person.name, "role": who.key.role, "scopes": list(who.key.scopes)})


@router.get("/works", dependencies=[Depends(Needs("viewer", scope="works:read"))], response_model=WorkPage)
def works(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 20,
    after: Annotated[str, Query(max_length=200)] = "",
    kind: Annotated[str, Query(max_length=80)] = "",
    model: Annotated[str, Query(max_length=200)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Works, the newest first; ``next`` is what to give as ``after`` for more."""
    wanted = wanted_of({"kind": _clean(kind), "model": _clean(model), "q": _clean(q)})
    with studio_of(request).database.read() as connection:
        rows, mark = library.page_of_works(connection, principal(request).person, wanted, limit, mark_of(after))
    found: dict[str, Any] = {"works": [public_record(row) for row in rows]}
    return JSONResponse({**found, "next": None if mark is None else text_of(mark)})


@router.get("/works/{work_id}", dependencies=[Depends(Needs("viewer", scope="works:read"))], response_model=WorkWhole)
def work(request: Request, work_id: str) -> Response:
    """One work, with its recipe."""
    row = own_work(request, work_id)
    return JSONResponse({**public_record(row), "recipe": dict(row.recipe or {})})


@router.get(
    "/works/{work_id}/file",
    dependencies=[Depends(Needs("viewer", scope="works:read"))],
    response_class=Response,
    responses={200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}},
)
def file(request: Request, work_id: str) -> Response:
    """The signed bytes."""
    return work_file(request, served_work(request, work_id), studio_of(request).home, download=True)


def _clean(text: str) -> str:
    return "".join(letter for letter in text if letter >= " " and letter != "\x7f")
