"""Passwords: argon2id (RFC 9106), with the parameters that argon2-cffi recommends."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from luokuan.errors import UserError
from luokuan.i18n import _

SHORTEST, LONGEST = 10, 200
"""Characters of a password."""

_hasher = PasswordHasher()
# A hash takes 64 MiB for a moment: two at once, so that a flood of logins doesn't fill the memory.
_turn = threading.Semaphore(2)
_nobody: list[str] = []


def check_new(password: str, again: str, name: str) -> None:
    """Refuse a password that won't do.

    Raises:
        UserError: it is too short or too long, is the name, or isn't the same twice.
    """
    if password != again:
        raise UserError(
            _("The two passwords differ."), _("Type the same one twice."), code="password.differ", status=422
        )
    if not SHORTEST <= len(password) <= LONGEST:
        raise UserError(
            _("A password has {least} to {most} characters.", least=SHORTEST, most=LONGEST),
            _("Take a longer one, maybe four words that don't belong together."),
            code="password.length",
            status=422,
        )
    if password.lower() == name or len(set(password)) < 4:
        raise UserError(
            _("This password is too easy to guess."),
            _("Take another one, maybe four words that don't belong together."),
            code="password.easy",
            status=422,
        )


def hashed(password: str) -> str:
    """What is kept of a password."""
    with _turn:
        return _hasher.hash(_bytes(password))


def fits(password: str, kept: str | None) -> bool:
    """Whether it is the password whose hash was kept. Takes as long where there is no account or no password."""
    with _turn:
        if kept is None and not _nobody:
            _nobody.append(_hasher.hash(b"nobody"))
        try:
            return _hasher.verify(kept or _nobody[0], _bytes(password)) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def outdated(kept: str) -> bool:
    """Whether it should be hashed anew, because the parameters have risen since."""
    return _hasher.check_needs_rehash(kept)


def _bytes(password: str) -> bytes:
    return password[: LONGEST + 1].encode("utf-8", "surrogatepass")
