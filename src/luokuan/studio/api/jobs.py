"""`/api/jobs`: handing in jobs, following them, and the kinds that there are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from luokuan.store import jobs as rows
from luokuan.store.jobs import Job, State
from luokuan.studio.access import Needs, forbidden, principal
from luokuan.studio.api.bodies import json_body
from luokuan.studio.api.shapes import JobOrder, JobPage, JobTold, KindList, Watched
from luokuan.studio.asking.fields import schema_of
from luokuan.studio.following import changes, frame, last_seen, look, streamed
from luokuan.studio.jobs.kinds import Kind, kind_named, kinds
from luokuan.studio.jobviews import event_json, to_json
from luokuan.studio.state import Studio, studio_of

router = APIRouter(prefix="/api")
MOST = 100
"""Jobs a page."""
LONGEST = 25.0
"""Seconds that somebody who asks what is new may wait for it."""
_LOOK = 0.3
SCOPES = ("create", "train")
_Order = {"requestBody": {"required": True, "content": {"application/json": {"schema": JobOrder.model_json_schema()}}}}
_Stream: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}
After = Annotated[int, Query(ge=0, le=2**31 - 1, description="Number of the last event that is known.")]


def scope_of(kind: Kind[Any]) -> str:
    """What a key must be for to hand in such jobs: models are trained and measured, works are created."""
    return "train" if kind.name.partition(".")[0] in ("train", "evaluate") else "create"


@router.get("/kinds", dependencies=[Depends(Needs("viewer", scope=SCOPES))], response_model=KindList)
def kinds_list() -> Response:
    """The kinds of jobs, each with the JSON schema of its brief and the scope that a key needs for it."""
    found = [
        {"name": kind.name, "scope": scope_of(kind), "brief": schema_of(kind.brief), "families": list(kind.families)}
        for kind in kinds().values()
    ]
    return JSONResponse({"kinds": found})


@router.post(
    "/jobs",
    dependencies=[Depends(Needs("maker", scope=SCOPES))],
    status_code=201,
    response_model=JobTold,
    openapi_extra=_Order,
)
async def submit(
    request: Request,
    idempotency_key: Annotated[
        str | None, Header(max_length=200, description="A repeat with the same key and body is the same job.")
    ] = None,
) -> Response:
    """Hand in a job. When this is answered, the job will end, whatever becomes of the studio."""
    order = await json_body(request, JobOrder)
    return await run_in_threadpool(_submit, request, order, idempotency_key or None)


def _submit(request: Request, order: JobOrder, key: str | None) -> Response:
    who, queue = principal(request), studio_of(request).queue
    if who.key is None or scope_of(kind_named(order.kind)) not in who.key.scopes:
        raise forbidden()
    job = queue.submit(who.person.id, order.kind, order.brief, key=key)
    return JSONResponse(to_json(job, queue.works(job.id)), 201, headers={"location": f"/api/jobs/{job.id}"})


@router.get("/jobs", dependencies=[Depends(Needs("viewer", scope=SCOPES))], response_model=JobPage)
def jobs(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 20,
    before: Annotated[int | None, Query(ge=0, le=2**62, description="The ``next`` of the page before.")] = None,
    state: State | None = None,
    kind: Annotated[str, Query(max_length=40, description="A kind, or a group such as create.")] = "",
) -> Response:
    """Jobs, the newest first; ``next`` is what to give as ``before`` for more."""
    studio, owner = studio_of(request), principal(request).person.id
    found = studio.queue.list(
        owner, states=(state,) if state else (), kind=kind.replace("\x00", ""), before=before, limit=limit
    )
    with studio.database.read() as connection:
        works = rows.works_of(connection, [job.id for job in found])
    more = found[-1].number if len(found) == limit else None
    return JSONResponse({"jobs": [to_json(job, works[job.id]) for job in found], "next": more})


@router.get("/jobs/{job_id}", dependencies=[Depends(Needs("viewer", scope=SCOPES))], response_model=JobTold)
def job(request: Request, job_id: str) -> Response:
    """One job, as it stands."""
    queue = studio_of(request).queue
    return _told(studio_of(request), queue.get(job_id, principal(request).person.id))


@router.get(
    "/jobs/{job_id}/events",
    dependencies=[Depends(Needs("viewer", scope=SCOPES))],
    response_model=Watched,
    responses=_Stream,
)
async def events(
    request: Request,
    job_id: str,
    after: After = 0,
    wait: Annotated[float, Query(ge=0, le=LONGEST, description="Seconds to wait for something new.")] = 0,
) -> Response:
    """What happened since event ``after``: as server-sent events to those who accept ``text/event-stream`` (``id`` is
    the event's number, ``Last-Event-ID`` goes on after it, ``job`` tells the job itself whenever it changes), else as
    JSON as soon as there is something, or after ``wait`` seconds."""
    studio, person = studio_of(request), principal(request).person
    await run_in_threadpool(studio.queue.get, job_id, person.id)
    if "text/event-stream" in request.headers.get("accept", ""):
        return streamed(_frames(studio, job_id, last_seen(request, after)), studio.streams, person.id)
    until = asyncio.get_running_loop().time() + wait
    while True:
        found = await run_in_threadpool(look, studio.queue, job_id, after, -1)
        assert found is not None
        late = asyncio.get_running_loop().time() >= until or studio.streams.stopping()
        if found.events or not found.job.live or late:
            told = [event_json(event) for event in found.events]
            following = found.events[-1].number if found.events else after
            works = await run_in_threadpool(studio.queue.works, job_id)
            return JSONResponse({"job": to_json(found.job, works), "events": told, "next": following})
        await asyncio.sleep(_LOOK)


async def _frames(studio: Studio, job_id: str, after: int) -> AsyncIterator[bytes]:
    async for change in changes(studio.queue, studio.streams, job_id, after):
        if change is None:
            yield b": still there\n\n"
            continue
        for event in change.events:
            yield frame(event.kind, event_json(event), event.number)
        works = await run_in_threadpool(studio.queue.works, job_id)
        yield frame("job", to_json(change.job, works))


@router.post(
    "/jobs/{job_id}/cancel", dependencies=[Depends(Needs("maker", scope=SCOPES))], response_model=JobTold
)  # fmt: skip
def cancel(request: Request, job_id: str) -> Response:
    """Cancel a job: at once if it waits, within a second if it runs. One that has ended stays as it is."""
    studio = studio_of(request)
    return _told(studio, studio.queue.cancel(job_id, principal(request).person.id))


@router.delete("/jobs/{job_id}", dependencies=[Depends(Needs("maker", scope=SCOPES))], status_code=204)
def forget(request: Request, job_id: str) -> Response:
    """Delete a job that has ended, with its brief and events; its works stay."""
    studio_of(request).queue.forget(job_id, principal(request).person.id)
    return Response(status_code=204)


def _told(studio: Studio, found: Job) -> Response:
    return JSONResponse(to_json(found, studio.queue.works(found.id)))
