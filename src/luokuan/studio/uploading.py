"""Archives that have come: whose they are, and making corpora and models of them; for pages and programs alike."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store import uploads
from luokuan.store.belongings import What
from luokuan.store.quotas import room
from luokuan.store.uploads import UploadRow
from luokuan.studio.access import principal
from luokuan.studio.errors import missing
from luokuan.studio.material import receiving
from luokuan.studio.material.errands import Answer, Errand
from luokuan.studio.material.modelarchives import NO_LICENCE
from luokuan.studio.state import address_of, now, studio_of

_MOMENT = 5.0
_AGAIN = ("errand.failed", "disk.full", "upload.room", "quota.storage")
"""Codes of what may be otherwise when it is tried again."""


@dataclass(frozen=True, slots=True)
class Coming:
    """An archive on its way. ``at``: bytes that have come; ``errand``: its unpacking, if that was begun."""

    row: UploadRow
    at: int
    errand: Errand | None

    @property
    def stands(self) -> Literal["part", "whole", "queued", "running", "asks", "failed", "refused"]:
        """Part or the whole of it has come; or its unpacking waits for its turn, runs, asks for a licence, failed but
        may go well another time, or refused the archive."""
        errand = self.errand
        if errand is None:
            return "part" if self.at < self.row.size else "whole"
        if errand.error is None:
            return "running" if errand.running else "queued"
        if errand.error.code == NO_LICENCE:
            return "asks"
        return "failed" if errand.error.code in _AGAIN else "refused"


def find_own_upload(request: Request, upload_id: str) -> UploadRow | None:
    """The upload of this id, if it is the asker's."""
    with studio_of(request).database.read() as connection:
        return uploads.find_upload(connection, upload_id, principal(request).person)


def own_upload(request: Request, upload_id: str) -> UploadRow:
    """The same.

    Raises:
        UserError: there is none, or it is another's (404).
    """
    row = find_own_upload(request, upload_id)
    if row is None:
        raise missing()
    return row


def place_name(row: UploadRow) -> str:
    """Where its page will be, below ``/train``."""
    return f"{'corpora' if row.kind == 'corpus' else 'models'}/{row.name}"


def unpacking_of(request: Request, upload_id: str) -> Errand | None:
    """Its unpacking, if that was begun; ``about`` is its ``place_name``."""
    return studio_of(request).errands.find(_key(request, upload_id))


def coming(request: Request, row: UploadRow) -> Coming:
    """How far the upload of ``row`` is."""
    return Coming(row, receiving.received(studio_of(request).home, row), unpacking_of(request, row.id))


def own_coming(request: Request, kind: What) -> list[Coming]:
    """The asker's uploads of a kind, the newest first."""
    with studio_of(request).database.read() as connection:
        rows = uploads.uploads_of(connection, principal(request).person, kind)
    return [coming(request, row) for row in rows]


def become(request: Request, upload_id: str) -> Errand:
    """The unpacking of an upload that is a corpus or a model by now.

    Raises:
        UserError: there is no such upload, or it was given up (404).
    """
    errand = unpacking_of(request, upload_id)
    # The row goes a moment before the errand has its answer.
    if errand is None or not errand.ended.wait(_MOMENT) or errand.answer is None:
        raise missing()
    return errand


def require_all(request: Request, row: UploadRow) -> None:
    """Refuse to unpack what hasn't come as a whole.

    Raises:
        UserError: so it is (409).
    """
    come = receiving.received(studio_of(request).home, row)
    if come != row.size:
        raise UserError(
            _("{come} of {size} bytes have come.", come=come, size=row.size),
            _("Choose the same folder or file again: the upload goes on where it was."),
            code="upload.part",
            status=409,
        )


def start_unpacking(request: Request, row: UploadRow, licence: str = "") -> Errand:
    """Unpack an archive that has come; when that went well it is a corpus, or a model.

    Args:
        licence: Of a model, as its owner says it.
    """
    studio, person = studio_of(request), principal(request).person
    settings, target = studio.settings, receiving.unpacking_place(studio.home, row)
    address = address_of(request)
    with studio.database.read() as connection:
        left = room(connection, person, now())
    # The archive itself goes when it is unpacked.
    quota = settings.corpus_bytes if left is None else left + row.size
    disk = max(shutil.disk_usage(studio.home.path).free - settings.reserve_bytes, 0)
    asked = {
        "kind": row.kind,
        "name": row.name,
        "licence": licence,
        "path": str(receiving.place_of(studio.home, row.id)),
        "target": str(target),
        "disk_bytes": disk,
        "most_bytes": min(settings.corpus_bytes, quota, disk),
        "most_files": settings.corpus_files,
    }

    def settle(answer: Answer) -> None:
        receiving.settle(studio.database, studio.home, person, row, int(answer["size"]), now(), address)

    def clean() -> None:
        shutil.rmtree(target, ignore_errors=True)  # the process may have been killed before it could

    # Whoever asks again, from another tab or a moment too late, is told what became of it.
    key = _key(request, row.id)
    return studio.errands.start(key, "unpack", asked, settle, clean, about=place_name(row), once=True)


def _key(request: Request, upload_id: str) -> str:
    return f"unpack:{principal(request).person.id}:{upload_id}"
