"""Collections: works under a name of one's own; making, renaming and deleting them. Their works are in the library."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from luokuan.errors import UserError
from luokuan.store import collections
from luokuan.studio.access import Needs, form_of, principal
from luokuan.studio.errors import missing
from luokuan.studio.forms import text_in
from luokuan.studio.guard import tokens
from luokuan.studio.rendering import render
from luokuan.studio.state import now, studio_of

router = APIRouter()


@router.get("/collections", dependencies=[Depends(Needs("viewer"))])
def collections_page(request: Request) -> Response:
    """All of one's own."""
    return _page(request)


@router.post("/collections", dependencies=[Depends(Needs("maker"))])
def make(request: Request) -> Response:
    """Make one."""
    try:
        name = text_in(form_of(request), "name", most=collections.LONGEST)
        with studio_of(request).database.write() as connection:
            collections.make_collection(connection, tokens.new_id(), name, principal(request).person, now())
    except UserError as error:
        return _page(request, error=error)
    return RedirectResponse("/collections", 303)


@router.post("/collections/{collection_id}", dependencies=[Depends(Needs("maker"))])
def rename(request: Request, collection_id: str) -> Response:
    """Give one another name."""
    form, name = form_of(request), ""
    try:
        name = text_in(form, "name", most=collections.LONGEST)
        with studio_of(request).database.write() as connection:
            if collections.find_collection(connection, collection_id, principal(request).person) is None:
                raise missing()
            collections.rename_collection(connection, collection_id, name, was=text_in(form, "was"))
    except UserError as error:
        if error.status == 404:
            raise
        return _page(request, error=error, typed={collection_id: name})
    return RedirectResponse("/collections", 303)


@router.post("/collections/{collection_id}/delete", dependencies=[Depends(Needs("maker"))])
def delete(request: Request, collection_id: str) -> Response:
    """Delete one; its works stay where they are."""
    try:
        with studio_of(request).database.write() as connection:
            if collections.find_collection(connection, collection_id, principal(request).person) is None:
                raise missing()
            collections.delete_collection(connection, collection_id, was=text_in(form_of(request), "was"))
    except UserError as error:
        if error.status == 404:
            raise
        return _page(request, error=error)
    return RedirectResponse("/collections", 303)


def _page(
    request: Request, *, error: UserError | None = None, typed: Mapping[str, str] | None = None
) -> Response:  # fmt: skip
    """All of one's own; ``typed``: new names that weren't taken, by the collection's id."""
    with studio_of(request).database.read() as connection:
        rows = collections.collections_of(connection, principal(request).person)
    values = {"rows": rows, "error": error, "longest": collections.LONGEST, "typed": typed or {}}
    return render(request, "collections.html", values, status=200 if error is None else error.status)
