"""Monte Carlo over technology, market and policy risk: many paths of a project's months at once, from one seed.

Risks are drawn through a Gaussian copula (Nelsen, An Introduction to Copulas, 2006; ``correlations`` are those of the
normal numbers), events by the month in which they first happen (geometric), demand as a geometric random walk of mean
1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from luokuan.appraisal.cashflow import Flows, Impact, Plan, monthly, plan_of, stated_values
from luokuan.appraisal.distributions import Floats
from luokuan.appraisal.project import QUANTITIES, Event, Project, Risk
from luokuan.appraisal.streams import stream
from luokuan.appraisal.value import discount_factors
from luokuan.errors import UserError
from luokuan.i18n import _

CHUNK = 1024
"""Paths at once: their arrays stay in a core's cache."""
MOST_PATHS = 2_000_000
LEVELS = (0.9, 0.95, 0.99)
SHARES = (5, 25, 50, 75, 95)
"""Percentiles of the fan of accumulated flows."""


@dataclass(frozen=True, slots=True)
class Gates:
    """What is known at the gates (tranches after the first) and worth between them; for ``staging``.

    ``pieces``: present value of the flows before the first gate, between gates, and after the last, (paths, gates + 1);
    ``seen``: units, operating flow of three months, accumulated net flow, and for each event whether it has happened,
    the month before the gate, (paths, gates, 3 + events); ``factors``: discount factors at the gates, (paths, gates).
    """

    months: tuple[int, ...]
    pieces: Floats
    seen: Floats
    factors: Floats


@dataclass(frozen=True, slots=True)
class Simulation:
    """Paths of a project. ``npv``: (paths,); ``fan``: percentiles ``SHARES`` of the accumulated net flow, (5, months),
    of the first ``CHUNK`` paths; ``clipped``: risk to the share of draws that lay outside of what its quantity can
    be."""

    seed: int
    npv: Floats
    fan: Floats
    gates: Gates
    clipped: dict[str, float]

    @property
    def paths(self) -> int:
        """How many."""
        return len(self.npv)

    @property
    def mean(self) -> float:
        """Mean of the net present values."""
        return float(self.npv.mean())

    @property
    def standard_error(self) -> float:
        """Of the mean."""
        return float(self.npv.std(ddof=1) / np.sqrt(self.paths))

    @property
    def loss_probability(self) -> float:
        """Share of paths that are worth less than nothing."""
        return float((self.npv < 0).mean())


def simulate(project: Project, *, paths: int = 100_000, seed: int = 0) -> Simulation:
    """Draw ``paths`` paths. The first n of more paths are the same n.

    Args:
        project: What is appraised.
        paths: 2 to ``MOST_PATHS``.
        seed: The same seed, the same paths.

    Raises:
        UserError: too few or too many paths.
    """
    if not 2 <= paths <= MOST_PATHS:
        raise UserError(
            _("{paths} paths can't be drawn.", paths=paths),
            _("Choose 2 to {most}.", most=MOST_PATHS),
            code="appraisal.paths",
        )
    plan = plan_of(project)
    values, clipped = draw_quantities(project, paths, seed)
    first = draw_events(project.events, paths, seed)  # (paths, events)
    gates = tuple(t.month for t in project.tranches[1:] if t.month >= max(plan.actual, 1))
    npv = np.empty(paths)
    pieces, seen = np.empty((paths, len(gates) + 1)), np.zeros((paths, len(gates), 3 + len(project.events)))
    factors = np.empty((paths, len(gates)))
    fan = np.empty(0)
    for rows, demand in draw_demand(project, plan, paths, seed):
        here = {name: value[rows] if isinstance(value, np.ndarray) else value for name, value in values.items()}
        flows = monthly(plan, here, demand, impact_of(project.events, first[rows], plan.months))
        shape = (rows.stop - rows.start, plan.months)
        discount = np.broadcast_to(discount_factors(here["discount_rate"], plan.months), shape)
        present = flows.net * discount
        npv[rows] = present.sum(axis=1)
        _note_gates(flows, present, gates, first[rows], pieces[rows], seen[rows])
        factors[rows] = discount[:, list(gates)]
        if not fan.size:
            fan = np.percentile(np.cumsum(flows.net, axis=1), SHARES, axis=0)
    return Simulation(seed, npv, fan, Gates(gates, pieces, seen, factors), clipped)


def draw_quantities(project: Project, paths: int, seed: int) -> tuple[dict[str, float | Floats], dict[str, float]]:
    """Quantities with their risks drawn, columns (paths, 1), and the share of each risk's draws that was cut."""
    values: dict[str, float | Floats] = dict(stated_values(project))
    clipped: dict[str, float] = {}
    if not project.risks:
        return values, clipped
    own = np.column_stack([stream(seed, "risk", risk.name).standard_normal(paths) for risk in project.risks])
    # The symmetric root, and not Cholesky's: a risk that correlates with none keeps its own draws.
    size, axes = np.linalg.eigh(project.correlation_matrix())
    normal = own @ (axes * np.sqrt(np.maximum(size, 0))) @ axes.T
    for at, risk in enumerate(project.risks):
        drawn = applied(risk, values[risk.affects], risk.distribution.at(normal[:, at]))
        _unit, least, most, _default = QUANTITIES[risk.affects]
        kept = np.clip(drawn, least, most)
        clipped[risk.name] = float((kept != drawn).mean())
        values[risk.affects] = kept
    return {k: v[:, None] if isinstance(v, np.ndarray) else v for k, v in values.items()}, clipped


def applied(risk: Risk, stated: float | Floats, drawn: Floats) -> Floats:
    """What a risk makes of a quantity."""
    return drawn if risk.how == "value" else stated * drawn


def draw_events(events: Sequence[Event], paths: int, seed: int) -> Floats:
    """The month in which each event happens, infinite for never, (paths, events): floor(ln U / ln(1 - p)) months after
    ``since``, the geometric distribution."""
    first = np.full((paths, len(events)), np.inf)
    for at, event in enumerate(events):
        share = event.probability / 100
        uniform = 1 - stream(seed, "event", event.name).random(paths)  # (0, 1]
        if share >= 1:
            first[:, at] = event.since
        elif share > 0:
            first[:, at] = event.since + np.floor(np.log(uniform) / np.log1p(-share))
    return first


def impact_of(events: Sequence[Event], first: Floats, months: int) -> Impact | None:
    """What events do that happen in the months ``first``, (paths, events); None: nothing happens on any path."""
    if not (first < months).any():
        return None
    shape = (len(first), months)
    impact = Impact(np.ones(shape), np.ones(shape), np.zeros(shape))
    month = np.arange(months)
    for at, event in enumerate(events):
        rows = np.flatnonzero(first[:, at] < months)
        start = first[rows, at][:, None]
        under = month >= start
        if event.lasts is not None:
            under &= month < start + event.lasts
        if event.revenue:
            impact.revenue[rows] *= np.where(under, 1 + event.revenue / 100, 1)
        if event.cost:
            impact.cost[rows] *= np.where(under, 1 + event.cost / 100, 1)
        if event.loss:
            impact.losses[rows, first[rows, at].astype(int)] += event.loss
    return impact


def draw_demand(project: Project, plan: Plan, paths: int, seed: int) -> Iterator[tuple[slice, Floats | None]]:
    """Rows, and their demand (rows, months) or None where it doesn't vary."""
    sigma = project.quantity("demand_volatility") / 100
    source = stream(seed, "demand", project.name)
    begin = max(plan.launch, plan.actual)
    for start in range(0, paths, CHUNK):
        rows = slice(start, min(start + CHUNK, paths))
        if not sigma:
            yield rows, None
            continue
        # Whole chunks are drawn, so that more paths begin with the same ones.
        steps = source.standard_normal((CHUNK, plan.months - begin))[: rows.stop - start]
        steps *= sigma
        steps -= sigma * sigma / 2
        demand = np.ones((len(steps), plan.months))
        np.exp(np.cumsum(steps, axis=1, out=steps), out=demand[:, begin:])
        yield rows, demand


def _note_gates(
    flows: Flows, present: Floats, gates: Sequence[int], first: Floats, pieces: Floats, seen: Floats
) -> None:
    borders = [0, *gates, present.shape[1]]
    for at, (start, stop) in enumerate(pairwise(borders)):
        pieces[:, at] = present[:, start:stop].sum(axis=1)
    for at, month in enumerate(gates):
        recent = slice(max(month - 3, 0), month)
        seen[:, at, 0] = flows.units[:, month - 1]
        seen[:, at, 1] = (flows.revenue[:, recent] - flows.cost[:, recent]).sum(axis=1)
        seen[:, at, 2] = flows.net[:, :month].sum(axis=1)
        seen[:, at, 3:] = first < month
