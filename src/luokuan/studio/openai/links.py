"""Links that open one work for a while, for whoever has them: without cookies and without keys.

A link names the work and its last second, and carries an HMAC (RFC 2104) of both with a secret of the home.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from luokuan.store.home import Home
from luokuan.store.secrets import links_key
from luokuan.store.works import WorkRow, find_work
from luokuan.studio.access import Needs
from luokuan.studio.errors import missing
from luokuan.studio.files import work_archive, work_file
from luokuan.studio.state import studio_of

router = APIRouter()
SECONDS = 3600
"""How long a link opens its work."""
_TOKEN = re.compile(r"([0-9a-f]{16})-([0-9a-f]{1,12})-([fa])-([0-9a-f]{64})")


def token(work_id: str, home: Home, *, whole: bool = False, until: int | None = None) -> str:
    """What stands in a link to a work, or, ``whole``, to it with all that belongs beside it.

    Args:
        until: Last second (POSIX time) at which it opens; None: ``SECONDS`` from now.
    """
    last = int(time.time()) + SECONDS if until is None else until
    said = f"{work_id}-{last:x}-{'a' if whole else 'f'}"
    return f"{said}-{_mac(said, home)}"


def _mac(said: str, home: Home) -> str:
    return hmac.new(links_key(home), said.encode(), hashlib.sha256).hexdigest()


def link(request: Request, work_id: str, *, whole: bool = False) -> str:
    """A whole link, at the address by which the request came."""
    return f"{str(request.base_url).rstrip('/')}/media/{token(work_id, studio_of(request).home, whole=whole)}"


def told(request: Request, row: WorkRow) -> dict[str, Any]:
    """What answers say of a work in their field ``luokuan``."""
    return {
        "work": row.id,
        "kind": row.kind,
        "label": row.label,
        "media_type": row.media_type,
        "licence": row.licence,
        "file": link(request, row.id),
        "archive": link(request, row.id, whole=True),
    }


@router.get("/media/{given}", dependencies=[Depends(Needs())])
def media(request: Request, given: str) -> Response:
    """The signed bytes of the work that a link names."""
    studio, match = studio_of(request), _TOKEN.fullmatch(given)
    said, mac = (given[: match.start(4) - 1], match[4]) if match else ("", "0" * 64)
    # Compared whatever was given, and before the time is looked at.
    right = hmac.compare_digest(_mac(said, studio.home), mac)
    if match is None or not right or int(match[2], 16) < time.time():
        raise missing()
    with studio.database.read() as connection:
        row = find_work(connection, match[1])
    if row is None or row.erased:
        raise missing()
    if match[3] == "a":
        return work_archive(row, studio.home)
    return work_file(request, row, studio.home, download=True)
