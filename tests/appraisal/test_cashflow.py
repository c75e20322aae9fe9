"""Flows against a plain loop over months."""

from __future__ import annotations

import numpy as np
import pytest
from projects_for_tests import project, stated, tranche

from luokuan.appraisal.cashflow import Impact, monthly, plan_of, stated_flows, stated_values

RICH = {
    "growth": stated(5, "%/month"),
    "most_units": stated(130, "unit/month"),
    "royalty": stated(10, "%"),
    "cost_growth": stated(6, "%/year"),
    "tax": stated(25, "%"),
    "launch": stated(2, "month"),
    "end_value": stated(700, "EUR"),
}


def loop(months: int, demand: list[float], revenue_factor: list[float]) -> list[float]:
    """RICH, month by month."""
    found, total, highest = [], 0.0, 0.0
    for t in range(months):
        units = 0.0 if t < 2 else min(100 * 1.05 ** (t - 2) * demand[t], 130)
        revenue = 10 * units * revenue_factor[t]
        cost = 2 * units + 0.1 * revenue + 300 * 1.06 ** (t / 12)
        profit = revenue - cost - (1000 if t == 0 else 200 if t == 5 else 0) + (700 if t == months - 1 else 0)
        total += profit
        tax = 0.25 * max(total - highest, 0)
        highest = max(highest, total)
        found.append(profit - tax)
    return found


def test_flows_are_those_of_a_plain_loop() -> None:
    found = project(assumptions=RICH, horizon=18, tranches=[tranche("a", 0, 1000), tranche("b", 5, 200)])
    ones = [1.0] * 18
    assert stated_flows(found).net[0] == pytest.approx(loop(18, ones, ones))
    random = np.random.default_rng(0)
    demand, factors = random.uniform(0.5, 1.5, (2, 3, 18))
    impact = Impact(factors, np.ones((3, 18)), np.zeros((3, 18)))
    many = monthly(plan_of(found), stated_values(found), demand, impact)
    for path in range(3):
        assert many.net[path] == pytest.approx(loop(18, list(demand[path]), list(factors[path])))
    assert many.tax.min() >= 0


def test_actual_months_take_the_place_of_the_forecast() -> None:
    actuals = [
        {"month": "2027-01", "revenue": 0, "cost": 400, "invested": 4000, "source": "ledger"},
        {"month": "2027-02", "revenue": 900, "cost": 350, "invested": 0, "source": "ledger"},
    ]
    found = project(actuals=actuals)
    flows = stated_flows(found)
    assert flows.net[0, :3].tolist() == [-4400, 550, 500]
    columns = {**stated_values(found), "price": np.array([[10.0], [20.0]])}
    assert monthly(plan_of(found), columns).net[:, :3].tolist() == [[-4400, 550, 500], [-4400, 550, 1500]]
    # A column of one quantity that revenue doesn't know must not be lost there.
    columns = {**stated_values(found), "fixed_cost": np.array([[300.0], [100.0]])}
    assert monthly(plan_of(found), columns).net[:, 2].tolist() == [500, 700]


def test_a_project_may_be_wholly_past() -> None:
    months = [f"2027-{m:02d}" for m in range(1, 13)]
    found = project(actuals=[{"month": m, "revenue": 100, "cost": 40, "source": "ledger"} for m in months])
    assert stated_flows(found).net[0] == pytest.approx(np.full(12, 60.0))
