"""Create: a form for each kind of work, made of its brief, and beside it what comes of it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from luokuan.errors import UserError
from luokuan.files import sha256_bytes
from luokuan.i18n import _
from luokuan.store import library
from luokuan.store.accounts import AccountRow
from luokuan.studio.access import Needs, form_of, principal
from luokuan.studio.asking.again import brief_again, variations_of
from luokuan.studio.asking.fields import MOST_TYPED, Field, fields_of
from luokuan.studio.asking.reading import Typed, brief_of, faults_of, typed_from, typed_in
from luokuan.studio.cards import card
from luokuan.studio.errors import RETRY_AFTER, missing, status_of
from luokuan.studio.forms import text_in
from luokuan.studio.guard.headers import FILES
from luokuan.studio.jobs.kinds import Kind, kinds
from luokuan.studio.jobviews import view_of
from luokuan.studio.modelcards import ModelCard, fitting, sample_of, visible_models
from luokuan.studio.rendering import render
from luokuan.studio.state import Studio, studio_of
from luokuan.studio.words import job_word
from luokuan.studio.works import own_work

router = APIRouter()
GROUP = "create."
"""What the names of kinds begin with that make works; each of them is a tab."""
FIRST = "create.image"
CHOSEN = 60
"""Works of the library that a field for a file offers."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as somebody sees it. ``wrong``: what is wrong, by the field's name; ``token``: makes a repeat no second
    job."""

    kind: Kind[Any]
    fields: Sequence[Field]
    typed: Typed
    wrong: Mapping[str, str] = field(default_factory=dict)
    error: UserError | None = None
    token: str = field(default_factory=lambda: secrets.token_hex(12))


def tabs() -> list[Kind[Any]]:
    """The kinds that make works, the most usual one first."""
    found = [kind for kind in kinds().values() if kind.name.startswith(GROUP)]
    return sorted(found, key=lambda kind: (kind.name != FIRST, kind.name))


@router.get("/create", dependencies=[Depends(Needs("maker"))])
def create_first() -> Response:
    """To the first tab."""
    return RedirectResponse(_path(tabs()[0]), 303)


@router.get("/create/{word}", dependencies=[Depends(Needs("maker"))])
def create_page(request: Request, word: str, job: str = "", again: str = "", like: str = "") -> Response:
    """The form: empty, as a job was handed in (``job``), as a work was made (``again``), or starting from one
    (``like``)."""
    kind = _kind(word)
    fields = fields_of(kind)
    brief, where = _begun(request, kind, job, again, like)
    if where is not None and where != kind.name:
        return RedirectResponse(f"/create/{where.removeprefix(GROUP)}?again={again}", 303)
    return _page(request, Filled(kind, fields, typed_from(fields, brief)), job=job)


@router.post("/create/{word}", dependencies=[Depends(Needs("maker"))])
def create(request: Request, word: str) -> Response:
    """Hand it in, and show how it goes; or say what is wrong where it is."""
    studio, person, form = studio_of(request), principal(request).person, form_of(request)
    kind = _kind(word)
    fields = fields_of(kind)
    typed, token = typed_in(fields, form), text_in(form, "key", most=64)
    brief, wrong = brief_of(fields, typed)
    text = json.dumps(brief)
    if not wrong:
        try:
            kind.brief.model_validate_json(text)
        except ValidationError as error:
            wrong = faults_of(error, fields)
    if wrong:
        return _page(request, Filled(kind, fields, typed, wrong), status=422)
    # With its values, so that the same page may be sent again with others.
    key = f"{token}-{sha256_bytes(text.encode())[:16]}" if token else None
    try:
        made = studio.queue.submit(person.id, kind.name, brief, key=key)
    except UserError as error:
        answer = _page(request, Filled(kind, fields, typed, _where(error, fields), error), status=status_of(error))
        if answer.status_code == 503:
            answer.headers["retry-after"] = RETRY_AFTER
        return answer
    return RedirectResponse(f"{_path(kind)}?job={made.id}#job", 303)


@router.get("/models/{name}/sample", dependencies=[Depends(Needs("viewer"))])
def sample(request: Request, name: str) -> Response:
    """A part of the sheet of samples of a model."""
    cards = visible_models(studio_of(request), principal(request).person)
    found = next((one for one in cards if one.name == name and one.sheet), None)
    if found is None:
        raise missing()
    headers = {"content-security-policy": FILES, "cache-control": "private, max-age=600"}
    try:
        return Response(sample_of(found), media_type="image/webp", headers=headers)
    except (OSError, ValueError) as error:
        raise missing() from error  # no picture, whatever it is called


def _kind(word: str) -> Kind[Any]:
    found = next((kind for kind in tabs() if kind.name == f"{GROUP}{word}"), None)
    if found is None:
        raise missing()
    return found


def _path(kind: Kind[Any]) -> str:
    return f"/create/{kind.name.removeprefix(GROUP)}"


def _begun(request: Request, kind: Kind[Any], job: str, again: str, like: str) -> tuple[dict[str, Any], str | None]:
    """The brief with which a form begins, and of which kind it is if that may be another."""
    studio, person = studio_of(request), principal(request).person
    if job:
        found = studio.queue.get(job, person.id)
        # Without the seed, so that the next one isn't the same.
        return ({**found.brief, "seed": None} if found.kind == kind.name else {}), None
    if again:
        row = own_work(request, again)
        with studio.database.read() as connection:
            made = brief_again(connection, row, person)
        if made is None:
            raise UserError(
                _("Works of this kind aren't made in the studio yet."),
                _("Use the command line, or choose another kind."),
                code="create.again",
                status=404,
            )
        return made[1], made[0]
    if like:
        return variations_of(own_work(request, like)), None
    return {}, None


def _where(error: UserError, fields: Sequence[Field]) -> dict[str, str]:
    """The field of which an error speaks, where its code says so."""
    names = {field.name for field in fields}
    spoken = {
        "model.unknown": ("model",),
        "input.unknown": ("like", "file"),
        "create.class": ("class_name",),
        "copy.product": ("product",),
        "verse.form": ("form",),
        "sheet.library": ("format",),
    }.get(error.code, ())
    name = next((name for name in spoken if name in names), None)
    return {} if name is None else {name: error.what}


def _page(request: Request, filled: Filled, *, job: str = "", status: int = 200) -> Response:
    studio, person = studio_of(request), principal(request).person
    cards = visible_models(studio, person)
    files = {name for one in filled.fields if one.shape == "file" for name in one.of}
    values = {
        "tabs": [(_path(kind), job_word(kind.name), kind is filled.kind) for kind in tabs()],
        "word": job_word(filled.kind.name),
        "path": _path(filled.kind),
        "form": filled,
        "main": [one for one in filled.fields if one.main],
        "more": [one for one in filled.fields if not one.main],
        "open": any(not one.main and one.name in filled.wrong for one in filled.fields),
        "models": {one.name: _models(cards, one, filled.kind) for one in filled.fields if one.shape == "model"},
        "files": {media: _works(studio, person, media) for media in files},
        "most_typed": MOST_TYPED,
        "view": view_of(studio, job, person) if job else None,
        "latest": [] if job else _latest(studio, person),
    }
    return render(request, "create.html", values, status=status)


def _models(cards: Sequence[ModelCard], asked: Field, kind: Kind[Any]) -> list[ModelCard]:
    return fitting(cards, asked.of) if asked.of else [one for one in cards if one.fits(kind)]


def _works(studio: Studio, person: AccountRow, media: str) -> list[tuple[str, str]]:
    """(reference, title) of the newest works from which one can start."""
    with studio.database.read() as connection:
        rows = library.works_of_media(connection, person, media, CHOSEN)
    return [(f"work:{row.id}", f"{(row.recipe or {}).get('brief') or row.model_name} · {row.id[-4:]}") for row in rows]


def _latest(studio: Studio, person: AccountRow) -> list[Any]:
    with studio.database.read() as connection:
        rows, _mark = library.page_of_works(connection, person, library.Wanted(), 6)
    return [card(row, studio.home) for row in rows]
