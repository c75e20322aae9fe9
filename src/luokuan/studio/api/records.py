"""`/api`: models, lineages, the log, and checking files."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from luokuan.colophon.lineage.records import read
from luokuan.colophon.tlog.proof import prove_work
from luokuan.colophon.tlog.service import Book
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store import logbook
from luokuan.store.ownership import own_among
from luokuan.studio.access import Needs, check_turn, principal
from luokuan.studio.api.openapi import document
from luokuan.studio.api.shapes import LineageTold, LogTold, ModelList, VerdictTold
from luokuan.studio.checking import coarse
from luokuan.studio.errors import missing
from luokuan.studio.jobs.kinds import kinds
from luokuan.studio.lineage import without_names
from luokuan.studio.modelcards import visible_models
from luokuan.studio.sentfiles import FILES, check_sent
from luokuan.studio.state import studio_of
from luokuan.studio.works import own_work

router = APIRouter(prefix="/api")
VERIFY = "/api/verify"
_File = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                }
            }
        },
    }
}
_Text: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


@router.get("/models", dependencies=[Depends(Needs("viewer", scope="models:read"))], response_model=ModelList)
def models(request: Request) -> Response:
    """The models that can be used: those of the home, then the starters."""
    known = kinds().values()
    found = [
        {
            **card.to_json(),
            "kinds": [kind.name for kind in known if kind.name.startswith("create.") and card.fits(kind)],
        }
        for card in visible_models(studio_of(request), principal(request).person)
    ]
    return JSONResponse({"models": found})


@router.get(
    "/lineage/{work_id}", dependencies=[Depends(Needs("viewer", scope="works:read"))], response_model=LineageTold
)  # fmt: skip
def lineage(request: Request, work_id: str) -> Response:
    """Where a work comes from, and what was made from it."""
    studio, row = studio_of(request), own_work(request, work_id)
    found = read(row, studio.home, studio.database)
    works = [node.title for node in found.nodes.values() if node.kind == "work"]
    with studio.database.read() as connection:
        own = own_among(connection, works, principal(request).person)
    told = without_names(found, own).to_json()
    # Keys of works hold their ids: what is another's gets a number in the place of it.
    names = {node.key: f"work:{place}" for place, node in enumerate(found.nodes.values())
             if node.kind == "work" and node.key.removeprefix("work:") not in own}  # fmt: skip
    for node in told["nodes"]:
        node["key"] = names.get(node["key"], node["key"])
    for edge in told["edges"]:
        edge |= {end: names.get(edge[end], edge[end]) for end in ("from", "to")}
    return JSONResponse(told)


@router.get("/log", dependencies=[Depends(Needs("viewer", scope="works:read"))], response_model=LogTold)
def log(request: Request, limit: Annotated[int, Query(ge=0, le=500)] = 50) -> Response:
    """The newest signed checkpoint of the transparency log, and its last entries."""
    with studio_of(request).database.read() as connection:
        head = logbook.newest_head(connection)
        if head is None:
            raise UserError(
                _("The log begins with the first work."), _("Make a work."), code="log.empty", status=404
            )  # fmt: skip
        told = Book(connection, head).describe(limit)
        own = own_among(connection, [one["work"] for one in told["entries"] if one["work"]], principal(request).person)
    for entry in told["entries"]:
        entry["work"] = entry["work"] if entry["work"] in own else None
    return JSONResponse(told)


@router.get(
    "/log/{work_id}/proof", dependencies=[Depends(Needs("viewer", scope="works:read"))], responses=_Text,
    response_class=Response,
)  # fmt: skip
def proof(request: Request, work_id: str) -> Response:
    """The proof that a work was entered (c2sp.org/tlog-proof): enough to check without the studio."""
    row = own_work(request, work_id)
    with studio_of(request).database.read() as connection:
        found = prove_work(connection, row.id)
    if found is None:
        raise missing()
    return Response(found.to_bytes(), media_type="text/plain")


@router.post(
    "/verify",
    dependencies=[Depends(check_turn), Depends(Needs("viewer", scope="works:read"))],
    response_model=VerdictTold,
    openapi_extra=_File,
)
async def verify(request: Request) -> Response:
    """Check a file: one, with what lies beside it if there is anything. It isn't kept."""
    form = await request.form(max_files=FILES, max_fields=4, max_part_size=32 << 10)
    verdict, own = await check_sent(request, form)
    told = coarse(verdict)
    table = [(row["about"], row["says"]) for row in verdict["table"]] if own else list(told.evidence)
    return JSONResponse({
        "verdict": verdict["verdict"] if own else told.word,
        "summary": verdict["summary"] if own else told.says,
        "evidence": [{"about": about, "says": says} for about, says in table],
        "work": verdict["work"] if own else None,
    })  # fmt: skip


@router.get("/openapi.json", dependencies=[Depends(Needs("viewer"))])
def openapi(request: Request) -> Response:
    """What can be asked for under /api, as an OpenAPI 3.1 document."""
    return JSONResponse(document(request.app.router.routes))
