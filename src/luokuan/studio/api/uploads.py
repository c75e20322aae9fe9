"""`/api/uploads`: bringing corpora and models as zip files, piece by piece; and removing models."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from luokuan.store import uploads
from luokuan.store.uploads import UploadRow
from luokuan.studio.access import Needs, principal
from luokuan.studio.api.bodies import json_body
from luokuan.studio.api.shapes import ModelGone, UploadEnd, UploadList, UploadOrder, UploadPiece, UploadTold
from luokuan.studio.material import receiving
from luokuan.studio.material.errands import Errand
from luokuan.studio.state import now, studio_of
from luokuan.studio.training.models import remove_own_model
from luokuan.studio.uploading import become, find_own_upload, own_upload, require_all, start_unpacking, unpacking_of

router = APIRouter(prefix="/api")
PIECES = "/api/uploads/"
"""Bodies below it are pieces."""
_TRAIN = [Depends(Needs("maker", scope="train"))]
_MOST = 10**13


def _body(shape: Any) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": shape.model_json_schema()}}}}


_BYTES = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "/uploads", dependencies=_TRAIN, status_code=201, response_model=UploadTold, openapi_extra=_body(UploadOrder)
)
async def begin(request: Request) -> Response:
    """Begin to bring a zip file, or learn where to go on with one of the same kind, name and size."""
    order = await json_body(request, UploadOrder)
    return await run_in_threadpool(_begin, request, order)


def _begin(request: Request, order: UploadOrder) -> Response:
    studio, person = studio_of(request), principal(request).person
    row, _at = receiving.begin(
        studio.database, studio.settings, person, order.name, order.size, now(), order.kind
    )  # fmt: skip
    return JSONResponse(_told(request, row), 201, headers={"location": f"/api/uploads/{row.id}"})


@router.get("/uploads", dependencies=_TRAIN, response_model=UploadList)
def listed(request: Request) -> Response:
    """Those that haven't become anything yet, the newest first."""
    with studio_of(request).database.read() as connection:
        rows = uploads.uploads_of(connection, principal(request).person, "corpus", "model")
    return JSONResponse({"uploads": [_told(request, row) for row in rows]})


@router.get("/uploads/{upload_id}", dependencies=_TRAIN, response_model=UploadTold)
def one(request: Request, upload_id: str) -> Response:
    """How far it is. When it is ``done``, the corpus or model is there under its name."""
    row = find_own_upload(request, upload_id)
    return JSONResponse(_done(upload_id, become(request, upload_id)) if row is None else _told(request, row))


@router.post("/uploads/{upload_id}/pieces", dependencies=_TRAIN, response_model=UploadPiece, openapi_extra=_BYTES)
async def piece(
    request: Request,
    upload_id: str,
    at: Annotated[int, Query(ge=0, le=_MOST, description="How many bytes have come before this piece.")],
) -> Response:
    """Take the next piece, of at most ``piece`` bytes. 409: it begins elsewhere; ask how far the upload is."""
    row = await run_in_threadpool(own_upload, request, upload_id)
    data = await request.body()
    length = await run_in_threadpool(receiving.append, studio_of(request).settings, row, at, data)
    return JSONResponse({"at": length})


@router.post(
    "/uploads/{upload_id}/finish", dependencies=_TRAIN, status_code=202, response_model=UploadTold,
    openapi_extra=_body(UploadEnd),
)  # fmt: skip
async def finish(request: Request, upload_id: str) -> Response:
    """All has come: unpack it. May be repeated when it has failed, such as with a licence; when it is ``done`` that is
    what is said again."""
    end = await json_body(request, UploadEnd)
    return await run_in_threadpool(_finish, request, upload_id, end.licence)


def _finish(request: Request, upload_id: str, licence: str) -> Response:
    row = find_own_upload(request, upload_id)
    if row is None:
        return JSONResponse(_done(upload_id, become(request, upload_id)), 202)
    require_all(request, row)
    start_unpacking(request, row, licence)
    return JSONResponse(_told(request, row), 202)


@router.delete("/uploads/{upload_id}", dependencies=_TRAIN, status_code=204, response_class=Response)
def give_up(request: Request, upload_id: str) -> Response:
    """Forget it."""
    studio = studio_of(request)
    receiving.give_up(studio.database, studio.home, own_upload(request, upload_id))
    return Response(status_code=204)


@router.delete("/models/{name}", dependencies=_TRAIN, response_model=ModelGone)
def remove(request: Request, name: str) -> Response:
    """Remove a model of one's own, with its run; works that it made stay."""
    remove_own_model(request, name)
    return JSONResponse({"name": name, "removed": True})


def _told(request: Request, row: UploadRow) -> dict[str, Any]:
    errand = unpacking_of(request, row.id)
    error = None if errand is None else errand.error
    state = "coming" if errand is None else "unpacking" if error is None else "failed"
    return {
        "id": row.id,
        "kind": row.kind,
        "name": row.name,
        "size": row.size,
        "at": receiving.received(studio_of(request).home, row),
        "piece": receiving.PIECE,
        "state": state,
        "share": 0.0 if errand is None else round(errand.share, 4),
        "error": None if error is None else {"code": error.code, "what": error.what, "do": error.do},
    }


def _done(upload_id: str, errand: Errand) -> dict[str, Any]:
    place, _slash, name = errand.about.partition("/")
    kind, size = "corpus" if place == "corpora" else "model", int((errand.answer or {})["size"])
    return {"id": upload_id, "kind": kind, "name": name, "size": size, "at": size,
            "piece": receiving.PIECE, "state": "done", "share": 1.0, "error": None}  # fmt: skip
