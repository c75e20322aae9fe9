"""What every picture model offers, whatever its family: evaluation, creation and export need no more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from luokuan.foundation.compute import mix_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from luokuan.foundation.modelfolder import ModelFolder


class PictureModel(Protocol):
    """A loaded model that makes pictures. Deterministic for (digest, seed, arguments) on equal versions."""

    folder: ModelFolder
    """Where it came from: config, digest, training record, licence."""

    @property
    def size(self) -> int:
        """Side of its square pictures in pixels."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of its classes; empty when it is not conditional."""
        ...

    @property
    def class_weights(self) -> tuple[float, ...]:
        """Share of each class in its training data, summing to 1; empty when it is not conditional."""
        ...

    def sample(
        self, count: int, *, seed: int, labels: Sequence[int] | None = None, truncation: float = 1.0
    ) -> NDArray[np.uint8]:
        """Make ``count`` pictures, uint8 (count, size, size, 3).

        Picture i depends on (seed, i, its label) alone, not on ``count``. Without ``labels`` a conditional
        model draws them from ``class_weights`` with the seed. ``truncation`` in 0..1: 1 leaves the latents as
        drawn, less draws them towards what is typical.
        """
        ...

    def sample_ranked(
        self, count: int, *, seed: int, labels: Sequence[int] | None = None, truncation: float = 1.0, among: int = 4
    ) -> NDArray[np.uint8]:
        """As ``sample``, each picture the best of ``among`` drafts by the model's own critic."""
        ...

    def interpolate(
        self,
        seeds: tuple[int, int],
        steps: int,
        *,
        labels: tuple[int, int] | None = None,
        truncation: float = 1.0,
    ) -> NDArray[np.uint8]:
        """``steps`` ≥ 2 pictures from the first seed's to the second's, both included."""
        ...

    def draw_labels(self, count: int, seed: int) -> list[int]:
        """Classes drawn from ``class_weights``; empty weights are an error of the caller."""
        ...

    def score(self, pictures: NDArray[np.uint8], labels: Sequence[int] | None = None) -> NDArray[np.float32]:
        """How real the model's own critic finds each picture, (N,), higher is better; used for ranking.

        Raises:
            UserError: the family has no critic.
        """
        ...


def draw_labels(weights: Sequence[float], count: int, seed: int) -> list[int]:
    """Classes drawn from ``weights``, which sum to 1; item i depends on (seed, i) alone."""
    edges = np.cumsum(weights)
    draws = [np.random.default_rng(mix_seed(seed, "class", i)).random() for i in range(count)]
    return [min(int(np.searchsorted(edges, u, side="right")), len(edges) - 1) for u in draws]
