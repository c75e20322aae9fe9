"""Memorisation: by hand, its exact chance against simulation, and sets whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from luokuan.models.evaluation.neighbours import Memorisation, chance_of, memorisation, sentence


def gaussian(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 6))


def test_figures_by_hand() -> None:
    train = np.array([[0.0], [100.0]])
    held_out = np.array([[2.0], [3.0], [104.0]])  # distances 2, 3, 4
    samples = np.array([[1.0], [2.5], [101.0], [110.0]])  # distances 1, 2.5, 1, 10
    found, index = memorisation(samples, held_out, train)
    assert index.tolist() == [0, 0, 1, 1]
    assert (found.samples_median, found.held_out_median) == pytest.approx((1.75, 3.0))
    assert found.closer_than_1_percent == found.closer_than_5_percent == 0.5  # two are nearer than 2
    # Two or more of four before the first of three: both of the first two places, 4/7 · 3/6.
    assert found.chance == pytest.approx(4 / 7 * 3 / 6)


@pytest.mark.parametrize(("nearer", "samples", "held_out", "rank"), [(2, 24, 80, 1), (5, 80, 80, 1), (4, 60, 200, 2)])
def test_the_chance_is_what_happens(nearer: int, samples: int, held_out: int, rank: int) -> None:
    rng = np.random.default_rng(0)
    values = rng.random((20_000, samples + held_out))
    edge = np.partition(values[:, samples:], rank - 1, axis=1)[:, rank - 1]
    happened = ((values[:, :samples] < edge[:, None]).sum(axis=1) >= nearer).mean()
    assert chance_of(nearer, samples, held_out, rank) == pytest.approx(happened, abs=0.005)
    assert chance_of(0, samples, held_out, rank) == 1


def test_false_alarms_are_rare_and_copies_are_found() -> None:
    alarms = 0
    for trial in range(100):
        train, held_out, fresh = (gaussian(n, 3 * trial + i) for i, n in enumerate((300, 80, 24)))
        alarms += memorisation(fresh, held_out, train)[0].found
        if trial < 5:
            copies = np.concatenate([fresh[:16], train[:8] + 0.01])
            assert memorisation(copies, held_out, train)[0].found
    assert alarms <= 4


def test_sentences() -> None:
    def said(share: float, chance: float) -> str:
        return sentence(Memorisation(1.0, 1.0, share, share, chance))

    assert "by heart" in said(0.3, 1e-6) and "look at the sheet" in said(0.3, 1e-6)
    assert "may be chance" in said(0.08, 0.05)
    assert "No sign" in said(0.01, 1.0)
