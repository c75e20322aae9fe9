"""Exports: how far the job is that writes one, and its file when it is there."""

from __future__ import annotations

from pathlib import PurePath

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.jobs import Job
from luokuan.studio.access import Needs, principal
from luokuan.studio.errors import missing
from luokuan.studio.files import disposition
from luokuan.studio.guard.headers import FILES
from luokuan.studio.jobs.handlers.export import folder_of
from luokuan.studio.rendering import render
from luokuan.studio.state import studio_of

router = APIRouter()
KIND = "export.works"


@router.get("/exports/{job_id}", dependencies=[Depends(Needs("maker"))])
def export_page(request: Request, job_id: str) -> Response:
    """How far it is; asked for again by itself as long as it isn't there."""
    part = "hx-request" in request.headers
    return render(request, "_export.html" if part else "export.html", {"job": _job(request, job_id)})


@router.get("/exports/{job_id}/file", dependencies=[Depends(Needs("maker"))])
def export_file(request: Request, job_id: str) -> Response:
    """The zip file."""
    job = _job(request, job_id)
    name = PurePath(str((job.result or {}).get("file", ""))).name
    path = folder_of(job.id, studio_of(request).home) / name
    if job.state != "done" or not name or not path.is_file():
        raise UserError(
            _("This export isn't there."),
            _("Choose the works again, and export them."),
            code="export.missing",
            status=410,
        )
    headers = {"content-security-policy": FILES, "content-disposition": disposition(name, attached=True)}
    return FileResponse(path, media_type="application/zip", headers=headers)


def _job(request: Request, job_id: str) -> Job:
    studio = studio_of(request)
    try:
        found = studio.queue.get(job_id, principal(request).person.id)
    except UserError as error:
        raise missing() from error
    if found.kind != KIND:
        raise missing()
    return found
