"""Draws against the distributions that they are of, and results against closed forms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from projects_for_tests import event, project, risk, stated, tranche
from scipy import stats

from luokuan.appraisal.distributions import Lognormal, Normal, Pert, Triangular, Uniform
from luokuan.appraisal.measures import (
    conditional_value_at_risk,
    tail_weights,
    tornado,
    value_at_risk,
)
from luokuan.appraisal.risk import draw_events, draw_quantities, impact_of, simulate
from luokuan.appraisal.value import annuity, discount_factors
from luokuan.errors import UserError

NORMAL = {"kind": "normal", "mean": 10, "sd": 1}
DRAWS = np.random.default_rng(1).standard_normal(200_000)


@pytest.mark.parametrize(
    ("found", "true"),
    [
        (Normal(kind="normal", mean=3, sd=2), stats.norm(3, 2)),
        (Lognormal(kind="lognormal", median=2, sigma=0.3), stats.lognorm(0.3, scale=2)),
        (Uniform(kind="uniform", low=-1, high=4), stats.uniform(-1, 5)),
        (Triangular(kind="triangular", low=1, mode=2, high=5), stats.triang(0.25, 1, 4)),
        (Triangular(kind="triangular", low=1, mode=1, high=5), stats.triang(0, 1, 4)),
        (Pert(kind="pert", low=1, mode=2, high=5), stats.beta(2, 4, 1, 4)),
    ],
)
def test_draws_follow_their_distribution(found: Any, true: Any) -> None:
    drawn = found.at(DRAWS)
    assert drawn.mean() == pytest.approx(true.mean(), abs=5 * true.std() / math.sqrt(len(DRAWS)))
    assert stats.kstest(drawn[:20_000], true.cdf).pvalue > 1e-4
    assert found.at(np.array([0.0]))[0] == pytest.approx(true.ppf(0.5))
    assert stats.norm.cdf(1.5) == pytest.approx(true.cdf(found.at(np.array([1.5]))[0]))


def test_value_at_risk_of_a_normal_result_is_its_closed_form() -> None:
    # Worth is linear in the price: 100 units in months 1 to 11.
    found = project(risks=[risk("price", "price", NORMAL)])
    simulation = simulate(found, paths=200_000, seed=3)
    mean, sd = 100 * annuity(12, 11) * np.array([10, 1]) + [-5300 - 500 * annuity(12, 11), 0]
    assert simulation.mean == pytest.approx(mean, abs=5 * sd / math.sqrt(200_000))
    assert simulation.standard_error == pytest.approx(sd / math.sqrt(200_000), rel=0.02)
    assert simulation.loss_probability == pytest.approx(stats.norm.cdf(-mean / sd), abs=0.005)
    for level in (0.9, 0.95, 0.99):
        z = stats.norm.ppf(level)
        assert value_at_risk(simulation.npv, level) == pytest.approx(-mean + sd * z, rel=0.02)
        assert conditional_value_at_risk(simulation.npv, level) == pytest.approx(
            -mean + sd * stats.norm.pdf(z) / (1 - level), rel=0.02
        )


def test_measures_of_few_results_by_hand() -> None:
    results = np.array([4.0, -10, 7, 1, -2, 3, 0, 9, 2, 5])
    assert value_at_risk(results, 0.8) == 0 and value_at_risk(results, 0.9) == 2 and value_at_risk(results, 0.95) == 10
    assert conditional_value_at_risk(results, 0.8) == pytest.approx(6)
    # The worst 15 %: all of -10 and half of -2, by 1.5.
    assert conditional_value_at_risk(results, 0.85) == pytest.approx((10 + 0.5 * 2) / 1.5)
    assert conditional_value_at_risk(results, 0.95) == pytest.approx(10)
    assert tail_weights(results, 0.85).sum() == pytest.approx(1)


def test_the_first_paths_of_more_are_the_same_and_a_seed_is_kept() -> None:
    found = project(
        assumptions={"demand_volatility": stated(8, "%/month"), "most_units": stated(1000, "unit/month")},
        risks=[
            risk("price", "price", NORMAL),
            risk("fixed", "fixed_cost", {"kind": "pert", "low": 1, "mode": 2, "high": 9}),
        ],
        events=[event("rule", 2, revenue=-20)],
    )
    few, many = simulate(found, paths=1500, seed=5), simulate(found, paths=4000, seed=5)
    assert few.npv == pytest.approx(many.npv[:1500], rel=1e-12)
    assert few.npv.tolist() == simulate(found, paths=1500, seed=5).npv.tolist()
    assert abs(few.npv - simulate(found, paths=1500, seed=6).npv).min() > 0


def test_the_same_name_is_the_same_draw() -> None:
    one = project(name="one", risks=[risk("oil", "price", NORMAL)])
    two = project(name="two", risks=[risk("oil", "price", NORMAL)])
    other = project(name="three", risks=[risk("rain", "price", NORMAL)])
    npv = [simulate(found, paths=2000, seed=0).npv for found in (one, two, other)]
    assert npv[0].tolist() == npv[1].tolist()
    assert abs(np.corrcoef(npv[0], npv[2])[0, 1]) < 0.1


def test_the_copula_correlates_and_leaves_the_margins() -> None:
    found = project(
        risks=[
            risk("a", "price", {"kind": "triangular", "low": 5, "mode": 6, "high": 20}),
            risk("b", "variable_cost", {"kind": "lognormal", "median": 2, "sigma": 0.5}),
            risk("c", "fixed_cost", {"kind": "uniform", "low": 0, "high": 1}),
        ],
        correlations=[{"between": ["b", "a"], "value": -0.7}],
    )
    drawn, clipped = draw_quantities(found, 40_000, 0)
    columns = [np.asarray(drawn[name])[:, 0] for name in ("price", "variable_cost", "fixed_cost")]
    # Spearman's rho of a Gaussian copula: 6 / pi arcsin(r / 2).
    assert stats.spearmanr(columns[0], columns[1]).statistic == pytest.approx(6 / math.pi * math.asin(-0.35), abs=0.02)
    assert stats.spearmanr(columns[0], columns[2]).statistic == pytest.approx(0, abs=0.02)
    assert stats.kstest(columns[0], stats.triang(1 / 15, 5, 15).cdf).pvalue > 1e-4
    assert set(clipped.values()) == {0.0}


def test_what_no_quantity_can_be_is_cut_and_told() -> None:
    drawn, clipped = draw_quantities(
        project(risks=[risk("a", "price", {"kind": "normal", "mean": 1, "sd": 1})]), 20_000, 0
    )
    assert np.asarray(drawn["price"]).min() == 0
    assert clipped["a"] == pytest.approx(stats.norm.cdf(-1), abs=0.01)


def test_events_happen_as_often_as_they_say_and_once() -> None:
    events = project(events=[event("a", 3, since=5), event("never", 0), event("at once", 100, since=2)]).events
    first = draw_events(events, 50_000, 1)
    assert first[:, 0].min() == 5
    assert (first[:, 0] < 12).mean() == pytest.approx(1 - 0.97**7, abs=0.006)
    assert (first[:, 0] == 6).mean() == pytest.approx(0.97 * 0.03, abs=0.004)
    assert np.isinf(first[:, 1]).all() and (first[:, 2] == 2).all()


def test_events_change_what_they_say() -> None:
    events = project(
        events=[
            event("a", 100, since=2, revenue=-50, cost=10, lasts=3),
            event("b", 100, since=4, revenue=-100, loss=70),
        ]
    ).events
    impact = impact_of(events, draw_events(events, 1, 0), 7)
    assert impact is not None
    assert impact.revenue[0].tolist() == [1, 1, 0.5, 0.5, 0, 0, 0]
    assert impact.cost[0].tolist() == pytest.approx([1, 1, 1.1, 1.1, 1.1, 1, 1])
    assert impact.losses[0].tolist() == [0, 0, 0, 0, 70, 0, 0]
    assert impact_of(events, np.full((3, 2), np.inf), 7) is None


def test_demand_keeps_its_mean() -> None:
    found = project(
        assumptions={"demand_volatility": stated(20, "%/month"), "most_units": stated(1e9, "unit/month")}, horizon=24
    )
    simulation = simulate(found, paths=60_000, seed=2)
    calm = simulate(project(assumptions={"most_units": stated(1e9, "unit/month")}, horizon=24), paths=2)
    assert simulation.mean == pytest.approx(calm.mean, abs=5 * simulation.standard_error)
    assert simulation.npv.std() > 1000


def test_a_discount_rate_may_be_a_risk() -> None:
    found = project(risks=[risk("rate", "discount_rate", {"kind": "uniform", "low": 5, "high": 20})])
    npv = simulate(found, paths=5000).npv
    flows = np.array([-5300, *[500] * 11])
    assert npv.max() <= flows @ discount_factors(5, 12) + 1e-6
    assert npv.min() >= flows @ discount_factors(20, 12) - 1e-6


def test_the_tornado_by_hand() -> None:
    found = project(
        risks=[
            risk("price", "price", NORMAL),
            risk("small", "fixed_cost", {"kind": "uniform", "low": 290, "high": 310}),
        ],
        events=[event("end", 100, since=6, revenue=-100), event("never", 0)],
        tranches=[tranche("All", 0, 5000)],
    )
    bars = {bar.name: bar for bar in tornado(found)}
    base = -5300 + 500 * annuity(12, 11)
    step = 100 * annuity(12, 11) * stats.norm.ppf(0.9)
    assert (bars["price"].low, bars["price"].high) == pytest.approx((base - step, base + step))
    assert (bars["small"].low, bars["small"].high) == pytest.approx(
        (base + 8 * (1 + annuity(12, 11)), base - 8 * (1 + annuity(12, 11)))
    )
    lost = 1000 * (annuity(12, 11) - annuity(12, 5))
    assert (bars["end"].low, bars["end"].high) == pytest.approx((base, base - lost))
    assert list(bars) == ["end", "price", "small"] and bars["end"].inputs == ("-", "2027-07")


@pytest.mark.parametrize("paths", [0, 1, -5, 2_000_001])
def test_too_few_and_too_many_paths_are_refused(paths: int) -> None:
    with pytest.raises(UserError) as caught:
        simulate(project(), paths=paths)
    assert caught.value.code == "appraisal.paths"
