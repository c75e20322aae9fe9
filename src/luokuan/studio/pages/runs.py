"""One run: how far it is, its curves and preview, pause and resume; and several runs over each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.studio.access import Needs, form_of, principal
from luokuan.studio.errors import missing
from luokuan.studio.forms import text_in
from luokuan.studio.guard.headers import FILES
from luokuan.studio.rendering import render
from luokuan.studio.state import address_of, studio_of
from luokuan.studio.training import figures
from luokuan.studio.training.runs import Run, find_run, remove_run, runs_of, verdicts_of

router = APIRouter()
_TEXT = 4000
"""Characters of a preview of text."""
MOST_COMPARED = 6


def own_run(request: Request, name: str) -> Run:
    """The run, if it is the reader's.

    Raises:
        UserError: it isn't, or there is none (404).
    """
    studio = studio_of(request)
    return find_run(studio.database, studio.home, name, principal(request).person)


@router.get("/train/runs/{name}", dependencies=[Depends(Needs("maker"))])
def run_page(request: Request, name: str) -> Response:
    """All of it."""
    return _page(request, own_run(request, name))


@router.get("/train/runs/{name}/state", dependencies=[Depends(Needs("maker"))])
def state(request: Request, name: str, seen: str = "") -> Response:
    """How far it is, as a part that is asked for while it runs; the page is loaded anew when its state changes."""
    run = own_run(request, name)
    if seen and seen != run.state:
        return Response(status_code=204, headers={"hx-refresh": "true"})
    return render(request, "_run.html", _values(request, run))


@router.get("/train/runs/{name}/preview", dependencies=[Depends(Needs("maker"))])
def preview(request: Request, name: str) -> Response:
    """The newest preview of pictures; unfinished, and shown only beside words that say so."""
    path = own_run(request, name).preview
    if path is None or path.suffix != ".png":
        raise missing()
    headers = {"content-security-policy": FILES, "cache-control": "private, no-cache"}
    return FileResponse(path, media_type="image/png", headers=headers)


@router.post("/train/runs/{name}/pause", dependencies=[Depends(Needs("maker"))])
def pause(request: Request, name: str) -> Response:
    """Let it save and stop; it can go on later."""
    run = own_run(request, name)
    if run.job is not None and run.job.live:
        studio_of(request).queue.cancel(run.job.id, principal(request).person.id)
    return RedirectResponse(f"/train/runs/{name}", 303)


@router.post("/train/runs/{name}/resume", dependencies=[Depends(Needs("maker"))])
def resume(request: Request, name: str) -> Response:
    """Go on where it was."""
    run = own_run(request, name)
    try:
        if not run.resumable:
            raise UserError(
                _("There is nothing to go on with."),
                _("It runs, has ended, or never began."),
                code="run.state",
                status=409,
            )
        brief = {"name": run.name, "corpora": run.corpora, "resume": True}
        studio_of(request).queue.submit(principal(request).person.id, f"train.{run.family}", brief)
    except UserError as error:
        return _page(request, run, error=error)
    return RedirectResponse(f"/train/runs/{name}", 303)


@router.post("/train/runs/{name}/remove", dependencies=[Depends(Needs("maker"))])
def remove(request: Request, name: str) -> Response:
    """End it, and remove all that it has left, its model too; when its name was typed."""
    studio, run, person = studio_of(request), own_run(request, name), principal(request).person
    if text_in(form_of(request), "confirm") != name:
        error = UserError(
            _("The run wasn't removed: its name was not typed."),
            _("Type {text} to remove it for ever.", text=name),
            code="run.confirm",
            status=422,
        )
        return _page(request, run, error=error)
    if run.job is not None and run.job.live:
        studio.queue.cancel(run.job.id, person.id)
    remove_run(studio.database, studio.home, name, person.id, address=address_of(request))
    return RedirectResponse("/train", 303)


@router.get("/train/compare", dependencies=[Depends(Needs("maker"))])
def compare(request: Request, by: str = "items") -> Response:
    """Curves of several runs over each other."""
    studio = studio_of(request)
    names = list(dict.fromkeys(request.query_params.getlist("run")))[:MOST_COMPARED]
    chosen = {name: own_run(request, name) for name in names}
    axis = "time" if by == "time" else "items"
    charts = figures.compared({name: figures.rows_of(run.folder) for name, run in chosen.items()}, axis)
    values = {
        "chosen": list(chosen.values()),
        "charts": charts if len(chosen) > 1 else [],
        "runs": [run for run in runs_of(studio.database, studio.home, principal(request).person) if run.record],
        "by": axis,
        "verdicts": {name: verdicts_of(studio.home, name) for name in chosen},
    }
    return render(request, "compare.html", values)


def _values(request: Request, run: Run) -> Mapping[str, Any]:
    rows = figures.rows_of(run.folder)
    shown = run.preview
    words = ""
    if shown is not None and shown.suffix == ".txt":
        with shown.open(encoding="utf-8", errors="replace") as stream:
            words = stream.read(_TEXT)
    last = rows[-1] if rows else {}
    return {
        "run": run,
        "charts": figures.charts_of(rows),
        "step": int(last.get("step", 0)),
        "steps": run.record.get("steps"),
        "items": int(last.get("items", 0)),
        "speed": figures.latest(rows).get("items_per_second"),
        "shown": "" if shown is None else shown.name,
        "words": words,
        "live": run.state in ("waiting", "running", "stopping"),
    }


def _page(request: Request, run: Run, *, error: UserError | None = None) -> Response:
    verdicts = verdicts_of(studio_of(request).home, run.name) if run.model else []
    values = {**_values(request, run), "verdicts": verdicts, "error": error}
    return render(request, "run.html", values, status=200 if error is None else error.status)
