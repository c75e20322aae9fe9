"""Distances by hand, against closed forms and against other implementations; neighbourhoods against prdc."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from prdc import compute_prdc

from luokuan.models.evaluation.metrics import (
    _pair_means,
    coverage_of,
    frechet_distance,
    kernel_distance,
    nearest,
    neighbourhood,
    radii,
    squared_mmd,
)


def gaussian(count: int, width: int, seed: int, shift: float = 0.0, scale: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, scale, (count, width))


def by_square_root(x: np.ndarray, y: np.ndarray) -> float:
    one, other = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = scipy.linalg.sqrtm(one @ other).real
    return float(((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(one + other - 2 * root))


def test_frechet_by_hand() -> None:
    # One dimension: (μ₁ - μ₂)² + (σ₁ - σ₂)². Here μ 0 and 5, σ² (n-1) 2 and 8: 25 + 2 + 8 - 2·4 = 27.
    x, y = np.array([[-1.0], [1.0]]), np.array([[3.0], [7.0]])
    assert frechet_distance(x, y) == pytest.approx(25 + 2 + 8 - 2 * np.sqrt(16))


@pytest.mark.parametrize(("n", "m", "width"), [(60, 60, 8), (300, 200, 20), (40, 500, 12)])
def test_frechet_against_the_matrix_square_root(n: int, m: int, width: int) -> None:
    x, y = gaussian(n, width, 0), gaussian(m, width, 1, 0.3, 1.5)
    assert frechet_distance(x, y) == pytest.approx(by_square_root(x, y), rel=1e-8)


def test_frechet_where_there_are_fewer_items_than_features() -> None:
    # Only differences within 9 dimensions exist; a rotation into 50 must not change the distance.
    x, y = gaussian(10, 9, 0), gaussian(10, 9, 1, 0.5)
    basis = np.linalg.qr(gaussian(50, 9, 2))[0]
    assert frechet_distance(x @ basis.T, y @ basis.T) == pytest.approx(by_square_root(x, y), rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 30), st.integers(2, 30), st.integers(1, 12), st.integers(0, 1000))
def test_frechet_is_a_symmetric_distance(n: int, m: int, width: int, seed: int) -> None:
    x, y = gaussian(n, width, seed), gaussian(m, width, seed + 1, 1.0)
    assert frechet_distance(x, y) >= 0
    assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x), abs=1e-8)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-8)


def test_frechet_approaches_the_true_distance_of_gaussians() -> None:
    x, y = gaussian(60_000, 3, 0), gaussian(60_000, 3, 1, 1.0, 2.0)
    assert frechet_distance(x, y) == pytest.approx(3 * 1.0 + 3 * (2 - 1) ** 2, rel=0.03)


def test_mmd_by_hand() -> None:
    # F = 1, k(a, b) = (ab + 1)³; x = {0, 1}, y = {0, 2}: within x k(0,1) = 1, within y k(0,2) = 1,
    # across: k(0,0) + k(0,2) + k(1,0) + k(1,2) = 1 + 1 + 1 + 27 = 30; 1 + 1 - 2·30/4 = -13.
    assert squared_mmd(np.array([[0.0], [1.0]]), np.array([[0.0], [2.0]])) == pytest.approx(-13.0)


def test_mmd_is_unbiased() -> None:
    values = [squared_mmd(gaussian(20, 4, 2 * i), gaussian(20, 4, 2 * i + 1)) for i in range(400)]
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values)) < 3 * error
    assert min(values) < 0 < max(values)


def test_kernel_distance_is_seeded_and_brackets_its_mean() -> None:
    x, y = gaussian(200, 8, 0), gaussian(200, 8, 1, 0.5)
    one, same, other = (kernel_distance(x, y, seed=s, resamples=60) for s in (0, 0, 1))
    assert one == same != other
    assert one.low < one.mean < one.high and one.low > 0
    assert one.mean == other.mean == pytest.approx(squared_mmd(x, y))


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_the_kernel_interval_holds_the_true_value(shift: float) -> None:
    # One dimension, N(0, 1) and N(s, 1): E (xy + 1)³ = m₃² + 3 m₂² + 3 m₁² + 1 with the moments of each side.
    m1, m2, m3 = shift, 1 + shift**2, 3 * shift + shift**3
    true = (m3**2) + 3 * (m2 - 1) ** 2 + 3 * m1**2
    held = 0
    for trial in range(60):
        found = kernel_distance(gaussian(120, 1, 2 * trial), gaussian(120, 1, 2 * trial + 1, shift), seed=trial)
        held += found.low <= true <= found.high
    assert held >= 52  # 57 expected of 95 %; fewer than 52 has a chance below 1 in 100


@pytest.mark.filterwarnings("error")
def test_the_interval_of_tiny_sets_is_finite() -> None:
    # Of three pictures a ninth of the resamples hold one picture thrice, and no pair.
    found = kernel_distance(gaussian(3, 4, 0), gaussian(3, 4, 1), seed=0)
    assert np.isfinite([*found]).all() and found.low <= found.high


def test_resamples_by_hand() -> None:
    # A picture drawn twice is not paired with itself: weights (2, 1) on {0, 1} leave the pairs 0-1, 1-0, k = 1.
    x = np.array([[0.0], [1.0]])
    found = _pair_means(x, x, np.array([[2.0, 1.0]]), np.array([[2.0, 1.0]]), same=True)
    assert found.tolist() == pytest.approx([1.0])


@settings(max_examples=20, deadline=None)
@given(st.integers(3, 30), st.integers(3, 30), st.integers(1, 12), st.integers(0, 1000))
def test_distances_do_not_change_under_rotation_and_order(n: int, m: int, width: int, seed: int) -> None:
    x, y = gaussian(n, width, seed), gaussian(m, width, seed + 1, 0.7)
    turn = np.linalg.qr(gaussian(width, width, seed + 2))[0]
    order = np.random.default_rng(seed).permutation(n)
    assert frechet_distance(x[order] @ turn, y @ turn) == pytest.approx(frechet_distance(x, y), rel=1e-6, abs=1e-8)
    assert squared_mmd(x[order] @ turn, y @ turn) == pytest.approx(squared_mmd(x, y), rel=1e-6, abs=1e-8)


def test_small_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = gaussian(70, 5, 0), gaussian(50, 5, 1, 0.3)

    def figures() -> list[float]:
        values: NDArray[np.float64] = nearest(x, y)[1]
        return [*kernel_distance(x, y, seed=0, resamples=20), *neighbourhood(x, y), *values]

    whole = figures()
    monkeypatch.setattr("luokuan.models.evaluation.metrics._BLOCK", 7 * 50)
    assert figures() == pytest.approx(whole)


def test_coverage_alone_is_that_of_the_neighbourhood() -> None:
    x, y = gaussian(200, 5, 0), gaussian(150, 5, 1, 0.6)
    assert coverage_of(x, y) == neighbourhood(x, y).coverage


@pytest.mark.parametrize(("n", "m"), [(120, 120), (1500, 90)])
def test_neighbourhoods_against_prdc(n: int, m: int) -> None:
    real, fake = gaussian(n, 6, 0), gaussian(m, 6, 1, 0.4, 0.8)
    wanted = compute_prdc(real, fake, 5)
    found = neighbourhood(real, fake)
    for key, value in wanted.items():
        assert getattr(found, key) == pytest.approx(float(value), abs=1e-9), key


def test_a_collapsed_set_is_precise_but_covers_little() -> None:
    real = gaussian(300, 4, 0)
    found = neighbourhood(real, real[:1] + gaussian(300, 4, 1, 0, 1e-3))
    assert found.precision > 0.9 and found.coverage < 0.1 and found.recall < 0.1


def test_radii_leave_the_item_itself_out() -> None:
    assert radii(np.array([[0.0], [1.0], [3.0], [7.0]]), k=1).tolist() == pytest.approx([1, 1, 2, 4])


def test_nearest_by_hand() -> None:
    index, distance = nearest(np.array([[0.0], [10.0]]), np.array([[9.0], [1.0], [20.0]]))
    assert index.tolist() == [1, 0] and distance.tolist() == pytest.approx([1, 1])
