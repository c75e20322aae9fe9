"""Measures of a distribution of results: value at risk, conditional value at risk, and which risk moves the result
most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from luokuan.appraisal.cashflow import monthly, plan_of, stated_values
from luokuan.appraisal.distributions import Floats
from luokuan.appraisal.project import QUANTITIES, Project
from luokuan.appraisal.risk import applied, impact_of
from luokuan.appraisal.value import net_present_value

TENTH = 1.2815515655446004
"""The standard normal 90th percentile; the 10th with a minus."""


def value_at_risk(results: Floats, level: float) -> float:
    """The loss that isn't exceeded with probability ``level``: its lower quantile; negative: a gain.

    Args:
        results: (n,), gains positive.
        level: 0 < level < 1.
    """
    losses = np.sort(-results)
    # A product such as 0.95 × 20 is a hair off.
    return float(losses[min(max(int(np.ceil(level * len(losses) - 1e-9)), 1), len(losses)) - 1])


def conditional_value_at_risk(results: Floats, level: float) -> float:
    """Mean loss of the worst 1 - ``level`` of all cases, the case on the border counted in part (Rockafellar and
    Uryasev 2002, prop. 8).

    Args:
        results: (n,), gains positive.
        level: 0 < level < 1.
    """
    return float(-results @ tail_weights(results, level))


def tail_weights(results: Floats, level: float) -> Floats:
    """Weights (n,), summing to 1, under which the mean loss is the conditional value at risk."""
    tail = (1 - level) * len(results)
    whole = int(np.floor(tail + 1e-9))
    order = np.argsort(results, kind="stable")
    weights = np.zeros(len(results))
    weights[order[:whole]] = 1 / tail
    if whole < len(results):
        weights[order[whole]] = max(1 - whole / tail, 0.0)
    return weights


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the tornado: the net present value at a risk's 10th and 90th percentile (an event: never, and in the
    middle of the months in which it happens), everything else as stated. ``inputs``: what stands at the two ends."""

    name: str
    category: str
    quantity: str
    inputs: tuple[str, str]
    low: float
    high: float

    @property
    def span(self) -> float:
        """How much it moves the result."""
        return abs(self.high - self.low)


def tornado(project: Project) -> list[Bar]:
    """The bars, the longest first; one risk at a time (Howard 1988)."""
    plan, stated = plan_of(project), stated_values(project)
    bars = []
    for risk in project.risks:
        _unit, least, most, _default = QUANTITIES[risk.affects]
        ends = np.clip(
            applied(risk, stated[risk.affects], risk.distribution.at(np.array([-TENTH, TENTH]))), least, most
        )
        low, high = (_worth(project, {**stated, risk.affects: float(end)}) for end in ends)
        bars.append(Bar(risk.name, risk.category, risk.affects, (f"{ends[0]:.4g}", f"{ends[1]:.4g}"), low, high))
    calm = _worth(project, stated)
    for at, event in enumerate(project.events):
        month = _middle(event.probability / 100, event.since, plan.months)
        if month is None:
            continue
        first = np.full((1, len(project.events)), np.inf)
        first[0, at] = month
        flows = monthly(plan, stated, impact=impact_of(project.events, first, plan.months))
        hit = net_present_value(stated["discount_rate"], flows.net[0])
        bars.append(Bar(event.name, event.category, "", ("-", project.calendar(month)), calm, hit))
    return sorted(bars, key=lambda bar: -bar.span)


def _worth(project: Project, values: dict[str, float]) -> float:
    return net_present_value(values["discount_rate"], monthly(plan_of(project), values).net[0])


def _middle(share: float, since: int, months: int) -> int | None:
    """The median month of an event, given that it happens within the horizon."""
    left = months - since
    if share <= 0 or left <= 0:
        return None
    if share >= 1:
        return since
    within = -np.expm1(left * np.log1p(-share))
    return since + min(int(np.log1p(-within / 2) / np.log1p(-share)), left - 1)
