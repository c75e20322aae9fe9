"""Bringing an archive: in pieces that can be resumed, or in one form without scripts; then it is unpacked.

No name that was sent becomes a path: the archive lies under its id, and the corpus or model under a name that was
checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.belongings import What
from luokuan.store.uploads import UploadRow
from luokuan.studio.access import Needs, check_token, form_of, principal
from luokuan.studio.forms import number_in, text_in
from luokuan.studio.guard.csrf import FIELD, HEADER
from luokuan.studio.material import licences, receiving
from luokuan.studio.material.multipart import Fields, Take, read_form_with_file
from luokuan.studio.rendering import render
from luokuan.studio.state import now, studio_of
from luokuan.studio.uploading import become, coming, find_own_upload, own_upload, require_all, start_unpacking

router = APIRouter()
START = "/train/uploads"
WHOLE = f"{START}/whole"
PIECES = f"{START}/"
"""Bodies below it are pieces."""
SOON = 1.5
"""Seconds in which most archives are unpacked: so long the answer waits."""
_MOST = 10**13


@router.post(START, dependencies=[Depends(Needs("maker"))])
def begin(request: Request) -> Response:
    """Begin an upload, or learn where to go on with it."""
    studio, form = studio_of(request), form_of(request)
    size = number_in(form, "size", most=_MOST) or 0
    name = text_in(form, "name", most=80)
    person, kind = principal(request).person, _kind_in(form)
    row, at = receiving.begin(studio.database, studio.settings, person, name, size, now(), kind)
    return JSONResponse({"id": row.id, "at": at, "piece": receiving.PIECE})


@router.post(f"{START}/{{upload_id}}/pieces", dependencies=[Depends(Needs("maker", raw="header"))])
async def piece(request: Request, upload_id: str, at: Annotated[int, Query(ge=0, le=_MOST)]) -> Response:
    """Take the next piece; 409 says where to go on."""
    row = await run_in_threadpool(own_upload, request, upload_id)
    data = await request.body()
    try:
        length = await run_in_threadpool(receiving.append, studio_of(request).settings, row, at, data)
    except UserError as error:
        if error.code != "upload.place":
            raise
        length = await run_in_threadpool(receiving.received, studio_of(request).home, row)
        return JSONResponse({"at": length, "what": error.what}, 409)
    return JSONResponse({"at": length})


@router.post(WHOLE, dependencies=[Depends(Needs("maker", raw="body"))])
async def whole(request: Request) -> Response:
    """An archive in one form: without scripts."""
    studio, person = studio_of(request), principal(request).person
    declared = request.headers.get("content-length", "")
    if HEADER not in request.headers and not request.headers.get("content-type", "").startswith("multipart/form-data"):
        check_token(request, "")  # there is none to be found
    begun: list[tuple[UploadRow, str]] = []

    async def start(fields: Fields) -> Take:
        if HEADER not in request.headers:
            check_token(request, fields.get(FIELD, ""))
        if not declared.isdigit():
            raise UserError(
                _("The upload doesn't say how large it is."), _("Send it from a browser."), code="upload.length",
                status=411,
            )  # fmt: skip
        name, size = text_in(fields, "name", most=80), int(declared[:20])
        row, at = await run_in_threadpool(
            receiving.begin, studio.database, studio.settings, person, name, size, now(), _kind_in(fields)
        )
        begun.append((row, _licence_in(fields)))
        if at:  # an earlier attempt in one piece, which can't be gone on with
            receiving.place_of(studio.home, row.id).write_bytes(b"")
        come = 0

        async def take(data: bytes) -> None:
            nonlocal come
            for first in range(0, len(data), receiving.PIECE):
                part = data[first : first + receiving.PIECE]
                come = await run_in_threadpool(receiving.append, studio.settings, row, come, part)

        return take

    try:
        if not await read_form_with_file(request, start):
            if HEADER not in request.headers:
                check_token(request, "")
            receiving.check_size(studio.settings, 0)
    except BaseException:
        for row, _licence in begun:
            await run_in_threadpool(receiving.give_up, studio.database, studio.home, row)
        raise
    return await run_in_threadpool(_finish, request, *begun[0])


@router.post(f"{START}/{{upload_id}}/finish", dependencies=[Depends(Needs("maker"))])
def finish(request: Request, upload_id: str) -> Response:
    """All has come: unpack it. Whoever asks again afterwards, such as from another tab, is led to what it became."""
    row = find_own_upload(request, upload_id)
    if row is None:
        return RedirectResponse(f"/train/{become(request, upload_id).about}", 303)
    require_all(request, row)
    return _finish(request, row, _licence_in(form_of(request)))


@router.post(f"{START}/{{upload_id}}/give-up", dependencies=[Depends(Needs("maker"))])
def give_up(request: Request, upload_id: str) -> Response:
    """Forget it."""
    studio, row = studio_of(request), own_upload(request, upload_id)
    receiving.give_up(studio.database, studio.home, row)
    return RedirectResponse("/train/corpora" if row.kind == "corpus" else "/train/models", 303)


@router.get(f"{START}/{{upload_id}}", dependencies=[Depends(Needs("maker"))])
def upload_page(request: Request, upload_id: str) -> Response:
    """How far it is; when it is a corpus or a model, its page."""
    return _shown(request, upload_id, "upload.html")


@router.get(f"{START}/{{upload_id}}/state", dependencies=[Depends(Needs("maker"))])
def state(request: Request, upload_id: str) -> Response:
    """The same, as a part that is asked for again and again."""
    return _shown(request, upload_id, "_upload.html")


def _kind_in(fields: Mapping[str, Any]) -> What:
    return "model" if text_in(fields, "kind", most=20) == "model" else "corpus"


def _licence_in(fields: Mapping[str, Any]) -> str:
    return text_in(fields, "other", most=80) or text_in(fields, "licence", most=80)


def _finish(request: Request, row: UploadRow, licence: str) -> Response:
    errand = start_unpacking(request, row, licence)
    errand.ended.wait(SOON)
    if errand.answer is not None:
        return RedirectResponse(f"/train/{errand.about}", 303)
    return RedirectResponse(f"{START}/{row.id}", 303)


def _shown(request: Request, upload_id: str, template: str) -> Response:
    row = find_own_upload(request, upload_id)
    if row is None:
        return _to(request, f"/train/{become(request, upload_id).about}")
    here = coming(request, row)
    values = {
        "row": row,
        "errand": here.errand,
        "at": here.at,
        # The studio was stopped, or what failed may go well another time.
        "again": here.stands in ("whole", "failed"),
        "licences": licences.rows() if here.stands == "asks" else (),
    }
    return render(request, template, values)


def _to(request: Request, path: str) -> Response:
    if "hx-request" in request.headers:
        return Response(status_code=204, headers={"hx-redirect": path})
    return RedirectResponse(path, 303)
