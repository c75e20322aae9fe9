"""Projects on the value chain: writing, changing and deleting one's own, and the report of each; for administrators
also everybody's, to be looked at."""

from __future__ import annotations

from base64 import b64decode
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from luokuan.errors import UserError
from luokuan.studio import projects
from luokuan.studio.access import Needs, form_of, principal
from luokuan.studio.files import disposition
from luokuan.studio.forms import lines_in, number_in, text_in
from luokuan.studio.guard.headers import FILES
from luokuan.studio.projects import BODY, LONGEST, MOST_RECEIPTS, PATHS
from luokuan.studio.rendering import render

router = APIRouter()
Paths = Annotated[int, Query(ge=2, le=PATHS)]
Seed = Annotated[int, Query(ge=0, le=2**53)]


@router.get("/appraisal/projects/new", dependencies=[Depends(Needs("maker"))])
def new_page(request: Request, layer: str = "", stage: str = "") -> Response:
    """An invented project, at the place on the value chain that was chosen."""
    return render(request, "project.html", _values(projects.beginning(layer, stage)))


@router.get("/appraisal/projects", dependencies=[Depends(Needs("admin"))])
def everybodys(request: Request) -> Response:
    """All projects, with whose they are."""
    from luokuan.appraisal.words import layer_word, stage_word

    rows = [(one, f"{layer_word(one.layer)}, {stage_word(one.stage)}") for one in projects.everybodys(request)]
    return render(request, "projects.html", {"rows": rows})


@router.post("/appraisal/projects", dependencies=[Depends(Needs("maker", longest=BODY))])
def make(request: Request) -> Response:
    """Keep a new one."""
    form, text = form_of(request), ""
    try:
        text = lines_in(form, "text", most=LONGEST)
        project_id = projects.make(request, text)
    except UserError as error:
        return render(request, "project.html", {**_values(text), "error": error}, status=error.status)
    return RedirectResponse(f"/appraisal/projects/{project_id}", 303)


@router.get("/appraisal/projects/{project_id}", dependencies=[Depends(Needs("maker"))])
def project_page(request: Request, project_id: str, saved: bool = False) -> Response:
    """One of one's own; for administrators also another's, to be looked at."""
    return _page(request, project_id, saved=saved)


@router.post("/appraisal/projects/{project_id}", dependencies=[Depends(Needs("maker", longest=BODY))])
def change(request: Request, project_id: str) -> Response:
    """Change it; refused when it was changed meanwhile (409), and what was typed stays."""
    form, text = form_of(request), None
    try:
        text = lines_in(form, "text", most=LONGEST)
        projects.change(request, project_id, text, number_in(form, "version", most=2**31 - 2) or 0)
    except UserError as error:
        return _page(request, project_id, error=error, typed=text)
    return RedirectResponse(f"/appraisal/projects/{project_id}?saved=true", 303)  # so that its report leads back here


@router.post("/appraisal/projects/{project_id}/delete", dependencies=[Depends(Needs("maker"))])
def delete(request: Request, project_id: str) -> Response:
    """Delete it; refused when it was changed meanwhile."""
    try:
        projects.delete(request, project_id, number_in(form_of(request), "version", most=2**31 - 2) or 0)
    except UserError as error:
        return _page(request, project_id, error=error)
    return RedirectResponse("/appraisal", 303)


@router.get("/appraisal/projects/{project_id}/report", dependencies=[Depends(Needs("maker"))])
def report(request: Request, project_id: str, paths: Paths = PATHS, seed: Seed = 0) -> Response:
    """Its appraisal on the home's records of today, as a page of its own without anything that runs."""
    return _as_page(projects.appraised(request, project_id, "html", paths=paths, seed=seed))


@router.get("/appraisal/projects/{project_id}/report.pdf", dependencies=[Depends(Needs("maker"))])
def paper(request: Request, project_id: str, paths: Paths = PATHS, seed: Seed = 0) -> Response:
    """The same as a PDF."""
    return _as_paper(projects.appraised(request, project_id, "pdf", paths=paths, seed=seed))


@router.post("/appraisal/projects/{project_id}/report", dependencies=[Depends(Needs("maker", longest=BODY))])
def report_with_receipts(request: Request, project_id: str, paths: Paths = PATHS, seed: Seed = 0) -> Response:
    """Its appraisal with receipts of actual months, which aren't kept; as a page or, asked so, as a PDF."""
    form, text = form_of(request), ""
    projects.find(request, project_id)
    try:
        text = lines_in(form, "receipts", most=MOST_RECEIPTS)
        on_paper = text_in(form, "form", most=10) == "pdf"
        kind: projects.Form = "pdf" if on_paper else "html"
        found = projects.appraised(request, project_id, kind, paths=paths, seed=seed, receipts=text)
    except UserError as error:
        if error.code == "check.full":  # it goes on
            raise
        return _page(request, project_id, error=error, receipts=text)
    return _as_paper(found) if on_paper else _as_page(found)


def _as_page(page: str) -> Response:
    return HTMLResponse(page, headers={"content-security-policy": FILES})


def _as_paper(text: str) -> Response:
    headers = {"content-security-policy": FILES, "content-disposition": disposition("appraisal.pdf", attached=True)}
    return Response(b64decode(text), media_type="application/pdf", headers=headers)


def _page(
    request: Request,
    project_id: str,
    *,
    error: UserError | None = None,
    saved: bool = False,
    typed: str | None = None,
    receipts: str = "",
) -> Response:
    """One project; ``typed``: what wasn't saved, to be looked at beside what is there; ``receipts``: what was wrong
    with them is the error."""
    from luokuan.appraisal.words import layer_word, stage_word

    row = projects.find(request, project_id)
    more = {
        "row": row,
        "own": row.account_id == principal(request).person.id,
        "place": f"{layer_word(row.layer)}, {stage_word(row.stage)}",
        "there": row.text if error is not None and error.status == 409 and typed not in (None, row.text) else "",
        "error": error,
        "saved": saved,
        "receipts": receipts,
    }
    text = row.text if typed is None else typed
    return render(request, "project.html", {**_values(text), **more}, status=200 if error is None else error.status)


def _values(text: str) -> dict[str, object]:
    return {
        "text": text,
        "row": None,
        "own": True,
        "place": "",
        "there": "",
        "error": None,
        "saved": False,
        "longest": LONGEST,
        "receipts": "",
        "most_receipts": MOST_RECEIPTS,
    }
