"""Serving what people have made: the signed bytes as they lie in the home, and never so that something in them runs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from urllib.parse import quote

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from luokuan.colophon.collection import export, name_of
from luokuan.colophon.formats import TEXTS
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.blobs import Blobs
from luokuan.store.home import Home
from luokuan.store.jobs import Job
from luokuan.store.works import WorkRow
from luokuan.studio.guard.headers import FILES

SHOWN = ("image/png", "image/jpeg", "image/webp", "audio/", "video/")
"""What browsers show inside a page; everything else is only handed over."""
_READ = 256 << 10
_TEXTS = {row.media_type: row for row in TEXTS}


def is_shown(media_type: str) -> bool:
    """Whether a browser shows it."""
    return media_type.startswith(SHOWN) and media_type != "audio/midi"


def work_file(request: Request, row: WorkRow, home: Home, *, download: bool = False) -> Response:
    """The work's signed bytes, with ranges and a check whether the browser has them already.

    Raises:
        UserError: the file is missing from the home.
    """
    tag = f'"{row.blob_sha256}"'
    headers = {
        "content-security-policy": FILES,
        # Kept by the browser, but asked for each time: who has logged out sees nothing.
        "cache-control": "private, no-cache",
        "etag": tag,
        "content-disposition": disposition(name_of(row), attached=download or not is_shown(row.media_type)),
    }
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    path = Blobs(home).path(row.blob_sha256)
    if not path.is_file():
        raise UserError(
            _("The file of this work is missing from the home."),
            _("Restore the home from a backup."),
            code="store.damaged",
            status=410,
        )
    return FileResponse(path, media_type=row.media_type, headers=headers)


def work_archive(row: WorkRow, home: Home) -> Response:
    """The work with all that belongs beside it, as a zip file that is removed once it was sent.

    Raises:
        UserError: a blob is missing or damaged, or no room.
    """
    folder = tempfile.TemporaryDirectory(prefix="luokuan-")
    try:
        done = export([row], Path(folder.name) / "work.zip", home=home)
    except BaseException:
        folder.cleanup()
        raise
    name = f"{Path(name_of(row)).stem}.zip"
    headers = {"content-security-policy": FILES, "content-disposition": disposition(name, attached=True)}
    return FileResponse(
        done.path, media_type="application/zip", headers=headers, background=BackgroundTask(folder.cleanup)
    )


def export_file(job: Job, home: Home) -> Response:
    """What an export has written, as long as its job is there.

    Raises:
        UserError: it wrote nothing, or the file was removed.
    """
    from luokuan.studio.jobs.handlers.export import folder_of

    name = (job.result or {}).get("file") if job.kind.startswith("export.") else None
    path = folder_of(job.id, home) / Path(str(name)).name
    if name is None or not path.is_file():
        raise UserError(_("There is no file of this job."), _("Export once more."), code="export.missing", status=404)
    headers = {"content-security-policy": FILES, "content-disposition": disposition(path.name, attached=True)}
    return FileResponse(path, media_type="application/octet-stream", headers=headers)


def words(row: WorkRow, home: Home, most: int) -> str | None:
    """The first ``most`` characters of a text; None for works of other kinds, and where it can't be read."""
    found = _TEXTS.get(row.media_type)
    if found is None:
        return None
    try:
        with Blobs(home).path(row.blob_sha256).open("rb") as stream:
            data = stream.read(_READ)
        text = found.to_text(data) if len(data) < _READ else data.decode("utf-8", "replace")
    except (OSError, ValueError, LookupError):
        return None
    return text if len(text) <= most else text[:most] + "…"


def disposition(name: str, *, attached: bool) -> str:
    """A Content-Disposition header (RFC 6266). Whatever the name holds, it stays one header."""
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "_" for letter in name)
    kind = "attachment" if attached else "inline"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
