"""The one error that is the user's: what is wrong, what to do, and a code that programs can test."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command (the same for all of them)."""

    DONE = 0
    """Done; for ``verify``: ours or trusted, and unchanged."""
    NOT_SO = 1
    """Checked, and it is not so: changed, unsigned, unknown signer, nothing found."""
    USER = 2
    """The user's input could not be used."""
    FAULT = 3
    """Our fault."""
    INTERRUPTED = 130
    """Stopped by the user (Ctrl-C or a termination signal); what was done is saved."""


class UserError(Exception):
    """Something the user can put right. The command line turns it into exit code 2, HTTP into a 4xx.

    Args:
        what: One sentence, translated: what is wrong.
        do: One sentence, translated: what to do about it.
        code: Stable name for programs, ``room.problem`` in lower case, such as ``corpus.empty``.
        status: HTTP status, 400 to 499.
    """

    def __init__(self, what: str, do: str, *, code: str, status: int = 400) -> None:
        super().__init__(f"{what} {do}")
        self.what = what
        self.do = do
        self.code = code
        self.status = status

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.what, self.do, self.code, self.status))


def _rebuild(what: str, do: str, code: str, status: int) -> UserError:
    return UserError(what, do, code=code, status=status)
