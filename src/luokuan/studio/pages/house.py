"""What an administrator sees of the home: with what it signs, and what it keeps."""

from __future__ import annotations

import shlex
import shutil

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from luokuan.errors import UserError
from luokuan.store import library
from luokuan.studio.access import Needs
from luokuan.studio.rendering import render
from luokuan.studio.state import studio_of

router = APIRouter()


@router.get("/settings/home", dependencies=[Depends(Needs("admin"))])
def home_page(request: Request) -> Response:
    """Identity and storage."""
    from luokuan.store.identity import find_identity

    studio = studio_of(request)
    identity, problem = None, None
    try:
        identity = find_identity(studio.home)
    except UserError as error:
        problem = error
    with studio.database.read() as connection:
        kinds = library.storage(connection)
        dialect = connection.dialect.name
    values = {
        "identity": identity,
        "problem": problem,
        "kinds": kinds,
        "total": sum(size for _kind, _count, size in kinds),
        "free": shutil.disk_usage(studio.home.path).free,
        "place": str(studio.home.path),
        "quoted": shlex.quote(str(studio.home.path)),
        "database": {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(dialect, dialect),
    }
    return render(request, "home.html", values)
