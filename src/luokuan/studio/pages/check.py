"""Check: anybody may drop a file and is told whether it comes from here. The file isn't kept."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from luokuan.colophon.evidence import word_for
from luokuan.colophon.formats import SIDECARS, known_endings
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.ownership import find_own_work
from luokuan.studio.access import Needs, check_turn, form_of, principal
from luokuan.studio.checking import coarse
from luokuan.studio.rendering import render
from luokuan.studio.state import studio_of

router = APIRouter()
PATH = "/check"
FILES = 4
"""A file, and what belongs beside it."""
_BESIDE = (*SIDECARS, ".proof")
_PIECE = 1 << 20


@router.get(PATH, dependencies=[Depends(Needs())])
def check_page(request: Request) -> Response:
    """Where a file can be dropped."""
    return render(request, "check.html", _values(request))


@router.post(PATH, dependencies=[Depends(check_turn), Depends(Needs(files=FILES))])
async def check(request: Request) -> Response:
    """The verdict in coarse words; to the owner of the work it names, all of it."""
    studio = studio_of(request)
    with tempfile.TemporaryDirectory(prefix="luokuan-check-") as folder:
        form = form_of(request)
        try:
            path = await run_in_threadpool(keep_files, form.getlist("file"), Path(folder))
        finally:
            await form.close()
        verdict = await studio.checkers.check(path)
    studio.counters.verdicts.labels(verdict["verdict"]).inc()
    own = await run_in_threadpool(is_own, request, verdict.get("work"))
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


def is_own(request: Request, work_id: str | None) -> bool:
    """Whether the verdict speaks of a work of the reader's."""
    account = principal(request).account
    if account is None or not work_id:
        return False
    with studio_of(request).database.read() as connection:
        return find_own_work(connection, work_id, account) is not None


def keep_files(given: Sequence[object], folder: Path) -> Path:
    """Lay the file down where its reader finds it, with what belongs beside it. No name that was sent becomes part of a
    path: only known endings count.

    Raises:
        UserError: there is no file, more than one, or an empty one.
    """
    files = [one for one in given if isinstance(one, UploadFile) and (one.filename or one.size)]
    beside = [one for one in files if _ending(one) is not None]
    main = [one for one in files if _ending(one) is None]
    if len(main) != 1 or not main[0].size:
        raise UserError(
            _("There is no file to check.") if len(main) < 2 else _("These are several files."),
            _("Choose one file, with what lies beside it if there is anything."),
            code="check.files",
            status=422,
        )
    path = folder / "file"
    for one in (*main, *beside):
        with (folder / f"file{_ending(one) or ''}").open("wb") as out:
            while piece := one.file.read(_PIECE):
                out.write(piece)
    return path


def _ending(given: UploadFile) -> str | None:
    """What its name adds to that of the work, if it is one of those that lie beside works."""
    name = (given.filename or "").lower()
    return next((ending for ending in _BESIDE if name.endswith(ending)), None)
