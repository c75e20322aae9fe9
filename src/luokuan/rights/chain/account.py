"""Who signs: a private key out of a file or an environment variable. It is kept nowhere, and never shown or logged."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.chain.contract import needed

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

VARIABLE = "LUOKUAN_CHAIN_KEY"
MAX_FILE = 1 << 10
"""Bytes that are read of a key's file."""
_KEY = re.compile(r"(?:0x)?([0-9a-fA-F]{64})")


def account_of(path: Path | None = None) -> LocalAccount:
    """The account whose key lies in a file that nobody else may read, else in ``LUOKUAN_CHAIN_KEY``.

    Raises:
        UserError: there is none, others may read the file, or it holds no key.
    """
    needed()
    text = os.environ.get(VARIABLE, "") if path is None else _read(path)
    if not text:
        raise UserError(
            _("No key is given to sign with."),
            _("Give --key FILE, or set {name}.", name=VARIABLE),
            code="chain.key_missing",
        )
    match = _KEY.fullmatch(text.strip())
    found = None
    if match is not None:
        from eth_account import Account

        try:
            found = Account.from_key(bytes.fromhex(match[1]))
        except Exception:  # whatever it says may hold the key
            found = None
    if found is None:
        raise UserError(
            _("That is no private key of a chain."),
            _("The file, or {name}, must hold 64 hexadecimal digits and nothing else.", name=VARIABLE),
            code="chain.key",
        ) from None
    return found


def _read(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            data = stream.read(MAX_FILE)
    except OSError as error:
        raise UserError(
            _("The key's file {path} can't be read: {why}.", path=path, why=error.strerror or error),
            _("Give the file that holds the key."),
            code="chain.key_file",
        ) from error
    if not stat.S_ISREG(mode) or mode & 0o077:
        raise UserError(
            _("Others may read the key's file {path}.", path=path),
            _("Make it yours alone: chmod 600 {path}", path=path),
            code="chain.key_open",
        )
    return data.decode("ascii", "replace")
