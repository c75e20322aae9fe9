"""Jobs: what somebody has handed in, how far it is, and what came of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from luokuan.store.jobs import Job
from luokuan.studio.access import Needs, principal
from luokuan.studio.errors import missing
from luokuan.studio.files import export_file
from luokuan.studio.following import changes, frame, last_seen, streamed
from luokuan.studio.guard.headers import FILES
from luokuan.studio.jobs.retrying import retried
from luokuan.studio.jobviews import JobView, is_cancelling, progress_of, results_of, title_of, view_of
from luokuan.studio.rendering import render
from luokuan.studio.state import Studio, studio_of
from luokuan.studio.words import job_word

router = APIRouter()
PAGE = 30
"""Jobs a page."""
_SHOWN = ("image/png", "image/jpeg", "image/webp")


@router.get("/jobs", dependencies=[Depends(Needs("viewer"))])
def jobs_page(request: Request, before: int | None = None) -> Response:
    """The list, the newest first."""
    mark = None if before is None else min(max(before, 0), 2**62)
    found = studio_of(request).queue.list(principal(request).person.id, before=mark, limit=PAGE + 1)
    rows = found[:PAGE]
    values = {
        "rows": [_row(job) for job in rows],
        "more": rows[-1].number if len(found) > PAGE else None,
        "live": any(job.live for job in rows),
        "first": mark is None,
    }
    return render(request, "_jobs.html" if "hx-request" in request.headers else "jobs.html", values)


@router.get("/jobs/{job_id}", dependencies=[Depends(Needs("viewer"))])
def job_page(request: Request, job_id: str) -> Response:
    """One job, as it stands."""
    return _job(request, job_id)


@router.get("/jobs/{job_id}/events", dependencies=[Depends(Needs("viewer"))])
async def job_events(request: Request, job_id: str, after: int = 0) -> Response:
    """What changes on the page of a job, as server-sent events."""
    studio, person = studio_of(request), principal(request).person
    await run_in_threadpool(studio.queue.get, job_id, person.id)
    frames = _frames(request, studio, job_id, last_seen(request, after))
    return streamed(frames, studio.streams, person.id)


async def _frames(request: Request, studio: Studio, job_id: str, after: int) -> AsyncIterator[bytes]:
    async for change in changes(studio.queue, studio.streams, job_id, after):
        if change is None:
            yield b": still there\n\n"
            continue
        for event in change.events:
            if event.kind == "text":
                yield frame("text", dict(event.data), event.number)
            elif event.kind == "work":
                html = await run_in_threadpool(_result, request, studio, str(event.data["work"]))
                data = {"into": "results", "html": html, "instead": f"text-{event.data['place']}"}
                yield frame("part", data, event.number)
            elif event.kind == "preview" and event is change.events[-1]:
                html = await run_in_threadpool(_preview, request, studio, job_id, event.number)
                yield frame("part", {"into": "preview", "html": html}, event.number)
            elif event.kind in ("state", "retry"):
                yield frame("begin", {}, event.number)
        yield frame("progress", progress_of(change.job))
        if not change.job.live:
            yield frame("end", {})


def _result(request: Request, studio: Studio, work_id: str) -> str:
    found = results_of(studio, [work_id], principal(request).person)
    return _html(render(request, "_result.html", {"result": found[0]})) if found else ""


def _preview(request: Request, studio: Studio, job_id: str, number: int) -> str:
    shown = studio.queue.preview(job_id)
    if shown is None:
        return ""
    words = shown[1].decode("utf-8", "replace") if shown[0].startswith("text/") else ""
    view = JobView(studio.queue.get(job_id), preview=shown[0], words=words, last=number)
    return _html(render(request, "_preview.html", {"view": view}))


def _html(answer: Response) -> str:
    return bytes(answer.body).decode()


@router.get("/jobs/{job_id}/preview", dependencies=[Depends(Needs("viewer"))])
def job_preview(request: Request, job_id: str) -> Response:
    """How its result looks so far: a picture that stands on pages with a label beside it, and isn't handed out."""
    studio = studio_of(request)
    studio.queue.get(job_id, principal(request).person.id)
    shown = studio.queue.preview(job_id)
    if shown is None or shown[0] not in _SHOWN:
        raise missing()
    return Response(shown[1], media_type=shown[0], headers={"content-security-policy": FILES})


@router.get("/jobs/{job_id}/file", dependencies=[Depends(Needs("viewer"))])
def job_file(request: Request, job_id: str) -> Response:
    """What an export has written."""
    studio = studio_of(request)
    job = studio.queue.get(job_id, principal(request).person.id)
    return export_file(job, studio.home)


@router.post("/jobs/{job_id}/cancel", dependencies=[Depends(Needs("maker"))])
def cancel(request: Request, job_id: str) -> Response:
    """Cancel it."""
    studio_of(request).queue.cancel(job_id, principal(request).person.id)
    return _back(request, job_id)


@router.post("/jobs/{job_id}/retry", dependencies=[Depends(Needs("maker"))])
def retry(request: Request, job_id: str) -> Response:
    """Hand in the same once more; twice is once."""
    studio, person = studio_of(request), principal(request).person
    job = retried(studio.queue, studio.queue.get(job_id, person.id))
    return _back(request, job.id)


@router.post("/jobs/{job_id}/forget", dependencies=[Depends(Needs("maker"))])
def forget(request: Request, job_id: str) -> Response:
    """Delete it; its works stay."""
    studio_of(request).queue.forget(job_id, principal(request).person.id)
    if "hx-request" in request.headers:
        return jobs_page(request)
    return RedirectResponse("/jobs", 303)


def _back(request: Request, job_id: str) -> Response:
    """To where the button was: the list, or the job."""
    target = request.headers.get("hx-target", "")
    if "hx-request" in request.headers:
        return jobs_page(request) if target == "jobs" else _job(request, job_id)
    return RedirectResponse(f"/jobs/{job_id}", 303)


def _job(request: Request, job_id: str) -> Response:
    view = view_of(studio_of(request), job_id, principal(request).person)
    return render(request, "_job.html" if "hx-request" in request.headers else "job.html", {"view": view})


def _row(job: Job) -> dict[str, Any]:
    return {"job": job, "word": job_word(job.kind), "title": title_of(job), "progress": progress_of(job),
            "cancelling": is_cancelling(job)}  # fmt: skip
