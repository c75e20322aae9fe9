"""Which tokens may follow, so that every piece is one: parts, moments and pitches rise, each pitch has a duration, and
there are as many bars as were asked for."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from luokuan.models.plm.music.tokens import DURATION, END, NEW_BAR, PART, PARTS, PITCH, POSITION, STEPS, TOKENS


class Grammar:
    """Follows the tokens of bars, one after the other, and says what may come next.

    Args:
        rows: Size of the vocabulary, rounded up as the network has it.
        most: Most tokens of a bar: from then on it may only end.
    """

    def __init__(self, rows: int, most: int) -> None:
        self._rows, self._most = rows, most
        self._count = 0  # tokens of this bar
        self._part, self._step, self._pitch = -1, -1, -1
        self._open = ""  # what the last token was

    def take(self, token: int) -> None:
        """Go on by one token, which must be allowed or have been given.

        Raises:
            ValueError: it is no token of a bar.
        """
        self._count += 1
        if token == NEW_BAR:
            self._count, self._part, self._open = 1, -1, "bar"
        elif PART <= token < PART + len(PARTS):
            self._part, self._step, self._open = token - PART, -1, "part"
        elif POSITION <= token < POSITION + STEPS:
            self._step, self._pitch, self._open = token - POSITION, -1, "position"
        elif PITCH <= token < DURATION:
            self._pitch, self._open = token - PITCH, "pitch"
        elif DURATION <= token < DURATION + STEPS:
            self._open = "duration"
        else:
            raise ValueError(TOKENS[token] if token < len(TOKENS) else str(token))

    def allowed(self, *, above: int = -1) -> NDArray[np.bool_]:
        """True for tokens that may follow, (V,). ``NEW_BAR`` and ``END`` both mean that the bar is over.

        Args:
            above: Only parts after this one: those up to it were given.
        """
        found = np.zeros(self._rows, dtype=np.bool_)
        if self._open == "pitch":
            found[DURATION : DURATION + STEPS] = True
            return found
        if self._open == "position":
            found[PITCH:DURATION] = True
            return found
        if self._open == "part":
            found[POSITION : POSITION + STEPS] = True
            return found
        found[[NEW_BAR, END]] = True
        if self._count >= self._most:
            return found
        found[PART + max(self._part, above) + 1 : PART + len(PARTS)] = True
        if self._open == "duration" and self._part > above:
            found[POSITION + self._step + 1 : POSITION + STEPS] = True
            found[PITCH + self._pitch + 1 : DURATION] = True
        return found

    def barred(self, *, above: int = -1) -> Tensor:
        """The contrary, bool (V,)."""
        return torch.from_numpy(~self.allowed(above=above))


def wrong(tokens: NDArray[np.uint8]) -> int | None:
    """The first place at which the tokens of bars aren't in the order of the grammar; None: they are."""
    grammar = Grammar(len(TOKENS), most=1 << 30)
    for place, token in enumerate(tokens.tolist()):
        if not (token == NEW_BAR if place == 0 else bool(grammar.allowed()[token])):
            return place
        grammar.take(token)
    return None
