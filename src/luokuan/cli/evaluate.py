"""`luokuan evaluate`."""

from __future__ import annotations

HELP = "evaluate"


def evaluate() -> None: ...
