"""What all corpora have, whatever they hold."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from luokuan.foundation.corpus.card import Card
from luokuan.foundation.corpus.reader import Broken


class Corpus(Protocol):
    """Material with its card."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        ...

    @property
    def card(self) -> Card | None:
        """card.yaml, if there is one."""
        ...

    @property
    def licence(self) -> str:
        """Licence from the card, or ``unknown``."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 of the material: the same material, the same digest."""
        ...

    @property
    def broken(self) -> tuple[Broken, ...]:
        """What was skipped, and why; of much the first."""
        ...

    @property
    def skipped(self) -> int:
        """How much was skipped."""
        ...
