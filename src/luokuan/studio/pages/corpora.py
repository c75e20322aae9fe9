"""Corpora: a list, and for each what it holds, whether it can be trained on, and its card."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import is_name
from luokuan.i18n import _, language
from luokuan.store import belongings
from luokuan.store.belongings import Belonging
from luokuan.store.events import insert_event
from luokuan.store.quotas import room
from luokuan.studio.access import Needs, form_of, principal
from luokuan.studio.errors import missing
from luokuan.studio.forms import number_in, text_in
from luokuan.studio.guard.headers import FILES
from luokuan.studio.material import licences
from luokuan.studio.material.errands import Errand
from luokuan.studio.rendering import render
from luokuan.studio.state import Studio, address_of, now, studio_of
from luokuan.studio.uploading import own_coming

if TYPE_CHECKING:
    from luokuan.foundation.corpus.card import Card

router = APIRouter()
FIELDS = ("title", "licence", "source", "credit", "consent", "personal_data")
_LONGEST = 2000
SOON = 2.5
"""Seconds in which small corpora are checked: so long the page waits."""


@dataclass(frozen=True, slots=True)
class CorpusHere:
    """A corpus of the home. ``row`` None: one of the command line, of which nothing was changed here."""

    name: str
    folder: Path
    row: Belonging | None

    @property
    def version(self) -> int:
        """Of what can be changed here; 0: nothing was yet."""
        return 0 if self.row is None else self.row.version

    @property
    def card(self) -> tuple[Card, UserError | None]:
        """Its card, and what is wrong with it."""
        # At first use, like whatever reads corpora: it loads libraries that the server does without.
        from luokuan.foundation.corpus.card import Card, read_card

        try:
            return read_card(self.folder) or Card(), None
        except UserError as error:
            return Card(), error

    def kept(self, studio: Studio, ending: str) -> Path:
        """Where something is kept that is known of it as it is now."""
        made = 0 if self.row is None else int(self.row.made_at.timestamp())
        return _reports(studio) / f"{self.name}@{made:x}.{self.version}.{ending}"


def _reports(studio: Studio) -> Path:
    place = studio.home.cache / "reports"
    place.mkdir(mode=0o700, exist_ok=True)
    return place


def own_corpora(request: Request) -> list[CorpusHere]:
    """All that the reader may use, the newest first."""
    studio, person = studio_of(request), principal(request).person
    names = [path.name for path in studio.home.corpora.iterdir() if is_name(path.name) and path.is_dir()]
    with studio.database.read() as connection:
        found = belongings.own(connection, "corpus", names, person)
        rows = {name: belongings.find_belonging(connection, "corpus", name) for name in found}
    early = datetime.min.replace(tzinfo=UTC)
    here = [CorpusHere(name, studio.home.corpora / name, rows[name]) for name in found]
    return sorted(here, key=lambda one: (early if one.row is None else one.row.made_at, one.name), reverse=True)


def own_corpus(request: Request, name: str) -> CorpusHere:
    """The corpus of this name, if it is the reader's.

    Raises:
        UserError: there is none, or it is another's (404).
    """
    studio, person = studio_of(request), principal(request).person
    if not is_name(name):
        raise missing()
    with studio.database.read() as connection:
        row = belongings.find_belonging(connection, "corpus", name)
        own = belongings.is_own(connection, "corpus", name, person)
    if not own or not (row is not None or (studio.home.corpora / name).is_dir()):
        raise missing()
    return CorpusHere(name, studio.home.corpora / name, row)


def kept_report(studio: Studio, corpus: CorpusHere) -> dict[str, Any] | None:
    """What is known of it, in the reader's language, or else in another; None: it wasn't checked yet."""
    for name in (language(), "en", "zh_CN"):
        try:
            found = json.loads(corpus.kept(studio, f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        return found if isinstance(found, dict) else None
    return None


@router.get("/train/corpora", dependencies=[Depends(Needs("maker"))])
def corpora_page(request: Request) -> Response:
    """All of them, and a way to bring one."""
    studio, person = studio_of(request), principal(request).person
    here = own_corpora(request)
    with studio.database.read() as connection:
        left = room(connection, person, now())
    values = {
        "corpora": [(one, one.card[0], kept_report(studio, one)) for one in here],
        "coming": own_coming(request, "corpus"),
        "room": left,
        "most": studio.settings.corpus_bytes,
    }
    return render(request, "corpora.html", values)


@router.get("/train/corpora/{name}", dependencies=[Depends(Needs("maker"))])
def corpus_page(request: Request, name: str) -> Response:
    """One of them."""
    return _page(request, own_corpus(request, name))


@router.get("/train/corpora/{name}/report", dependencies=[Depends(Needs("maker"))])
def report(request: Request, name: str) -> Response:
    """What it holds, as a part that is asked for until it is there."""
    return render(request, "_report.html", _reported(request, own_corpus(request, name), wait=0.0))


@router.post("/train/corpora/{name}/check", dependencies=[Depends(Needs("maker"))])
def check_again(request: Request, name: str) -> Response:
    """Forget what is known of it, and look again."""
    studio, corpus = studio_of(request), own_corpus(request, name)
    _forget(studio, corpus)
    return RedirectResponse(f"/train/corpora/{name}", 303)


@router.get("/train/corpora/{name}/sheet.jpg", dependencies=[Depends(Needs("maker"))])
def sheet(request: Request, name: str) -> Response:
    """Small pictures of some of it, drawn anew: nothing of what was brought is served."""
    path = own_corpus(request, name).kept(studio_of(request), "jpg")
    if not path.is_file():
        raise missing()
    headers = {"content-security-policy": FILES, "cache-control": "private, no-cache"}
    return FileResponse(path, media_type="image/jpeg", headers=headers)


@router.post("/train/corpora/{name}/card", dependencies=[Depends(Needs("maker"))])
def save_card(request: Request, name: str) -> Response:
    """Change the card, if nobody has meanwhile."""
    from luokuan.foundation.corpus.card import write_card

    studio, form, corpus = studio_of(request), form_of(request), own_corpus(request, name)
    typed: dict[str, Any] = {field: text_in(form, field, most=_LONGEST) for field in FIELDS}
    typed["licence"] = text_in(form, "other", most=200) or typed["licence"]
    version = number_in(form, "version", most=2**31) or 0
    card = replace(corpus.card[0], unknown_fields=(), **typed)
    at = now()
    try:
        with studio.database.write() as connection:
            row = belongings.find_belonging(connection, "corpus", name)
            if row is None and version == 0:
                belongings.take(connection, "corpus", name, None, at)
            else:
                belongings.change(connection, "corpus", name, version)
            if not corpus.folder.is_dir():
                raise missing()
            write_card(corpus.folder, card)
    except UserError as error:
        return _page(request, own_corpus(request, name), error=error, typed=card)
    _forget(studio, corpus)
    return RedirectResponse(f"/train/corpora/{name}?saved=1", 303)


@router.post("/train/corpora/{name}/delete", dependencies=[Depends(Needs("maker"))])
def delete(request: Request, name: str) -> Response:
    """For ever, when its name was typed."""
    studio, corpus, person = studio_of(request), own_corpus(request, name), principal(request).person
    if text_in(form_of(request), "confirm") != name:
        error = UserError(
            _("The corpus wasn't removed: its name was not typed."),
            _("Type {text} to remove it for ever.", text=name),
            code="corpus.confirm",
            status=422,
        )
        return _page(request, corpus, error=error)
    aside = corpus.folder.parent / f".{name}.gone-{time.time_ns():x}"
    with studio.database.write() as connection:
        belongings.drop(connection, "corpus", name)
        insert_event(
            connection, at=now(), account_id=person.id, action="corpus.removed", subject=name,
            address=address_of(request),
        )  # fmt: skip
        if corpus.folder.is_dir():
            corpus.folder.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)
    _forget(studio, corpus)
    return RedirectResponse("/train/corpora", 303)


def _page(
    request: Request, corpus: CorpusHere, *, error: UserError | None = None, typed: Card | None = None
) -> Response:
    found, wrong = corpus.card
    card = typed or found
    changed = [field for field in FIELDS if typed is not None and getattr(typed, field) != getattr(found, field)]
    values = {
        **_reported(request, corpus, wait=SOON),
        "card": card,
        "there": found,
        "changed": changed if error is not None and error.code == "belonging.changed" else [],
        "licences": licences.offered(card),
        "consequence": licences.consequence(card),
        "error": error or wrong,
        "saved": "saved" in request.query_params and error is None,
        "fields": _words(),
    }
    return render(request, "corpus.html", values, status=200 if error is None else error.status)


def _reported(request: Request, corpus: CorpusHere, *, wait: float) -> Mapping[str, Any]:
    """Values of the report; it is begun where there is none."""
    studio = studio_of(request)
    place = corpus.kept(studio, f"{language()}.json")
    errand: Errand | None = None
    if corpus.folder.is_dir() and not place.is_file():
        key = f"report:{place.name}"
        errand = studio.errands.find(key)
        if errand is None or (errand.error is None and errand.ended.is_set()):
            asked = {"path": str(corpus.folder), "keep": str(place), "sheet": str(corpus.kept(studio, "jpg"))}
            errand = studio.errands.start(key, "report", asked, about=corpus.name)
        errand.ended.wait(wait)
    found = kept_report(studio, corpus) if place.is_file() else None
    return {"corpus": corpus, "report": found, "errand": errand, "is_there": corpus.folder.is_dir()}


def _forget(studio: Studio, corpus: CorpusHere) -> None:
    for path in _reports(studio).glob(f"{corpus.name}@*"):
        studio.errands.forget(f"report:{path.name}")
        path.unlink(missing_ok=True)
    studio.errands.forget(f"report:{corpus.kept(studio, f'{language()}.json').name}")


def _words() -> dict[str, str]:
    return {
        "title": _("Title"),
        "licence": _("Licence"),
        "source": _("Source"),
        "credit": _("Credit"),
        "consent": _("Consent of people who are depicted or recorded"),
        "personal_data": _("Personal data"),
    }
