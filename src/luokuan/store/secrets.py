"""Secrets of the home besides the signing keys: made at first use, 0600, never shown."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from luokuan.errors import UserError
from luokuan.files import disk_errors, fsync_folder
from luokuan.i18n import _
from luokuan.store.home import Home

WATERMARK = "watermark.key"
MASTERS = "masters.key"
BYTES = 32


def watermark_key(home: Home) -> bytes:
    """The secret of the watermarks in texts, 32 bytes; made if there is none. Losing it loses the watermarks, and
    whoever knows it can write texts that seem to be of this home.

    Raises:
        UserError: it is damaged, or can't be written.
    """
    return _made(home, WATERMARK)


def find_watermark_key(home: Home) -> bytes | None:
    """The secret, or None if there is none; makes nothing.

    Raises:
        UserError: it is damaged, or can't be read.
    """
    return _found(home, WATERMARK)


def masters_key(home: Home) -> bytes:
    """The secret with which masters are encrypted, 32 bytes; made if there is none. Losing it loses the masters.

    Raises:
        UserError: it is damaged, or can't be written.
    """
    return _made(home, MASTERS)


def find_masters_key(home: Home) -> bytes | None:
    """That secret, or None if there is none; makes nothing.

    Raises:
        UserError: it is damaged, or can't be read.
    """
    return _found(home, MASTERS)


def _made(home: Home, name: str) -> bytes:
    found = _found(home, name)
    if found is not None:
        return found
    path = home.keys / name
    with disk_errors(path):
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=".part")
        part = Path(temporary)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(secrets.token_bytes(BYTES))
                stream.flush()
                os.fsync(stream.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(part, path)  # unlike a rename it never replaces: of two processes at once, one key stays
            fsync_folder(path.parent)
        finally:
            part.unlink(missing_ok=True)
    made = _found(home, name)
    if made is None:
        raise _damaged(path)
    return made


def _found(home: Home, name: str) -> bytes | None:
    path = home.path / "keys" / name
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _damaged(path) from error
    if len(found) != BYTES:
        raise _damaged(path)
    return found


def _damaged(path: Path) -> UserError:
    return UserError(
        _("The secret {path} can't be read.", path=path), _("Restore the home from a backup."), code="store.secret"
    )
