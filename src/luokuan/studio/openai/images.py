"""`/v1/images`: pictures of what is asked, and pictures like one that is given."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from luokuan.files import sha256_bytes
from luokuan.i18n import _
from luokuan.studio.access import Needs
from luokuan.studio.jobs.references import keep_input
from luokuan.studio.openai.bodies import form_body, json_body
from luokuan.studio.openai.catalogue import find_entry
from luokuan.studio.openai.fields import Fields, missing, unsupported, wrong
from luokuan.studio.openai.pictures import answer, brief_of
from luokuan.studio.state import studio_of

router = APIRouter(prefix="/v1")
EDITS, VARIATIONS = "/v1/images/edits", "/v1/images/variations"
_CREATE = [Depends(Needs("maker", scope="create"))]


@router.post("/images/generations", dependencies=_CREATE)
async def generations(request: Request) -> Response:
    """Pictures of what the prompt says."""
    body = await json_body(request)
    fields = Fields(body)
    model = fields.needed("model", most=120)
    prompt = fields.text("prompt", required=True) or ""
    entry = await run_in_threadpool(find_entry, request, model, "images/generations")
    brief = {**brief_of(fields, entry), "brief": prompt, "among": fields.integer("among", 1, 64)}
    return await answer(request, fields, brief, body, "image_generation")


@router.post("/images/edits", dependencies=_CREATE)
async def edits(request: Request) -> Response:
    """Pictures that start from a given one and show what the prompt says."""
    return await _from_picture(request, "images/edits")


@router.post("/images/variations", dependencies=_CREATE)
async def variations(request: Request) -> Response:
    """Pictures like a given one."""
    return await _from_picture(request, "images/variations")


async def _from_picture(request: Request, endpoint: str) -> Response:
    values, form = await form_body(request, files=4)
    try:
        fields = Fields(values, form=True)
        model = fields.needed("model", most=120)
        prompt = fields.text("prompt", required=True) if endpoint == "images/edits" else ""
        if fields.any("mask") is not None:
            raise unsupported("mask")
        given = fields.any("image")
        if isinstance(given, list) and len(given) == 1:
            given = given[0]
        if given is None:
            raise missing("image")
        if not isinstance(given, UploadFile):
            raise wrong("image", _("one file"))
        data = await given.read()
        if not data:
            raise wrong("image", _("a file that isn't empty"))
        entry = await run_in_threadpool(find_entry, request, model, endpoint)
        like = f"input:{sha256_bytes(data)}"
        brief: dict[str, Any] = {**brief_of(fields, entry), "brief": prompt or "", "like": like}
        brief["strength"] = fields.number("strength", 0, 1)
        await run_in_threadpool(keep_input, data, studio_of(request).home)
        sent = {name: value for name, value in values.items() if isinstance(value, str)} | {"image": like}
        return await answer(request, fields, brief, sent, "image_edit")
    finally:
        await form.close()
