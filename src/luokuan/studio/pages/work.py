"""One work: itself, its colophon, its evidence, its lineage, and the way out for it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from luokuan.colophon.collection import export, name_of, public_record
from luokuan.colophon.evidence import word_for
from luokuan.colophon.tlog.log import entry_of
from luokuan.i18n import _
from luokuan.store import library, ownership
from luokuan.store.feedback import opinions
from luokuan.studio.access import Needs, check_turn, principal
from luokuan.studio.asking.again import brief_again
from luokuan.studio.cards import card
from luokuan.studio.errors import missing
from luokuan.studio.files import work_archive, work_file
from luokuan.studio.guard.headers import FILES
from luokuan.studio.jobviews import VaryingTabs
from luokuan.studio.lineage import drawn
from luokuan.studio.rendering import render
from luokuan.studio.state import studio_of
from luokuan.studio.works import own_work, served_work

router = APIRouter()
_TEXT = 20_000


@router.get("/works/{work_id}", dependencies=[Depends(Needs("viewer"))])
def work_page(request: Request, work_id: str) -> Response:
    """The work and its colophon."""
    studio, person = studio_of(request), principal(request).person
    with studio.database.read() as connection:
        row = ownership.find_own_work(connection, work_id, person)
        if row is None:
            raise missing()
        entered = entry_of(connection, row.id)
        thrown = ownership.in_trash(connection, row.id)
        again = brief_again(connection, row, person)
        listed = bool(library.own_works(connection, [row.id], person))
        liked = opinions(connection, [row.id]).get(row.id) if listed else None
    recipe = dict(row.recipe or {})
    parameters = recipe.get("parameters") or {}
    values = {
        "card": card(row, studio.home, _TEXT),
        "again": again is not None,
        "varies": VaryingTabs(studio, person).tab(row) if listed else "",
        "liked": liked,
        "row": row,
        "record": public_record(row),
        "file": name_of(row),
        "thrown": thrown,
        "entry": None if entered is None else {"origin": entered[0].origin, "index": entered[1].index},
        "recipe": [
            (name, _shown(recipe[name])) for name in ("brief", "seed", "model", "corpus_digest") if recipe.get(name)
        ],
        "parameters": [(str(name), _shown(value)) for name, value in parameters.items()],
    }
    return render(request, "work.html", values)


@router.get("/works/{work_id}/file", dependencies=[Depends(Needs("viewer"))])
def file(request: Request, work_id: str) -> Response:
    """The signed bytes, to be shown."""
    return work_file(request, served_work(request, work_id), studio_of(request).home)


@router.get("/works/{work_id}/download", dependencies=[Depends(Needs("viewer"))])
def download(request: Request, work_id: str, whole: bool = False) -> Response:
    """The signed bytes, to be kept; ``whole``: with all that belongs beside them, in a zip file."""
    studio, row = studio_of(request), served_work(request, work_id)
    return work_archive(row, studio.home) if whole else work_file(request, row, studio.home, download=True)


@router.get("/works/{work_id}/lineage.svg", dependencies=[Depends(Needs("viewer"))])
def lineage(request: Request, work_id: str) -> Response:
    """What it was made from, and what was made from it; works of others stand there without a name."""
    row = own_work(request, work_id)
    picture = drawn(row, studio_of(request), principal(request).person)
    return Response(picture, media_type="image/svg+xml", headers={"content-security-policy": FILES})


@router.get("/works/{work_id}/evidence", dependencies=[Depends(check_turn), Depends(Needs("viewer"))])
async def evidence(request: Request, work_id: str) -> Response:
    """Check the work as it lies in the home, now."""
    studio = studio_of(request)
    row = await run_in_threadpool(own_work, request, work_id)
    with tempfile.TemporaryDirectory(prefix="luokuan-check-") as folder:
        # With what belongs beside it: the signature of a text isn't in the text.
        await run_in_threadpool(export, [row], Path(folder) / "work", home=studio.home)
        verdict = await studio.checkers.check(Path(folder) / "work" / name_of(row))
    table = [(word_for(line["about"]), line["says"]) for line in verdict["table"]]
    values = {"word": verdict["verdict"], "says": verdict["summary"], "table": table, "row": row}
    return await run_in_threadpool(render, request, "_evidence.html", values)


def _shown(value: object) -> str:
    if value is None or value == "":
        return _("none")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
