"""What a card says of consent, where it says that nobody gave it."""

from __future__ import annotations

NOBODY_ASKED = ("none", "no", "unknown", "n/a", "-", "?", "无", "没有", "未知", "未取得", "not given", "refused")


def clauses(said: str) -> list[str]:
    """What a card says, by semicolons, in lower case and without the marks around."""
    return [part.strip(" .。") for part in said.strip().lower().replace("；", ";").split(";")]


def denied(said: str) -> bool:
    """Whether a part of what a card says of consent is that there is none."""
    return any(part in NOBODY_ASKED for part in clauses(said) if part)
