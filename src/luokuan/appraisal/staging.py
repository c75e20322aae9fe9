"""Staged funding: what the right to stop at each gate is worth, by least-squares Monte Carlo (Longstaff and Schwartz
2001).

At a gate, before its money is given, the value of going on is regressed on what is known then: units sold, operating
flow of three months, accumulated flow, which events have happened. Where the fitted value lies below what stopping
brings back, the rule stops. Each half of the paths is decided by the fit of the other half, so that no path knows its
own future: the value found is that of a rule that could be followed, and a lower bound of the best one's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from luokuan.appraisal.distributions import Floats
from luokuan.appraisal.project import Project
from luokuan.appraisal.risk import Simulation

FEWEST = 400
"""Paths below which nothing is fitted."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One decision. ``stopped``: share of all paths that end here; ``reached``: share that comes so far."""

    name: str
    month: int
    reached: float
    stopped: float


@dataclass(frozen=True, slots=True)
class Staging:
    """``committed``: mean net present value when everything is paid whatever happens; ``staged``: with the right to
    stop; ``results``: the staged values, (paths,)."""

    committed: float
    staged: float
    standard_error: float
    gates: tuple[Gate, ...]
    results: Floats

    @property
    def option(self) -> float:
        """What the right to stop is worth; slightly negative values are noise of the fit."""
        return self.staged - self.committed


def staged_value(project: Project, simulation: Simulation) -> Staging | None:
    """The value with gates; None: there is no gate ahead, or there are too few paths."""
    gates = simulation.gates
    if not gates.months or simulation.paths < FEWEST:
        return None
    ahead = [tranche for tranche in project.tranches if tranche.month in gates.months]
    going = gates.pieces[:, -1]
    stops = np.zeros((simulation.paths, len(ahead)), dtype=bool)
    for at in reversed(range(len(ahead))):
        spent = sum(tranche.amount for tranche in project.tranches if tranche.month < ahead[at].month)
        back = spent * ahead[at].recovered / 100 * gates.factors[:, at]
        stops[:, at] = _expected(gates.seen[:, at], going) < back
        going = np.where(stops[:, at], back, going) + gates.pieces[:, at]
    found, left = [], np.ones(simulation.paths, dtype=bool)
    for at, tranche in enumerate(ahead):
        here = left & stops[:, at]
        found.append(Gate(tranche.name, tranche.month, float(left.mean()), float(here.mean())))
        left &= ~here
    error = float(going.std(ddof=1) / np.sqrt(simulation.paths))
    return Staging(simulation.mean, float(going.mean()), error, tuple(found), going)


def _expected(seen: Floats, going: Floats) -> Floats:
    """Expected value of going on, (paths,), each half by the other half's fit."""
    columns = _columns(seen)
    fitted = np.empty_like(going)
    for half in (0, 1):
        weights = np.linalg.lstsq(columns[half::2], going[half::2], rcond=None)[0]
        fitted[1 - half :: 2] = columns[1 - half :: 2] @ weights
    return fitted


def _columns(seen: Floats) -> Floats:
    """1, the three figures scaled, their squares and products, and the events."""
    figures = seen[:, :3]
    spread = figures.std(axis=0)
    varies = spread > 1e-9 * (1 + np.abs(figures).max(axis=0))
    scaled = (figures[:, varies] - figures[:, varies].mean(axis=0)) / spread[varies]
    count = scaled.shape[1]
    products = [scaled[:, i] * scaled[:, j] for i in range(count) for j in range(i, count)]
    events = seen[:, 3:][:, seen[:, 3:].std(axis=0) > 0]
    return np.column_stack([np.ones(len(seen)), scaled, *products, events])
