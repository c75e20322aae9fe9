"""Models: which there are, what each one is, how good it is, and copies of it in other formats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.jobs import Job
from luokuan.store.quotas import room
from luokuan.studio.access import Needs, form_of, principal
from luokuan.studio.errors import missing
from luokuan.studio.files import disposition
from luokuan.studio.forms import text_in
from luokuan.studio.guard.headers import FILES
from luokuan.studio.jobs.handlers.export import folder_of
from luokuan.studio.material import licences
from luokuan.studio.pages.corpora import own_corpora
from luokuan.studio.rendering import render
from luokuan.studio.state import now, studio_of
from luokuan.studio.training.models import ModelHere, find_model, models_of, own_model, remove_own_model
from luokuan.studio.training.runs import find_run, in_language
from luokuan.studio.training.tasks import family_word
from luokuan.studio.uploading import own_coming

router = APIRouter()
FORMATS = ("hub-folder", "onnx", "gguf")
_KINDS = ("evaluate.model", "export.model")
_SHOWN = 10
"""Jobs of a model that its page names."""


@router.get("/train/models", dependencies=[Depends(Needs("maker"))])
def models_page(request: Request) -> Response:
    """All that the reader may use, and a way to bring one."""
    studio, person = studio_of(request), principal(request).person
    with studio.database.read() as connection:
        left = room(connection, person, now())
    values = {
        "models": [(model, family_word(model.family, model.choices)) for model in models_of(request)],
        "coming": own_coming(request, "model"),
        "room": left,
        "most": studio.settings.corpus_bytes,
        "licences": licences.rows(),
    }
    return render(request, "models.html", values)


@router.get("/train/models/{name}", dependencies=[Depends(Needs("maker"))])
def model_page(request: Request, name: str) -> Response:
    """One of them."""
    return _page(request, find_model(request, name))


@router.get("/train/models/{name}/jobs", dependencies=[Depends(Needs("maker"))])
def model_jobs(request: Request, name: str) -> Response:
    """What is being measured and written of it, as a part that is asked for while there is something."""
    model = find_model(request, name)
    return render(request, "_model_jobs.html", {"model": model, "jobs": _jobs(request, model)})


@router.get("/train/models/{name}/samples", dependencies=[Depends(Needs("maker"))])
def samples(request: Request, name: str) -> Response:
    """Its sheet of samples."""
    path = find_model(request, name).sheet
    if path is None:
        raise missing()
    headers = {"content-security-policy": FILES, "cache-control": "private, no-cache"}
    return FileResponse(path, media_type=f"image/{path.suffix[1:]}", headers=headers)


@router.post("/train/models/{name}/evaluate", dependencies=[Depends(Needs("maker"))])
def evaluate(request: Request, name: str) -> Response:
    """Measure it against what a corpus holds out."""
    brief = {"model": name, "corpus": text_in(form_of(request), "corpus", most=80)}
    return _submitted(request, name, "evaluate.model", brief)


@router.post("/train/models/{name}/export", dependencies=[Depends(Needs("maker"))])
def export(request: Request, name: str) -> Response:
    """Write a copy in another format."""
    return _submitted(request, name, "export.model", {"model": name, "to": text_in(form_of(request), "to", most=20)})


@router.get("/train/models/{name}/exports/{job_id}", dependencies=[Depends(Needs("maker"))])
def exported(request: Request, name: str, job_id: str) -> Response:
    """The file of an export."""
    studio, model = studio_of(request), find_model(request, name)
    job = next((one for one in _jobs(request, model) if one.id == job_id and one.kind == "export.model"), None)
    if job is None or job.result is None:
        raise missing()
    file = str(job.result["file"])
    path = folder_of(job.id, studio.home) / file
    if not path.is_file():
        raise missing()
    headers = {"content-security-policy": FILES, "content-disposition": disposition(file, attached=True)}
    return FileResponse(path, media_type="application/octet-stream", headers=headers)


@router.post("/train/models/{name}/remove", dependencies=[Depends(Needs("maker"))])
def remove(request: Request, name: str) -> Response:
    """Remove one's own model and its run, when its name was typed."""
    model = own_model(request, name)
    if text_in(form_of(request), "confirm") != name:
        error = UserError(
            _("The model wasn't removed: its name was not typed."),
            _("Type {text} to remove it for ever.", text=name),
            code="model.confirm",
            status=422,
        )
        return _page(request, model, error=error)
    try:
        remove_own_model(request, name)
    except UserError as error:
        return _page(request, model, error=error)
    return RedirectResponse("/train/models", 303)


def _submitted(request: Request, name: str, kind: str, brief: Mapping[str, Any]) -> Response:
    model = find_model(request, name)
    try:
        studio_of(request).queue.submit(principal(request).person.id, kind, brief)
    except UserError as error:
        return _page(request, model, error=error)
    return RedirectResponse(f"/train/models/{name}#jobs", 303)


def _jobs(request: Request, model: ModelHere) -> list[Job]:
    queue, person = studio_of(request).queue, principal(request).person
    found = [job for kind in _KINDS for job in queue.list(person.id, kind=kind, limit=100)]
    mine = [job for job in found if job.brief.get("model") == model.name]
    return sorted(mine, key=lambda job: job.number, reverse=True)[:_SHOWN]


def _page(request: Request, model: ModelHere, *, error: UserError | None = None) -> Response:
    studio = studio_of(request)
    run = False
    if model.own:
        try:
            run = bool(find_run(studio.database, studio.home, model.name, principal(request).person).record)
        except UserError:
            run = False
    measured = model.training.get("measured")
    verdicts = model.training.get("verdicts")
    values = {
        "model": model,
        "what": family_word(model.family, model.choices),
        "has_run": run,
        "measured": measured if isinstance(measured, dict) else {},
        "verdicts": in_language([str(one) for one in verdicts]) if isinstance(verdicts, list) else [],
        "jobs": _jobs(request, model),
        "corpora": own_corpora(request),
        "formats": FORMATS,
        "error": error,
    }
    return render(request, "model.html", values, status=200 if error is None else error.status)
