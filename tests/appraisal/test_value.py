"""Worth of flows against closed forms and textbook examples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from projects_for_tests import project, stated

from luokuan.appraisal.cashflow import plan_of, stated_flows, stated_values
from luokuan.appraisal.value import (
    annuity,
    break_even_price,
    net_present_value,
    payback,
    profitability_index,
    rates_of_return,
)


def yearly(*flows: float) -> np.ndarray:
    """Flows a year apart, as months."""
    months = np.zeros(12 * (len(flows) - 1) + 1)
    months[::12] = flows
    return months


@settings(max_examples=50)
@given(st.floats(0, 100), st.integers(0, 400))
def test_an_annuity_is_worth_its_closed_form(rate: float, months: int) -> None:
    flows = np.ones(months + 1)
    flows[0] = 0
    assert net_present_value(rate, flows) == pytest.approx(annuity(rate, months), rel=1e-9, abs=1e-9)


def test_a_yearly_rate_is_effective() -> None:
    assert net_present_value(10, yearly(-100, 110)) == pytest.approx(0, abs=1e-9)
    assert net_present_value(12, yearly(0, 0, 125.44)) == pytest.approx(100)


@pytest.mark.parametrize(
    ("flows", "rates"),
    [
        (yearly(-100, 110), [10]),
        (yearly(-1600, 10_000, -10_000), [25, 400]),  # Lorie and Savage 1955: the oil pump
        (yearly(-1, 3.6, -4.31, 1.716), [10, 20, 30]),  # three: (x - 1.1)(x - 1.2)(x - 1.3)
        (yearly(-1, 2.4, -1.44), [20]),  # a double root touches the axis and doesn't cross it
        (yearly(100, -110), [10]),  # a loan
        (yearly(-100, 50), [-50]),
        (yearly(-100, 100), [0]),
        (yearly(1, -3, 2.5), []),  # two changes of sign, no real root
        (yearly(100, 10), []),
        (np.zeros(5), []),
    ],
)
def test_every_rate_of_return_is_found(flows: np.ndarray, rates: list[float]) -> None:
    found = rates_of_return(flows)
    assert found.rates == pytest.approx(rates, rel=1e-5, abs=1e-4)
    assert found.several == (len(rates) > 1)
    assert found.one == (pytest.approx(rates[0], rel=1e-5, abs=1e-4) if len(rates) == 1 else None)
    assert len(rates) <= found.sign_changes or not rates


@settings(max_examples=50)
@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=120))
def test_rates_of_return_are_roots_and_no_more_than_descartes_allows(flows: list[int]) -> None:
    array = np.array(flows, dtype=float)
    found = rates_of_return(array)
    assert len(found.rates) <= found.sign_changes
    for rate in found.rates:
        if rate < -99.99:  # a yearly rate so near to -100 % can't be said with the digits that a number has
            continue
        factors = np.exp(-np.log1p(rate / 100) * np.arange(len(array)) / 12)
        assert abs(array @ factors) <= 1e-5 * (np.abs(array) @ factors)


@settings(max_examples=20)
@given(st.floats(0.5, 300), st.integers(2, 600))
def test_the_rate_of_one_investment_is_found_at_any_length(rate: float, months: int) -> None:
    flows = np.ones(months)
    flows[0] = 0
    flows[0] = -net_present_value(rate, flows)
    assert rates_of_return(flows).one == pytest.approx(rate, rel=1e-5)


@pytest.mark.parametrize(
    ("flows", "month"),
    [
        ([-3, 1, 1, 1, 1], 3),
        ([-3, 4, -2, 2], 3),
        ([1, 1], 0),
        ([-1, 0.5], None),
        ([0, 0], 0),
        ([-0.3, 0.1, 0.1, 0.1], 3),
    ],
)
def test_payback_is_the_month_from_which_on_it_stays(flows: list[float], month: int | None) -> None:
    assert payback(np.array(flows)) == month


def test_discounting_puts_payback_off() -> None:
    flows = np.array([-10.0, *[1.0] * 12])
    assert payback(flows) == 10
    assert payback(flows, 20) == 11
    assert payback(flows, 100) is None


def test_profitability_and_break_even_of_a_project_by_hand() -> None:
    found = project()
    flows = stated_flows(found)
    # Month 0: -5000 - 300; months 1 to 11: 100 (10 - 2) - 300 = 500.
    assert flows.net[0].tolist() == [-5300, *[500] * 11]
    worth = -5300 + 500 * annuity(12, 11)
    assert net_present_value(12, flows.net[0]) == pytest.approx(worth)
    assert profitability_index(12, flows.net[0], flows.invested[0]) == pytest.approx((worth + 5000) / 5000)
    assert profitability_index(12, flows.net[0], np.zeros(12)) is None
    # 100 (p - 2 - 3) a month must pay 5300.
    price = break_even_price(plan_of(found), stated_values(found))
    assert price == pytest.approx(5 + 53 / annuity(12, 11))


def test_no_price_saves_what_nobody_buys_and_none_is_needed_by_what_earns_anyway() -> None:
    nobody = project(assumptions={"first_units": stated(0, "unit/month")})
    assert break_even_price(plan_of(nobody), stated_values(nobody)) is None
    anyway = project(assumptions={"end_value": stated(1e6, "EUR")})
    assert break_even_price(plan_of(anyway), stated_values(anyway)) == 0
