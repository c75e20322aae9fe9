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
BYTES = 32


def watermark_key(home: Home) -> bytes:
    """The secret of the watermarks in texts, 32 bytes; made if there is none. Losing it loses the watermarks, and
    whoever knows it can write texts that seem to be of this home.

    Raises:
        UserError: it is damaged, or can't be written.
    """
    found = find_watermark_key(home)
    if found is not None:
        return found
    path = home.keys / WATERMARK
    with disk_errors(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".watermark.", suffix=".part")
        part = Path(name)
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
    made = find_watermark_key(home)
    if made is None:
        raise _damaged(path)
    return made


def find_watermark_key(home: Home) -> bytes | None:
    """The secret, or None if there is none; makes nothing.

    Raises:
        UserError: it is damaged, or can't be read.
    """
    path = home.path / "keys" / WATERMARK
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
