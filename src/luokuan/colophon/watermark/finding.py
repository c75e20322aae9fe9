"""What a search for a watermark found, and how likely chance alone would find as much."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LARGEST = 1e12
"""No number in a trace is as large; their squares can be added up."""
CHANCE = 1e-9
"""A mark counts as found when chance alone would show as much in fewer files than this share."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found in one file under one key.

    Args:
        kind: ``picture`` or another kind of media.
        id: The work's id, 16 hexadecimal digits; None if none could be read.
        z: Correlation with the best place of the pattern, in standard deviations over all keys.
        threshold: From which z on the file counts as marked.
        chance: Upper bound of the probability of such a z or a larger one under a random key.
        problem: Why nothing can be told: ``small``: too small to carry a mark; ``large``: too large to be looked at;
            None when it could.
    """

    kind: str
    id: str | None
    z: float
    threshold: float
    chance: float
    problem: str | None = None

    @property
    def marked(self) -> bool:
        """Whether the file carries the mark of the key."""
        return self.problem is None and self.z >= self.threshold

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON values."""
        return {
            "kind": self.kind,
            "id": self.id if self.marked else None,
            "z": round(self.z, 2),
            "threshold": round(self.threshold, 2),
            "chance": self.chance,
            "problem": self.problem,
            "marked": self.marked,
        }


def numbers(data: bytes, kind: type[np.generic], width: int, most: int) -> NDArray[Any]:
    """The numbers (N, width) in a trace that another process gave, with 1 ≤ N ≤ ``most``.

    Raises:
        ValueError: there are too few or too many, or some are no numbers, or larger than any of a real file.
    """
    import numpy as np  # here, for who asks for no mark needs none

    each = np.dtype(kind).itemsize * width
    if not data or len(data) % each or len(data) > most * each:
        raise ValueError("a trace has another length")
    found = np.frombuffer(data, kind).reshape(-1, width)
    if not np.all(np.abs(found) < LARGEST):  # neither is what is no number
        raise ValueError("a trace has numbers that no file has")
    return found


def chance(z: float, places: int) -> float:
    """Bound on the probability that the best of ``places`` correlations reaches ``z`` under a random key.

    A correlation is C = Σ a_k cos φ_k with independent, uniform phases φ_k, whatever the file's amplitudes a_k are;
    E[exp(t a cos φ)] = I₀(ta) ≤ exp(t²a²/4), so P(C ≥ z √(Σa²/2)) ≤ exp(-z²/2) (Chernoff); times the places (Boole).
    """
    return min(1.0, places * math.exp(-0.5 * max(0.0, z) ** 2))


def threshold(places: int) -> float:
    """The z at which ``chance`` is ``CHANCE``."""
    return math.sqrt(2 * math.log(places / CHANCE))
