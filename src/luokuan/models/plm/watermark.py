"""A watermark in the choice of words (Kirchenbauer et al. 2023, arXiv 2301.10226, algorithm 2).

A secret and the token before divide the vocabulary anew at each place; tokens on the green side become likelier. Who
knows the secret counts them: a text by somebody else has a share γ of them, give or take.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

SHARE = 0.25
"""γ: part of the vocabulary that is green."""
STRENGTH = 2.0
"""δ: added to the logits of green tokens."""
ENOUGH = 50
"""Tokens below which nothing can be said."""
CHANCE = 1e-6
"""Probability by chance below which a text counts as marked."""
LONGEST = 20_000
"""Tokens of a text that are looked at."""
_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Heard:
    """What was counted in a text.

    Args:
        tokens: Different pairs of a token and the one before it: a repeated pair says nothing new (section 4.1).
        green: How many of the second tokens are green.
        chance: Probability of so many or more in a text that doesn't know the secret (binomial), 0 to 1.
    """

    tokens: int
    green: int
    chance: float

    @property
    def z(self) -> float:
        """Standard deviations above what is expected (equation 3 of the paper); 0 for an empty text."""
        if not self.tokens:
            return 0.0
        return (self.green - SHARE * self.tokens) / math.sqrt(self.tokens * SHARE * (1 - SHARE))

    @property
    def enough(self) -> bool:
        """Whether there are tokens enough to tell."""
        return self.tokens >= ENOUGH

    @property
    def marked(self) -> bool:
        """Whether the text carries the mark."""
        return self.enough and self.chance < CHANCE


class Watermark:
    """The green tokens of one secret.

    Args:
        key: The secret.
        words: Tokens of the vocabulary, V.
    """

    def __init__(self, key: bytes, words: int) -> None:
        self._key, self._words = key, words
        self._green: dict[int, NDArray[np.bool_]] = {}

    def green(self, before: int) -> NDArray[np.bool_]:
        """Which tokens are green after the token ``before``, bool (V,)."""
        found = self._green.get(before)
        if found is None:
            if len(self._green) >= _KEPT:
                self._green.clear()
            digest = hmac.new(self._key, b"green" + before.to_bytes(8, "little"), hashlib.sha256).digest()
            stream = np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))
            found = self._green[before] = stream.random(self._words) < SHARE
        return found

    def bias(self, before: int) -> NDArray[np.float32]:
        """What is added to the logits after the token ``before``, float32 (V,)."""
        return self.green(before) * np.float32(STRENGTH)

    def count(self, tokens: Sequence[int]) -> Heard:
        """Count green tokens in a text; its first ``LONGEST`` ones."""
        from scipy.stats import binom

        cut = [token for token in tokens[:LONGEST] if 0 <= token < self._words]
        pairs = dict.fromkeys(pairwise(cut))
        green = sum(bool(self.green(before)[token]) for before, token in pairs)
        chance = float(binom.sf(green - 1, len(pairs), SHARE)) if pairs else 1.0
        return Heard(len(pairs), green, chance)
