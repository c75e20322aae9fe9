"""`/v1/embeddings`: vectors of texts."""

from __future__ import annotations

import base64
import struct
from typing import Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from luokuan.i18n import _
from luokuan.studio.access import Needs
from luokuan.studio.jobs.handlers.embedding import KIND, MOST
from luokuan.studio.openai.asking import all_events, hand_in
from luokuan.studio.openai.bodies import json_body
from luokuan.studio.openai.catalogue import Entry, find_entry
from luokuan.studio.openai.fields import Fields, missing, unsupported, wrong, wrong_type
from luokuan.studio.state import studio_of

router = APIRouter(prefix="/v1")


@router.post("/embeddings", dependencies=[Depends(Needs("maker", scope="create"))])
async def embeddings(request: Request) -> Response:
    """A vector of each text."""
    body = await json_body(request)
    fields = Fields(body)
    model = fields.needed("model", most=120)
    given = fields.any("input")
    texts = [given] if isinstance(given, str) else given
    if texts is None:
        raise missing("input")
    if not isinstance(texts, list) or not all(isinstance(one, str) for one in texts):
        raise wrong_type("input", _("a text or a list of texts"))
    if not 1 <= len(texts) <= MOST or not all(texts):
        raise wrong("input", _("{least} to {most} texts that aren't empty", least=1, most=MOST))
    form = fields.one_of("encoding_format", ("float", "base64"), "float")
    wanted = fields.integer("dimensions", 1, 1 << 20)
    fields.done()
    entry = await run_in_threadpool(find_entry, request, model, "embeddings")
    if wanted is not None and wanted != (width := width_of(entry)):
        raise unsupported("dimensions", [width])
    asked = await hand_in(request, KIND, {"model": entry.name, "texts": texts}, body)
    await all_events(request, asked)
    queue = studio_of(request).queue
    result = (await run_in_threadpool(queue.get, asked.job.id)).result or {}
    if not asked.stays:
        await run_in_threadpool(queue.forget, asked.job.id)  # it is no work, and large
    data = [
        {"object": "embedding", "index": number, "embedding": text if form == "base64" else _numbers(text)}
        for number, text in enumerate(result["vectors"])
    ]
    tokens = {"prompt_tokens": result["tokens"], "total_tokens": result["tokens"]}
    return JSONResponse({"object": "list", "model": entry.name, "data": data, "usage": tokens})


def width_of(entry: Entry) -> Any:
    """How many numbers its vectors have."""
    return entry.config.get("latent") if entry.family == "vae/text" else entry.config.get("hidden_size")


def _numbers(text: str) -> list[float]:
    data = base64.b64decode(text)
    return list(struct.unpack(f"<{len(data) // 4}f", data))
