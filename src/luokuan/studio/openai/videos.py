"""`/v1/videos`: presenters and shorts, made in the background, looked at, fetched and removed."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from luokuan.i18n import _
from luokuan.store.works import find_work
from luokuan.studio.access import Needs, principal
from luokuan.studio.errors import missing as nothing
from luokuan.studio.files import work_file
from luokuan.studio.jobs.references import keep_input
from luokuan.studio.openai.answers import LABEL
from luokuan.studio.openai.asking import hand_in
from luokuan.studio.openai.bodies import form_body, json_body
from luokuan.studio.openai.catalogue import PRESENTER, find_entry
from luokuan.studio.openai.drawing import seed_of
from luokuan.studio.openai.errors import ApiError
from luokuan.studio.openai.fields import Fields, unsupported, wrong
from luokuan.studio.openai.files import page
from luokuan.studio.openai.footage import KINDS, START, frame_of, jobs_of, own_job, remove, told
from luokuan.studio.state import address_of, studio_of

router = APIRouter(prefix="/v1")
PATH = "/v1/videos"
FORMATS = {"mp4": "video/mp4", "webm": "video/webm"}
_CREATE = [Depends(Needs("maker", scope="create"))]


@router.post("/videos", dependencies=_CREATE)
async def create(request: Request) -> Response:
    """Begin one; the answer comes at once, the video when it is made."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        body = await json_body(request)
        return await _begun(request, Fields(body), body)
    values, form = await form_body(request, files=1)
    try:
        return await _begun(request, Fields(values, form=True), values)
    finally:
        await form.close()


async def _begun(request: Request, fields: Fields, values: dict[str, Any]) -> Response:
    model = fields.text("model", most=120) or PRESENTER
    prompt, given = fields.needed("prompt"), fields.any("input_reference")
    await run_in_threadpool(find_entry, request, model, "videos")
    brief: dict[str, Any] = {"format": FORMATS[fields.one_of("format", tuple(FORMATS), "mp4")], "seed": seed_of(fields),
                             **frame_of(fields.text("size", most=20)), "fps": fields.number("fps", 8, 60)}  # fmt: skip
    sent = {name: value for name, value in values.items() if isinstance(value, str | int | float | bool)}
    if model == PRESENTER:
        brief |= {
            "text": prompt,
            "voices": list(fields.texts("voice", most=4, longest=64)),
            "title": fields.text("title", most=60) or "",
            "subtitle": fields.text("subtitle", most=60) or "",
            "captions": fields.flag("captions"),
        }
        if given is not None:
            if not isinstance(given, UploadFile):
                raise wrong("input_reference", _("one file"))
            reference = await run_in_threadpool(keep_input, await given.read(), studio_of(request).home)
            brief["portrait_file"] = sent["input_reference"] = reference
    else:
        if given is not None:
            raise unsupported("input_reference")
        brief["storyboard"] = prompt
    fields.done()
    brief = {name: value for name, value in brief.items() if value is not None}
    asked = await hand_in(request, KINDS[model], brief, sent)
    return JSONResponse(await run_in_threadpool(told, request, asked.job))


@router.get("/videos", dependencies=_CREATE)
def listed(request: Request) -> Response:
    """One's own, the newest first, or, with ``order`` asc, the oldest."""
    studio = studio_of(request)
    found = {f"{START}{job.id}": job for job in jobs_of(studio, principal(request).person)}
    rows = [{"id": video_id} for video_id in found]
    if request.query_params.get("order") == "asc":
        rows.reverse()
    shown = page(rows, request, usual=20, most=100)
    return JSONResponse({**shown, "data": [told(request, found[row["id"]]) for row in shown["data"]]})


@router.get("/videos/{video_id}", dependencies=_CREATE)
def one(request: Request, video_id: str) -> Response:
    """How far it is."""
    return JSONResponse(told(request, own_job(studio_of(request), principal(request).person, video_id)))


@router.get("/videos/{video_id}/content", dependencies=_CREATE)
def content(request: Request, video_id: str) -> Response:
    """The signed file. There are no pictures of it: they would leave without a label."""
    studio = studio_of(request)
    job = own_job(studio, principal(request).person, video_id)
    variant = request.query_params.get("variant", "video")
    if variant != "video":
        raise unsupported("variant", ["video"])
    works = studio.queue.works(job.id)
    if job.state != "done" or not works:
        raise ApiError(
            _("The video '{id}' isn't made yet.", id=video_id[:40]),
            _("Ask for it again when its status is completed."),
            code="conflict",
            status=409,
            param="video_id",
        )
    with studio.database.read() as connection:
        row = find_work(connection, works[0])
    if row is None or row.erased:
        raise nothing()
    made = work_file(request, row, studio.home, download=True)
    made.headers.update({"x-luokuan-label": LABEL, "x-luokuan-work": row.id})
    return made


@router.delete("/videos/{video_id}", dependencies=_CREATE)
def delete(request: Request, video_id: str) -> Response:
    """Into the trash with its work, from which the studio erases it; what is still being made is cancelled."""
    studio, person = studio_of(request), principal(request).person
    job = own_job(studio, person, video_id)
    remove(studio, person, job, address=address_of(request))
    return JSONResponse({"id": video_id, "object": "video.deleted", "deleted": True})
