"""`/v1/completions`: texts that go on from a beginning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from luokuan.i18n import _
from luokuan.studio.access import Needs
from luokuan.studio.jobs.handlers.answer import KIND
from luokuan.studio.openai.answers import Finished, finished, headers, streamed, usage
from luokuan.studio.openai.asking import all_events, hand_in
from luokuan.studio.openai.bodies import json_body
from luokuan.studio.openai.catalogue import find_entry
from luokuan.studio.openai.drawing import MOST_ANSWERS, drawing_of, seed_of, stream_of
from luokuan.studio.openai.fields import Fields, wrong, wrong_type

router = APIRouter(prefix="/v1")
USUAL_TOKENS = 16
MOST_PROMPTS = 16
MOST_TEXTS = 64


@router.post("/completions", dependencies=[Depends(Needs("maker", scope="create"))])
async def completions(request: Request) -> Response:
    """Go on from each prompt."""
    body = await json_body(request)
    fields = Fields(body)
    model = fields.needed("model", most=120)
    prompts = _prompts(fields.any("prompt"))
    count = fields.count("n", MOST_ANSWERS)
    if count * len(prompts) > MOST_TEXTS:
        raise wrong("n", _("at most {most} texts together", most=MOST_TEXTS))
    fields.settled("best_of", count)
    echo = fields.flag("echo")
    likely = fields.integer("logprobs", 0, 5)
    drawing = drawing_of(fields, tokens=fields.integer("max_tokens", 1, 65_536, USUAL_TOKENS) or USUAL_TOKENS)
    seed, (stream, with_usage) = seed_of(fields), stream_of(fields)
    fields.settled("suffix", "")
    fields.done()
    entry = await run_in_threadpool(find_entry, request, model, "completions")
    brief = {"model": entry.name, "prompts": prompts, "count": count, "drawing": drawing, "seed": seed,
             "likely": likely}  # fmt: skip
    asked = await hand_in(request, KIND, brief, body)
    frame = {"id": f"cmpl-{asked.job.id}", "object": "text_completion", "model": entry.name,
             "created": int(asked.job.created_at.timestamp()), "system_fingerprint": None}  # fmt: skip

    def choice(place: int, text: str, **more: Any) -> dict[str, Any]:
        return {"index": place, "text": text, "logprobs": None, "finish_reason": None, **more}

    def lead(place: int) -> str:
        return prompts[place // count] if echo else ""

    def whole(one: Finished) -> dict[str, Any]:
        place, text = int(one.said["place"]), str(one.said["text"])
        said = lead(place)
        more = {"logprobs": _logprobs(one, likely, len(said)), "finish_reason": one.reason, "luokuan": one.work}
        return choice(place, said + text, **more)

    if not stream:
        answers = await finished(request, await all_events(request, asked))
        done = {**frame, "choices": [whole(one) for one in answers], "usage": usage(answers, count)}
        return JSONResponse(done, headers=headers(answers))
    if with_usage:
        frame["usage"] = None

    def end(one: Finished) -> dict[str, Any]:
        return {**frame, "choices": [{**whole(one), "text": ""}], "luokuan": one.work}

    def last(answers: Sequence[Finished]) -> dict[str, Any] | None:
        works = [one.work for one in answers if one.work]
        told = {**frame, "choices": [], "usage": usage(answers, count), "luokuan": {"works": works}}
        return told if with_usage else None

    leads = [place for place in range(count * len(prompts)) if lead(place)]
    return await streamed(
        request,
        asked,
        begin=[{**frame, "choices": [choice(place, lead(place))]} for place in leads],
        piece=lambda place, text: {**frame, "choices": [choice(place, text)]},
        end=end,
        last=last,
    )


def _logprobs(one: Finished, likely: int | None, offset: int) -> dict[str, Any] | None:
    """As the older interface has them: lists side by side, of what was written, not of an echo."""
    if likely is None:
        return None
    found: dict[str, Any] = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
    for text, logprob, top in one.said["likely"]:
        found["tokens"].append(text)
        found["token_logprobs"].append(logprob)
        found["top_logprobs"].append(dict(top))
        found["text_offset"].append(offset)
        offset += len(text)
    return found


def _prompts(given: Any) -> list[str]:
    if given is None:
        return [""]
    found = [given] if isinstance(given, str) else given
    if not isinstance(found, list) or not found or not all(isinstance(one, str) for one in found):
        raise wrong_type("prompt", _("a text or a list of texts"))
    if len(found) > MOST_PROMPTS:
        raise wrong("prompt", _("at most {count} of at most {most} characters", count=MOST_PROMPTS, most=20_000))
    return found
