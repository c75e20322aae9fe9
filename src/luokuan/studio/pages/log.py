"""The transparency log, as those see it who have an account."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from luokuan.colophon.tlog.service import Book
from luokuan.store import logbook
from luokuan.store.ownership import own_among
from luokuan.studio.access import Needs, principal
from luokuan.studio.rendering import render
from luokuan.studio.state import studio_of

router = APIRouter()
ENTRIES = 50


@router.get("/log", dependencies=[Depends(Needs("viewer"))])
def log_page(request: Request) -> Response:
    """Name, key, checkpoint, and the latest entries; works of others have no name there."""
    with studio_of(request).database.read() as connection:
        head = logbook.newest_head(connection)
        book = None if head is None else Book(connection, head).describe(ENTRIES)
        named = [] if book is None else [entry["work"] for entry in book["entries"] if entry["work"]]
        own = own_among(connection, named, principal(request).person)
    return render(request, "log.html", {"book": book, "own": own})
