"""The library: somebody's works as a grid, filtered, searched, page after page; and the trash."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store import feedback, house, library, ownership
from luokuan.store.collections import collections_of
from luokuan.store.events import insert_event
from luokuan.store.works import WorkRow
from luokuan.studio.access import Needs, form_of, principal
from luokuan.studio.cards import card
from luokuan.studio.erasing import erase_for_ever
from luokuan.studio.errors import missing
from luokuan.studio.forms import is_plain, text_in
from luokuan.studio.marks import mark_of, text_of
from luokuan.studio.rendering import render
from luokuan.studio.state import address_of, now, studio_of
from luokuan.studio.works import wanted_of

router = APIRouter()
PAGE = 24
"""Works a page."""


@router.get("/library", dependencies=[Depends(Needs("viewer"))])
def library_page(request: Request) -> Response:
    """The grid."""
    return _page(request, thrown=False)


@router.get("/trash", dependencies=[Depends(Needs("viewer"))])
def trash_page(request: Request) -> Response:
    """What was thrown away, and can be taken back."""
    return _page(request, thrown=True)


def _page(request: Request, *, thrown: bool) -> Response:
    studio, person = studio_of(request), principal(request).person
    asked = {name: value for name, value in request.query_params.items() if is_plain(value) and len(value) <= 200}
    wanted = wanted_of(asked, thrown=thrown)
    with studio.database.read() as connection:
        own = collections_of(connection, person)
        here = next((one for one in own if one.id == wanted.collection), None)
        if wanted.collection and here is None:
            raise missing()
        rows, following = library.page_of_works(connection, person, wanted, PAGE, mark_of(asked.get("after", "")))
        overview = library.overview(connection, person, wanted)
        liked = feedback.opinions(connection, [row.id for row in rows])
        days = house.trash_setting(connection).days
    filters = {name: asked.get(name, "") for name in ("kind", "model", "since", "until", "q", "collection")}
    more = ""
    if following is not None:
        chosen = {name: value for name, value in filters.items() if value}
        more = f"{request.url.path}?{urlencode({**chosen, 'after': text_of(following)})}"
    values = {
        "cards": [card(row, studio.home, liked=liked.get(row.id)) for row in rows],
        "count": overview.count,
        "kinds": overview.kinds,
        "models": overview.models,
        "filters": filters,
        "filtered": any(value for name, value in filters.items() if name != "collection"),
        "more": more,
        "thrown": thrown,
        "collections": own,
        "here_collection": here,
        "days": days,
    }
    part = "hx-request" in request.headers
    # More of the same comes without what stands around it.
    template = ("_cards.html" if "after" in asked else "_grid.html") if part else "library.html"
    return render(request, template, values)


@router.post("/works/{work_id}/trash", dependencies=[Depends(Needs("maker"))])
def throw_away(request: Request, work_id: str) -> Response:
    """Into the trash, with a way back."""
    row = _change(request, work_id, "work.trashed")
    if "hx-request" in request.headers:
        return render(request, "_thrown.html", {"id": row.id})
    return RedirectResponse("/library", 303)


@router.post("/works/{work_id}/restore", dependencies=[Depends(Needs("maker"))])
def take_back(request: Request, work_id: str) -> Response:
    """Out of the trash."""
    row = _change(request, work_id, "work.restored")
    if "hx-request" in request.headers:
        return render(request, "_card.html", {"card": card(row, studio_of(request).home), "thrown": False})
    return RedirectResponse(f"/works/{row.id}", 303)


@router.post("/works/{work_id}/erase", dependencies=[Depends(Needs("maker"))])
def erase(request: Request, work_id: str) -> Response:
    """For ever: only what lies in the trash, and only when the last digits of the id were typed."""
    studio, person = studio_of(request), principal(request).person
    typed = text_in(form_of(request), "confirm")
    with studio.database.read() as connection:
        row = ownership.find_own_work(connection, work_id, person)
        thrown = row is not None and ownership.in_trash(connection, row.id)
    if row is None or not thrown:
        raise missing()
    if typed != row.id[-4:]:
        raise UserError(
            _("The work wasn't erased: its last four characters were not typed."),
            _("Type {text} to erase it for ever.", text=row.id[-4:]),
            code="work.confirm",
            status=422,
        )
    erase_for_ever(studio.home, studio.database, row.id, account_id=person.id, address=address_of(request))
    return RedirectResponse("/trash", 303)


def _change(request: Request, work_id: str, action: str) -> WorkRow:
    studio, person, at = studio_of(request), principal(request).person, now()
    with studio.database.write() as connection:
        row = ownership.find_own_work(connection, work_id, person)
        if row is None:
            raise missing()
        if action == "work.trashed":
            ownership.throw_away(connection, row.id, at)
        else:
            ownership.take_back(connection, row.id)
        insert_event(
            connection, at=at, account_id=person.id, action=action, subject=row.id, address=address_of(request)
        )
    return row
