"""`/v1/models`: what can be asked for, and removing one's own."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from luokuan.i18n import _
from luokuan.store import belongings
from luokuan.studio.access import Needs, principal
from luokuan.studio.openai.catalogue import SPEECH, Entry, entries, find_entry, licence_of
from luokuan.studio.openai.errors import ApiError
from luokuan.studio.state import studio_of
from luokuan.studio.training.models import remove_own_model

router = APIRouter(prefix="/v1")
_READ = [Depends(Needs("viewer", scope="models:read"))]


@router.get("/models", dependencies=_READ)
def listed(request: Request) -> Response:
    """All that the account may use."""
    found = entries(studio_of(request), principal(request).person)
    return JSONResponse({"object": "list", "data": [told(one) for one in found]})


@router.get("/models/{name}", dependencies=_READ)
def one(request: Request, name: str) -> Response:
    """One of them."""
    return JSONResponse(told(find_entry(request, name)))


@router.delete("/models/{name}", dependencies=[Depends(Needs("maker", scope="train"))])
def delete(request: Request, name: str) -> Response:
    """Remove a model of one's own, with its run; works that it made stay."""
    studio, person, entry = studio_of(request), principal(request).person, find_entry(request, name)
    with studio.database.read() as connection:
        own = belongings.is_own(connection, "model", name, person)
    if entry.path is None or entry.path.parent != studio.home.models or not own:
        raise _kept(name)
    remove_own_model(request, name)
    return JSONResponse({"id": name, "object": "model", "deleted": True})


def told(entry: Entry) -> dict[str, Any]:
    """A model as clients read it."""
    more: dict[str, Any] = {"family": entry.family, "serves": list(entry.serves)}
    if entry.family == SPEECH:
        from luokuan.create.voices.registry import come_along

        more["voices"] = list(come_along())
    elif entry.path is not None:
        more["licence"] = licence_of(entry.path)
    return {"id": entry.name, "object": "model", "created": entry.made_at, "owned_by": entry.owner, "luokuan": more}


def _kept(name: str) -> ApiError:
    return ApiError(
        _("The model '{name}' isn't yours to remove.", name=name),
        _("Remove models that you have trained or brought."),
        code="insufficient_permissions",
        status=403,
        param="model",
    )
