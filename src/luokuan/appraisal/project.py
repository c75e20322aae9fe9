"""A project on the value chain: what is assumed, invested, feared and allowed, each figure with its source and date."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal, cast

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from luokuan.appraisal.distributions import Distribution, Floats
from luokuan.appraisal.numbers import Amount, Line, Months, Number, Percent, Strict
from luokuan.foundation.yamlfile import FieldFault
from luokuan.i18n import _

LAYERS = {"foundation": "基础层", "technology": "技术层", "application": "应用层"}
STAGES = {"infrastructure": "基础设施", "research": "技术研发", "applications": "应用开发", "platform": "平台建设"}
CATEGORIES = ("technology", "market", "policy")

Layer = Literal["foundation", "technology", "application"]
Stage = Literal["infrastructure", "research", "applications", "platform"]
Category = Literal["technology", "market", "policy"]

QUANTITIES: dict[str, tuple[str, float, float, float | None]] = {
    # name: (unit, least, most, value where it isn't stated; None: it must be)
    "price": ("{currency}/unit", 0, 1e9, None),
    "first_units": ("unit/month", 0, 1e9, None),
    "growth": ("%/month", -50, 100, 0.0),
    "most_units": ("unit/month", 0, 1e9, None),
    "demand_volatility": ("%/month", 0, 100, 0.0),
    "variable_cost": ("{currency}/unit", 0, 1e9, None),
    "royalty": ("%", 0, 100, 0.0),
    "fixed_cost": ("{currency}/month", 0, 1e12, None),
    "cost_growth": ("%/year", -50, 100, 0.0),
    "tax": ("%", 0, 100, 0.0),
    "discount_rate": ("%/year", 0, 100, None),
    "launch": ("month", 0, 600, None),
    "end_value": ("{currency}", 0, 1e12, 0.0),
}
"""What a project is computed from."""
FIXED = ("launch", "tax", "demand_volatility")
"""Quantities that no distribution may change: risks of them are events."""
LIMITS: dict[str, tuple[str, float]] = {
    # name: (unit, most)
    "loss_probability": ("%", 100),
    "var": ("{currency}", 1e12),
    "cvar": ("{currency}", 1e12),
    "budget": ("{currency}", 1e12),
    "payback": ("month", 600),
    "unit_cost": ("{currency}/unit", 1e9),
    "budget_burn": ("%", 1000),
    "failed_jobs": ("%", 100),
    "disliked_works": ("%", 100),
}
"""What may be limited: the first five by the appraisal, the rest by live figures."""
Metric = Literal[
    "loss_probability", "var", "cvar", "budget", "payback", "unit_cost", "budget_burn", "failed_jobs", "disliked_works"
]


def _layer(value: Any) -> Any:
    return next((key for key, word in LAYERS.items() if word == value), value)


def _stage(value: Any) -> Any:
    return next((key for key, word in STAGES.items() if word == value), value)


def _currency(value: str) -> str:
    from babel.numbers import is_currency

    if not re.fullmatch(r"[A-Z]{3}", value) or not is_currency(value, "en"):
        raise ValueError(_("'{code}' is no currency of ISO 4217, such as CNY or EUR", code=value[:20]))
    return value


def _month(value: str) -> str:
    if not re.fullmatch(r"(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])", value):
        raise ValueError(_("a month is written as 2027-01"))
    return value


Currency = Annotated[str, AfterValidator(_currency)]
CalendarMonth = Annotated[str, AfterValidator(_month)]


class Stated(Strict):
    """A figure that somebody stands for: value, unit, where it comes from, and of when it is."""

    value: Number
    unit: Line
    source: Line
    date: date


class Tranche(Strict):
    """Money of one stage. From the second stage on it may be withheld; ``recovered``: per cent of what was invested
    until then that comes back when it is."""

    name: Line
    month: Months
    amount: Amount
    source: Line
    date: date
    recovered: Percent = 0.0


class Actual(Strict):
    """What a month has really brought, which takes the place of its forecast. Money, each ≥ 0. ``revenue`` None: what
    the market's books say (``revenue.with_market``)."""

    month: CalendarMonth
    revenue: Amount | None = None
    cost: Amount = 0.0
    invested: Amount = 0.0
    source: Line


class Rate(Strict):
    """What one unit of another ``currency`` is worth in the project's, from the day ``since`` on until a later row; for
    revenue by the market's books."""

    currency: Currency
    rate: Annotated[Number, Field(gt=0, le=1e6)]
    since: date
    source: Line


class Risk(Strict):
    """A quantity that isn't sure. ``how``: the distribution is of its ``value``, or of a ``factor`` by which it is
    multiplied."""

    name: Line
    category: Category
    affects: str
    how: Literal["value", "factor"]
    distribution: Distribution
    source: Line
    date: date

    @field_validator("affects")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in QUANTITIES or value in FIXED:
            allowed = ", ".join(name for name in QUANTITIES if name not in FIXED)
            raise ValueError(_("'{value}' is none of {choices}", value=value[:40], choices=allowed))
        return value


class Event(Strict):
    """Something that happens at most once. ``probability``: per cent a month, from the month ``since`` on. ``revenue``
    and ``cost``: change in per cent from then on, for ``lasts`` months (None: to the end); ``loss``: money at once."""

    name: Line
    category: Category
    probability: Percent
    since: Months = 0
    revenue: Annotated[Number, Field(ge=-100, le=100)] = 0.0
    cost: Annotated[Number, Field(ge=-100, le=100)] = 0.0
    loss: Amount = 0.0
    lasts: Annotated[Months, Field(ge=1)] | None = None
    source: Line
    date: date


class Correlation(Strict):
    """Of the normal numbers behind two risks (Gaussian copula); pairs that aren't named have 0."""

    between: tuple[Line, Line]
    value: Annotated[Number, Field(ge=-1, le=1)]


class StopLoss(Strict):
    """When ``metric`` lies above ``above``, ``propose`` is put before a person. Nothing is done by itself."""

    name: Line
    metric: Metric
    above: Amount
    propose: Line
    source: Line
    date: date


class Project(Strict):
    """A project file. Months count from ``start``; month 0 is not discounted."""

    luokuan_project: Literal[1]
    name: Line
    layer: Annotated[Layer, BeforeValidator(_layer)]
    stage: Annotated[Stage, BeforeValidator(_stage)]
    currency: Currency
    start: CalendarMonth
    horizon: Annotated[Months, Field(ge=2)]
    assumptions: dict[str, Stated]
    tranches: Annotated[list[Tranche], Field(min_length=1, max_length=20)]
    risks: Annotated[list[Risk], Field(max_length=40, default_factory=list)]
    events: Annotated[list[Event], Field(max_length=40, default_factory=list)]
    correlations: Annotated[list[Correlation], Field(max_length=400, default_factory=list)]
    limits: Annotated[dict[str, Stated], Field(default_factory=dict)]
    stop_loss: Annotated[list[StopLoss], Field(max_length=40, default_factory=list)]
    models: Annotated[list[Line], Field(max_length=100, default_factory=list)]
    actuals: Annotated[list[Actual], Field(max_length=600, default_factory=list)]
    exchange: Annotated[list[Rate], Field(max_length=200, default_factory=list)]

    @model_validator(mode="after")
    def _whole(self) -> Project:
        for fault in self._faults():
            raise fault
        return self

    def _faults(self) -> Iterator[FieldFault]:
        known = {name: (unit, least, most) for name, (unit, least, most, _default) in QUANTITIES.items()}
        yield from self._wrong_figures("assumptions", self.assumptions, known)
        for name, (_unit, _least, _most, default) in QUANTITIES.items():
            if default is None and name not in self.assumptions:
                yield FieldFault(("assumptions",), _("'{name}' is missing", name=name))
        yield from self._wrong_figures("limits", self.limits, {k: (u, 0.0, m) for k, (u, m) in LIMITS.items()})
        launch = self.assumptions["launch"].value
        if launch != int(launch) or launch >= self.horizon:
            yield FieldFault(("assumptions", "launch", "value"), _("it must be a whole month before the horizon"))
        yield from self._wrong_lists()
        yield from self._wrong_rates()
        least = float(np.linalg.eigvalsh(self.correlation_matrix())[0]) if self.risks else 1.0
        if least < -1e-9:
            yield FieldFault(
                ("correlations",),
                _("these correlations contradict one another (smallest eigenvalue {least})", least=f"{least:.3f}"),
            )

    def _wrong_figures(
        self, field: str, found: dict[str, Stated], known: dict[str, tuple[str, float, float]]
    ) -> Iterator[FieldFault]:
        for name, stated in found.items():
            if name not in known:
                choices = ", ".join(known)
                yield FieldFault((field, name), _("'{value}' is none of {choices}", value=name[:40], choices=choices))
                continue
            unit, least, most = known[name]
            unit = unit.format(currency=self.currency)
            if stated.unit != unit:
                yield FieldFault((field, name, "unit"), _("it must be {unit}", unit=unit))
            if not least <= stated.value <= most:
                allowed = f"{least:g} … {most:g} {unit}"
                yield FieldFault((field, name, "value"), _("it must lie in {allowed}", allowed=allowed))

    def _wrong_lists(self) -> Iterator[FieldFault]:
        last = -1
        for at, tranche in enumerate(self.tranches):
            if not last < tranche.month < self.horizon:
                yield FieldFault(("tranches", at, "month"), _("months must rise and lie before the horizon"))
            last = tranche.month
        names = [
            *(("risks", at, one.name) for at, one in enumerate(self.risks)),
            *(("events", at, one.name) for at, one in enumerate(self.events)),
        ]
        seen: set[str] = set()
        for field, at, name in names:
            if name in seen:
                yield FieldFault((field, at, "name"), _("the name '{name}' is used twice", name=name))
            seen.add(name)
        affected = [risk.affects for risk in self.risks]
        for at, risk in enumerate(self.risks):
            if risk.how == "value" and affected.count(risk.affects) > 1:
                yield FieldFault(("risks", at, "how"), _("another risk changes the same quantity: use a factor"))
            if risk.how == "factor" and risk.affects not in self.assumptions:
                yield FieldFault(("risks", at, "affects"), _("'{name}' isn't among the assumptions", name=risk.affects))
        pairs: set[frozenset[str]] = set()
        for at, pair in enumerate(self.correlations):
            if len(set(pair.between)) < 2 or not set(pair.between) <= {risk.name for risk in self.risks}:
                yield FieldFault(("correlations", at, "between"), _("it must name two risks"))
            if frozenset(pair.between) in pairs:
                yield FieldFault(("correlations", at, "between"), _("this pair is named twice"))
            pairs.add(frozenset(pair.between))
        for at, actual in enumerate(self.actuals):
            if self.calendar(at) != actual.month or at >= self.horizon:
                told = _("actual months follow each other from the start; here {month} is due", month=self.calendar(at))
                yield FieldFault(("actuals", at, "month"), told)

    def _wrong_rates(self) -> Iterator[FieldFault]:
        stated: set[tuple[str, date]] = set()
        for at, rate in enumerate(self.exchange):
            if rate.currency == self.currency:
                yield FieldFault(("exchange", at, "currency"), _("it is the project's own"))
            if (rate.currency, rate.since) in stated:
                yield FieldFault(("exchange", at, "since"), _("two rates of {code} begin then", code=rate.currency))
            stated.add((rate.currency, rate.since))

    def correlation_matrix(self) -> Floats:
        """Of the risks, in their order, (risks, risks)."""
        place = {risk.name: at for at, risk in enumerate(self.risks)}
        matrix = np.eye(len(self.risks))
        for pair in self.correlations:
            first, second = (place[name] for name in pair.between)
            matrix[first, second] = matrix[second, first] = pair.value
        return matrix

    def quantity(self, name: str) -> float:
        """An assumption's value, in its unit; where it isn't stated, what stands in ``QUANTITIES``."""
        if name in self.assumptions:
            return self.assumptions[name].value
        return cast(float, QUANTITIES[name][3])

    def calendar(self, month: int) -> str:
        """The project's month as ``2027-01``."""
        year, first = (int(part) for part in self.start.split("-"))
        count = year * 12 + first - 1 + month
        return f"{count // 12}-{count % 12 + 1:02d}"

    def rate_of(self, currency: str, on: date) -> Rate | None:
        """The rate stated for another currency that is in force on a day; None: there is none."""
        past = [rate for rate in self.exchange if rate.currency == currency and rate.since <= on]
        return max(past, key=lambda rate: rate.since, default=None)

    @property
    def invested(self) -> float:
        """All that is to be invested, undiscounted."""
        return sum(tranche.amount for tranche in self.tranches)
