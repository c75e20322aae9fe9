"""Handing in a job for a request, and following it until it ends.

A request that comes again because its connection broke gets the job that the first one has handed in; otherwise equal
requests are different jobs. Who goes away and doesn't come back has the job cancelled.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from luokuan.errors import UserError
from luokuan.files import sha256_bytes
from luokuan.i18n import _
from luokuan.store import jobs
from luokuan.store.jobs import Event, Job
from luokuan.studio.access import Principal, principal
from luokuan.studio.openai.errors import ApiError
from luokuan.studio.state import Studio, now, studio_of

LOOK = 0.1
"""Seconds between two looks at a job."""
GRACE = 3.0
"""Seconds in which a client that went away may come back before its job is cancelled."""
AGAIN = timedelta(minutes=10)
"""How old a job may be that a repeated request gets."""
KEY, RETRIES = "idempotency-key", "x-stainless-retry-count"
KEY_LIMIT = 180
_FAULTS = ("job.fault", "job.time", "job.memory", "job.lost")
_followed: Counter[str] = Counter()
_leaving: set[asyncio.Task[None]] = set()


@dataclass(frozen=True, slots=True)
class Asked:
    """A job for a request. ``stays``: it goes on when the client goes away, since a key was given to come back with."""

    job: Job
    stays: bool


async def hand_in(request: Request, kind: str, brief: Mapping[str, Any], body: Mapping[str, Any]) -> Asked:
    """Hand in a job of ``kind``, or find the one that this request stands for.

    Args:
        body: What the client sent, as JSON values: a repeat must bring the same.

    Raises:
        UserError: see ``JobQueue.submit``; 404: this studio knows no such kind.
    """
    return await run_in_threadpool(_handed_in, studio_of(request), principal(request), request, kind, brief, body)


def _handed_in(
    studio: Studio, who: Principal, request: Request, kind: str, brief: Mapping[str, Any], body: Mapping[str, Any]
) -> Asked:
    assert who.key is not None
    sent = {"path": request.url.path, "body": body}
    explicit = request.headers.get(KEY)
    if explicit is not None:
        if not 0 < len(explicit) <= KEY_LIMIT or not explicit.isprintable():
            raise ApiError(
                _("The idempotency key isn't 1 to {most} characters that can be printed.", most=KEY_LIMIT),
                _("Shorten it."),
                code="invalid_idempotency_key",
            )
        return Asked(studio.queue.submit(who.person.id, kind, brief, key=f"v1={explicit}", body=sent), True)
    digest = sha256_bytes(json.dumps(sent, sort_keys=True).encode())
    start = f"v1:{who.key.id}:{digest}:"
    if request.headers.get(RETRIES, "0").strip()[:4].lstrip("0").isdecimal():
        with studio.database.read() as connection:
            before = jobs.newest_keyed(connection, who.person.id, start, now() - AGAIN)
        if before is not None and before.cancel_at is None and before.state in ("queued", "running", "done"):
            return Asked(before, False)
    key = start + secrets.token_hex(6)
    return Asked(studio.queue.submit(who.person.id, kind, brief, key=key, body=sent), False)


@contextlib.asynccontextmanager
async def followed(studio: Studio, asked: Asked) -> AsyncIterator[None]:
    """As long as somebody follows a job it goes on; when the last one has left, it is cancelled."""
    job_id = asked.job.id
    _followed[job_id] += 1
    try:
        yield
    finally:
        _followed[job_id] -= 1
        if not _followed[job_id]:
            del _followed[job_id]
            if not asked.stays:
                task = asyncio.get_running_loop().create_task(_left(studio, job_id))
                _leaving.add(task)
                task.add_done_callback(_leaving.discard)


async def _left(studio: Studio, job_id: str) -> None:
    with contextlib.suppress(UserError):  # it is gone, or the database busy: then it ends by itself
        if not (await run_in_threadpool(studio.queue.get, job_id)).live:
            return
        await asyncio.sleep(GRACE)
        if job_id not in _followed:
            await run_in_threadpool(studio.queue.cancel, job_id)


async def events_of(
    studio: Studio, job_id: str, gone: Callable[[], Awaitable[bool]] | None = None
) -> AsyncIterator[Event]:
    """What happens to a job, until it ends.

    Args:
        gone: Asked from time to time whether anybody still waits.

    Raises:
        UserError: what the job failed of, or that it was cancelled.
        ClientDisconnect: nobody waits.
    """
    seen, revision = 0, -1
    while True:
        job = await run_in_threadpool(studio.queue.get, job_id)
        if job.revision != revision:
            revision = job.revision
            while events := await run_in_threadpool(studio.queue.events, job_id, seen):
                for event in events:
                    seen = event.number
                    yield event
        if not job.live:
            if job.state != "done":
                raise why(job)
            return
        if gone is not None and await gone():
            raise ClientDisconnect
        await asyncio.sleep(LOOK)


async def all_events(request: Request, asked: Asked) -> list[Event]:
    """What happened to a job, when it has ended.

    Raises:
        UserError: see ``events_of``.
    """
    studio = studio_of(request)
    async with followed(studio, asked):
        return [event async for event in events_of(studio, asked.job.id, request.is_disconnected)]


def why(job: Job) -> UserError:
    """Why a job didn't end well."""
    if job.state == "cancelled":
        return ApiError(_("The job was cancelled."), _("Ask again."), code="conflict", status=409)
    error = job.error or {}
    code = str(error.get("code", "job.fault"))
    status = 500 if code in _FAULTS else 404 if code.endswith(".unknown") else 400
    return UserError(str(error.get("what", "")), str(error.get("do", "")), code=code, status=status)
