"""`/v1/files`: what to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from luokuan.i18n import _
from luokuan.studio.access import Needs, principal
from luokuan.studio.files import disposition
from luokuan.studio.guard.headers import FILES
from luokuan.studio.openai import filestore, tuning
from luokuan.studio.openai.bodies import form_body
from luokuan.studio.openai.errors import ApiError
from luokuan.studio.openai.fields import Fields, missing, unsupported, wrong
from luokuan.studio.state import studio_of

router = APIRouter(prefix="/v1")
PATH = "/v1/files"
PURPOSE = "fine-tune"
SHORTEST, LONGEST = 3600, 30 * 24 * 3600
"""Seconds after which a file may be set to be removed."""
_TRAIN = [Depends(Needs("maker", scope="train"))]


@router.post("/files", dependencies=_TRAIN)
async def create(request: Request) -> Response:
    """Keep a file of examples."""
    values, form = await form_body(request, files=1)
    try:
        fields = Fields(values, form=True)
        fields.one_of("purpose", (PURPOSE,), "")
        if "purpose" not in values:
            raise missing("purpose")
        seconds = _seconds(fields)
        given = fields.any("file")
        fields.done()
        if given is None:
            raise missing("file")
        if not isinstance(given, UploadFile) or not given.size:
            raise wrong("file", _("one file that isn't empty"))
        data, name = await given.read(), _name(given.filename or "")
    finally:
        await form.close()
    studio, person = studio_of(request), principal(request).person
    await run_in_threadpool(tuning.look_through, data)
    made = await run_in_threadpool(filestore.keep, studio, person, data, name, PURPOSE, seconds)
    return JSONResponse(made.to_json())


@router.get("/files", dependencies=_TRAIN)
def listed(request: Request) -> Response:
    """One's own, the newest first."""
    asked = request.query_params
    found = filestore.stored(studio_of(request).home, principal(request).person)
    found = [one for one in found if asked.get("purpose") in (None, one.purpose)]
    if asked.get("order") == "asc":
        found.reverse()
    return JSONResponse(page([one.to_json() for one in found], request, usual=1000, most=10_000))


@router.get("/files/{file_id}", dependencies=_TRAIN)
def one(request: Request, file_id: str) -> Response:
    """What is known of a file."""
    return JSONResponse(filestore.find(studio_of(request).home, principal(request).person, file_id).to_json())


@router.get("/files/{file_id}/content", dependencies=_TRAIN)
def content(request: Request, file_id: str) -> Response:
    """The bytes as they came."""
    home, person = studio_of(request).home, principal(request).person
    found = filestore.find(home, person, file_id)
    headers = {"content-security-policy": FILES, "content-disposition": disposition(found.filename, attached=True)}
    return FileResponse(filestore.data_of(home, person, found), media_type="application/octet-stream", headers=headers)


@router.delete("/files/{file_id}", dependencies=_TRAIN)
def delete(request: Request, file_id: str) -> Response:
    """Remove a file, and the corpora that were made from it."""
    studio, person = studio_of(request), principal(request).person
    found = filestore.find(studio.home, person, file_id)
    tuning.remove_corpora(studio, person, found.id)
    filestore.delete(studio.home, person, found)
    return JSONResponse({"id": found.id, "object": "file", "deleted": True})


def page(rows: Sequence[dict[str, Any]], request: Request, *, usual: int, most: int) -> dict[str, Any]:
    """A page of ``rows``: ``limit`` of them behind the id ``after``.

    Raises:
        ApiError: a value can't be used.
    """
    fields = Fields({name: request.query_params[name] for name in ("limit", "after") if name in request.query_params},
                    form=True)  # fmt: skip
    limit, after = fields.integer("limit", 1, most, usual) or usual, fields.text("after", most=200)
    ids = [str(row["id"]) for row in rows]
    if after is not None and after not in ids:
        raise ApiError(
            _("There is nothing with the id '{id}'.", id=after[:80]), _("Give the last id of the page before."),
            code="invalid_value", param="after",
        )  # fmt: skip
    start = 0 if after is None else ids.index(after) + 1
    shown = rows[start : start + limit]
    return {
        "object": "list",
        "data": list(shown),
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": start + limit < len(rows),
    }


def _seconds(fields: Fields) -> int | None:
    anchor, seconds = fields.any("expires_after[anchor]"), fields.integer("expires_after[seconds]", SHORTEST, LONGEST)
    if anchor is not None and anchor != "created_at":
        raise unsupported("expires_after[anchor]", ["created_at"])
    return seconds


def _name(given: str) -> str:
    """What a file is called, without folders and without what no line should hold."""
    plain = "".join(letter for letter in given.replace("\\", "/").rpartition("/")[2] if letter.isprintable())
    return plain[:200] or "file.jsonl"
