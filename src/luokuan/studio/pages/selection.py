"""What is done with several works at once, and what is thought of one."""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store import collections, library, ownership
from luokuan.store.events import insert_event
from luokuan.store.library import Wanted
from luokuan.studio.access import Needs, form_of, principal
from luokuan.studio.erasing import erase_for_ever
from luokuan.studio.errors import missing
from luokuan.studio.forms import text_in
from luokuan.studio.guard import tokens
from luokuan.studio.state import address_of, now, studio_of

router = APIRouter()
MOST = 500
"""Works that are chosen at once."""
_ID = re.compile(r"[0-9a-f]{16}")


@router.post("/library/selection", dependencies=[Depends(Needs("maker", fields=MOST + 20))])
def selection(request: Request) -> Response:
    """Collect, take out, export, or throw away the chosen works."""
    chosen = _chosen(request)
    action = text_in(form_of(request), "action", most=20)
    ways = {"collect": _collect, "take_out": _take_out, "export": _export, "trash": _trash}
    if action not in ways:
        raise missing()
    return RedirectResponse(ways[action](request, chosen), 303)


@router.post("/trash/empty", dependencies=[Depends(Needs("maker"))])
def empty(request: Request) -> Response:
    """Erase all of one's own works in the trash, when their number was typed: no other one gets in by mistake."""
    studio, person = studio_of(request), principal(request).person
    typed = text_in(form_of(request), "confirm", most=9)
    with studio.database.read() as connection:
        wanted = Wanted(thrown=True)
        count = library.count_works(connection, person, wanted)
        rows, _more = library.page_of_works(connection, person, wanted, MOST)
    if typed != str(count):
        raise UserError(
            _("Nothing was erased: the number of works was not typed."),
            _("There are {count} works in the trash.", count=count),
            code="trash.confirm",
            status=422,
        )
    for row in rows:
        with studio.database.read() as connection:
            if not ownership.in_trash(connection, row.id):
                continue  # taken back in another tab
        erase_for_ever(studio.home, studio.database, row.id, account_id=person.id, address=address_of(request))
    return RedirectResponse("/trash", 303)


def _chosen(request: Request) -> list[str]:
    """Ids of chosen works that are the reader's; of others nobody is told whether they exist."""
    given = list(dict.fromkeys(form_of(request).getlist("work")))
    wanted = [one for one in given if isinstance(one, str) and _ID.fullmatch(one)]
    with studio_of(request).database.read() as connection:
        own = ownership.own_among(connection, wanted, principal(request).person)
    if len(wanted) != len(given) or set(wanted) - own:
        raise missing()
    if not wanted:
        raise UserError(
            _("No work was chosen."), _("Tick the boxes of some works first."), code="selection.empty", status=422
        )
    return wanted


def _collect(request: Request, chosen: list[str]) -> str:
    form, person, at = form_of(request), principal(request).person, now()
    into = text_in(form, "into", most=16)
    with studio_of(request).database.write() as connection:
        if not into:
            into = tokens.new_id()
            name = text_in(form, "name", most=collections.LONGEST)
            collections.make_collection(connection, into, name, person, at)
        elif collections.find_collection(connection, into, person) is None:
            raise missing()
        collections.add_works(connection, into, chosen, person, at)
    return f"/library?collection={into}"


def _take_out(request: Request, chosen: list[str]) -> str:
    source = text_in(form_of(request), "from", most=16)
    with studio_of(request).database.write() as connection:
        if collections.find_collection(connection, source, principal(request).person) is None:
            raise missing()
        collections.take_out(connection, source, chosen)
    return f"/library?collection={source}"


def _export(request: Request, chosen: list[str]) -> str:
    studio, person = studio_of(request), principal(request).person
    job = studio.queue.submit(person.id, "export.works", {"works": chosen})
    with studio.database.write() as connection:
        _told(connection, request, "works.exported", str(len(chosen)))
    return f"/exports/{job.id}"


def _trash(request: Request, chosen: list[str]) -> str:
    at = now()
    with studio_of(request).database.write() as connection:
        for work_id in chosen:
            ownership.throw_away(connection, work_id, at)
            _told(connection, request, "work.trashed", work_id)
    return "/library"


def _told(connection: Any, request: Request, action: str, subject: str) -> None:
    insert_event(
        connection, at=now(), account_id=principal(request).person.id, action=action, subject=subject,
        address=address_of(request),
    )  # fmt: skip
