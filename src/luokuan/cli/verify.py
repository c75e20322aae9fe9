"""`luokuan verify`."""

from __future__ import annotations

HELP = "verify"


def verify() -> None: ...
