"""Masters: a work's samples before label and watermark, encrypted, from which it can be finished again.

They never leave and nothing serves them: a copy without label and watermark would be what a colophon is there to
prevent. Each is one file, 0600, in ``masters/``: magic, nonce, and the samples under AES-256-GCM (NIST SP 800-38D),
bound to the work's id and the kind of samples. The key is derived from a secret of the home (HKDF, RFC 5869).
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.errors import UserError
from luokuan.files import disk_errors, fsync_folder
from luokuan.i18n import _
from luokuan.media import Media
from luokuan.store import samples
from luokuan.store.blobs import DAY
from luokuan.store.home import Home
from luokuan.store.secrets import find_masters_key, masters_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"LKMASTER1\n"
NONCE_BYTES = 12
"""Random; safe for 2³² masters under one key (SP 800-38D, section 8.3)."""
LARGEST = 2**31 - 1 - 16
"""Bytes that are encrypted at once."""
_ID = re.compile(r"[0-9a-f]{16}")


class Masters:
    """The masters of a home, in ``masters/ab/abcdef…``."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def path(self, work_id: str) -> Path:
        """Where the work's master lies (or would lie).

        Raises:
            ValueError: ``work_id`` is not 16 lower-case hexadecimal digits; so no name can leave the folder.
        """
        if not _ID.fullmatch(work_id):
            raise ValueError("a work's id is 16 lower-case hexadecimal digits")
        return self._home.masters / work_id[:2] / work_id

    def put(self, work_id: str, media: Media) -> None:
        """Keep a work's samples. Durable when it returns; whole or absent after a crash.

        Raises:
            UserError: no room, no permission, the secret is damaged, or the samples are too large.
        """
        path = self.path(work_id)
        plain = samples.pack(media)
        if len(plain) > LARGEST:
            raise UserError(
                _("The samples of the work are too large to keep: {count} bytes.", count=len(plain)),
                _("Make a smaller or shorter one."),
                code="master.size",
                status=413,
            )
        nonce = os.urandom(NONCE_BYTES)
        sealed = MAGIC + nonce + _cipher(masters_key(self._home)).encrypt(nonce, plain, _bound(work_id, type(media)))
        with disk_errors(path):
            path.parent.mkdir(mode=0o700, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{work_id}.", suffix=".part")  # 0600
            part = Path(name)
            try:
                with os.fdopen(handle, "wb") as stream:
                    stream.write(sealed)
                    stream.flush()
                    os.fsync(stream.fileno())
                part.replace(path)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
            fsync_folder(path.parent)
            fsync_folder(self._home.masters)

    def get(self, work_id: str, kind: type[Media]) -> Media:
        """The samples of a work.

        Args:
            work_id: The work.
            kind: What it is made of.

        Raises:
            UserError: there is no master, its key is lost, or it isn't what was kept for this work.
        """
        from cryptography.exceptions import InvalidTag

        path = self.path(work_id)
        try:
            sealed = path.read_bytes()
        except FileNotFoundError as error:
            raise UserError(
                _("The home keeps no master of the work {id}.", id=work_id),
                _("Restore it from a backup; works from before masters were kept have none."),
                code="master.missing",
                status=410,
            ) from error
        except OSError as error:
            raise _damaged(work_id) from error
        secret = find_masters_key(self._home)
        if secret is None:
            raise UserError(
                _("The key of the masters is lost: {path} is missing.", path=self._home.path / "keys" / "masters.key"),
                _("Restore the home from a backup."),
                code="master.key",
                status=410,
            )
        start = len(MAGIC) + NONCE_BYTES
        if not sealed.startswith(MAGIC) or len(sealed) < start:
            raise _damaged(work_id)
        try:
            plain = _cipher(secret).decrypt(sealed[len(MAGIC) : start], sealed[start:], _bound(work_id, kind))
        except InvalidTag as error:
            raise _damaged(work_id) from error
        return samples.unpack(plain, kind)

    def remove(self, work_id: str) -> None:
        """Remove a master, if there is one: with it goes the last copy without label.

        Raises:
            UserError: no permission.
        """
        path = self.path(work_id)
        with disk_errors(path):
            path.unlink(missing_ok=True)

    def sweep(self, known: Callable[[], set[str]], *, older_than: float = DAY) -> int:
        """Remove unfinished files, and masters of works that ``known()`` doesn't name, when they are older than
        ``older_than`` seconds. Returns how many. Asked late, as in ``Blobs.sweep``.
        """
        limit = time.time() - older_than
        old = [path for path in (self._home.path / "masters").glob("??/*") if _is_old(path, limit)]
        if not old:
            return 0
        kept = known()
        removed = 0
        for path in old:
            orphan = _ID.fullmatch(path.name) is not None and path.name not in kept
            if orphan or (path.name.startswith(".") and path.suffix == ".part"):
                path.unlink(missing_ok=True)
                removed += 1
        return removed


def _cipher(secret: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"luokuan masters 1").derive(secret))


def _bound(work_id: str, kind: type[Media]) -> bytes:
    """What is authenticated with the samples: no file can take another's place."""
    return f"{work_id} {kind.__name__.lower()}".encode()


def _is_old(path: Path, limit: float) -> bool:
    try:
        return path.stat().st_mtime < limit
    except FileNotFoundError:
        return False


def _damaged(work_id: str) -> UserError:
    return UserError(
        _("The master of the work {id} is damaged, or was encrypted with another key.", id=work_id),
        _("Restore the home from a backup."),
        code="master.damaged",
        status=410,
    )
