"""The alignment against all that there are, and its prior."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from luokuan.models.speech.alignment import diagonal, durations


def by_trying(scores: NDArray[np.float32]) -> float:
    """The best sum of any monotonic alignment of (T, L)."""
    frames, tokens = scores.shape
    best = -np.inf
    for cuts in combinations(range(1, frames), tokens - 1):
        ends = [0, *cuts, frames]
        best = max(best, sum(float(scores[ends[j] : ends[j + 1], j].sum()) for j in range(tokens)))
    return best


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.tuples(st.integers(1, 4), st.integers(0, 4)), min_size=1, max_size=3))
def test_none_is_better(seed: int, sizes: list[tuple[int, int]]) -> None:
    tokens = np.array([count for count, _more in sizes])
    frames = np.array([count + more for count, more in sizes])
    scores = np.random.default_rng(seed).normal(size=(len(sizes), frames.max(), tokens.max())).astype(np.float32)
    found = durations(scores, tokens, frames)
    assert found.shape == (len(sizes), tokens.max()) and (found.sum(axis=1) == frames).all()
    for row, (count, long) in enumerate(zip(tokens, frames, strict=True)):
        own = found[row, :count]
        assert (own >= 1).all() and (found[row, count:] == 0).all()
        ends = np.cumsum(own)
        got = sum(float(scores[row, end - size : end, j].sum()) for j, (end, size) in enumerate(zip(ends, own,
                  strict=True)))  # fmt: skip
        assert np.isclose(got, by_trying(scores[row, :long, :count]), atol=1e-4)


def test_the_prior_is_highest_along_the_diagonal() -> None:
    found = diagonal(np.array([3, 2]), np.array([9, 6]))
    assert found.shape == (2, 9, 3) and found[0].argmax(axis=1).tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    alone = durations(found, np.array([3, 2]), np.array([9, 6]))
    assert alone.tolist() == [[3, 3, 3], [3, 3, 0]]
