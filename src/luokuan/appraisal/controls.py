"""What watches over a project: limits, early warnings from live figures, and stop-loss rules, which propose and never
act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from luokuan.appraisal.project import LIMITS, Project
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.appraisal.cost import Costs
    from luokuan.store.home import Home

State = Literal["kept", "near", "broken", "unknown"]
NEAR = 0.8
"""Part of a limit from which on it is called near."""
LIVE = ("unit_cost", "budget_burn", "failed_jobs", "disliked_works")
"""Figures that come from the home's records and the project's actual months."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as it stands, in the unit of its limit; None: there is no record yet. ``source``: which records."""

    value: float | None
    source: str


@dataclass(frozen=True, slots=True)
class Finding:
    """How a figure stands to its limit."""

    metric: str
    figure: Figure
    limit: float
    unit: str
    state: State


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a stop-loss rule puts before a person. It has changed nothing, and nothing follows from it by itself."""

    rule: str
    metric: str
    value: float
    above: float
    unit: str
    propose: str


def live_figures(
    project: Project, home: Home | None, costs: Costs | None, on: date, owner: str | None = None
) -> dict[str, Figure]:
    """The figures ``LIVE``.

    Args:
        project: Names the models whose works count.
        home: Where records are; None: there are none.
        costs: In the project's currency; None: not counted.
        on: Today.
        owner: Id of an account, whose records alone count; None: all.
    """
    found = {
        "budget_burn": _budget_burn(project, on),
        "unit_cost": _unit_cost(project, costs),
        "failed_jobs": Figure(None, _("jobs of the home")),
        "disliked_works": Figure(None, _("feedback on works")),
    }
    if home is None or not home.has_database:
        return found
    from luokuan.store.database import open_database
    from luokuan.store.spending import made_works, opinions, spent_jobs

    with open_database(home) as database, database.read() as connection:
        jobs, works = spent_jobs(connection, owner), made_works(connection, owner)
        liked = opinions(connection)
    ended = [job for job in jobs if job.state in ("done", "failed")]
    failed = sum(job.state == "failed" for job in ended)
    source = _("{count} jobs of the home that have ended", count=len(ended))
    found["failed_jobs"] = Figure(100 * failed / len(ended) if ended else None, source)
    rated = [liked[work.id] for work in works if work.id in liked and work.model_name in project.models]
    source = _("{count} works of the project's models that were rated", count=len(rated))
    found["disliked_works"] = Figure(100 * rated.count(False) / len(rated) if rated else None, source)
    return found


def _budget_burn(project: Project, on: date) -> Figure:
    """What was invested until today, in per cent of what was planned until then."""
    month = (on.year - int(project.start[:4])) * 12 + on.month - int(project.start[5:])
    known = min(month + 1, len(project.actuals))
    planned = sum(tranche.amount for tranche in project.tranches if tranche.month < known)
    spent = sum(actual.invested for actual in project.actuals[:known])
    source = _("{count} actual months", count=max(known, 0))
    return Figure(100 * spent / planned if known > 0 and planned else None, source)


def _unit_cost(project: Project, costs: Costs | None) -> Figure:
    """Mean cost of a work of the project's models, training included."""
    models = costs.of(project.models) if costs is not None else []
    works = sum(model.works for model in models)
    source = _("{count} works of the project's models and their training", count=works)
    return Figure(sum(model.total for model in models) / works if works else None, source)


def findings(project: Project, figures: Mapping[str, Figure]) -> list[Finding]:
    """Every limit of the project with its figure, in the order of ``LIMITS``. A figure at its limit keeps it."""
    found = []
    for metric in LIMITS:
        if metric not in project.limits:
            continue
        limit = project.limits[metric].value
        figure = figures.get(metric, Figure(None, ""))
        found.append(Finding(metric, figure, limit, project.limits[metric].unit, _state(figure.value, limit)))
    return found


def proposals(project: Project, figures: Mapping[str, Figure]) -> list[Proposal]:
    """What the stop-loss rules propose now."""
    found = []
    for rule in project.stop_loss:
        value = figures.get(rule.metric, Figure(None, "")).value
        if value is not None and value > rule.above:
            unit = LIMITS[rule.metric][0].format(currency=project.currency)
            found.append(Proposal(rule.name, rule.metric, value, rule.above, unit, rule.propose))
    return found


def _state(value: float | None, limit: float) -> State:
    if value is None:
        return "unknown"
    if value > limit:
        return "broken"
    return "near" if value > NEAR * limit else "kept"


def metric_word(metric: str) -> str:
    """A metric in the user's language."""
    return {
        "loss_probability": _("probability of loss"),
        "var": _("value at risk, 95 %"),
        "cvar": _("conditional value at risk, 95 %"),
        "budget": _("investment in all"),
        "payback": _("payback"),
        "unit_cost": _("cost of a work"),
        "budget_burn": _("invested so far, of the plan"),
        "failed_jobs": _("failed jobs"),
        "disliked_works": _("disliked works"),
    }[metric]


def state_word(state: State) -> str:
    """A state in the user's language."""
    return {
        "kept": _("kept"),
        "near": _("near its limit"),
        "broken": _("broken"),
        "unknown": _("no records yet"),
    }[state]
