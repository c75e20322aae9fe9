"""Who signs: a private key out of a file, a keystore or an environment variable. Key and password are kept nowhere, and
never shown or logged."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.chain.contract import needed

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

VARIABLE = "LUOKUAN_CHAIN_KEY"
MAX_FILE = 16 << 10
"""Bytes that are read of a key's file."""
SHORTEST = 10
"""Characters of a password that is chosen here."""
MOST_MEMORY = 1 << 30
"""Bytes that opening a keystore may take."""
Password = Callable[[], str]
_KEY = re.compile(r"(?:0x)?([0-9a-fA-F]{64})")


def account_of(path: Path | None = None, password: Password | None = None) -> LocalAccount:
    """The account whose key lies in a file that nobody else may read, else in ``LUOKUAN_CHAIN_KEY``. The file holds 64
    hexadecimal digits, or is a keystore (Web3 Secret Storage, version 3), whose key only a password opens.

    Args:
        path: The file; None: the environment variable.
        password: Asked only where a keystore needs it; None: nobody can be asked.

    Raises:
        UserError: there is none, others may read the file, it holds no key, or the password is wrong.
    """
    needed()
    text = os.environ.get(VARIABLE, "") if path is None else _read(path)
    if not text:
        raise UserError(
            _("No key is given to sign with."),
            _("Give --key FILE, or set {name}.", name=VARIABLE),
            code="chain.key_missing",
        )
    if text.lstrip().startswith("{"):
        return _opened(text, password)
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


def keystore(account: LocalAccount, password: str) -> bytes:
    """The account's key as a keystore that ``password`` opens.

    Raises:
        UserError: the password is too short.
    """
    if len(password) < SHORTEST:
        raise UserError(
            _("A password has at least {count} characters.", count=SHORTEST),
            _("Choose a longer one."),
            code="chain.password_short",
        )
    from eth_account import Account

    return json.dumps(Account.encrypt(account.key, password)).encode()


def password_of(path: Path) -> str:
    """The password in a file that nobody else may read: its first line.

    Raises:
        UserError: it can't be read, or others may read it.
    """
    return _read(path).partition("\n")[0].rstrip("\r")


def _opened(text: str, password: Password | None) -> LocalAccount:
    if password is None:
        raise UserError(
            _("The key's file is a keystore, and nobody can be asked for its password."),
            _("Give --password-file FILE."),
            code="chain.password_missing",
        )
    from eth_account import Account

    try:
        kept = json.loads(text)
        if _memory(kept) > MOST_MEMORY:
            raise ValueError
        said = password()
        return Account.from_key(Account.decrypt(kept, said))
    except UserError:
        raise
    except Exception:  # whatever it says may hold key or password
        raise UserError(
            _("The keystore doesn't open."),
            _("Check the password, and that the file is a keystore of version 3."),
            code="chain.keystore",
        ) from None


def _memory(kept: Any) -> int:
    """Bytes that opening takes, as the file asks for them (scrypt: 128 n r)."""
    parameters = (kept.get("crypto") or kept.get("Crypto"))["kdfparams"]
    return 128 * int(parameters.get("n", 0)) * int(parameters.get("r", 0))


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
    return data.decode("utf-8", "replace")
