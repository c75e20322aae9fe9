"""The notes of a report: every assumption, tranche, risk, limit, record and method, and which figure rests on which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from luokuan.appraisal.appraise import Appraisal
from luokuan.appraisal.controls import metric_word
from luokuan.appraisal.distributions import Distribution
from luokuan.appraisal.document import Notes
from luokuan.appraisal.project import LIMITS, QUANTITIES, Event, Project, Risk
from luokuan.appraisal.revenue import by
from luokuan.appraisal.rules import Rule
from luokuan.appraisal.words import category_word, exact, origin_word, quantity_word, resource_word, whole
from luokuan.i18n import _

MOST_ENTRIES = 40
"""Entries of the books that a note spells out."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks by what rests on them."""

    stated: tuple[str, ...]
    drawn: tuple[str, ...]
    spent: tuple[str, ...]
    staging: tuple[str, ...]
    records: tuple[str, ...]
    singles: dict[tuple[str, str], str]
    """(what, name) to its mark."""

    def _one(self, what: str, name: str) -> tuple[str, ...]:
        mark = self.singles.get((what, name))
        return () if mark is None else (mark,)

    def of_risk(self, name: str) -> tuple[str, ...]:
        """Of a risk or an event."""
        return self._one("risk", name) or self._one("event", name)

    def of_tranche(self, name: str) -> tuple[str, ...]:
        """Of a tranche."""
        return self._one("tranche", name)

    def of_limit(self, metric: str) -> tuple[str, ...]:
        """Of a limit."""
        return self._one("limit", metric)

    def of_metric(self, metric: str) -> tuple[str, ...]:
        """Of a figure that stands to a limit."""
        if metric in ("loss_probability", "var", "cvar"):
            return self.drawn
        return self.stated if metric == "payback" else self.spent if metric == "budget" else self._one("live", metric)

    def of_resource(self, resource: str) -> tuple[str, ...]:
        """Of a resource's cost."""
        return (*self._one("price", resource), *self.records)

    def of_earned(self, model: str, currency: str) -> tuple[str, ...]:
        """Of what a model earned."""
        return self._one("earned", f"{model} {currency}")

    def of_stop_loss(self, name: str) -> tuple[str, ...]:
        """Of a stop-loss rule."""
        return self._one("rule of loss", name)

    def of_rule(self, rule: str) -> tuple[str, ...]:
        """Of an entry of the register."""
        return self._one("rule", rule)


def noted(found: Appraisal, notes: Notes, rules: Sequence[Rule]) -> Marks:
    """Write the notes of an appraisal.

    Args:
        found: The results.
        notes: Where they go.
        rules: Of the register.
    """
    project, singles = found.project, dict[tuple[str, str], str]()

    def group(letter: str, title: str, what: str, entries: Sequence[tuple[str, str]]) -> tuple[str, ...]:
        for at, (name, _text) in enumerate(entries, start=1):
            singles[what, name] = f"{letter}{at}"
        return notes.group(letter, title, [text for _name, text in entries])

    assumptions = group("A", _("Assumptions"), "assumption", _assumptions(project))
    tranches = group("T", _("Tranches"), "tranche", _tranches(project))
    actuals = group("R", _("Actual months"), "actual", _actuals(project))
    risks = group("S", _("Risks"), "risk", [(risk.name, _risk(risk)) for risk in project.risks])
    events = group("E", _("Possible events"), "event", [(event.name, _event(event)) for event in project.events])
    joint = group("C", _("Correlations"), "correlation", _correlations(project))
    group("L", _("Limits"), "limit", _limits(project))
    group("P", _("Stop-loss rules"), "rule of loss", _stop_loss(project))
    live = [(m, f"{metric_word(m)}: {found.figures[m].source}") for m in LIMITS if m in found.figures]
    group("W", _("Live figures"), "live", [row for row in live if row[0] in project.limits or row[0] == "budget_burn"])
    records = _records(found, group)
    group("Q", _("Entries of the market's books"), "earned", _earned(found))
    group("G", _("Register of rules"), "rule", [(rule.id, _rule(rule)) for rule in rules])
    notes.group("M", _("Methods"), _methods(found))
    spent = (*tranches, *actuals)
    # A figure that rests on everything carries one mark, and not ten.
    bases = group(
        "B",
        _("Bases of results"),
        "base",
        [
            ("stated", _("as stated: {marks}", marks=", ".join((*assumptions, *spent, "M1")))),
            (
                "drawn",
                _(
                    "over all paths: {marks}",
                    marks=", ".join((*assumptions, *spent, *risks, *events, *joint, "M1", "M2")),
                ),
            ),
        ],
    )
    assert bases
    return Marks(("B1",), ("B2",), spent, ("M3",), records, singles)


def _assumptions(project: Project) -> list[tuple[str, str]]:
    found = []
    for name, (unit, _least, _most, default) in QUANTITIES.items():
        stated = project.assumptions.get(name)
        if stated is not None:
            text = f"{quantity_word(name)}: {exact(stated.value)} {stated.unit}. {stated.source} ({stated.date})"
        else:
            text = _(
                "{name}: {value} {unit}, as the project file states nothing",
                name=quantity_word(name),
                value=f"{default:g}",
                unit=unit.format(currency=project.currency),
            )
        found.append((name, text))
    return found


def _tranches(project: Project) -> list[tuple[str, str]]:
    return [
        (
            t.name,
            _(
                "{name}: {amount} {currency} in {month}; {recovered} % come back when it is withheld. {source} "
                "({date})",
                name=t.name,
                amount=whole(t.amount),
                currency=project.currency,
                month=project.calendar(t.month),
                recovered=exact(t.recovered),
                source=t.source,
                date=t.date,
            ),
        )
        for t in project.tranches
    ]


def _actuals(project: Project) -> list[tuple[str, str]]:
    return [
        (
            a.month,
            _(
                "{month}: revenue {revenue}, cost {cost}, invested {invested} {currency}. {source}",
                month=a.month,
                revenue=whole(a.revenue or 0.0),
                cost=whole(a.cost),
                invested=whole(a.invested),
                currency=project.currency,
                source=a.source,
            ),
        )
        for a in project.actuals
    ]


def distribution_words(distribution: Distribution) -> str:
    """A distribution with its parameters."""
    name = {
        "normal": _("normal"),
        "lognormal": _("lognormal"),
        "uniform": _("uniform"),
        "triangular": _("triangular"),
        "pert": _("beta-PERT"),
    }[distribution.kind]
    values: dict[str, Any] = distribution.model_dump(exclude={"kind"})
    return f"{name} ({', '.join(f'{key} {exact(value)}' for key, value in values.items())})"


def _risk(risk: Risk) -> str:
    how = _("a factor on it") if risk.how == "factor" else _("its value")
    return _(
        "{name} ({category}): {quantity}, {how}, {distribution}. {source} ({date})",
        name=risk.name,
        category=category_word(risk.category),
        quantity=quantity_word(risk.affects),
        how=how,
        distribution=distribution_words(risk.distribution),
        source=risk.source,
        date=risk.date,
    )


def _event(event: Event) -> str:
    lasts = _("to the end") if event.lasts is None else _("{count} months", count=event.lasts)
    return _(
        "{name} ({category}): {probability} % a month from month {since} on, at most once; revenue {revenue} %, cost "
        "{cost} %, {lasts}; lost at once {loss}. {source} ({date})",
        name=event.name,
        category=category_word(event.category),
        probability=exact(event.probability),
        since=event.since,
        revenue=f"{event.revenue:+g}",
        cost=f"{event.cost:+g}",
        lasts=lasts,
        loss=whole(event.loss),
        source=event.source,
        date=event.date,
    )


def _correlations(project: Project) -> list[tuple[str, str]]:
    return [(" ".join(pair.between), f"{' / '.join(pair.between)}: {pair.value:g}") for pair in project.correlations]


def _limits(project: Project) -> list[tuple[str, str]]:
    return [
        (m, f"{metric_word(m)}: {exact(s.value)} {s.unit}. {s.source} ({s.date})")
        for m in LIMITS
        if (s := project.limits.get(m))
    ]


def _stop_loss(project: Project) -> list[tuple[str, str]]:
    return [
        (
            rule.name,
            _(
                "{name}: when {metric} lies above {above}, propose: {propose}. {source} ({date})",
                name=rule.name,
                metric=metric_word(rule.metric),
                above=exact(rule.above),
                propose=rule.propose,
                source=rule.source,
                date=rule.date,
            ),
        )
        for rule in project.stop_loss
    ]


def _records(found: Appraisal, group: Any) -> tuple[str, ...]:
    costs = found.costs
    if costs is None or not costs.items:
        return ()
    prices = {}
    for line in (line for item in costs.items for line in item.lines):
        prices[line.resource] = _(
            "{resource}: {price} {currency} a {unit}",
            resource=resource_word(line.resource),
            price=exact(line.price),
            currency=costs.currency,
            unit=line.unit,
        )
    table = costs.price_sources
    entries = [(name, f"{text}. {table.get(name, '')}") for name, text in prices.items()]
    group("K", _("Prices"), "price", entries)
    told = [
        _(
            "{count} works, {timed} of them made by jobs whose seconds are recorded",
            count=len(costs.works),
            timed=sum(item.timed for item in costs.works),
        ),
        _("power of all cores: {watts} W, {origin}", watts=exact(costs.watts), origin=origin_word(costs.watts_origin)),
        *costs.notes,
        *([costs.exchange_source] if costs.exchange_source else []),
    ]
    marks: tuple[str, ...] = group("D", _("Records of the home"), "record", [(text, text) for text in told])
    return marks


def _earned(found: Appraisal) -> list[tuple[str, str]]:
    """What each model earned, entry by entry."""
    told = []
    for row in by(found.earned, "model"):
        own = [one for one in found.earned if one.model == row.name and one.currency == row.currency]
        lines = [
            f"{one.entry} ({one.day}, {one.order}, {one.work}: {one.amount:,.2f} {one.currency})"
            for one in own[:MOST_ENTRIES]
        ]
        more = [_("and {count} more, see `luokuan appraisal revenue --json`", count=len(own) - MOST_ENTRIES)]
        told.append((
            f"{row.name} {row.currency}",
            f"{row.name}: {'; '.join(lines + (more if len(own) > MOST_ENTRIES else []))}",
        ))  # fmt: skip
    return told


def _rule(rule: Rule) -> str:
    title, _duty, answer = rule.said
    known = _("the text was read") if rule.read == "text" else _("by secondary sources")
    return _(
        "{title} ({jurisdiction}): {source}; {known}, checked on {checked}. Luokuan: {answer}.",
        title=title,
        jurisdiction=rule.jurisdiction,
        source=rule.source,
        known=known,
        checked=rule.checked,
        answer=answer,
    )


def _methods(found: Appraisal) -> list[str]:
    simulation = found.simulation
    texts = [
        _(
            "Monthly flows, month 0 not discounted; the yearly rate is effective. Tax on accumulated profit above its "
            "highest earlier level, investment taken off at once. Payback: the first month from which on the sum stays "
            "at or above 0."
        ),
        _(
            "{paths} paths, seed {seed}: risks through a Gaussian copula, events in their first month (geometric), "
            "demand a geometric random walk of mean 1. Conditional value at risk: mean of the worst cases (Rockafellar "
            "and Uryasev 2002).",
            paths=whole(simulation.paths),
            seed=simulation.seed,
        ),
        _(
            "Least-squares Monte Carlo (Longstaff and Schwartz 2001): at a gate the rule stops where the expected "
            "value of going on, by what is known then, lies below what stopping brings back. Each half of the paths is "
            "decided by the other half's fit."
        ),
    ]
    cut = [f"{name} {100 * share:.1f} %" for name, share in simulation.clipped.items() if share > 0.0005]
    if cut:
        texts.append(_("Draws that lay outside of what their quantity can be were cut: {names}.", names=", ".join(cut)))
    return texts
