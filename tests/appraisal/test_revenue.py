"""Revenue in several currencies: never added together without a rate that the project states, and names."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from projects_for_tests import project, values, write

from luokuan.appraisal.appraise import read_project
from luokuan.appraisal.revenue import Earning, with_market
from luokuan.errors import UserError


def earned(entry: int, minor: int, currency: str, day: str = "2027-01-15", model: str = "loom") -> Earning:
    return Earning(entry, date.fromisoformat(day), "o", "sale", "w", model, "p", minor, currency)


def rate(currency: str, value: Any, since: str = "2027-01-01", source: str = "ECB") -> dict[str, Any]:
    return {"currency": currency, "rate": value, "since": since, "source": source}


def months(*lines: Earning, exchange: list[dict[str, Any]]) -> Any:
    found = project(
        models=["loom"], exchange=exchange,
        actuals=[{"month": f"2027-0{at}", "cost": 5, "source": "ledger"} for at in (1, 2)],
    )  # fmt: skip
    return with_market(found, lines).actuals


def test_without_a_rate_it_is_left_out_and_said() -> None:
    first, second = months(earned(1, 1000, "EUR"), earned(2, 500, "USD"), earned(3, 700, "JPY"), exchange=[])
    assert first.revenue == 10.0 and second.revenue == 0.0
    assert "1 entries: 1" in first.source and "no rate is stated: 5 USD" in first.source
    assert "no rate is stated: 700 JPY" in first.source, "yen have no minor unit"
    assert "no rate" not in second.source


def test_the_rate_in_force_counts_and_is_named() -> None:
    lines = [
        earned(1, 1000, "EUR"), earned(2, 500, "USD"), earned(3, -100, "USD", "2027-01-20"),
        earned(4, 200, "USD", "2027-02-10"), earned(5, 900, "USD", model="other"), earned(6, 300, "GBP"),
    ]  # fmt: skip
    rates = [rate("USD", 2, "2027-02-01", "bank"), rate("USD", 0.5), rate("GBP", 3, "2027-01-16")]
    first, second = months(*lines, exchange=rates)
    assert first.revenue == pytest.approx(10 + 0.5 * 4) and second.revenue == pytest.approx(2 * 2)
    assert "of these 4 USD at 0.5 EUR each (ECB, from 2027-01-01)" in first.source
    assert "not counted, because no rate is stated: 3 GBP" in first.source, "its rate begins a day later"
    assert "at 2 EUR each (bank, from 2027-02-01)" in second.source and "ledger" in second.source


@given(st.lists(st.tuples(st.integers(-(10**6), 10**6), st.sampled_from(["EUR", "USD", "GBP"])), max_size=12))
def test_what_has_no_rate_never_changes_a_figure(drawn: list[tuple[int, str]]) -> None:
    lines = [earned(at, minor, code) for at, (minor, code) in enumerate(drawn)]
    known = [line for line in lines if line.currency != "GBP"]
    first, least = (months(*given, exchange=[rate("USD", 0.25)])[0] for given in (lines, known))
    assert (first.revenue, first.cost) == (least.revenue, least.cost)
    total = sum(line.amount * (1 if line.currency == "EUR" else 0.25) for line in known)
    assert first.revenue - (first.cost - 5) == pytest.approx(total, abs=1e-6)


@pytest.mark.parametrize(
    ("exchange", "told"),
    [
        ([rate("EUR", 1)], "the project's own"),
        ([rate("USD", 1), rate("USD", 2)], "two rates of USD"),
        ([rate("USD", 0)], "exchange.1.rate"),
        ([rate("USD", -1)], "exchange.1.rate"),
        ([rate("USD", float("nan"))], "exchange.1.rate"),
        ([rate("USD", 1e7)], "exchange.1.rate"),
        ([rate("XXQ", 1)], "exchange.1.currency"),
        ([{"currency": "USD", "rate": 1, "since": "2027-01-01"}], "exchange"),
    ],
)
def test_wrong_rates_are_refused(tmp_path: Path, exchange: list[dict[str, Any]], told: str) -> None:
    with pytest.raises(UserError) as caught:
        read_project(write(tmp_path / "p.yaml", values(exchange=exchange)))
    assert told in caught.value.what and "line " in caught.value.what
