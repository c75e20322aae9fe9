"""From tokens to text that is certain: no half characters, and nothing that may become a stop string."""

from __future__ import annotations

from collections.abc import Callable, Sequence

BROKEN = "\ufffd"
PENDING = 3
"""Most marks of broken characters that the beginning of one character can decode to."""
SPAN = 8
"""Tokens that are decoded again before new ones, so that what a decoder does at a text's beginning changes nothing."""


class Spelling:
    """Spells tokens as they come.

    Args:
        decode: Token numbers to text; special tokens have none.
        before: The tokens that the text goes on from.
    """

    def __init__(self, decode: Callable[[list[int]], str], before: Sequence[int] = ()) -> None:
        self._decode, self._window = decode, list(before[-SPAN:])
        self._told = len(decode(self._window))

    def add(self, token: int) -> str:
        """What is certain now and wasn't before. Bytes that begin a character wait for the others, and are left out if
        these never come."""
        self._window.append(token)
        text = self._decode(self._window)
        pending = min(len(text) - len(text.rstrip(BROKEN)), PENDING)
        piece = text[self._told : len(text) - pending]
        self._told += len(piece)
        if len(self._window) >= 3 * SPAN and not pending:
            self._window = self._window[-SPAN:]
            self._told = len(self._decode(self._window))
        return piece


class Cut:
    """Ends a text before the first stop string, however the text comes in pieces.

    Of several stop strings that counts which is whole first, and of those the longest.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops, self._held = tuple(stops), ""

    def add(self, piece: str) -> tuple[str, bool]:
        """(what no stop string can begin in, whether the text ends there)."""
        if not self._stops:
            return piece, False
        held = self._held + piece
        found = [(at + len(stop), at) for stop in self._stops if (at := held.find(stop)) >= 0]
        if found:
            self._held = ""
            return held[: min(found)[1]], True
        longest = max(map(len, self._stops)) - 1
        for at in range(max(len(held) - longest, 0), len(held)):
            if any(stop.startswith(held[at:]) for stop in self._stops):
                self._held = held[at:]
                return held[:at], False
        self._held = ""
        return held, False

    def rest(self) -> str:
        """What waited, when the text ends otherwise."""
        held, self._held = self._held, ""
        return held
