"""`/v1/audio/speech`: texts, spoken."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from luokuan.i18n import _
from luokuan.store import belongings
from luokuan.store.blobs import Blobs
from luokuan.studio.access import Needs, principal
from luokuan.studio.files import work_file
from luokuan.studio.openai.answers import LABEL, UNHELD, line
from luokuan.studio.openai.asking import hand_in
from luokuan.studio.openai.bodies import json_body
from luokuan.studio.openai.catalogue import find_entry
from luokuan.studio.openai.drawing import seed_of
from luokuan.studio.openai.errors import ApiError
from luokuan.studio.openai.fields import Fields, missing, unsupported, wrong, wrong_type
from luokuan.studio.openai.links import told
from luokuan.studio.openai.pictures import works_of
from luokuan.studio.state import studio_of

router = APIRouter(prefix="/v1")
KIND = "create.speech"
FORMATS = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg; codecs=opus",
    "aac": "audio/mp4",
    "flac": "audio/flac",
    "wav": "audio/wav",
}
PIECE = 32 << 10
"""Bytes of an event."""


@router.post("/audio/speech", dependencies=[Depends(Needs("maker", scope="create"))])
async def speech(request: Request) -> Response:
    """Speak a text. The file is whole and signed before its first byte leaves."""
    body = await json_body(request)
    fields = Fields(body)
    model, text = fields.needed("model", most=120), fields.needed("input")
    voice = await run_in_threadpool(_voice, request, fields.any("voice"))
    kind = fields.any("response_format") or "mp3"
    if kind == "pcm":
        raise ApiError(
            _("Samples without a file have no place for label and signature."),
            _("Ask for one of {formats}.", formats=", ".join(FORMATS)),
            code="unsupported_value",
            param="response_format",
        )
    if not isinstance(kind, str) or kind not in FORMATS:
        raise wrong("response_format", ", ".join(FORMATS))
    rate = fields.number("speed", 0.5, 2, 1.0)
    stream = fields.one_of("stream_format", ("audio", "sse"), "audio")
    seed, pitch = seed_of(fields), fields.number("pitch", -12, 12, 0.0)
    if fields.any("instructions"):
        raise unsupported("instructions")
    fields.done()
    await run_in_threadpool(find_entry, request, model, "audio/speech")
    brief = {"text": text, "voices": [voice], "rate": rate, "pitch": pitch, "format": FORMATS[kind], "seed": seed}
    asked = await hand_in(request, KIND, brief, body)
    (row,) = [row async for row in works_of(request, asked)]
    more = told(request, row)
    said = {"x-luokuan-label": LABEL, "x-luokuan-work": row.id}
    if stream == "audio":
        made = await run_in_threadpool(work_file, request, row, studio_of(request).home, download=True)
        made.headers.update(said)
        return made
    data = await run_in_threadpool(Blobs(studio_of(request).home).get, row.blob_sha256)

    async def lines() -> AsyncIterator[str]:
        for start in range(0, len(data), PIECE):
            piece = base64.b64encode(data[start : start + PIECE]).decode()
            yield line({"type": "speech.audio.delta", "audio": piece})
        usage = {"input_tokens": len(text), "output_tokens": 0, "total_tokens": len(text)}
        yield line({"type": "speech.audio.done", "usage": usage, "luokuan": more})

    return StreamingResponse(lines(), media_type="text/event-stream", headers={**said, **UNHELD})


@router.get("/audio/voices", dependencies=[Depends(Needs("viewer", scope="models:read"))])
def voices(request: Request) -> Response:
    """The voices that whoever asks may use, each with what it is; no route of OpenAI's."""
    data = [{"id": name, "object": "voice", "language": language} for name, language in _usable(request).items()]
    return JSONResponse({"object": "list", "data": data})


def _usable(request: Request) -> dict[str, str]:
    """Language by name: of the voices that come along, then of the trained ones that whoever asks may use."""
    from luokuan.create.voices.registry import come_along, row_of
    from luokuan.create.voices.trained import stored_cards, stored_voices

    studio, known = studio_of(request), {name: row_of(name).language for name in come_along()}
    trained = [card.name for card in stored_cards(studio.home) if card.name not in known]
    with studio.database.read() as connection:
        mine = belongings.usable(connection, "model", trained, principal(request).person)
    return {**known, **stored_voices(mine, studio.home)}


def _voice(request: Request, given: Any) -> str:
    from luokuan.create.voices.registry import come_along

    if isinstance(given, dict) and given.keys() == {"id"}:
        given = given["id"]
    if given is None:
        raise missing("voice")
    if not isinstance(given, str):
        raise wrong_type("voice", _("a text"))
    if given in come_along():  # no model's card need be read
        return given
    known = _usable(request)
    if given not in known:
        raise wrong("voice", ", ".join(known))
    return given
