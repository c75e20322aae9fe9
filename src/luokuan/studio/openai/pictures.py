"""What the routes of pictures share: sizes, formats, and finished works as clients read them."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.models.codec.config import FACTOR
from luokuan.store.blobs import Blobs
from luokuan.store.works import WorkRow, find_work
from luokuan.studio.openai.answers import LABEL, UNHELD, line
from luokuan.studio.openai.asking import Asked, events_of, followed, hand_in
from luokuan.studio.openai.catalogue import Entry
from luokuan.studio.openai.drawing import seed_of
from luokuan.studio.openai.errors import body_of
from luokuan.studio.openai.fields import Fields, wrong
from luokuan.studio.openai.links import told
from luokuan.studio.state import studio_of

KIND = "create.image"
MOST = 10
SMALLEST = 512
"""Side to which ``finish`` enlarges smaller pictures, so that their label can be read."""
FORMATS = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
FACTORS = (1, 2, 4)
"""By how much a picture can be enlarged as it is made."""


def side_of(entry: Entry) -> int:
    """Side in pixels of what a model draws; as ``models.registry.picture_size``, which brings torch."""
    size = entry.config.get("size")
    side = size if isinstance(size, int) and size > 0 else SMALLEST
    return side * FACTOR if entry.config.get("space") == "latent" else side


def sizes_of(entry: Entry) -> dict[str, int]:
    """The sizes in which a model's pictures leave, each with the factor by which they are enlarged before."""
    found: dict[str, int] = {}
    for factor in FACTORS:
        side = max(side_of(entry) * factor, SMALLEST)
        found.setdefault(f"{side}x{side}", factor)
    return found


def brief_of(fields: Fields, entry: Entry) -> dict[str, Any]:
    """The fields of a brief that all routes of pictures share.

    Raises:
        ApiError: a field can't be used.
    """
    fields.settled("background", "auto", "opaque")
    fields.settled("quality", "auto", "standard")
    fields.integer("partial_images", 0, 3)
    kind = fields.one_of("output_format", tuple(FORMATS), "png")
    sizes = sizes_of(entry)
    factor = sizes.get(fields.one_of("size", ("auto", *sizes), "auto"), 1)
    return {
        "model": entry.name,
        "count": fields.count("n", MOST),
        "seed": seed_of(fields),
        "format": FORMATS[kind],
        "guidance": fields.number("guidance", 1, 20),
        "truncation": fields.number("truncation", 0, 1),
        **({"upscale": factor} if factor > 1 else {}),
    }


async def answer(
    request: Request, fields: Fields, brief: Mapping[str, Any], body: Mapping[str, Any], name: str
) -> Response:
    """Make the pictures, and answer with them.

    Args:
        name: What the events of a stream are called by.

    Raises:
        UserError: see ``asking``.
    """
    stream = fields.flag("stream")
    form = fields.one_of("response_format", ("b64_json", "url"), "b64_json")
    fields.done()
    if stream and form == "url":
        raise wrong("response_format", _("b64_json with {other}", other="stream"))
    asked = await hand_in(request, KIND, brief, body)
    if stream:
        return await _streamed(request, asked, brief, name)
    rows = [row async for row in works_of(request, asked)]
    data = [await run_in_threadpool(_picture, request, row, form) for row in rows]
    works = ",".join(row.id for row in rows)
    found = {"created": int(asked.job.created_at.timestamp()), "background": "opaque", "data": data, **_form(brief)}
    return JSONResponse(found, headers={"x-luokuan-label": LABEL, "x-luokuan-work": works})


async def works_of(request: Request, asked: Asked) -> AsyncGenerator[WorkRow, None]:
    """The works of a job, each as soon as it is finished.

    Raises:
        UserError: see ``asking.events_of``.
    """
    studio, seen = studio_of(request), set[str]()
    async with followed(studio, asked):
        async for event in events_of(studio, asked.job.id, request.is_disconnected):
            if event.kind == "work" and (work_id := str(event.data["work"])) not in seen:
                seen.add(work_id)
                row = await run_in_threadpool(_row, request, work_id)
                if row is not None:
                    yield row


async def _streamed(request: Request, asked: Asked, brief: Mapping[str, Any], name: str) -> Response:
    """Each finished picture as an event. There are no partial ones: what isn't finished carries no label."""
    works = works_of(request, asked)
    first = await anext(works, None)  # what fails at once is answered with its status

    async def lines() -> AsyncIterator[str]:
        try:
            if first is not None:
                yield line(await run_in_threadpool(_event, request, first, brief, name), f"{name}.completed")
            async for row in works:
                yield line(await run_in_threadpool(_event, request, row, brief, name), f"{name}.completed")
        except UserError as error:
            yield line({"type": "error", **body_of(error)}, "error")
        except ClientDisconnect:
            return
        finally:
            await works.aclose()

    return StreamingResponse(lines(), media_type="text/event-stream", headers={"x-luokuan-label": LABEL, **UNHELD})


def _event(request: Request, row: WorkRow, brief: Mapping[str, Any], name: str) -> dict[str, Any]:
    none = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0,
            "input_tokens_details": {"image_tokens": 0, "text_tokens": 0}}  # fmt: skip
    said = {"type": f"{name}.completed", "created_at": int(time.time()), "background": "opaque", "quality": "auto"}
    return {**said, **_form(brief), **_picture(request, row, "b64_json"), "usage": none}


def _form(brief: Mapping[str, Any]) -> dict[str, Any]:
    return {"output_format": brief["format"].partition("/")[2]}


def _picture(request: Request, row: WorkRow, form: str) -> dict[str, Any]:
    more = told(request, row)
    if form == "url":
        return {"url": more["file"], "luokuan": more}
    data = Blobs(studio_of(request).home).get(row.blob_sha256)
    return {"b64_json": base64.b64encode(data).decode(), "luokuan": more}


def _row(request: Request, work_id: str) -> WorkRow | None:
    with studio_of(request).database.read() as connection:
        return find_work(connection, work_id)
