"""`/v1/fine_tuning/jobs`: real training of a language model of this home."""

from __future__ import annotations

import re
import secrets
from typing import Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from luokuan.i18n import _
from luokuan.studio.access import Needs, principal
from luokuan.studio.openai import filestore, tuning
from luokuan.studio.openai.asking import hand_in
from luokuan.studio.openai.bodies import json_body
from luokuan.studio.openai.catalogue import find_entry
from luokuan.studio.openai.fields import Fields, unsupported, wrong, wrong_type
from luokuan.studio.openai.files import page
from luokuan.studio.openai.tuned import KIND, START, checkpoints_of, events_of, jobs_of, own_job, told
from luokuan.studio.openai.tuning import METHODS, Wanted
from luokuan.studio.state import studio_of

router = APIRouter(prefix="/v1")
_TRAIN = [Depends(Needs("maker", scope="train"))]
_SUFFIX = re.compile(r"[A-Za-z0-9._-]{1,40}")
MOST_SEED = 2**31 - 1


@router.post("/fine_tuning/jobs", dependencies=_TRAIN)
async def create(request: Request) -> Response:
    """Learn from a file."""
    body = await json_body(request)
    fields = Fields(body)
    model = fields.needed("model", most=120)
    training, validation = fields.needed("training_file", most=80), fields.text("validation_file", most=80)
    method, wanted = _method(fields)
    suffix = fields.text("suffix", most=40)
    if suffix is not None and not _SUFFIX.fullmatch(suffix):
        raise wrong("suffix", _("letters, digits, dots, hyphens and underscores"))
    seed = fields.integer("seed", 0, MOST_SEED)
    if fields.any("integrations") not in (None, []):
        raise unsupported("integrations")
    fields.done()
    studio, person = studio_of(request), principal(request).person
    entry = await run_in_threadpool(find_entry, request, model, "fine_tuning/jobs")

    def made() -> tuning.Material:
        files = [filestore.find(studio.home, person, training, "training_file")]
        if validation is not None:
            files.append(filestore.find(studio.home, person, validation, "validation_file"))
        return tuning.make(studio, person, files[0], files[1] if len(files) > 1 else None, method)

    material = await run_in_threadpool(made)
    drawn = secrets.randbelow(MOST_SEED) if seed is None else seed
    name = "-".join(["ft", entry.name[:10].strip("-._"), *([suffix] if suffix else []), secrets.token_hex(4)])
    brief = {
        "name": name,
        "corpora": [material.corpus],
        "choices": tuning.choices_of(material, method, wanted, entry.name, drawn),
    }
    asked = await hand_in(request, KIND, brief, body)
    return JSONResponse(await run_in_threadpool(told, studio, asked.job))


@router.get("/fine_tuning/jobs", dependencies=_TRAIN)
def listed(request: Request) -> Response:
    """One's own, the newest first."""
    studio = studio_of(request)
    found = {f"{START}{job.id}": job for job in jobs_of(studio, principal(request).person)}
    shown = page([{"id": job_id} for job_id in found], request, usual=20, most=100)
    return JSONResponse({**shown, "data": [told(studio, found[row["id"]]) for row in shown["data"]]})


@router.get("/fine_tuning/jobs/{job_id}", dependencies=_TRAIN)
def one(request: Request, job_id: str) -> Response:
    """How far it is."""
    studio = studio_of(request)
    return JSONResponse(told(studio, own_job(studio, principal(request).person, job_id)))


@router.post("/fine_tuning/jobs/{job_id}/cancel", dependencies=_TRAIN)
def cancel(request: Request, job_id: str) -> Response:
    """End it; a model that is whole stays."""
    studio, person = studio_of(request), principal(request).person
    job = own_job(studio, person, job_id)
    return JSONResponse(told(studio, studio.queue.cancel(job.id, person.id)))


@router.get("/fine_tuning/jobs/{job_id}/events", dependencies=_TRAIN)
def events(request: Request, job_id: str) -> Response:
    """What happened to it, and its figures, the newest first."""
    studio = studio_of(request)
    job = own_job(studio, principal(request).person, job_id)
    return JSONResponse(page(events_of(studio, job), request, usual=20, most=1000))


@router.get("/fine_tuning/jobs/{job_id}/checkpoints", dependencies=_TRAIN)
def checkpoints(request: Request, job_id: str) -> Response:
    """What it has saved, the newest first."""
    studio = studio_of(request)
    job = own_job(studio, principal(request).person, job_id)
    return JSONResponse(page(checkpoints_of(studio, job), request, usual=10, most=100))


def _method(fields: Fields) -> tuple[str, Wanted]:
    """Our method, and ``hyperparameters``, which stand in it or, as they used to, beside it."""
    given, beside = fields.any("method"), fields.any("hyperparameters")
    if given is None:
        return "sft", _wanted(beside, "hyperparameters", "supervised")
    if not isinstance(given, dict):
        raise wrong_type("method", _("an object"))
    inner = Fields(given, inside="method.")
    kind = inner.one_of("type", tuple(METHODS), "")
    if not kind:
        raise wrong("method.type", ", ".join(METHODS))
    own = inner.any(kind) or {}
    inner.done()
    if not isinstance(own, dict) or own.keys() - {"hyperparameters"}:
        raise unsupported(f"method.{kind}")
    return METHODS[kind], _wanted(own.get("hyperparameters", beside), f"method.{kind}.hyperparameters", kind)


def _wanted(given: Any, place: str, kind: str) -> Wanted:
    if given is None:
        return Wanted()
    if not isinstance(given, dict):
        raise wrong_type(place, _("an object"))
    fields = Fields({name: value for name, value in given.items() if value != "auto"}, inside=f"{place}.")
    found = Wanted(
        fields.integer("n_epochs", 1, 50),
        fields.integer("batch_size", 2, 256),
        fields.number("learning_rate_multiplier", 1e-3, 100),
        fields.number("beta", 1e-3, 100) if kind == "dpo" else None,
    )
    fields.done()
    return found
