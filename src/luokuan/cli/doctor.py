"""`luokuan doctor`."""

from __future__ import annotations

HELP = "doctor"


def doctor() -> None: ...
