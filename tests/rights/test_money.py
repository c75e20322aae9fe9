"""Amounts: whole minor units, every currency with its own number of digits."""

from __future__ import annotations

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from luokuan.errors import UserError
from luokuan.rights.money import DIGITS, LARGEST, Money, money


@pytest.mark.parametrize(
    ("text", "currency", "minor", "shown"),
    [
        ("12.5", "EUR", 1250, "12.50 EUR"),
        ("0", "CNY", 0, "0.00 CNY"),
        (" 100 ", "JPY", 100, "100 JPY"),
        ("100.0", "JPY", 100, "100 JPY"),
        ("1.234", "KWD", 1234, "1.234 KWD"),
        ("1.2", "BHD", 1200, "1.200 BHD"),
        ("0.0001", "CLF", 1, "0.0001 CLF"),
        ("0.07", "USD", 7, "0.07 USD"),
        ("10000000000000", "USD", LARGEST, "10000000000000.00 USD"),
    ],
)
def test_what_people_write(text: str, currency: str, minor: int, shown: str) -> None:
    found = money(text, currency)
    assert (found.minor, str(found)) == (minor, shown)
    assert Money.from_json(found.to_json()) == found


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("-1", "EUR"), ("1.234", "EUR"), ("1.5", "JPY"), ("NaN", "EUR"), ("inf", "EUR"), ("1e3", "EUR"), ("", "EUR"),
        ("1,5", "EUR"), ("1.", "EUR"), ("١٢", "EUR"), ("99999999999999999999", "EUR"), ("10000000000000.01", "USD"),
        ("1.00001", "CLF"), ("1_000", "EUR"),
    ],
)  # fmt: skip
def test_what_is_no_amount(text: str, currency: str) -> None:
    with pytest.raises(UserError) as caught:
        money(text, currency)
    assert caught.value.code == "money.amount"


@pytest.mark.parametrize("code", ["", "eur", "EURO", "XXX", "BTC", "€", None, 7])
def test_unknown_currencies(code: object) -> None:
    with pytest.raises(UserError) as caught:
        Money(1, code)  # type: ignore[arg-type]
    assert caught.value.code == "money.currency"


@pytest.mark.parametrize("minor", [-1, LARGEST + 1, 1.5, float("nan"), True, "1", None])
def test_only_whole_minor_units(minor: object) -> None:
    with pytest.raises(UserError) as caught:
        Money(minor, "EUR")  # type: ignore[arg-type]
    assert caught.value.code == "money.amount"


@pytest.mark.parametrize("value", [None, [], 5, {}, {"minor": 1}, {"minor": 1, "currency": "EUR", "x": 1}])
def test_only_its_own_json(value: object) -> None:
    with pytest.raises(UserError):
        Money.from_json(value)


def test_the_table_is_that_of_iso_4217() -> None:
    # CLDR lists the same codes, among many that are gone.
    assert DIGITS.keys() <= Locale("en").currencies.keys()
    assert len(DIGITS) == 157
    wanted = {"JPY": 0, "KRW": 0, "VND": 0, "KWD": 3, "TND": 3, "CLF": 4, "CNY": 2, "HUF": 2, "TWD": 2}
    assert {code: DIGITS[code] for code in wanted} == wanted


@given(st.integers(0, LARGEST), st.sampled_from(sorted(DIGITS)))
def test_as_text_and_back(minor: int, currency: str) -> None:
    one = Money(minor, currency)
    assert money(one.amount, currency) == one
