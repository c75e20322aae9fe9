"""Files that are sent to be checked, and not kept; for pages and programs alike."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from luokuan.colophon.formats import SIDECARS
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.ownership import find_own_work
from luokuan.studio.access import principal
from luokuan.studio.state import studio_of

FILES = 4
"""A file, and what belongs beside it."""
_BESIDE = (*SIDECARS, ".proof")
_PIECE = 1 << 20


async def check_sent(request: Request, form: FormData) -> tuple[dict[str, Any], bool]:
    """The verdict on the file of a form, which is closed, and whether it speaks of a work of the reader's.

    Raises:
        UserError: see ``keep_files`` and ``Checkers.check``.
    """
    studio = studio_of(request)
    with tempfile.TemporaryDirectory(prefix="luokuan-check-") as folder:
        try:
            path = await run_in_threadpool(keep_files, form.getlist("file"), Path(folder))
        finally:
            await form.close()
        verdict = await studio.checkers.check(path)
    studio.counters.verdicts.labels(verdict["verdict"]).inc()
    return verdict, await run_in_threadpool(is_own, request, verdict.get("work"))


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
