"""`/v1/chat/completions`: answers in a conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from luokuan.i18n import _
from luokuan.store.jobs import Job
from luokuan.studio.access import Needs
from luokuan.studio.jobs.handlers.answer import KIND
from luokuan.studio.openai.answers import Finished, finished, headers, streamed, usage
from luokuan.studio.openai.asking import all_events, hand_in
from luokuan.studio.openai.bodies import json_body
from luokuan.studio.openai.catalogue import find_entry
from luokuan.studio.openai.drawing import MOST_ANSWERS, drawing_of, seed_of, stream_of
from luokuan.studio.openai.fields import Fields, missing, unsupported, wrong, wrong_type

router = APIRouter(prefix="/v1")
USUAL_TOKENS = 1024
MOST_MESSAGES = 200
ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


@router.post("/chat/completions", dependencies=[Depends(Needs("maker", scope="create"))])
async def chat(request: Request) -> Response:
    """Answer the last message."""
    body = await json_body(request)
    fields = Fields(body)
    model = fields.needed("model", most=120)
    turns = _turns(fields.any("messages"))
    count = fields.count("n", MOST_ANSWERS)
    most = fields.integer("max_completion_tokens", 1, 65_536)
    older = fields.integer("max_tokens", 1, 65_536)
    drawing = drawing_of(fields, tokens=most or older or USUAL_TOKENS)
    seed, (stream, with_usage) = seed_of(fields), stream_of(fields)
    likely = _likely(fields)
    fields.settled("modalities", ["text"])
    shape = _shape(fields.any("response_format"))
    fields.done()
    entry = await run_in_threadpool(find_entry, request, model, "chat/completions")
    brief = {
        "model": entry.name,
        "turns": turns,
        "count": count,
        "drawing": drawing,
        "seed": seed,
        "likely": likely,
        "shape": shape,
    }
    asked = await hand_in(request, KIND, brief, body)
    frame = _frame(asked.job, entry.name)
    if not stream:
        answers = await finished(request, await all_events(request, asked))
        done = {**frame, "object": "chat.completion", "choices": [_choice(one, likely) for one in answers]}
        return JSONResponse({**done, "usage": usage(answers, count)}, headers=headers(answers))
    frame = {**frame, "object": "chat.completion.chunk", **({"usage": None} if with_usage else {})}

    def chunk(place: int, delta: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        choice = {"index": place, "delta": delta, "logprobs": None, "finish_reason": None, **more}
        return {**frame, "choices": [choice]}

    def last(answers: Sequence[Finished]) -> dict[str, Any] | None:
        works = [one.work for one in answers if one.work]
        told = {**frame, "choices": [], "usage": usage(answers, count), "luokuan": {"works": works}}
        return told if with_usage else None

    return await streamed(
        request,
        asked,
        begin=[chunk(place, {"role": "assistant", "content": ""}) for place in range(count)],
        piece=lambda place, text: chunk(place, {"content": text}),
        end=lambda one: {
            **chunk(one.said["place"], {}, finish_reason=one.reason, logprobs=_logprobs(one, likely)),
            "luokuan": one.work,
        },
        last=last,
    )


def _frame(job: Job, model: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{job.id}", "created": int(job.created_at.timestamp()), "model": model,
            "system_fingerprint": None, "service_tier": "default"}  # fmt: skip


def _choice(one: Finished, likely: int | None) -> dict[str, Any]:
    message = {"role": "assistant", "content": one.said["text"], "refusal": None}
    return {
        "index": one.said["place"],
        "message": message,
        "logprobs": _logprobs(one, likely),
        "finish_reason": one.reason,
        "luokuan": one.work,
    }


def _logprobs(one: Finished, likely: int | None) -> dict[str, Any] | None:
    if likely is None:
        return None
    content = [
        {**_token(text, logprob), "top_logprobs": [_token(*pair) for pair in top]}
        for text, logprob, top in one.said["likely"]
    ]
    return {"content": content, "refusal": None}


def _token(text: str, logprob: float) -> dict[str, Any]:
    # A token that isn't whole characters has no text, and its bytes aren't told.
    return {"token": text, "logprob": logprob, "bytes": None if "\ufffd" in text else list(text.encode())}


def _likely(fields: Fields) -> int | None:
    wanted, top = fields.flag("logprobs"), fields.integer("top_logprobs", 0, 20)
    if top is not None and not wanted:
        raise wrong("top_logprobs", _("only with {other}", other="logprobs"))
    return (top or 0) if wanted else None


def _shape(given: Any) -> dict[str, Any] | None:
    """The JSON schema that answers must fit; None: they are text."""
    if given is None or given == {"type": "text"}:
        return None
    if given == {"type": "json_object"}:
        return {"type": "object"}
    inner = given.get("json_schema") if isinstance(given, dict) else None
    if not isinstance(inner, dict) or given.keys() != {"type", "json_schema"} or given["type"] != "json_schema":
        raise wrong("response_format", "text, json_object, json_schema")
    if strange := inner.keys() - {"name", "description", "schema", "strict"}:
        raise unsupported(f"response_format.json_schema.{min(strange)[:80]}")
    if not isinstance(inner.get("schema"), dict):
        raise missing("response_format.json_schema.schema")
    found: dict[str, Any] = inner["schema"]
    return found


def _turns(given: Any) -> list[dict[str, str]]:
    if given is None:
        raise missing("messages")
    if not isinstance(given, list):
        raise wrong_type("messages", _("a list"))
    if not 1 <= len(given) <= MOST_MESSAGES:
        raise wrong("messages", f"1 … {MOST_MESSAGES}")
    return [_turn(one, f"messages[{number}]") for number, one in enumerate(given)]


def _turn(given: Any, place: str) -> dict[str, str]:
    if not isinstance(given, dict):
        raise wrong_type(place, _("an object"))
    left = {name: value for name, value in given.items() if value is not None}
    role = left.pop("role", None)
    if not isinstance(role, str) or role not in ROLES:
        raise wrong(f"{place}.role", ", ".join(ROLES))
    content = left.pop("content", None)
    if left:
        raise unsupported(f"{place}.{next(iter(left))[:80]}")
    return {"role": ROLES[role], "content": _content(content, f"{place}.content")}


def _content(given: Any, place: str) -> str:
    if given is None:
        raise missing(place)
    if isinstance(given, str):
        return given
    if not isinstance(given, list):
        raise wrong_type(place, _("a text or a list of parts"))
    texts = []
    for part in given:
        if not isinstance(part, dict) or part.keys() != {"type", "text"} or part["type"] != "text":
            raise unsupported(place, ['{"type": "text", "text": …}'])
        if not isinstance(part["text"], str):
            raise wrong_type(place, _("a text"))
        texts.append(part["text"])
    return "\n".join(texts)
