"""The whole appraisal of one project: as stated, on many paths, staged, and against its limits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.appraisal.cashflow import Flows, plan_of, stated_flows, stated_values
from luokuan.appraisal.controls import Figure, Finding, Proposal, findings, live_figures, proposals
from luokuan.appraisal.measures import Bar, conditional_value_at_risk, tornado, value_at_risk
from luokuan.appraisal.project import Project
from luokuan.appraisal.risk import LEVELS, Simulation, simulate
from luokuan.appraisal.staging import Staging, staged_value
from luokuan.appraisal.value import (
    Returns,
    break_even_price,
    net_present_value,
    payback,
    profitability_index,
    rates_of_return,
)
from luokuan.foundation.yamlfile import parse_yaml, read_yaml
from luokuan.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from luokuan.appraisal.cost import Costs
    from luokuan.appraisal.revenue import Earning
    from luokuan.store.home import Home

LIMIT_LEVEL = 0.95
"""Level of the value at risk that limits are about."""
ADVICE = ("Decision support, not advice.", "决策参考，不构成投资建议。")
"""Stands on everything that leaves this room, in both languages."""


@dataclass(frozen=True, slots=True)
class Appraisal:
    """All results. Money in the project's currency; ``npv``, ``returns`` …: when all is as stated and nothing happens;
    ``ahead``: present value, at the first month that isn't actual, of that month and those after it."""

    project: Project
    on: date
    flows: Flows
    npv: float
    ahead: float
    returns: Returns
    payback: int | None
    payback_discounted: int | None
    profitability: float | None
    break_even: float | None
    simulation: Simulation
    var: dict[float, float]
    cvar: dict[float, float]
    bars: tuple[Bar, ...]
    staging: Staging | None
    costs: Costs | None
    earned: tuple[Earning, ...]
    figures: dict[str, Figure]
    findings: tuple[Finding, ...]
    proposals: tuple[Proposal, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values; null where there is none."""
        staging, simulation = self.staging, self.simulation
        return {
            "advice": list(ADVICE),
            "project": self.project.name,
            "layer": self.project.layer,
            "stage": self.project.stage,
            "currency": self.project.currency,
            "on": self.on.isoformat(),
            "stated": {
                "npv": self.npv,
                "npv_ahead": self.ahead,
                "irr": list(self.returns.rates),
                "irr_several": self.returns.several,
                "payback_months": self.payback,
                "payback_discounted_months": self.payback_discounted,
                "profitability_index": self.profitability,
                "break_even_price": self.break_even,
            },
            "simulated": {
                "paths": simulation.paths,
                "seed": simulation.seed,
                "mean_npv": simulation.mean,
                "standard_error": simulation.standard_error,
                "loss_probability": simulation.loss_probability,
                "var": {f"{level:g}": value for level, value in self.var.items()},
                "cvar": {f"{level:g}": value for level, value in self.cvar.items()},
                "clipped": simulation.clipped,
            },
            "revenue": [line.to_json() for line in self.earned],
            "tornado": [
                {"name": b.name, "category": b.category, "inputs": list(b.inputs), "npv": [b.low, b.high]}
                for b in self.bars
            ],
            "staged": None
            if staging is None
            else {
                "committed": staging.committed,
                "staged": staging.staged,
                "option": staging.option,
                "standard_error": staging.standard_error,
                "gates": [
                    {"name": g.name, "month": g.month, "reached": g.reached, "stopped": g.stopped}
                    for g in staging.gates
                ],
            },
            "limits": [
                {
                    "metric": f.metric,
                    "value": _finite(f.figure.value),
                    "limit": f.limit,
                    "unit": f.unit,
                    "state": f.state,
                    "source": f.figure.source,
                }
                for f in self.findings
            ],
            "proposals": [
                {
                    "rule": p.rule,
                    "metric": p.metric,
                    "value": _finite(p.value),
                    "above": p.above,
                    "propose": p.propose,
                    "acted": False,
                }
                for p in self.proposals
            ],
        }


def read_project(path: Path | str) -> Project:
    """A project file.

    Raises:
        UserError: see ``yamlfile.read_yaml``; the line and the field are named.
    """
    return read_yaml(path, Project, code="appraisal.project")


def parse_project(text: str) -> Project:
    """The text of a project file.

    Raises:
        UserError: as ``read_project`` does.
    """
    return parse_yaml(text, Project, name=_("The project"), code="appraisal.project")


def appraise(
    project: Project,
    *,
    paths: int = 100_000,
    seed: int = 0,
    home: Home | None = None,
    costs: Costs | None = None,
    earned: Sequence[Earning] = (),
    on: date | None = None,
    owner: str | None = None,
) -> Appraisal:
    """Appraise ``project``.

    Args:
        project: What is appraised.
        paths: Paths to draw.
        seed: The same seed, the same result.
        home: Whose records the live figures are taken from; None: none.
        costs: In the project's currency, for the cost of a work.
        earned: What the project's models earned, by the market's books, to be told.
        on: The day; None: today, UTC.
        owner: Id of an account, of whose records alone the live figures are taken; None: of all.

    Raises:
        UserError: see ``simulate`` and ``open_database``.
    """
    day = on or datetime.now(UTC).date()
    plan, values, flows = plan_of(project), stated_values(project), stated_flows(project)
    net, rate = flows.net[0], values["discount_rate"]
    simulation = simulate(project, paths=paths, seed=seed)
    var = {level: value_at_risk(simulation.npv, level) for level in LEVELS}
    cvar = {level: conditional_value_at_risk(simulation.npv, level) for level in LEVELS}
    months = payback(net)
    figures = live_figures(project, home, costs, day, owner)
    drawn = _("{paths} paths, seed {seed}", paths=f"{paths:,}", seed=seed)
    figures |= {
        "loss_probability": Figure(100 * simulation.loss_probability, drawn),
        "var": Figure(var[LIMIT_LEVEL], drawn),
        "cvar": Figure(cvar[LIMIT_LEVEL], drawn),
        "budget": Figure(float(plan.invested.sum()), _("tranches and actual months")),
        "payback": Figure(math.inf if months is None else months, _("flows as stated")),
    }
    return Appraisal(
        project,
        day,
        flows,
        net_present_value(rate, net),
        net_present_value(rate, net[plan.actual :]),
        rates_of_return(net),
        months,
        payback(net, rate),
        profitability_index(rate, net, flows.invested[0]),
        break_even_price(plan, values),
        simulation,
        var,
        cvar,
        tuple(tornado(project)),
        staged_value(project, simulation),
        costs,
        tuple(earned),
        figures,
        tuple(findings(project, figures)),
        tuple(proposals(project, figures)),
    )


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value
