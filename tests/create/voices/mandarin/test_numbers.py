"""Numbers are read as a Chinese says them."""

from __future__ import annotations

import pytest

from luokuan.create.voices.mandarin.numbers import LONGEST, by_digits, cardinal, counted, decimal


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("0", "零"),
        ("2", "二"),
        ("10", "十"),
        ("12", "十二"),
        ("20", "二十"),
        ("99", "九十九"),
        ("100", "一百"),
        ("101", "一百零一"),
        ("110", "一百一十"),
        ("111", "一百一十一"),
        ("200", "二百"),
        ("1000", "一千"),
        ("1001", "一千零一"),
        ("1010", "一千零一十"),
        ("1100", "一千一百"),
        ("2000", "两千"),
        ("2222", "两千二百二十二"),
        ("10000", "一万"),
        ("10001", "一万零一"),
        ("10010", "一万零一十"),
        ("10100", "一万零一百"),
        ("11000", "一万一千"),
        ("20000", "两万"),
        ("22000", "两万两千"),
        ("100000", "十万"),
        ("120000", "十二万"),
        ("102000", "十万两千"),
        ("1000000", "一百万"),
        ("10000000", "一千万"),
        ("100000000", "一亿"),
        ("100000001", "一亿零一"),
        ("100010000", "一亿零一万"),
        ("1234567890", "十二亿三千四百五十六万七千八百九十"),
        ("1000000000000", "一万亿"),
        ("1200000000000", "一万两千亿"),
        ("007", "零零七"),
    ],
)
def test_whole_numbers(text: str, read: str) -> None:
    assert cardinal(text) == read


def test_each_number_has_its_own_reading() -> None:
    numbers = [*range(3000), *range(9_990, 10_120), *range(99_900, 100_200), *range(10**8 - 50, 10**8 + 50)]
    assert len({cardinal(str(number)) for number in numbers}) == len(set(numbers))


def test_what_is_too_long_is_read_by_digits_in_fours() -> None:
    assert cardinal("1" * LONGEST).startswith("一千一百一十一万")
    assert cardinal("12345678901234567") == "一二三四，五六七八，九零一二，三四五六，七"


@pytest.mark.parametrize(
    ("text", "read"),
    [("3.14", "三点一四"), ("-5", "负五"), ("−0.5", "负零点五"), ("1,234.50", "一千二百三十四点五零"), ("+7", "七")],
)
def test_decimals(text: str, read: str) -> None:
    assert decimal(text) == read


def test_two_is_another_word_before_measures_and_one_in_telephone_numbers() -> None:
    assert (counted("2"), counted("12"), counted("2.5")) == ("两", "十二", "二点五")
    assert (by_digits("2011"), by_digits("110", phone=True)) == ("二零一一", "幺幺零")
