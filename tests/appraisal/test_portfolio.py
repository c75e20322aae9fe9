"""Weights against the whole linear programme of Rockafellar and Uryasev, and the limits of directions."""

from __future__ import annotations

import numpy as np
import pytest
from projects_for_tests import project, risk, tranche
from scipy.optimize import linprog

from luokuan.appraisal.portfolio import directions, optimise, returns_of
from luokuan.errors import UserError


def rockafellar_uryasev(returns: np.ndarray, level: float, limit: float) -> float:
    """The best expected return, by one variable for each path."""
    paths, count = returns.shape
    # w, t, u: maximise mean w; t + sum u / ((1 - level) n) <= limit; u >= -R w - t.
    cost = np.concatenate([-returns.mean(axis=0), [0], np.zeros(paths)])
    risk_row = np.concatenate([np.zeros(count), [1], np.full(paths, 1 / ((1 - level) * paths))])
    budget = np.concatenate([np.ones(count), [0], np.zeros(paths)])
    tails = np.hstack([-returns, -np.ones((paths, 1)), -np.eye(paths)])
    bounds = [(0, 1)] * count + [(None, None)] + [(0, None)] * paths
    found = linprog(cost, np.vstack([risk_row, budget, tails]), [limit, 1, *np.zeros(paths)], bounds=bounds)
    return float(-found.fun)


@pytest.mark.parametrize("limit", [0.0, 0.02, 0.2, 0.6, 5.0])
def test_the_weights_are_those_of_the_whole_programme(limit: float) -> None:
    random = np.random.default_rng(4)
    returns = random.normal([0.1, 0.3, 0.6, -0.1], [0.1, 0.5, 1.2, 0.2], (400, 4)) - 0.2 * random.exponential(
        1, (400, 1)
    )
    found = optimise("abcd", returns, level=0.9, limit=limit)
    assert found.expected == pytest.approx(rockafellar_uryasev(returns, 0.9, limit), abs=1e-5)
    assert found.cvar <= limit + 1e-9
    assert sum(found.weights) <= 1 + 1e-9 and min(found.weights) >= 0
    assert found.unspent == pytest.approx(1 - sum(found.weights), abs=1e-9)
    assert found.weights[3] == 0 or limit == 0
    assert found.cuts < 100


def test_a_safe_half_of_a_risky_one() -> None:
    # One project: +1 or -1; half of it keeps a CVaR of a half.
    returns = np.array([[1.2], [1.2], [1.2], [-1.0]])
    assert optimise("a", returns, level=0.75, limit=0.5).weights == pytest.approx((0.5,))
    assert optimise("a", returns, level=0.75, limit=2).weights == pytest.approx((1,))
    assert optimise("a", returns, level=0.75, limit=2, most=0.3).weights == pytest.approx((0.3,))


def test_directions_limit_what_they_name() -> None:
    kinds = (("foundation", "research"), ("application", "research"), ("application", "platform"))
    found = [project(name=str(at), layer=layer, stage=stage) for at, (layer, stage) in enumerate(kinds)]
    assert directions(found, {"application": 0.4, "research": 1, "应用层/平台建设": 0.1}) == {
        "application": ((1, 2), 0.4), "research": ((0, 1), 1), "应用层/平台建设": ((2,), 0.1),
    }  # fmt: skip
    returns = np.array([[0.1, 0.5, 0.9]] * 20)
    groups = directions(found, {"application": 0.4, "应用层/平台建设": 0.1})
    assert optimise("abc", returns, level=0.9, limit=1, groups=groups).weights == pytest.approx((0.6, 0.3, 0.1))
    assert optimise("abc", returns, level=0.9, limit=1, groups=directions(found, {"foundation": 0})).weights[0] == 0


@pytest.mark.parametrize("wrong", [{"weather": 0.5}, {"application/platform/x": 0.5}, {"application": 1.5}, {"": 0.5}])
def test_unknown_directions_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UserError) as caught:
        directions([project()], wrong)
    assert caught.value.code == "appraisal.direction"


@pytest.mark.parametrize(
    "wrong", [{"level": 1.0}, {"level": 0.0}, {"limit": -0.1}, {"limit": float("nan")}, {"most": 0.0}, {"most": 1.1}]
)
def test_wrong_limits_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UserError):
        optimise("ab", np.ones((4, 2)), **{"level": 0.9, "limit": 1.0, **wrong})
    with pytest.raises(UserError):
        optimise("ab", np.array([[1.0, np.nan]] * 3), level=0.9, limit=1.0)


def test_returns_are_worth_for_each_unit_invested() -> None:
    price = {"kind": "normal", "mean": 10, "sd": 1}
    one = project(name="one", risks=[risk("oil", "price", price)])
    double = project(name="two", risks=[risk("oil", "price", price)], tranches=[tranche("a", 0, 10_000)])
    returns = returns_of([one, double], paths=500)
    assert returns[:, 1] == pytest.approx((returns[:, 0] * 5000 - 5000) / 10_000)
    for wrong in ([one], [one, one], [one, project(name="free", tranches=[tranche("a", 0, 0)])]):
        with pytest.raises(UserError) as caught:
            returns_of(wrong, paths=10)
        assert caught.value.code == "appraisal.portfolio"
