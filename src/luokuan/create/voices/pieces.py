"""What voices that speak sentence by sentence share: which piece covers what, and the silence around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from luokuan.create.voices.wording import END, MARKS, sentences

RATE = 24_000
"""Samples a second of all voices here: pieces of several are joined."""
LEAD, PAUSE, STOP = 0.04, 0.1, 0.4
"""Seconds of silence before a piece, after it, and after one that ends a sentence; a network's own is cut."""
_QUIET = 10 ** (-40 / 20)  # of the loudest sample


def pieces(text: str, can_say: Callable[[str], bool]) -> Iterator[str]:
    """The sentences of ``text`` in which there is something to say, each with all that follows up to the next one, the
    first one with what stands before it: together they are the text."""
    covered, read = 0, text.translate(MARKS)
    found = [start for start, stop in sentences(read) if can_say(read[start:stop])]
    for number in range(len(found)):
        following = found[number + 1] if number + 1 < len(found) else len(text)
        yield text[covered:following]
        covered = following


def silence_after(written: str, rate: float, own: int = RATE) -> np.ndarray[Any, Any]:
    """Zeros, (samples,), as long as the pause after a piece; ``own``: samples a second."""
    return np.zeros(round((STOP if END.search(written.translate(MARKS)) else PAUSE) / rate * own), np.float32)


def heard(samples: np.ndarray[Any, Any]) -> tuple[int, int]:
    """The first sample that is heard, and the one after the last."""
    size = np.abs(samples)
    loud = np.flatnonzero(size > _QUIET * size.max(initial=1e-6))
    return (int(loud[0]), int(loud[-1]) + 1) if loud.size else (0, len(samples))
