"""Which items a training step sees: a pure function of (seed, step), so that resume needs no state."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from luokuan.foundation.compute import mix_seed


class Order:
    """Epoch after epoch in a fresh random order, without dropping a remainder.

    Args:
        count: Items in the corpus, at least 1.
        batch: Items a step, over all processes.
        seed: Seed of the order.
    """

    def __init__(self, count: int, batch: int, seed: int) -> None:
        if count < 1 or batch < 1:
            raise ValueError("count and batch are at least 1")
        self.count, self.batch, self.seed = count, batch, seed
        self._epoch = lru_cache(maxsize=2)(self._shuffle)

    def _shuffle(self, epoch: int) -> NDArray[np.int64]:
        return np.random.default_rng(mix_seed(self.seed, "order", epoch)).permutation(self.count)

    def indices(self, step: int) -> NDArray[np.int64]:
        """Items of ``step`` (from 0), int64 (batch,)."""
        positions = np.arange(step * self.batch, (step + 1) * self.batch)
        epochs, places = np.divmod(positions, self.count)
        return np.array([self._epoch(int(e))[p] for e, p in zip(epochs, places, strict=True)], dtype=np.int64)
