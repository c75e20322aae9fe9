"""Which script a Chinese text is in, and conversion by OpenCC."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.errors import UserError
from luokuan.foundation.corpus import scripts


@pytest.mark.parametrize(
    ("text", "counts", "script"),
    [
        ("处处闻啼鸟", (4, 0), scripts.SIMPLIFIED),
        ("處處聞啼鳥", (0, 4), scripts.TRADITIONAL),
        ("处处聞啼鳥", (2, 2), scripts.MIXED),
        ("皇后在里面干", (0, 0), scripts.NEITHER),  # both scripts have them
        ("English 𠀀 □", (0, 0), scripts.NEITHER),
        ("", (0, 0), scripts.NEITHER),
    ],
)
def test_scripts_are_told_apart(text: str, counts: tuple[int, int], script: int) -> None:
    assert scripts.telling(text) == counts and scripts.script_of(*counts) == script


def test_a_name_in_the_other_script_does_not_make_a_mixture() -> None:
    assert scripts.script_of(90, 10) == scripts.SIMPLIFIED and scripts.script_of(89, 11) == scripts.MIXED


@given(st.text(max_size=50), st.text(max_size=50))
def test_counts_add_up(one: str, other: str) -> None:
    together = tuple(a + b for a, b in zip(scripts.telling(one), scripts.telling(other), strict=True))
    assert scripts.telling(one + other) == together


def test_conversion_goes_by_phrases() -> None:
    assert scripts.converter("simplified")("乾坤乾燥，處處聞啼鳥") == "乾坤干燥，处处闻啼鸟"
    assert scripts.converter("traditional")("皇后在后面") == "皇后在後面"


def test_without_opencc_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opencc", None)
    with pytest.raises(UserError, match=r"needs the package opencc.*luokuan\[text\]"):
        scripts.converter("simplified")


def test_most_of_the_tables_agree_with_opencc() -> None:
    table, simpler = scripts._table(), scripts.converter("simplified")
    full = [chr(code) for code in (table == scripts.TRADITIONAL).nonzero()[0]]
    assert len(full) > 2000 and sum(simpler(c) != c for c in full) > 0.9 * len(full)
