"""Train: runs, and the form that begins one, with the time that it would take here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import is_name
from luokuan.i18n import _, language
from luokuan.studio.access import Needs, form_of, principal
from luokuan.studio.errors import missing
from luokuan.studio.forms import is_plain
from luokuan.studio.jobs.queue import Request as Asked
from luokuan.studio.jobs.references import corpus_path, unknown_corpus
from luokuan.studio.material.errands import Errand
from luokuan.studio.pages.corpora import CorpusHere, kept_report, own_corpora, own_corpus
from luokuan.studio.rendering import render
from luokuan.studio.state import studio_of
from luokuan.studio.training.choices import Wanted, wanted_of
from luokuan.studio.training.models import models_of
from luokuan.studio.training.runs import runs_of
from luokuan.studio.training.tasks import lengths, tasks

router = APIRouter()


@router.get("/train", dependencies=[Depends(Needs("maker"))])
def train_page(request: Request) -> Response:
    """The reader's runs, the newest first."""
    studio = studio_of(request)
    return render(request, "train.html", {"runs": runs_of(studio.database, studio.home, principal(request).person)})


@router.get("/train/new", dependencies=[Depends(Needs("maker"))])
def new_page(request: Request) -> Response:
    """What to train; then the form for it."""
    asked = {name: value for name, value in request.query_params.items() if is_plain(value) and len(value) <= 80}
    if not asked.get("task"):
        here = {one.name: _material(request, one) for one in own_corpora(request)}
        values = {"tasks": tasks(), "corpus": asked.get("corpus", ""), "material": here.get(asked.get("corpus", ""))}
        return render(request, "train_what.html", values)
    return _form(request, wanted_of(asked))


@router.post("/train/plan", dependencies=[Depends(Needs("maker"))])
def plan(request: Request) -> Response:
    """Measure here what it would take: a part for HTMX, or the form again with it."""
    wanted = wanted_of(form_of(request))
    part = "hx-request" in request.headers
    try:
        errand, key = _planned(request, wanted)
    except UserError as error:
        if part:
            raise
        return _form(request, wanted, error=error)
    errand.ended.wait(0.2 if part else 20.0)
    if part:
        return render(request, "_plan.html", {"errand": errand, "key": key})
    return _form(request, wanted, errand=errand, key=key)


@router.get("/train/plan/{key}", dependencies=[Depends(Needs("maker"))])
def plan_state(request: Request, key: str) -> Response:
    """How far that is, or what it found."""
    errand = studio_of(request).errands.find(_errand_key(request, key))
    if errand is None:
        raise missing()
    return render(request, "_plan.html", {"errand": errand, "key": key})


@router.post("/train/runs", dependencies=[Depends(Needs("maker"))])
def begin(request: Request) -> Response:
    """Begin a training."""
    studio, wanted = studio_of(request), wanted_of(form_of(request))
    try:
        if not is_name(wanted.name):
            raise UserError(
                _("'{name}' can't be the name of a model.", name=wanted.name[:60]),
                _("Take up to 64 of the letters a to z, digits, dots, dashes and underscores."),
                code="model.name",
                status=422,
            )
        brief = {
            "name": wanted.name,
            "corpora": [wanted.corpus],
            "choices": wanted.choices(_languages(request, wanted)),
        }
        found = studio.queue.submit(principal(request).person.id, f"train.{wanted.task.family}", brief)
    except UserError as error:
        return _form(request, wanted, error=error)
    return RedirectResponse(f"/train/runs/{found.brief['name']}", 303)


def _planned(request: Request, wanted: Wanted) -> tuple[Errand, str]:
    """The dry run of what is wanted, begun or found; and how it is asked for."""
    studio, person = studio_of(request), principal(request).person
    corpus = _corpus(request, wanted)
    choices = wanted.choices(_languages(request, wanted))
    brief = {"corpora": [corpus.name], "choices": choices}
    family = wanted.task.family
    with studio.database.read() as connection:
        if studio.queue.may is not None:
            studio.queue.may(connection, Asked(person.id, f"train.{family}", brief))
    told = json.dumps([family, choices, corpus.name, corpus.version, language()], sort_keys=True)
    key = hashlib.sha256(told.encode()).hexdigest()[:32]
    found = studio.errands.find(_errand_key(request, key))
    if found is None or found.error is not None:
        asked = {"family": family, "choices": choices, "corpora": [str(corpus_path(corpus.name, studio.home))]}
        found = studio.errands.start(_errand_key(request, key), "plan", asked, about=corpus.name)
    return found, key


def _errand_key(request: Request, key: str) -> str:
    return f"plan:{principal(request).person.id}:{key}"


def _corpus(request: Request, wanted: Wanted) -> CorpusHere:
    try:
        return own_corpus(request, wanted.corpus)
    except UserError as error:
        raise unknown_corpus(wanted.corpus) from error


def _material(request: Request, corpus: CorpusHere) -> str:
    """Its kind; empty: it wasn't checked yet."""
    return str((kept_report(studio_of(request), corpus) or {}).get("kind", ""))


def _languages(request: Request, wanted: Wanted) -> list[str]:
    if wanted.task.key != "translation":
        return []
    return list((kept_report(studio_of(request), _corpus(request, wanted)) or {}).get("languages") or ())


def _form(
    request: Request,
    wanted: Wanted,
    *,
    error: UserError | None = None,
    errand: Errand | None = None,
    key: str = "",
) -> Response:
    here = [(one, _material(request, one)) for one in own_corpora(request)]
    fitting = [one for one, kind in here if kind in ("", *wanted.task.material)]
    bases = [
        model.name for model in models_of(request) if model.family == "plm" and model.choices.get("kind") != "music"
    ]
    bases = bases if wanted.task.base else []
    values: Mapping[str, Any] = {
        "wanted": wanted,
        "corpora": fitting,
        "others": len(here) - len(fitting),
        "bases": bases,
        "lengths": lengths(),
        "error": error,
        "errand": errand,
        "key": key,
    }
    return render(request, "train_new.html", values, status=200 if error is None else error.status)
