"""Jobs of ``/v1/videos`` as clients read them, and how they are removed."""

from __future__ import annotations

import re
import time
from typing import Any

from starlette.requests import Request

from luokuan.create.presenters.orders import ASPECTS
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store import ownership
from luokuan.store.accounts import AccountRow
from luokuan.store.events import insert_event
from luokuan.store.jobs import PAGE, Job
from luokuan.store.works import WorkRow, find_work
from luokuan.studio.openai.catalogue import PRESENTER, STORYBOARD
from luokuan.studio.openai.errors import ApiError
from luokuan.studio.openai.fields import wrong
from luokuan.studio.openai.links import told as told_of_work
from luokuan.studio.state import Studio, now, studio_of

KINDS = {PRESENTER: "create.presenter", STORYBOARD: "create.video"}
"""Kind of job by the model's name."""
START = "video_"
MOST = 1000
"""Jobs that are looked through for a list."""
PATIENCE = 5.0
"""Seconds to wait for a job that is cancelled because it is removed."""
SIZES = (128, 1080)
_ID = re.compile(START + r"([0-9a-f]{24})")
_SIZE = re.compile(r"([1-9][0-9]{1,4})x([1-9][0-9]{1,4})")
_STATES = {"queued": "queued", "running": "in_progress", "done": "completed", "failed": "failed", "cancelled": "failed"}
_USUAL = {"create.presenter": 720, "create.video": 512}


def frame_of(size: str | None) -> dict[str, Any]:
    """``aspect`` and ``size`` of a brief from WIDTHxHEIGHT; nothing from nothing.

    Raises:
        ApiError: it is no such size, or none of the aspects that there are.
    """
    if size is None:
        return {}
    match = _SIZE.fullmatch(size)
    if match is not None:
        width, height = int(match[1]), int(match[2])
        for aspect, (across, down) in ASPECTS.items():
            exact = abs(width * down - height * across) <= 2 * max(across, down)  # sides are made even
            if exact and SIZES[0] <= min(width, height) <= SIZES[1]:
                return {"aspect": aspect, "size": min(width, height)}
    raise wrong("size", _("such as {sizes}", sizes="1280x720, 720x1280, 720x720"))


def jobs_of(studio: Studio, person: AccountRow) -> list[Job]:
    """All of a person's, the newest first."""
    found: list[Job] = []
    for kind in KINDS.values():
        before: int | None = None
        count = 0
        while count < MOST:
            rows = studio.queue.list(person.id, kind=kind, before=before, limit=PAGE)
            found += rows
            count += len(rows)
            if len(rows) < PAGE:
                break
            before = rows[-1].number
    return sorted(found, key=lambda job: job.number, reverse=True)


def own_job(studio: Studio, person: AccountRow, video_id: str) -> Job:
    """A person's job.

    Raises:
        ApiError: there is none of this id, or it is somebody else's, which nobody is told.
    """
    match = _ID.fullmatch(video_id)
    try:
        job = None if match is None else studio.queue.get(match[1], person.id)
    except UserError:
        job = None
    if job is None or job.kind not in KINDS.values():
        raise ApiError(
            _("There is no video '{id}'.", id=video_id[:40]), _("See the list of your videos."), code="not_found",
            status=404, param="video_id",
        )  # fmt: skip
    return job


def told(request: Request, job: Job) -> dict[str, Any]:
    """A job as clients read it."""
    studio, brief = studio_of(request), job.brief
    row = _work(studio, job)
    error = None
    if job.state in ("failed", "cancelled"):
        why = job.error or {"code": "cancelled", "what": _("The job was cancelled."), "do": ""}
        error = {"code": why.get("code", "job.fault"), "message": f"{why.get('what', '')} {why.get('do', '')}".strip()}
    done = job.state == "done"
    return {
        "id": f"{START}{job.id}",
        "object": "video",
        "model": next(name for name, kind in KINDS.items() if kind == job.kind),
        "status": _STATES[job.state],
        "progress": 100 if done else min(99, int(100 * job.share)),
        "created_at": int(job.created_at.timestamp()),
        "completed_at": int(job.ended_at.timestamp()) if done and job.ended_at is not None else None,
        "expires_at": None,
        "size": _size_of(brief, job.kind),
        "seconds": _seconds_of(row),
        "prompt": str(brief.get("text") or brief.get("storyboard") or ""),
        "error": error,
        "remixed_from_video_id": None,
        **({} if row is None or row.erased else {"luokuan": told_of_work(request, row)}),
    }


def _work(studio: Studio, job: Job) -> WorkRow | None:
    works = studio.queue.works(job.id)
    if not works:
        return None
    with studio.database.read() as connection:
        return find_work(connection, works[0])


def _size_of(brief: Any, kind: str) -> str:
    """WIDTHxHEIGHT of the frames as they are drawn."""
    aspect, size = brief.get("aspect"), brief.get("size")
    if kind == KINDS[STORYBOARD] and (aspect is None or size is None):
        from luokuan.create.shorts.storyboard import parsed_storyboard

        try:
            story = parsed_storyboard(str(brief.get("storyboard"))).story
        except UserError:  # of an earlier version
            return ""
        aspect, size = aspect or story.aspect, size or story.size
    across, down = ASPECTS[str(aspect or "16:9")]
    unit = float(size or _USUAL[kind]) / min(across, down)
    return f"{2 * round(across * unit / 2)}x{2 * round(down * unit / 2)}"


def _seconds_of(row: WorkRow | None) -> str:
    """How long it is, as far as that is known: before it is made nobody knows how long the speech takes."""
    said = {} if row is None or row.recipe is None else dict(row.recipe.get("parameters") or {})
    frames, fps = said.get("frames"), said.get("fps")
    return f"{frames / fps:g}" if isinstance(frames, int) and isinstance(fps, int | float) and fps > 0 else "0"


def remove(studio: Studio, person: AccountRow, job: Job, *, address: str) -> None:
    """Throw a job's work away and forget the job; one that is live is cancelled first.

    Raises:
        ApiError: it is still ending.
    """
    if job.live:
        job = studio.queue.cancel(job.id, person.id)
        limit = time.monotonic() + PATIENCE
        while job.live and time.monotonic() < limit:
            time.sleep(0.1)
            job = studio.queue.get(job.id, person.id)
    if job.live:
        raise ApiError(
            _("The video is still being stopped."), _("Delete it again in a moment."), code="conflict", status=409
        )
    at, works = now(), studio.queue.works(job.id)
    with studio.database.write() as connection:
        for work_id in works:
            row = ownership.find_own_work(connection, work_id, person)
            if row is not None:
                ownership.throw_away(connection, row.id, at)
                insert_event(connection, at=at, account_id=person.id, action="work.trashed", subject=row.id,
                             address=address)  # fmt: skip
    studio.queue.forget(job.id, person.id)
