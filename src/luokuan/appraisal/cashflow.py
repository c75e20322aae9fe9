"""Monthly cash flows of a project, on one path or on many at once: actual months first, then what is assumed.

Month t counts from the project's start; L is the launch, D demand (1, or a geometric random walk of mean 1), R and C
what events make of revenue and cost:

    units    = min(first_units (1 + growth)^(t - L) D, most_units)                    from L on
    revenue  = price units R
    cost     = (variable_cost units + royalty revenue + fixed_cost (1 + cost_growth)^(t / 12)) C + losses of events
    profit   = revenue - cost - invested                                            (+ end_value in the last month)
    tax      = rate of what accumulated profit gains over its highest earlier level, never below 0
    net      = profit - tax

So losses and investment are carried forward without limit and nothing is written off over years: a simplification that
lies on the careful side in the first years, and says nothing of a country's rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from luokuan.appraisal.distributions import Floats
from luokuan.appraisal.project import QUANTITIES, Project

Values = Mapping[str, "float | Floats"]
"""Quantity to one value, or to a column (paths, 1); per cent as they are stated."""


@dataclass(frozen=True, slots=True)
class Impact:
    """What events do, each (paths, months): factors on revenue and cost, and money lost."""

    revenue: Floats
    cost: Floats
    losses: Floats


@dataclass(frozen=True, slots=True)
class Flows:
    """Money a month, each (paths, months), or (1, months) where nothing in it differs between paths; ``units`` are sold
    ones (0 in actual months, whose number isn't recorded)."""

    units: Floats
    revenue: Floats
    cost: Floats
    invested: Floats
    tax: Floats
    net: Floats

    @property
    def operating(self) -> Floats:
        """Revenue less cost."""
        return self.revenue - self.cost


@dataclass(frozen=True, slots=True)
class Plan:
    """A project as arrays over its months. ``actual``: how many months are actual, not forecast; ``past``: their
    revenue and cost, each (actual,)."""

    months: int
    launch: int
    tax: float
    invested: Floats
    actual: int
    past: tuple[Floats, Floats]


def plan_of(project: Project) -> Plan:
    """The arrays of ``project``. What was really invested in a month takes the place of what was planned for it."""
    invested = np.zeros(project.horizon)
    for tranche in project.tranches:
        invested[tranche.month] += tranche.amount
    actual = len(project.actuals)
    invested[:actual] = [month.invested for month in project.actuals]
    past = (np.array([m.revenue or 0.0 for m in project.actuals]), np.array([m.cost for m in project.actuals]))
    launch = int(project.quantity("launch"))
    return Plan(project.horizon, launch, project.quantity("tax") / 100, invested, actual, past)


def stated_values(project: Project) -> dict[str, float]:
    """The quantities as they are stated."""
    return {name: project.quantity(name) for name in QUANTITIES}


def monthly(plan: Plan, values: Values, demand: Floats | None = None, impact: Impact | None = None) -> Flows:
    """The flows of ``plan``; see the formulas above.

    Args:
        plan: The months.
        values: Quantities, scalars or (paths, 1).
        demand: D, (paths, months); None: 1.
        impact: What events do; None: nothing happens.
    """
    late = np.arange(plan.months, dtype=np.float64)
    growth = np.log1p(_part(values, "growth"))
    units = values["first_units"] * np.exp(growth * (late - plan.launch))
    if demand is not None:
        units = units * demand
    units = np.atleast_2d(np.minimum(units, values["most_units"]))
    units[:, : max(plan.launch, plan.actual)] = 0
    revenue = values["price"] * units
    if impact is not None:
        revenue = revenue * impact.revenue
    fixed = values["fixed_cost"] * np.exp(np.log1p(_part(values, "cost_growth")) * (late / 12))
    cost = values["variable_cost"] * units + _part(values, "royalty") * revenue + fixed
    if impact is not None:
        cost = cost * impact.cost + impact.losses
    if plan.actual:
        revenue[:, : plan.actual], cost[:, : plan.actual] = plan.past
    profit = revenue - cost - plan.invested
    profit[:, -1:] += values["end_value"]
    tax = _tax(profit, plan.tax)
    return Flows(units, revenue, cost, np.broadcast_to(plan.invested, profit.shape), tax, profit - tax)


def stated_flows(project: Project) -> Flows:
    """The flows when all is as stated and nothing happens, (1, months)."""
    return monthly(plan_of(project), stated_values(project))


def _tax(profit: Floats, rate: float) -> Floats:
    if not rate:
        return np.zeros_like(profit)
    highest = np.cumsum(profit, axis=1)
    np.maximum.accumulate(highest, axis=1, out=highest)
    np.maximum(highest, 0, out=highest)
    highest[:, 1:] -= highest[:, :-1].copy()
    highest *= rate
    return highest


def _part(values: Values, name: str) -> float | Floats:
    """A percentage as a part of 1."""
    return values[name] / 100
