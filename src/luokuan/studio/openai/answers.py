"""Answers of language models as clients read them, whole or piece by piece."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse

from luokuan.errors import UserError
from luokuan.store.jobs import Event
from luokuan.store.works import find_work
from luokuan.studio.jobs.handlers.answer import EVENT
from luokuan.studio.openai.asking import Asked, events_of, followed
from luokuan.studio.openai.errors import body_of
from luokuan.studio.openai.links import told
from luokuan.studio.state import studio_of

REASONS = {"end": "stop", "stop": "stop", "length": "length", "context": "length"}
"""Why a text ended, in our words and in OpenAI's."""
LABEL = "AI-generated"
"""The header ``x-luokuan-label``, in ASCII; the label's own words are in the body."""
Chunk = Mapping[str, Any]


@dataclass(slots=True)
class Finished:
    """One answer that has ended.

    Args:
        said: Data of its ``EVENT``.
        work: What is told of its work; None: nothing was written, so there is none.
    """

    said: Mapping[str, Any]
    work: dict[str, Any] | None = None

    @property
    def reason(self) -> str:
        """Why it ended."""
        return REASONS.get(str(self.said["ended"]), "stop")


@dataclass(slots=True)
class Told:
    """What was told of the answers so far, whichever attempt told it.

    ``new(event)`` gives (place, piece) or (place, Finished), each piece once: another attempt writes the same again.
    """

    request: Request
    sent: dict[int, str] = field(default_factory=dict)
    ended: dict[int, Finished] = field(default_factory=dict)
    _now: dict[int, str] = field(default_factory=dict)

    def pieces(self, event: Event) -> list[tuple[int, str]]:
        """What an event adds to the texts."""
        if event.kind == "state" and event.data.get("state") == "running":
            self._now = {}
        place = event.data.get("place")
        if place is None or event.kind not in ("text", EVENT):
            return []
        before = "" if event.kind == EVENT else self._now.get(place, "")
        self._now[place] = before + str(event.data["text"])
        more = self._now[place][len(self.sent.get(place, "")) :]
        if not more:
            return []
        self.sent[place] = self.sent.get(place, "") + more
        return [(place, more)]

    async def finished(self, event: Event) -> list[int]:
        """Places whose answers have ended with an event."""
        place = event.data.get("place")
        if place is None or (place in self.ended and self.ended[place].work is not None):
            return []
        if event.kind == EVENT:
            new = place not in self.ended
            self.ended[place] = Finished(event.data)
            # Of a blank text no work is made, so that no further event comes.
            return [place] if new and not str(event.data["text"]).strip() else []
        if event.kind == "work" and place in self.ended:
            self.ended[place].work = await run_in_threadpool(_work, self.request, str(event.data["work"]))
            return [place]
        return []


async def finished(request: Request, events: Sequence[Event]) -> list[Finished]:
    """All answers of a job that has ended, in order."""
    told_so_far = Told(request)
    for event in events:
        await told_so_far.finished(event)
    return [told_so_far.ended[place] for place in sorted(told_so_far.ended)]


def _work(request: Request, work_id: str) -> dict[str, Any] | None:
    with studio_of(request).database.read() as connection:
        row = find_work(connection, work_id)
    return None if row is None else told(request, row)


def usage(answers: Sequence[Finished], count: int) -> dict[str, int]:
    """Tokens that were read, of each question once, and written."""
    read = sum(int(one.said["prompt_tokens"]) for one in answers if int(one.said["place"]) % count == 0)
    written = sum(int(one.said["tokens"]) for one in answers)
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def headers(answers: Sequence[Finished]) -> dict[str, str]:
    """Headers of an answer that holds works."""
    works = [one.work["work"] for one in answers if one.work]
    return {"x-luokuan-label": LABEL, **({"x-luokuan-work": ",".join(works)} if works else {})}


async def streamed(
    request: Request,
    asked: Asked,
    *,
    begin: Sequence[Chunk],
    piece: Callable[[int, str], Chunk],
    end: Callable[[Finished], Chunk],
    last: Callable[[Sequence[Finished]], Chunk | None],
) -> StreamingResponse:
    """The answers as server-sent events. It begins when there is something to tell, so that what fails at once is
    answered with its status.

    Args:
        begin: Chunks before the first piece.
        piece: The chunk for a piece of the text at a place.
        end: The chunk for an answer that has ended.
        last: The chunk after all of them.

    Raises:
        UserError: see ``asking.events_of``.
    """
    so_far, studio = Told(request), studio_of(request)
    waiting: list[Event] = []
    held = followed(studio, asked)
    await held.__aenter__()
    try:
        events = events_of(studio, asked.job.id, request.is_disconnected)
        async for event in events:
            waiting.append(event)
            if event.kind in ("text", EVENT, "work"):
                break
    except BaseException as error:
        await held.__aexit__(type(error), error, error.__traceback__)
        raise

    async def chunks() -> AsyncIterator[Chunk]:
        for chunk in begin:
            yield chunk
        async for event in _joined(waiting, events):
            for place, more in so_far.pieces(event):
                yield piece(place, more)
            for place in await so_far.finished(event):
                yield end(so_far.ended[place])
        answers = [so_far.ended[place] for place in sorted(so_far.ended)]
        if (final := last(answers)) is not None:
            yield final

    async def lines() -> AsyncIterator[str]:
        try:
            async for chunk in chunks():
                yield line(chunk)
            yield "data: [DONE]\n\n"
        except UserError as error:
            yield line(body_of(error))
        except ClientDisconnect:
            return
        finally:
            await held.__aexit__(None, None, None)

    return StreamingResponse(lines(), media_type="text/event-stream", headers={"x-luokuan-label": LABEL, **UNHELD})


UNHELD = {"x-accel-buffering": "no"}
"""For proxies, so that they pass pieces on as they come."""


def line(chunk: Chunk, event: str = "") -> str:
    """One server-sent event."""
    named = f"event: {event}\n" if event else ""
    return f"{named}data: {json.dumps(chunk, ensure_ascii=False, separators=(',', ':'))}\n\n"


async def _joined(first: Sequence[Event], rest: AsyncIterator[Event]) -> AsyncIterator[Event]:
    for event in first:
        yield event
    async for event in rest:
        yield event
