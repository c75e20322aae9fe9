"""Files that are either whole or absent, and their digests."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from luokuan.errors import UserError
from luokuan.i18n import _

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DENIED = (
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST,
    errno.ENOENT, errno.ELOOP, errno.ENAMETOOLONG,
)  # fmt: skip


def expand(path: Path | str) -> Path:
    """``path`` with a leading ``~`` or ``~user`` replaced; as it is where there is no such user."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def sha256_bytes(data: bytes) -> str:
    """SHA-256 of ``data`` as 64 lower-case hexadecimal digits (FIPS 180-4)."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes as 64 lower-case hexadecimal digits, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fsync_folder(path: Path) -> None:
    """Make renames inside ``path`` durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn a full disk, an impossible place or a missing permission at ``path`` into a ``UserError``."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise UserError(
                _("No room left while writing {path}.", path=path),
                _("Free some space there or choose another place; nothing was half-written."),
                code="disk.full",
                status=413,
            ) from error
        if error.errno in _DENIED:
            raise UserError(
                _("{path} can't be written: {reason}.", path=path, reason=os.strerror(error.errno)),
                _("Choose a place that you may write to."),
                code="disk.denied",
            ) from error
        raise


def write_atomic(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write ``data`` to ``path`` as ``new_file`` does.

    Raises:
        UserError: see ``new_file``.
    """
    with new_file(path, mode=mode) as part:
        part.write_bytes(data)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that other processes and threads wait for; the system lets go when the process ends. The file stays:
    one that is removed while somebody waits to open it locks nothing.

    Raises:
        UserError: the place can't be written.
    """
    with disk_errors(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle) as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


@contextmanager
def new_file(path: Path, *, mode: int = 0o644) -> Iterator[Path]:
    """Yield an empty temporary sibling of ``path`` to write to; on success it takes the place of ``path``, else it is
    removed: a reader, or a power cut, sees the old file or the whole new one.

    Temporary file in the same folder, fsync, rename, fsync of the folder.

    Raises:
        UserError: the disk is full, the place can't be written or holds a folder, a device or a pipe; what was there
            is untouched.
    """
    with disk_errors(path):
        if path.exists() and not path.is_file():
            # A rename would put a file in the place of a device, for instance of /dev/null.
            raise OSError(errno.EISDIR if path.is_dir() else errno.EEXIST, "no file to replace")
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".part")
        os.close(handle)
        part = Path(name)
        try:
            yield part
            with part.open("rb") as stream:
                os.fsync(stream.fileno())
            part.chmod(mode)
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        fsync_folder(path.parent)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling of ``path``; on success it takes the place of ``path``, else it is removed.

    An existing folder at ``path`` is moved aside first and removed last: a crash between the two renames
    leaves it beside as ``.NAME.old-*``, never a mixture.

    Raises:
        UserError: the disk is full, the place can't be written, or something that is no folder stands there.
    """
    with disk_errors(path):
        if path.exists() and not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "no folder to replace")
        path.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".part"))
        part.chmod(0o755)
        try:
            yield part
            for item in part.rglob("*"):
                if item.is_file():
                    with item.open("rb") as stream:
                        os.fsync(stream.fileno())
            fsync_folder(part)
            old: Path | None = None
            if path.exists():
                old = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name[:40]}.old-")) / "old"
                path.rename(old)
            part.rename(path)
            fsync_folder(path.parent)
            if old is not None:
                shutil.rmtree(old.parent, ignore_errors=True)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
