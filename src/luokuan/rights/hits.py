"""One thing that the guard found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

HitKind = Literal[
    "training-text", "training-picture", "training-likeness", "training-frame", "training-sound", "training-score",
    "work", "likeness", "frame", "score", "name",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found.

    Args:
        kind: What it is about.
        blocks: Whether the work may not be published because of it; else it is worth knowing.
        words: A sentence.
        details: The facts, as JSON values.
    """

    kind: HitKind
    blocks: bool
    words: str
    details: Mapping[str, Any] = field(default_factory=dict)
