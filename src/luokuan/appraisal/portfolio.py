"""Several projects under one budget: weights with the highest expected return, under a limit of the conditional value
at risk and limits for each direction of the value chain.

maximise  w · mean(R)   subject to   0 ≤ w_j ≤ most_j,  Σ w ≤ 1,  Σ_{j in direction} w_j ≤ its limit,  CVaR(R w) ≤ limit

R: net present value for each unit of present value invested, on the same seeded paths. CVaR is the largest mean loss
over all weightings of the tail (its dual form), so it is a bound of linear pieces: Rockafellar and Uryasev's (2000)
programme is solved exactly by adding the piece that the last solution violates (Künzi-Bay and Mayer 2006), each time
with as many variables as projects instead of one for each path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from luokuan.appraisal.cashflow import plan_of
from luokuan.appraisal.distributions import Floats
from luokuan.appraisal.measures import conditional_value_at_risk, tail_weights
from luokuan.appraisal.project import LAYERS, STAGES, Project
from luokuan.appraisal.risk import simulate
from luokuan.appraisal.value import net_present_value
from luokuan.errors import UserError
from luokuan.i18n import _

MOST_CUTS = 500
TOLERANCE = 1e-7
"""Of the conditional value at risk, in units of what is invested."""


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Weights: parts of the budget, what is left stays in the purse. ``expected``: mean return for a unit of budget;
    ``cvar``: at ``level``; ``alone``: expected return and CVaR of each project by itself; ``cuts``: pieces that were
    added.
    """

    names: tuple[str, ...]
    weights: tuple[float, ...]
    expected: float
    cvar: float
    level: float
    limit: float
    alone: tuple[tuple[float, float], ...]
    cuts: int

    @property
    def unspent(self) -> float:
        """What stays in the purse."""
        return max(1 - sum(self.weights), 0.0)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "weights": [
                {"project": name, "weight": weight, "expected_alone": alone[0], "cvar_alone": alone[1]}
                for name, weight, alone in zip(self.names, self.weights, self.alone, strict=True)
            ],
            "unspent": self.unspent,
            "expected": self.expected,
            "cvar": self.cvar,
            "level": self.level,
            "limit": self.limit,
        }


def returns_of(projects: Sequence[Project], *, paths: int = 20_000, seed: int = 0) -> Floats:
    """R, (paths, projects). Risks and events of the same name in two projects are the same draws.

    Raises:
        UserError: fewer than two projects, one name twice, several currencies, or a project that invests nothing.
    """
    names = [project.name for project in projects]
    if len(projects) < 2 or len(set(names)) < len(names):
        raise UserError(
            _("A portfolio needs at least two projects with names of their own."),
            _("Give several project files."),
            code="appraisal.portfolio",
        )
    if len({project.currency for project in projects}) > 1:
        raise UserError(
            _(
                "The projects are in several currencies: {names}.",
                names=", ".join(sorted({p.currency for p in projects})),
            ),
            _("Write them all in one currency."),
            code="appraisal.currency",
        )
    columns = []
    for project in projects:
        spent = net_present_value(project.quantity("discount_rate"), plan_of(project).invested)
        if spent <= 0:
            raise UserError(
                _("The project '{name}' invests nothing, so that a return on it means nothing.", name=project.name),
                _("Leave it out, or state its tranches."),
                code="appraisal.portfolio",
            )
        columns.append(simulate(project, paths=paths, seed=seed).npv / spent)
    return np.column_stack(columns)


def optimise(
    names: Sequence[str],
    returns: Floats,
    *,
    level: float,
    limit: float,
    most: float = 1.0,
    groups: Mapping[str, tuple[Sequence[int], float]] | None = None,
) -> Portfolio:
    """The best weights.

    Args:
        names: Of the projects.
        returns: R, (paths, projects), finite.
        level: Of the CVaR, 0 < level < 1.
        limit: Most CVaR, in units of the budget, ≥ 0: nothing invested loses nothing.
        most: Most weight of one project, 0 to 1.
        groups: Name to the places of its projects and the most that they may have together.

    Raises:
        UserError: a level or limit that can't be used.
    """
    from scipy.optimize import linprog

    if not (0 < level < 1 and limit >= 0 and 0 < most <= 1) or not np.isfinite(returns).all():
        raise UserError(
            _("These limits of a portfolio can't be used."),
            _("The level lies between 0 and 100 %, limits of CVaR at or above 0, shares between 0 and 100 %."),
            code="appraisal.portfolio",
        )
    count = returns.shape[1]
    mean = returns.mean(axis=0)
    rows, bounds = [np.ones(count)], [1.0]
    for places, share in (groups or {}).values():
        row = np.zeros(count)
        row[list(places)] = 1
        rows.append(row)
        bounds.append(share)
    cuts = 0
    while True:
        found = linprog(-mean, A_ub=np.array(rows), b_ub=np.array(bounds), bounds=[(0, most)] * count, method="highs")
        weights = np.clip(found.x, 0, most)
        results = returns @ weights
        risk = conditional_value_at_risk(results, level)
        if risk <= limit + TOLERANCE or cuts == MOST_CUTS:
            break
        rows.append(-(tail_weights(results, level) @ returns))
        bounds.append(limit)
        cuts += 1
    # Each piece is a lower bound, so that a last hair above the limit is shrunk away: 0 is always allowed.
    if risk > limit:
        weights = weights * (limit / risk)
    alone = tuple((float(mean[j]), conditional_value_at_risk(returns[:, j], level)) for j in range(count))
    return Portfolio(
        tuple(names),
        tuple(float(w) for w in weights),
        float(mean @ weights),
        conditional_value_at_risk(returns @ weights, level),
        level,
        limit,
        alone,
        cuts,
    )


def directions(projects: Sequence[Project], shares: Mapping[str, float]) -> dict[str, tuple[tuple[int, ...], float]]:
    """``groups`` of ``optimise`` from directions: a layer, a stage, or ``layer/stage``, in English or Chinese.

    Args:
        projects: In the order of the weights.
        shares: Direction to the most that its projects may have together, 0 to 1.

    Raises:
        UserError: an unknown direction, or a share out of 0 to 1.
    """
    words = {word: key for table in (LAYERS, STAGES) for key, word in table.items()}
    found = {}
    for direction, share in shares.items():
        parts = [words.get(part, part) for part in direction.split("/")]
        if len(parts) > 2 or any(part not in LAYERS and part not in STAGES for part in parts) or not 0 <= share <= 1:
            raise UserError(
                _("'{name}' is no limit of a direction.", name=direction[:80]),
                _(
                    "Write it as application=40 or application/platform=40, in per cent; directions: {names}.",
                    names=", ".join([*LAYERS, *STAGES]),
                ),
                code="appraisal.direction",
            )
        places = tuple(
            at for at, project in enumerate(projects) if all(part in (project.layer, project.stage) for part in parts)
        )
        found[direction] = (places, share)
    return found


def shares_of(given: Sequence[str]) -> dict[str, float]:
    """Limits of directions as people write them, such as ``application=60``: direction to a share, 0 to 1.

    Raises:
        UserError: one is none.
    """
    found = {}
    for text in given:
        name, sign, share = text.partition("=")
        try:
            value = float(share) if sign else float("nan")
        except ValueError:
            value = float("nan")
        if not 0 <= value <= 100:
            raise UserError(
                _("'{name}' is no limit of a direction.", name=text[:80]),
                _("Write it as application=40, in per cent from 0 to 100."),
                code="appraisal.direction",
            )
        found[name.strip()] = value / 100
    return found
