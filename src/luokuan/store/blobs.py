"""Bytes under their SHA-256: written whole, never changed, checked when read."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from luokuan.errors import UserError
from luokuan.files import disk_errors, fsync_folder, sha256_bytes, sha256_file
from luokuan.i18n import _
from luokuan.store.bucket import Bucket, bucket_of, spooled
from luokuan.store.home import Home

DAY = 86_400.0
_NAME = re.compile(r"[0-9a-f]{64}")
_PIECE = 1 << 20


class Readable(Protocol):
    """What bytes come out of, piece by piece."""

    def read(self, most: int, /) -> bytes:
        """The next bytes; none at its end."""
        ...


class Blobs:
    """The blobs of a home, in ``blobs/ab/abcdef…``, or in an object store: see ``bucket``."""

    def __init__(self, home: Home) -> None:
        self._home, self._bucket = home, bucket_of(home.path)

    @property
    def folder(self) -> Path:
        """Where blobs of this machine lie."""
        return self._home.blobs

    @property
    def elsewhere(self) -> bool:
        """Whether they lie in an object store; ``path`` then leads nowhere."""
        return self._bucket is not None

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
        if self._bucket is not None:
            self._bucket.put(sha256, data)
            return sha256
        path = self.path(sha256)
        with disk_errors(path):
            if path.exists():
                # Kept before, maybe as an orphan: young again, so that no sweep takes it now.
                os.utime(path)
                return sha256
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with _part_of(path) as part:
                with part.open("wb") as stream:
                    stream.write(data)
                    stream.flush()
                    os.fsync(stream.fileno())
                part.replace(path)
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
            data = path.read_bytes() if self._bucket is None else self._bucket.get(sha256)
        except FileNotFoundError:
            data = None
        if data is None:
            raise _damaged(_("The file {path} of a work is missing from the home.", path=path))
        if sha256_bytes(data) != sha256:
            raise _damaged(_("The file {path} of a work has changed on the disk.", path=path))
        return data

    def open(self, sha256: str) -> tuple[BinaryIO, int] | None:
        """The bytes of a blob as a stream, not checked, and how many; None: there is no such blob."""
        path = self.path(sha256)
        if self._bucket is not None:
            return self._bucket.open(sha256)
        try:
            stream = path.open("rb")
        except FileNotFoundError:
            return None
        return stream, os.fstat(stream.fileno()).st_size

    def has(self, sha256: str) -> bool:
        """Whether there is such a blob."""
        path = self.path(sha256)
        return path.is_file() if self._bucket is None else self._bucket.has(sha256)

    def take(self, source: Readable, sha256: str) -> bool:
        """Keep what ``source`` has, piece by piece, if it is the blob of that name. Returns whether it was.

        Raises:
            UserError: no room, or no permission.
        """
        path, digest = self.path(sha256), hashlib.sha256()
        if self._bucket is not None:
            with disk_errors(self._home.cache), spooled(self._home.cache, source) as spool:
                right = sha256_file(spool) == sha256
                if right:
                    self._bucket.put_file(sha256, spool)
            return right
        with disk_errors(path):
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with _part_of(path) as part:
                with part.open("wb") as stream:
                    while piece := source.read(_PIECE):
                        digest.update(piece)
                        stream.write(piece)
                    stream.flush()
                    os.fsync(stream.fileno())
                if digest.hexdigest() != sha256:
                    return False
                part.replace(path)
            fsync_folder(path.parent)
        return True

    def remove(self, sha256: str) -> None:
        """Remove a blob, if there is one.

        Raises:
            UserError: no permission.
        """
        path = self.path(sha256)
        if self._bucket is not None:
            self._bucket.remove(sha256)
            return
        with disk_errors(path):
            path.unlink(missing_ok=True)

    def sweep(self, known: Callable[[], set[str]], *, older_than: float = DAY) -> int:
        """Remove orphans and unfinished files older than ``older_than`` seconds. Returns how many.

        An orphan is a blob that ``known()`` doesn't name: its process died before its row was committed. ``known``
        is asked after the folder was listed, so that a blob whose row came in between is kept.
        """
        if self._bucket is not None:
            return self._sweep_bucket(self._bucket, known, older_than)
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

    def _sweep_bucket(self, bucket: Bucket, known: Callable[[], set[str]], older_than: float) -> int:
        old = [name for name in bucket.older_than(older_than) if _NAME.fullmatch(name)]
        kept = known() if old else set()
        orphans = [name for name in old if name not in kept]
        for name in orphans:
            bucket.remove(name)
        return len(orphans)


@contextmanager
def _part_of(path: Path) -> Iterator[Path]:
    """An empty temporary file beside ``path``, which is gone afterwards unless it was renamed."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:16]}.", suffix=".part")
    os.close(handle)
    part = Path(name)
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def _is_old(path: Path, limit: float) -> bool:
    try:
        return path.stat().st_mtime < limit
    except FileNotFoundError:
        return False


def _damaged(what: str) -> UserError:
    return UserError(what, _("Restore the home from a backup."), code="store.damaged", status=410)
