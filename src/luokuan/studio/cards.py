"""What a card of the grid shows of a work."""

from __future__ import annotations

from dataclasses import dataclass

from luokuan.store.home import Home
from luokuan.store.works import WorkRow
from luokuan.studio.files import is_shown, words

SHORT = 260
"""Characters of a text on a card."""


@dataclass(frozen=True, slots=True)
class Card:
    """A work at a glance. ``media``: ``image``, ``audio``, ``video``, or ``words`` for what browsers don't show;
    ``liked``: what its owner thinks of it, None: nothing."""

    row: WorkRow
    media: str
    words: str | None
    liked: bool | None = None

    @property
    def brief(self) -> str:
        """What was asked for; empty where nothing was."""
        return str((self.row.recipe or {}).get("brief") or "")


def card(row: WorkRow, home: Home, most: int = SHORT, *, liked: bool | None = None) -> Card:
    """The card of a work."""
    media = row.media_type.partition("/")[0] if is_shown(row.media_type) else "words"
    return Card(row, media, words(row, home, most), liked)
