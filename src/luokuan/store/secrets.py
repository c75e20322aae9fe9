"""Secrets of the home besides the signing keys: made at first use, 0600, never shown."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from luokuan.errors import UserError
from luokuan.files import disk_errors, fsync_folder
from luokuan.i18n import _
from luokuan.store.home import Home

WATERMARK = "watermark.key"
MASTERS = "masters.key"
LOG = "log.key"
LINKS = "links.key"
PAYMENTS = "payments.key"
BYTES = 32


def watermark_key(home: Home) -> bytes:
    """The secret of the watermarks in texts, pictures and sound, 32 bytes; made if there is none. Losing it loses the
    watermarks, and whoever knows it can make works that seem to be of this home, or take their marks away.

    Raises:
        UserError: it is damaged, others may read it, or it can't be written.
    """
    return _secret(home, WATERMARK)


def find_watermark_key(home: Home) -> bytes | None:
    """The secret, or None if there is none; makes nothing.

    Raises:
        UserError: it is damaged, or can't be read.
    """
    return _find(home, WATERMARK)


def masters_key(home: Home) -> bytes:
    """The secret with which masters are encrypted, 32 bytes; made if there is none. Losing it loses the masters.

    Raises:
        UserError: it is damaged, others may read it, or it can't be written.
    """
    return _secret(home, MASTERS)


def find_masters_key(home: Home) -> bytes | None:
    """That secret, or None if there is none; makes nothing.

    Raises:
        UserError: it is damaged, or can't be read.
    """
    return _find(home, MASTERS)


def links_key(home: Home) -> bytes:
    """The secret with which links to works are signed that open them for a while, 32 bytes; made if there is none.
    Whoever has it can open every work; without it the links that are out open nothing.

    Raises:
        UserError: it is damaged, others may read it, or it can't be written.
    """
    return _secret(home, LINKS)


def payments_key(home: Home) -> bytes:
    """The secret with which the embedded provider of test money signs what it says, 32 bytes; made if there is none.
    Whoever has it can say that an order was paid with test money.

    Raises:
        UserError: it is damaged, others may read it, or it can't be written.
    """
    return _secret(home, PAYMENTS)


def log_key(home: Home) -> bytes:
    """The private Ed25519 key (RFC 8032, 32 bytes) that signs the checkpoints of the home's log; made if there is none.
    Without it the log can't go on under its name; whoever has it can sign other histories.

    Raises:
        UserError: it is damaged, others may read it, or it can't be written.
    """
    return _secret(home, LOG)


def find_log_key(home: Home) -> bytes | None:
    """The private key of the log, or None if there is none; makes nothing.

    Raises:
        UserError: it is damaged, or can't be read.
    """
    return _find(home, LOG)


def replace_log_key(home: Home) -> None:
    """Put a new key into the place of the log's, even of a damaged one; the old one is gone.

    Raises:
        UserError: it can't be written.
    """
    path = home.keys / LOG
    with disk_errors(path):
        with _new(path) as part:
            part.replace(path)
        fsync_folder(path.parent)


def _secret(home: Home, name: str) -> bytes:
    found, path = _find(home, name), home.keys / name
    if found is not None:
        from luokuan.store.keys import refuse_if_open

        refuse_if_open(path)
        return found
    with disk_errors(path):
        with _new(path) as part, contextlib.suppress(FileExistsError):
            os.link(part, path)  # unlike a rename it never replaces: of two processes at once, one key stays
        fsync_folder(path.parent)
    made = _find(home, name)
    if made is None:
        raise _damaged(path)
    return made


@contextmanager
def _new(path: Path) -> Iterator[Path]:
    """A new secret in a temporary file beside ``path``, which is gone afterwards unless it was renamed."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(secrets.token_bytes(BYTES))
            stream.flush()
            os.fsync(stream.fileno())
        yield part
    finally:
        part.unlink(missing_ok=True)


def _find(home: Home, name: str) -> bytes | None:
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
