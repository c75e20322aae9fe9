"""Handing in a job once more."""

from __future__ import annotations

from typing import Any

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.jobs import Job
from luokuan.studio.jobs.queue import JobQueue


def retried(queue: JobQueue, job: Job) -> Job:
    """The job that does what ``job`` was to do: with the same seed, and a training goes on where it was. Asked twice,
    it is the same one.

    Raises:
        UserError: ``job`` hasn't ended; or see ``JobQueue.submit``.
    """
    if job.live:
        raise UserError(
            _("The job {id} hasn't ended.", id=job.id), _("Wait for it, or cancel it first."), code="job.live",
            status=409,
        )  # fmt: skip
    brief: dict[str, Any] = dict(job.brief)
    if job.kind.startswith("train.") and (queue.home.runs / str(brief.get("name")) / "run.json").is_file():
        brief |= {"resume": True, "choices": {}}
    return queue.submit(job.owner, job.kind, brief, key=f"retry of {job.id}", body={"retry": job.id})
