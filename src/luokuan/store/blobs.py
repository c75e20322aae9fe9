"""Bytes under their SHA-256: written whole, never changed, checked when read."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from luokuan.errors import UserError
from luokuan.files import disk_errors, fsync_folder, sha256_bytes
from luokuan.i18n import _
from luokuan.store.home import Home

DAY = 86_400.0
_NAME = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """The blobs of a home, in ``blobs/ab/abcdef…``."""

    def __init__(self, home: Home) -> None:
        self.folder = home.blobs

    def path(self, sha256: str) -> Path:
        """Where the blob lies (or would lie).

        Raises:
            ValueError: ``sha256`` is not 64 lower-case hexadecimal digits; so no name can leave the folder.
        """
        if not _NAME.fullmatch(sha256):
            raise ValueError("a blob's name is 64 lower-case hexadecimal digits")
        return self.folder / sha256[:2] / sha256

    def put(self, data: bytes) -> str:
        """Keep ``data`` and return its SHA-256. Durable when it returns; whole or absent after a crash.

        Raises:
            UserError: no room, or no permission.
        """
        sha256 = sha256_bytes(data)
        path = self.path(sha256)
        with disk_errors(path):
            if path.exists():
                # Kept before, maybe as an orphan: young again, so that no sweep takes it now.
                os.utime(path)
                return sha256
            path.parent.mkdir(mode=0o700, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{sha256[:16]}.", suffix=".part")
            part = Path(name)
            try:
                with os.fdopen(handle, "wb") as stream:
                    stream.write(data)
                    stream.flush()
                    os.fsync(stream.fileno())
                part.replace(path)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
            fsync_folder(path.parent)
            fsync_folder(self.folder)
        return sha256

    def get(self, sha256: str) -> bytes:
        """The bytes of a blob, checked against their name.

        Raises:
            UserError: the blob is missing, or its bytes have changed on the disk.
        """
        path = self.path(sha256)
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise _damaged(_("The file {path} of a work is missing from the home.", path=path)) from error
        if sha256_bytes(data) != sha256:
            raise _damaged(_("The file {path} of a work has changed on the disk.", path=path))
        return data

    def sweep(self, known: Callable[[], set[str]], *, older_than: float = DAY) -> int:
        """Remove orphans and unfinished files older than ``older_than`` seconds. Returns how many.

        An orphan is a blob that ``known()`` doesn't name: its process died before its row was committed. ``known``
        is asked after the folder was listed, so that a blob whose row came in between is kept.
        """
        limit = time.time() - older_than
        old = [path for path in self.folder.glob("??/*") if _is_old(path, limit)]
        if not old:
            return 0
        kept = known()
        removed = 0
        for path in old:
            orphan = _NAME.fullmatch(path.name) is not None and path.name not in kept
            if orphan or (path.name.startswith(".") and path.suffix == ".part"):
                path.unlink(missing_ok=True)
                removed += 1
        return removed


def _is_old(path: Path, limit: float) -> bool:
    try:
        return path.stat().st_mtime < limit
    except FileNotFoundError:
        return False


def _damaged(what: str) -> UserError:
    return UserError(what, _("Restore the home from a backup."), code="store.damaged", status=410)
