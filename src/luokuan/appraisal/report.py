"""The report of an appraisal: what is told, in which order, and on which notes each figure rests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from luokuan.appraisal.appraise import ADVICE, LIMIT_LEVEL, Appraisal
from luokuan.appraisal.charts import fan, histogram, tornado_chart
from luokuan.appraisal.controls import metric_word, state_word
from luokuan.appraisal.document import Block, Cards, Cell, Document, Heading, Notes, Paragraph, Picture, Table
from luokuan.appraisal.notes import Marks, noted
from luokuan.appraisal.revenue import by, numbers
from luokuan.appraisal.risk import LEVELS
from luokuan.appraisal.rules import Rule, is_stale, status_word
from luokuan.appraisal.words import (
    category_word,
    compact,
    exact,
    layer_word,
    money,
    months_or_never,
    percent,
    quantity_word,
    resource_word,
    small_money,
    stage_word,
    whole,
)
from luokuan.i18n import _, language


def document_of(appraisal: Appraisal, rules: Sequence[Rule] = ()) -> Document:
    """The report in the user's language.

    Args:
        appraisal: The results.
        rules: Of the register, to be listed.
    """
    project = appraisal.project
    notes = Notes()
    marks = noted(appraisal, notes, rules)
    blocks: list[Block] = [
        *_proposals(appraisal, marks),
        *_summary(appraisal, marks),
        *_flows(appraisal, marks),
        *_risk(appraisal, marks),
        *_staging(appraisal, marks),
        *_costs(appraisal, marks),
        *_revenue(appraisal, marks),
        *_limits(appraisal, marks),
        *_rules(rules, appraisal, marks),
    ]
    subtitle = _(
        "{layer}, {stage}; {currency}; {months} months from {start}; drawn up on {day}",
        layer=layer_word(project.layer),
        stage=stage_word(project.stage),
        currency=project.currency,
        months=project.horizon,
        start=project.start,
        day=appraisal.on.isoformat(),
    )
    code = "zh-CN" if language() == "zh_CN" else "en"
    words = {"notes": _("What the figures rest on"), "page": _("page")}
    return Document(project.name, subtitle, ADVICE, tuple(blocks), notes.all(), code, words)


def _proposals(found: Appraisal, marks: Marks) -> Iterator[Block]:
    for proposal in found.proposals:
        text = _(
            "The rule “{rule}” proposes: {propose} ({metric}: {value}, above {above} {unit}). Nothing has been done; a "
            "person decides.",
            rule=proposal.rule,
            propose=proposal.propose,
            metric=metric_word(proposal.metric),
            value=exact(proposal.value),
            above=exact(proposal.above),
            unit=proposal.unit,
        )
        yield Paragraph(
            Cell(text, (*marks.of_stop_loss(proposal.rule), *marks.of_metric(proposal.metric))), urgent=True
        )


def _summary(found: Appraisal, marks: Marks) -> Iterator[Block]:
    currency, simulation = found.project.currency, found.simulation
    stated, drawn = marks.stated, marks.drawn
    yield Heading(_("In short"))
    cvar = found.cvar[LIMIT_LEVEL]
    yield Cards(
        (
            (_("Net present value, as stated"), Cell(money(found.npv, currency), stated, _tone(found.npv))),
            (_("Its mean over all paths"), Cell(money(simulation.mean, currency), drawn, _tone(simulation.mean))),
            (_("Probability of loss"), Cell(percent(simulation.loss_probability), drawn)),
            (_("Mean loss of the worst 5 %"), Cell(money(cvar, currency), drawn, _tone(-cvar))),
            (_("Payback, as stated"), Cell(months_or_never(found.payback), stated)),
            (_("Internal rate of return, as stated"), Cell(_rate(found), stated)),
        )
    )
    gap = found.npv - simulation.mean
    if gap > 3 * simulation.standard_error:
        text = _(
            "The stated case is worth {gap} more than the mean of all paths: risks here mostly take away, and the "
            "stated figure alone would be too hopeful.",
            gap=money(gap, currency),
        )
        yield Paragraph(Cell(text, drawn))
    if found.returns.several:
        text = _(
            "There are several internal rates of return ({rates}), as the flows change their sign more than once. None "
            "of them can be used; the net present value can.",
            rates=", ".join(f"{rate:.1f} %" for rate in found.returns.rates),
        )
        yield Paragraph(Cell(text, stated), urgent=True)
    profitability = "-" if found.profitability is None else f"{found.profitability:.2f}"
    price = _("none") if found.break_even is None else f"{exact(found.break_even)} {currency}"
    rows = [
        (_("Payback of discounted flows"), Cell(months_or_never(found.payback_discounted), stated)),
        (_("Present value for each unit invested"), Cell(profitability, stated)),
        (_("Price at which the project is worth nothing"), Cell(price, stated)),
        (_("Investment in all"), Cell(money(found.figures["budget"].value or 0, currency), marks.spent)),
        (_("Standard error of the mean"), Cell(money(simulation.standard_error, currency), drawn)),
    ]
    if found.project.actuals:
        rows.append((_("Present value of the months ahead"), Cell(money(found.ahead, currency), stated)))
    yield Table((_("further figures"), currency), tuple((Cell(name), cell) for name, cell in rows), (1,), (2, 1))


def _flows(found: Appraisal, marks: Marks) -> Iterator[Block]:
    project, flows = found.project, found.flows
    yield Heading(_("Cash flows"))
    chart = fan(found.simulation.fan, np.cumsum(flows.net[0]), project.calendar, compact)
    yield Picture(chart, Cell(_("Accumulated net cash flow, {currency}", currency=project.currency), marks.drawn))
    rows = []
    for year in range(-(-project.horizon // 12)):
        months = slice(12 * year, min(12 * year + 12, project.horizon))
        parts = [part[0, months].sum() for part in (flows.revenue, flows.cost, flows.invested, flows.tax, flows.net)]
        name = f"{project.calendar(months.start)} - {project.calendar(months.stop - 1)}"
        rows.append((Cell(name, marks.stated), *(Cell(whole(float(part))) for part in parts)))
    columns = (_("as stated"), _("revenue"), _("cost"), _("invested"), _("tax"), _("net"))
    yield Table(columns, tuple(rows), (1, 2, 3, 4, 5), (2, 1, 1, 1, 1, 1))


def _risk(found: Appraisal, marks: Marks) -> Iterator[Block]:
    currency, simulation = found.project.currency, found.simulation
    yield Heading(_("Risk"))
    level = LIMIT_LEVEL
    lines = [
        (_("worst 5 %, mean"), -found.cvar[level]),
        (_("5th percentile"), -found.var[level]),
        (_("mean"), simulation.mean),
        (_("as stated"), found.npv),
    ]
    told = _("Net present value of {paths} paths, {currency}", paths=whole(simulation.paths), currency=currency)
    yield Picture(histogram(simulation.npv, lines, compact), Cell(told, marks.drawn))
    rows = tuple(
        (
            Cell(percent(level, 0)),
            Cell(whole(found.var[level]), marks.drawn),
            Cell(whole(found.cvar[level]), marks.drawn),
        )
        for level in LEVELS
    )
    yield Table((_("level"), _("value at risk"), _("conditional value at risk")), rows, (1, 2), (1, 1, 1))
    if not found.bars:
        return
    yield Picture(
        tornado_chart(found.bars, found.npv, compact),
        Cell(
            _(
                "Net present value, {currency}, when one risk stands at its 10th or 90th percentile, or one event "
                "happens",
                currency=currency,
            ),
            marks.drawn,
        ),
    )
    risks = tuple(
        (
            Cell(bar.name, marks.of_risk(bar.name)),
            Cell(category_word(bar.category)),
            Cell(quantity_word(bar.quantity) if bar.quantity else _("event")),
            Cell(" / ".join(bar.inputs)),
            Cell(whole(bar.low)),
            Cell(whole(bar.high)),
        )
        for bar in found.bars
    )
    columns = (_("risk"), _("kind"), _("changes"), _("from / to"), _("value at first"), _("value at last"))
    yield Table(columns, risks, (4, 5), (2.4, 0.9, 1.4, 1.4, 1.1, 1.1))


def _staging(found: Appraisal, marks: Marks) -> Iterator[Block]:
    staging, currency = found.staging, found.project.currency
    if staging is None:
        return
    yield Heading(_("Staged funding"))
    text = _(
        "With the right to withhold money at each gate the project is worth {staged} on the mean instead of "
        "{committed}: the right is worth {option}.",
        staged=money(staging.staged, currency),
        committed=money(staging.committed, currency),
        option=money(staging.option, currency),
    )
    yield Paragraph(Cell(text, (*marks.drawn, *marks.staging)))
    rows = tuple(
        (
            Cell(gate.name, marks.of_tranche(gate.name)),
            Cell(found.project.calendar(gate.month)),
            Cell(percent(gate.reached)),
            Cell(percent(gate.stopped)),
        )
        for gate in staging.gates
    )
    yield Table(
        (_("gate"), _("month"), _("paths that reach it"), _("paths that stop there")), rows, (2, 3), (2, 1, 1, 1)
    )


def _costs(found: Appraisal, marks: Marks) -> Iterator[Block]:
    costs = found.costs
    if costs is None or not costs.items:
        return
    yield Heading(_("Cost by the home's records"))
    rows = []
    for resource, (amount, unit, cost, guess) in costs.by_resource().items():
        word = resource_word(resource) + (" (" + _("estimated in part or whole") + ")" if guess else "")
        rows.append(
            (
                Cell(word, marks.of_resource(resource)),
                Cell(f"{exact(amount)} {unit}"),
                Cell(small_money(cost, costs.currency)),
            )
        )
    total = (Cell(_("all")), Cell(""), Cell(small_money(costs.total, costs.currency)))
    yield Table((_("resource"), _("amount"), _("cost")), (*rows, total), (1, 2), (2, 1, 1))
    models = [
        (
            Cell(model.name, marks.records),
            Cell(small_money(model.training, costs.currency)),
            Cell(f"{model.works}"),
            Cell("-" if model.unit is None else small_money(model.unit, costs.currency)),
            Cell(f"{model.untimed}"),
        )
        for model in costs.models
    ]
    if models:
        columns = (_("model"), _("training"), _("works"), _("a work, with its part of training"), _("without a time"))
        yield Table(columns, tuple(models), (1, 2, 3, 4), (1.4, 1.2, 0.7, 1.6, 1))


def _revenue(found: Appraisal, marks: Marks) -> Iterator[Block]:
    if not found.earned:
        return
    yield Heading(_("Revenue by the market's books"))
    units = {} if found.costs is None else {model.name: model.unit for model in found.costs.models}
    rows = []
    for row in by(found.earned, "model"):
        unit = units.get(row.name)
        rows.append(
            (
                Cell(row.name, marks.of_earned(row.name, row.currency)),
                Cell(f"{row.sales}"),
                Cell(small_money(row.amount, row.currency)),
                Cell(small_money(row.amount / row.sales, row.currency) if row.sales else "-"),
                Cell("-" if unit is None or found.costs is None else small_money(unit, found.costs.currency)),
                Cell(numbers(row.entries)),
            )
        )
    columns = (_("model"), _("sales"), _("revenue"), _("a sale"), _("cost of a work"), _("entries of the books"))
    yield Table(columns, tuple(rows), (1, 2, 3, 4), (1.3, 0.6, 1.1, 1.1, 1.1, 1.6))


def _limits(found: Appraisal, marks: Marks) -> Iterator[Block]:
    if not found.findings:
        return
    yield Heading(_("Limits and early warnings"))
    rows = []
    for finding in found.findings:
        value = finding.figure.value
        shown = "-" if value is None else months_or_never(value) if finding.metric == "payback" else exact(value)
        tones: dict[str, Literal["", "bad", "good"]] = {"broken": "bad", "kept": "good"}
        rows.append(
            (
                Cell(metric_word(finding.metric), marks.of_limit(finding.metric)),
                Cell(shown, marks.of_metric(finding.metric)),
                Cell(f"{exact(finding.limit)} {finding.unit}"),
                Cell(state_word(finding.state), tone=tones.get(finding.state, "")),
            )
        )
    yield Table((_("figure"), _("now"), _("limit"), _("state")), tuple(rows), (1, 2), (1.6, 1, 1, 1))


def _rules(rules: Sequence[Rule], found: Appraisal, marks: Marks) -> Iterator[Block]:
    if not rules:
        return
    yield Heading(_("Rules that bear on it"))
    rows = []
    for rule in rules:
        title, duty, _answer = rule.said
        status = status_word(rule.status(found.on))
        if rule.status(found.on) == "transition":
            status += f" ({rule.old_until})"
        stale = _(" Checked on {day}: look again.", day=rule.checked) if is_stale(rule, found.on) else ""
        rows.append((Cell(title, marks.of_rule(rule.id)), Cell(f"{rule.since}"), Cell(status), Cell(duty + stale)))
    yield Table((_("rule"), _("from"), _("status"), _("what it asks")), tuple(rows), (), (1.5, 0.9, 0.9, 3))


def _rate(found: Appraisal) -> str:
    if found.returns.several:
        return _("several")
    return _("none") if found.returns.one is None else _("{rate} % a year", rate=f"{found.returns.one:.1f}")


def _tone(value: float) -> Literal["bad", "good"]:
    return "bad" if value < 0 else "good"
