"""What resources cost: a dated price table, each price with its source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from luokuan.appraisal.numbers import Amount, Line, Strict
from luokuan.appraisal.project import Currency
from luokuan.errors import UserError
from luokuan.foundation.yamlfile import FieldFault, parse_yaml, read_yaml
from luokuan.i18n import _

UNITS = {
    "compute": "core-hour",
    "memory": "GB-hour",
    "storage": "GB-month",
    "tokens": "million tokens",
    "energy": "kWh",
}
"""Resource to its unit; GB: 10⁹ bytes, a month: 30.4375 days."""
Resource = Literal["compute", "memory", "storage", "tokens", "energy"]


class Price(Strict):
    """Price of one unit of a resource, from a day on until a later row."""

    resource: Resource
    unit: Line
    price: Annotated[Amount, Field(le=1e6)]
    since: date
    source: Line


class Watts(Strict):
    """Power of a core that computes, where the machine doesn't tell."""

    value: Annotated[Amount, Field(le=2000)]
    source: Line
    date: date


class Rate(Strict):
    """What one unit of the table's currency is worth in another ``currency``."""

    currency: Currency
    rate: Annotated[Amount, Field(gt=0, le=1e6)]
    since: date
    source: Line


class PriceTable(Strict):
    """A price file."""

    luokuan_prices: Literal[1]
    currency: Currency
    watts_per_core: Watts
    prices: Annotated[list[Price], Field(min_length=1, max_length=1000)]
    exchange: Annotated[list[Rate], Field(max_length=200, default_factory=list)]

    @model_validator(mode="after")
    def _whole(self) -> PriceTable:
        for fault in self._faults():
            raise fault
        return self

    def _faults(self) -> Iterator[FieldFault]:
        for at, price in enumerate(self.prices):
            if price.unit != UNITS[price.resource]:
                yield FieldFault(("prices", at, "unit"), _("it must be {unit}", unit=UNITS[price.resource]))
        priced = {price.resource for price in self.prices}
        for resource in UNITS:
            if resource not in priced:
                yield FieldFault(("prices",), _("'{name}' is missing", name=resource))

    def at(self, resource: str, day: date) -> tuple[Price, bool]:
        """The price in force on ``day``, and whether the table reaches so far back; else the oldest one."""
        rows = sorted((price for price in self.prices if price.resource == resource), key=lambda price: price.since)
        past = [price for price in rows if price.since <= day]
        return (past[-1], True) if past else (rows[0], False)


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the amounts of a table are multiplied with, and who says so."""

    factor: float
    source: str


def exchange(table: PriceTable, currency: str, on: date) -> Exchange:
    """From the table's currency to ``currency``.

    Raises:
        UserError: the table names no rate that was in force on that day.
    """
    if currency == table.currency:
        return Exchange(1.0, "")
    rows = sorted((r for r in table.exchange if r.currency == currency and r.since <= on), key=lambda r: r.since)
    if not rows:
        raise UserError(
            _("The price table is in {table} and says nothing of {currency}.", table=table.currency, currency=currency),
            _("Add a rate under `exchange`, or give a table in {currency} with --prices.", currency=currency),
            code="appraisal.currency",
        )
    return Exchange(rows[-1].rate, f"{rows[-1].source} ({rows[-1].since})")


def read_prices(path: Path | str | None = None) -> PriceTable:
    """A price file; None: the one that comes with Luokuan, whose figures are assumptions to be replaced.

    Raises:
        UserError: see ``yamlfile.read_yaml``.
    """
    if path is not None:
        return read_yaml(path, PriceTable, code="appraisal.prices")
    with resources.as_file(resources.files("luokuan.appraisal") / "data" / "prices.yaml") as place:
        return read_yaml(place, PriceTable, code="appraisal.prices")


def parse_prices(text: str) -> PriceTable:
    """The text of a price file.

    Raises:
        UserError: see ``yamlfile.parse_yaml``.
    """
    return parse_yaml(text, PriceTable, name=_("The price table"), code="appraisal.prices")


def beginning() -> str:
    """The text of the price file that comes with Luokuan."""
    return (resources.files("luokuan.appraisal") / "data" / "prices.yaml").read_text(encoding="utf-8")
