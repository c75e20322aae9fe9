"""Distances between sets of features, and how well one covers the other. All in float64, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float32] | NDArray[np.float64]
"""(N, F)."""

NEIGHBOURS = 5
"""k of the neighbourhoods (Naeem et al. 2020)."""
_BLOCK = 1 << 23
"""Entries of a block of distances or kernel values: 64 MiB in float64, however many pictures there are."""


def _rows(columns: int) -> int:
    """Rows of a block with ``columns`` columns."""
    return max(1, min(1024, _BLOCK // columns))


def frechet_distance(one: Features, other: Features) -> float:
    """Fréchet distance between Gaussians fitted to two sets (Heusel et al. 2017, arXiv 1706.08500, eq. 6):

        ‖μ₁ - μ₂‖² + tr(Σ₁ + Σ₂ - 2 (Σ₁Σ₂)^½), covariances with N - 1.

    In squared feature units, ≥ 0; biased upwards for small sets, so compare equal counts only. The trace of the root
    is the sum of singular values of X₁ᵀX₂ for centred, scaled data matrices: exact also where N < F, where
    a matrix square root of the singular product is ill-conditioned.

    Args:
        one: (N, F), N ≥ 2.
        other: (M, F), M ≥ 2.
    """
    x, y = (np.asarray(v, dtype=np.float64) for v in (one, other))
    mean = ((x.mean(axis=0) - y.mean(axis=0)) ** 2).sum()
    a = (x - x.mean(axis=0)) / np.sqrt(len(x) - 1)  # Σ₁ = aᵀa
    b = (y - y.mean(axis=0)) / np.sqrt(len(y) - 1)
    # tr (Σ₁Σ₂)^½ = Σ √λ(aᵀa bᵀb) = Σ σ(a bᵀ), with σ from the smaller of the two shapes.
    if max(len(a), len(b)) > a.shape[1]:
        a, b = _root(a), _root(b)
    cross = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return float(max(mean + (a * a).sum() + (b * b).sum() - 2 * cross, 0.0))


def _root(a: NDArray[np.float64]) -> NDArray[np.float64]:
    """R with RᵀR = aᵀa and at most F rows."""
    root: NDArray[np.float64] = np.asarray(np.linalg.qr(a, mode="r"))
    return root


class Kid(NamedTuple):
    """Kernel distance, the mean over all pairs of pictures, with a 95 % interval from ``resamples`` resamples of both
    sets."""

    mean: float
    low: float
    high: float
    resamples: int


def _kernel(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """k(x, y) = (xᵀy / F + 1)³."""
    out: NDArray[np.float64] = (x @ y.T / x.shape[1] + 1) ** 3
    return out


def _pair_means(
    x: Features, y: Features, x_weights: NDArray[np.float64], y_weights: NDArray[np.float64], *, same: bool
) -> NDArray[np.float64]:
    """Weighted means of k over pairs, one for each row of weights (R, N) and (R, M); ``same`` leaves out i = i."""
    total, rows = np.zeros(len(x_weights)), _rows(len(y))
    own: NDArray[np.float64] = np.zeros_like(total)
    y64 = np.asarray(y, dtype=np.float64)
    for start in range(0, len(x), rows):
        part = slice(start, start + rows)
        kernel = _kernel(np.asarray(x[part], dtype=np.float64), y64)  # (rows, M)
        total += ((y_weights @ kernel.T) * x_weights[:, part]).sum(axis=1)
        if same:
            # A resample holds some pictures twice; a picture paired with itself would bias it upwards.
            own += x_weights[:, part] ** 2 @ np.diagonal(kernel, offset=start)
    pairs = x_weights.sum(axis=1) * y_weights.sum(axis=1)
    if same:
        total, pairs = total - own, pairs - (x_weights**2).sum(axis=1)
    out: NDArray[np.float64] = total / pairs
    return out


def _squared_mmd(
    one: Features, other: Features, weights: NDArray[np.float64], other_weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    within = _pair_means(one, one, weights, weights, same=True)
    within += _pair_means(other, other, other_weights, other_weights, same=True)
    return within - 2 * _pair_means(one, other, weights, other_weights, same=False)


def squared_mmd(one: Features, other: Features) -> float:
    """Unbiased squared maximum mean discrepancy with the cubic kernel (Bińkowski et al. 2018, arXiv 1801.01401, eq. 4).

    Zero in expectation for equal distributions, and then negative about half of the time.

    Args:
        one: (N, F), N ≥ 2.
        other: (M, F), M ≥ 2.
    """
    return float(_squared_mmd(one, other, np.ones((1, len(one))), np.ones((1, len(other))))[0])


def kernel_distance(one: Features, other: Features, *, seed: int, resamples: int = 200) -> Kid:
    """KID: ``squared_mmd`` of the whole sets, with the 2.5 and 97.5 percentiles of a bootstrap over pictures.

    Both sets are drawn anew with replacement (Efron 1979). The usual mean over subsets of the same pictures has the
    same expectation, but the spread of such subsets says nothing about other pictures: as an interval it held the true
    value in 13 % of trials with Gaussians, this one in 93 to 100 % (where the sets are equal it is too wide, never too
    narrow).
    Time O((N + M)²·F), memory O((N + M)·F).

    Args:
        one: (N, F), N ≥ 3.
        other: (M, F), M ≥ 3.
        seed: Of the resamples.
    """
    rng = np.random.default_rng(seed)

    def weights(count: int) -> NDArray[np.float64]:
        drawn = rng.multinomial(count, np.full(count, 1 / count), resamples)
        # A resample of one picture alone has no pair to average over; only tiny sets ever meet it.
        while len(single := np.flatnonzero(drawn.max(axis=1) == count)):
            drawn[single] = rng.multinomial(count, np.full(count, 1 / count), len(single))
        return np.vstack([np.ones(count), drawn])  # the first row: the sets as they are

    values = _squared_mmd(one, other, weights(len(one)), weights(len(other)))
    low, high = np.percentile(values[1:], [2.5, 97.5])
    return Kid(float(values[0]), float(low), float(high), resamples)


class Neighbourhood(NamedTuple):
    """Shares in 0..1 (density may exceed 1).

    precision: generated items inside a real neighbourhood; recall: real items inside a generated one (Kynkäänniemi et
    al. 2019, arXiv 1904.06991). density, coverage: Naeem et al. 2020 (arXiv 2002.09797, eq. 4 and 5), which outliers
    among the real items distort less.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def _blocks(x: Features, y: Features) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """(start, distances (b, M)) for consecutive rows of x against all of y."""
    y64 = np.asarray(y, dtype=np.float64)
    squares, step = (y64**2).sum(axis=1), _rows(len(y))
    for start in range(0, len(x), step):
        rows = np.asarray(x[start : start + step], dtype=np.float64)
        squared = (rows**2).sum(axis=1)[:, None] + squares[None, :] - 2 * rows @ y64.T
        yield start, np.sqrt(np.maximum(squared, 0))


def radii(x: Features, k: int = NEIGHBOURS) -> NDArray[np.float64]:
    """Distance of each item to its k-th nearest other item, (N,)."""
    out = np.empty(len(x))
    for start, distances in _blocks(x, x):
        rows = np.arange(len(distances))
        distances[rows, start + rows] = np.inf  # itself; rounding may leave it slightly above 0
        out[start : start + len(distances)] = np.partition(distances, k - 1, axis=1)[:, k - 1]
    return out


def neighbourhood(real: Features, generated: Features, k: int = NEIGHBOURS) -> Neighbourhood:
    """Precision, recall, density and coverage of ``generated`` (M, F) against ``real`` (N, F); N, M > k."""
    real_radii, generated_radii = radii(real, k), radii(generated, k)
    inside = np.zeros(len(generated))  # real balls around each generated item
    recalled, covered = 0, 0
    for start, distances in _blocks(real, generated):
        ball = real_radii[start : start + len(distances), None]
        inside += (distances <= ball).sum(axis=0)
        recalled += int((distances <= generated_radii[None, :]).any(axis=1).sum())
        covered += int((distances.min(axis=1) <= ball[:, 0]).sum())
    return Neighbourhood(
        precision=float((inside > 0).mean()),
        recall=recalled / len(real),
        density=float(inside.mean() / k),
        coverage=covered / len(real),
    )


def coverage_of(real: Features, generated: Features, k: int = NEIGHBOURS) -> float:
    """Coverage alone (see ``neighbourhood``): half the work, for use while training."""
    covered, ball = 0, radii(real, k)
    for start, distances in _blocks(real, generated):
        covered += int((distances.min(axis=1) <= ball[start : start + len(distances)]).sum())
    return covered / len(real)


def nearest(x: Features, reference: Features) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each row of x (N, F): index of and distance to its nearest row of ``reference``, (N,) and (N,)."""
    indices, values = np.empty(len(x), dtype=np.int64), np.empty(len(x))
    for start, distances in _blocks(x, reference):
        best: NDArray[Any] = distances.argmin(axis=1)
        indices[start : start + len(distances)] = best
        values[start : start + len(distances)] = distances[np.arange(len(distances)), best]
    return indices, values
