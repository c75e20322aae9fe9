"""Texts are parted into languages, and cleaned of what has no sound."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.create.voices.scripts import left_out, runs, speakable


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("大家好，欢迎使用 Luokuan！", [("zh", "大家好，欢迎使用 "), ("en", "Luokuan！")]),
        ("AI 很有用。Hello.", [("zh", "AI 很有用。"), ("en", "Hello.")]),
        ("I have 3 苹果", [("en", "I have 3 "), ("zh", "苹果")]),
        ("iPhone 15 发布", [("en", "iPhone 15 "), ("zh", "发布")]),
        ("2024 was good. 2024年也好", [("en", "2024 was good. "), ("zh", "2024年也好")]),
        ("This is 7:30. 3个人来了", [("en", "This is 7:30. "), ("zh", "3个人来了")]),
        ("你好，GPU和CPU", [("zh", "你好，GPU和CPU")]),
        ("NASA is big", [("en", "NASA is big")]),
        ("123", [("en", "123")]),
        ("重5kg。It is 5kg. 长3.5 cm。", [("zh", "重5kg。"), ("en", "It is 5kg. "), ("zh", "长3.5 cm。")]),
        ("速度60km/h，Run", [("zh", "速度60km/h，"), ("en", "Run")]),
        ("5kgs of 苹果", [("en", "5kgs of "), ("zh", "苹果")]),
        ("圆周率是3.14。Hello", [("zh", "圆周率是3.14。"), ("en", "Hello")]),
        ("￥12.50,重5kg,30% in all", [("zh", "￥12.50,重5kg,30% "), ("en", "in all")]),
        ("café naïve", [("en", "café naïve")]),
        ("", []),
    ],
)
def test_runs(text: str, found: list[tuple[str, str]]) -> None:
    assert [(run.language, run.text) for run in runs(text)] == found


@given(st.text(max_size=80))
def test_nothing_is_lost(text: str) -> None:
    found = runs(text)
    assert "".join(run.text for run in found) == text
    assert all(a.language != b.language for a, b in itertools.pairwise(found))


@pytest.mark.parametrize("text", ["1" * 20_000, "，" * 19_999 + "a", "A " * 10_000, "A1" * 10_000])
def test_long_texts_take_no_long_time(text: str) -> None:
    begun = time.process_time()
    runs(text)
    assert time.process_time() - begun < 3


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("１２３ＡＢＣａ", "123ABCa"),
        ("hi 👍🏽!", "hi   !"),
        ("a\u202eb\u200d\x07c", "abc"),
        ("e\u0301", "é"),
        ("-5℃ 90°", "-5℃ 90°"),
        ("a\tb\nc", "a b\nc"),
        ("－５．５％", "-5.5%"),
        ("10㎡ 3㎏", "10m2 3kg"),
        ("①Ⅳ½m²〇", "1 4 1/2m²〇"),
        ("1½ h, １½, ①5, ①②", "1 1/2 h, 1 1/2, 1 5, 1 2"),
        ("10⁶ 10¹² 10²³ 10² x⁴", "10 6 10 12 10 23 10² x4"),
        ("H₂O C₁₂H₂₂O₁₁", "H2O C12H22O11"),
    ],
)
def test_what_has_no_sound_goes(text: str, plain: str) -> None:
    assert speakable(text) == plain


def test_letters_of_other_scripts_are_named() -> None:
    assert left_out("مرحبا hello 你好 привет") == "".join(dict.fromkeys("مرحباпривет"))
    assert left_out("hello 你好 café 123") == ""
