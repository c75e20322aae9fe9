"""The transparency log, as those see it who have an account."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from luokuan.colophon.tlog.service import Book
from luokuan.errors import UserError
from luokuan.store import logbook
from luokuan.store.ownership import own_among
from luokuan.studio.access import Needs, principal
from luokuan.studio.chainview import chain_view
from luokuan.studio.rendering import render
from luokuan.studio.state import studio_of

router = APIRouter()
ENTRIES = 50


@router.get("/log", dependencies=[Depends(Needs("viewer"))])
def log_page(request: Request) -> Response:
    """Name, key, checkpoint, the latest entries, and what is anchored; works of others have no name there."""
    with studio_of(request).database.read() as connection:
        head = logbook.newest_head(connection)
        book = None if head is None else Book(connection, head).describe(ENTRIES)
        named = [] if book is None else [entry["work"] for entry in book["entries"] if entry["work"]]
        own = own_among(connection, named, principal(request).person)
    try:
        chain = chain_view(studio_of(request), principal(request).person)
    except UserError:
        chain = {}  # the log is there all the same; `luokuan verify --chain` says what is wrong
    return render(request, "log.html", {"book": book, "own": own, "chain": chain})
