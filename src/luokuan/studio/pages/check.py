"""Check: anybody may drop a file and is told whether it comes from here. The file isn't kept."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from luokuan.colophon.evidence import word_for
from luokuan.colophon.formats import known_endings
from luokuan.studio.access import Needs, check_turn, form_of
from luokuan.studio.checking import coarse
from luokuan.studio.rendering import render
from luokuan.studio.sentfiles import FILES, check_sent
from luokuan.studio.state import studio_of

router = APIRouter()
PATH = "/check"


@router.get(PATH, dependencies=[Depends(Needs())])
def check_page(request: Request) -> Response:
    """Where a file can be dropped."""
    return render(request, "check.html", _values(request))


@router.post(PATH, dependencies=[Depends(check_turn), Depends(Needs(files=FILES))])
async def check(request: Request) -> Response:
    """The verdict in coarse words; to the owner of the work it names, all of it."""
    verdict, own = await check_sent(request, form_of(request))
    told = coarse(verdict)
    table = [(row["about"], row["says"]) for row in verdict["table"]] if own else list(told.evidence)
    values = {
        **_values(request),
        "told": told,
        "table": [(word_for(about), says) for about, says in table],
        "work": verdict["work"] if own else None,
    }
    part = "_verdict.html" if "hx-request" in request.headers else "check.html"
    return await run_in_threadpool(render, request, part, values)


def _values(request: Request) -> dict[str, object]:
    return {"told": None, "table": [], "work": None, "endings": known_endings(),
            "most": studio_of(request).settings.upload_bytes}  # fmt: skip
