"""The keys of a home under a passphrase: scrypt (RFC 7914) and AES-256-GCM (NIST SP 800-38D)."""

from __future__ import annotations

import io
import os
import re

from luokuan.errors import UserError
from luokuan.files import disk_errors
from luokuan.i18n import _
from luokuan.store.backup.tar import Writer, damaged, parts
from luokuan.store.home import Home

MAGIC = b"LKKEYS1\n"
LARGEST = 64 << 20
"""Bytes of sealed keys that are read."""
SHORTEST = 8
"""Characters of a passphrase."""
_SALT, _NONCE = 16, 12
_COST = 2**17  # with 8 blocks: 128 MiB for each guess
_PATH = re.compile(r"[A-Za-z0-9][\w.-]{0,90}(/[A-Za-z0-9][\w.-]{0,90})?", re.ASCII)


def check_passphrase(passphrase: str) -> None:
    """Refuse one that anybody guesses.

    Raises:
        UserError: it is too short.
    """
    if len(passphrase) < SHORTEST:
        raise UserError(
            _("The passphrase for the keys is too short."),
            _("Take at least {count} characters, maybe four words that don't belong together.", count=SHORTEST),
            code="backup.passphrase",
        )


def sealed_keys(home: Home, passphrase: str) -> bytes:
    """All files in the folder of the keys, sealed.

    Raises:
        UserError: the passphrase is too short, or a key can't be read.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    check_passphrase(passphrase)
    inner = io.BytesIO()
    writer = Writer(inner)
    with disk_errors(home.keys):
        for path in sorted(home.keys.rglob("*")):
            name = path.relative_to(home.keys).as_posix()
            # What is hidden is of a process that writes just now, or has died.
            if path.is_file() and not path.is_symlink() and _PATH.fullmatch(name):
                data = path.read_bytes()
                writer.add(name, len(data), io.BytesIO(data))
    writer.end()
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    return MAGIC + salt + nonce + AESGCM(_derived(passphrase, salt)).encrypt(nonce, inner.getvalue(), MAGIC)


def open_keys(data: bytes, passphrase: str) -> dict[str, bytes]:
    """The files by their path in the folder of the keys.

    Raises:
        UserError: the passphrase is wrong, or the keys are damaged.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    head = len(MAGIC)
    if not data.startswith(MAGIC) or len(data) < head + _SALT + _NONCE:
        raise damaged(_("its keys are damaged"))
    salt, nonce = data[head : head + _SALT], data[head + _SALT : head + _SALT + _NONCE]
    try:
        plain = AESGCM(_derived(passphrase, salt)).decrypt(nonce, data[head + _SALT + _NONCE :], MAGIC)
    except InvalidTag as error:
        raise UserError(
            _("The keys of this backup don't open with that passphrase."),
            _("Nothing was restored. Give the passphrase with which the backup was made."),
            code="backup.passphrase",
        ) from error
    found = {part.name: part.read(-1) for part in parts(io.BytesIO(plain))}
    if not all(_PATH.fullmatch(name) for name in found):
        raise damaged(_("its keys are damaged"))
    return found


def _derived(passphrase: str, salt: bytes) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return Scrypt(salt, 32, n=_COST, r=8, p=1).derive(passphrase.encode("utf-8", "surrogatepass"))
