"""Serving what people have made: the signed bytes as they lie in the home, and never so that something in them runs."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse

from luokuan.colophon.collection import export, name_of
from luokuan.colophon.formats import TEXTS
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.blobs import Blobs
from luokuan.store.home import Home
from luokuan.store.jobs import Job
from luokuan.store.works import WorkRow
from luokuan.studio.guard.headers import FILES

SHOWN = ("image/png", "image/jpeg", "image/webp", "image/svg+xml", "audio/", "video/")
"""What browsers show inside a page; everything else is only handed over. A sheet as SVG runs nothing, whatever it
holds: as a picture of a page it has no scripts, and opened by itself it has the policy of all files."""
_READ = 256 << 10
_RANGE = re.compile(r"bytes=(\d{1,18})?-(\d{1,18})?")
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
    blobs = Blobs(home)
    if blobs.elsewhere:
        found = blobs.open(row.blob_sha256)
        if found is not None:
            return streamed(*found, row.media_type, headers, request.headers.get("range", ""))
    elif row.blob_size <= _READ and "range" not in request.headers:
        # What grids show is small, and read sooner here than piece by piece in threads of its own.
        with contextlib.suppress(FileNotFoundError):
            data = blobs.path(row.blob_sha256).read_bytes()
            return Response(data, media_type=row.media_type, headers={**headers, "accept-ranges": "bytes"})
    elif (path := blobs.path(row.blob_sha256)).is_file():
        return FileResponse(path, media_type=row.media_type, headers=headers)
    raise UserError(
        _("The file of this work is missing from the home."),
        _("Restore the home from a backup."),
        code="store.damaged",
        status=410,
    )


def streamed(stream: BinaryIO, size: int, media_type: str, headers: Mapping[str, str], asked: str) -> Response:
    """Bytes of an object store, piece by piece; of a single range (RFC 9110, 14.2) only that part."""
    first, last, status = 0, size - 1, 200
    if match := _RANGE.fullmatch(asked):
        start, end = match.groups()
        first = int(start) if start else max(0, size - int(end or 0))
        last = min(int(end), last) if start and end else last
        if first > last:
            stream.close()
            return Response(status_code=416, headers={**headers, "content-range": f"bytes */{size}"})
        status = 206
    sent = {**headers, "accept-ranges": "bytes", "content-length": str(last - first + 1)}
    if status == 206:
        sent["content-range"] = f"bytes {first}-{last}/{size}"

    def pieces() -> Iterator[bytes]:
        with stream:
            stream.seek(first)
            left = last - first + 1
            while left and (piece := stream.read(min(left, _READ))):
                left -= len(piece)
                yield piece

    return StreamingResponse(pieces(), status, media_type=media_type, headers=sent)


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
        kept = Blobs(home).open(row.blob_sha256)
        if kept is None:
            return None
        with kept[0] as stream:
            data = stream.read(_READ)
        text = found.to_text(data) if len(data) < _READ else data.decode("utf-8", "replace")
    except (OSError, ValueError, LookupError, UserError):
        return None
    return text if len(text) <= most else text[:most] + "…"


def disposition(name: str, *, attached: bool) -> str:
    """A Content-Disposition header (RFC 6266). Whatever the name holds, it stays one header."""
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "_" for letter in name)
    kind = "attachment" if attached else "inline"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
