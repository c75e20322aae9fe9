"""Personal data in text: what counts as such, and its mask."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.foundation.corpus.personal import hints_in_text, is_bank_card, masked


def with_check_digit(start: str) -> str:
    return next(start + last for last in "0123456789" if is_bank_card(start + last))


@pytest.mark.parametrize(
    ("number", "good"),
    [
        ("4111111111111111", True),  # Visa's test number
        ("4111111111111112", False),
        ("4111 1111 1111 1111", True),
        ("4111-1111-1111-1111", True),
        ("6222021234567894561", False),
        ("411111111111111", False),  # 15 digits
        ("0000000000000000", False),
        ("4111 1111-1111 1111", False),
    ],
)
def test_bank_cards(number: str, good: bool) -> None:
    assert is_bank_card(number) == good


@given(st.text("0123456789", min_size=15, max_size=18))
def test_one_check_digit_of_ten_fits(start: str) -> None:
    good = [last for last in "0123456789" if is_bank_card(start + last)]
    assert len(good) == (1 if start.strip("0") else 0)
    if good:
        assert masked(f"号{start}{good[0]}。")[0] in ("号[card]。", "号[id]。")


@pytest.mark.parametrize(
    ("text", "hidden", "counts"),
    [
        ("联系我abc.d@example.com，谢谢", "联系我[e-mail]，谢谢", {"e-mail": 1}),
        ("José: josé@example.com.", "José: [e-mail].", {"e-mail": 1}),
        ("电话13800138000或+86 138 0013 8000", "电话[phone]或[phone]", {"phone": 2}),
        ("身份证11010519491231002X。", "身份证[id]。", {"id": 1}),
        ("身份证110105194912310021。", "身份证110105194912310021。", {}),
        ("卡4111 1111 1111 1111!", "卡[card]!", {"card": 1}),
        ("x41111111111111111111111 0.4111111111111111 4111111111111111.5", None, {}),
        ("a @ b, 1234, 2024-01-02", None, {}),
        ("", None, {}),
    ],
)
def test_masks(text: str, hidden: str | None, counts: dict[str, int]) -> None:
    found, told = masked(text)
    assert found == (text if hidden is None else hidden) and dict(told) == counts
    assert masked(found) == (found, {})


@given(st.text())
def test_a_mask_leaves_nothing_to_mask(text: str) -> None:
    hidden, counts = masked(text)
    assert sum(counts.values()) or hidden == text


def test_hints_name_cards() -> None:
    assert hints_in_text("4111111111111111") == ["a bank card number"]


def test_long_lines_are_quick() -> None:
    text = "一" * 200_000 + "@" + "a" * 200_000 + "1" * 200_000
    assert masked(text)[1].total() == 0
