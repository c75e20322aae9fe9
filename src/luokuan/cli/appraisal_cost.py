"""`luokuan appraisal cost`: what works and models have cost, by the home's records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say, table, visible
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.appraisal.cost import Costs, Item

HELP = _("Count what works and models have cost: computing, memory, storage, tokens, energy, by a price table.")


def cost(
    prices: Annotated[
        Path | None,
        typer.Option(
            "--prices", help=_("A price table (default: the one that comes with Luokuan)."), show_default=False
        ),
    ] = None,
    currency: Annotated[
        str | None, typer.Option("--currency", help=_("Of the amounts (default: the table's)."), show_default=False)
    ] = None,
    project: Annotated[
        Path | None, typer.Option("--project", help=_("Only the models of this project file."), show_default=False)
    ] = None,
    measure: Annotated[
        bool,
        typer.Option("--measure", help=_("Load all cores for two seconds and read their power, if the machine tells.")),
    ] = False,
    items: Annotated[bool, typer.Option("--items", help=_("List every work, model and job."))] = False,
    json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Nothing is written."""
    from luokuan.appraisal.appraise import read_project
    from luokuan.appraisal.cost import costs_of, only
    from luokuan.appraisal.prices import read_prices
    from luokuan.store.home import open_home

    wanted = read_project(project) if project is not None else None
    chosen = currency or (wanted.currency if wanted is not None else None)
    found = costs_of(open_home(home), read_prices(prices), currency=chosen, measure=measure)
    if wanted is not None:
        found = only(found, wanted.models)
    if json:
        emit_json(_values(found))
    else:
        _print(found, items)


def _print(found: Costs, items: bool) -> None:
    from luokuan.appraisal.words import exact, origin_word, resource_word, small_money

    currency = found.currency
    if not found.items:
        say(_("This home has no records of works, models or jobs yet."))
        return
    table(
        [_("resource"), _("amount"), _("cost"), ""],
        [
            (
                resource_word(name),
                f"{exact(amount)} {unit}",
                small_money(spent, currency),
                _("estimated in part or whole") if guess else "",
            )
            for name, (amount, unit, spent, guess) in found.by_resource().items()
        ],
    )
    table(
        [
            _("model"),
            _("training"),
            _("works"),
            _("works' own cost"),
            _("a work, with its part of training"),
            _("without a time"),
        ],
        [
            (
                m.name,
                small_money(m.training, currency),
                m.works,
                small_money(m.making, currency),
                "-" if m.unit is None else small_money(m.unit, currency),
                m.untimed,
            )
            for m in found.models
        ],
    )
    if items:
        table(
            [_("what"), _("model"), _("cost"), ""],
            [
                (f"{item.kind} {visible(item.name)}", item.model, small_money(item.cost, currency), _said(item))
                for item in found.items
            ],
        )
    say(_("In all: {total}", total=small_money(found.total, currency)))
    watts, origin = exact(found.watts), origin_word(found.watts_origin)
    say(_("power of all cores: {watts} W, {origin}", watts=watts, origin=origin))
    for note in found.notes:
        say(note)


def _said(item: Item) -> str:
    if not item.timed:
        return _("no time recorded")
    return _("estimated in part or whole") if item.estimated else ""


def _values(found: Costs) -> dict[str, Any]:
    return {
        "currency": found.currency,
        "on": found.on.isoformat(),
        "total": found.total,
        "watts": found.watts,
        "watts_origin": found.watts_origin,
        "resources": {
            name: {"amount": amount, "unit": unit, "cost": spent, "estimated": guess}
            for name, (amount, unit, spent, guess) in found.by_resource().items()
        },
        "models": [
            {
                "model": m.name,
                "training": m.training,
                "works": m.works,
                "making": m.making,
                "total": m.total,
                "unit_cost": m.unit,
                "estimated": m.estimated,
                "without_time": m.untimed,
            }
            for m in found.models
        ],
        "items": [
            {
                "kind": item.kind,
                "name": item.name,
                "model": item.model,
                "cost": item.cost,
                "timed": item.timed,
                "lines": [
                    {
                        "resource": line.resource,
                        "amount": line.amount,
                        "unit": line.unit,
                        "price": line.price,
                        "cost": line.cost,
                        "origin": line.origin,
                        "source": line.source,
                    }
                    for line in item.lines
                ],
            }
            for item in found.items
        ],
        "notes": [*found.notes, *([found.exchange_source] if found.exchange_source else [])],
    }
