"""Two-part sayings: which of the corpus an advertisement can stand."""

from __future__ import annotations

import pytest

from luokuan.create.sayings import heading, kind, saying_of, well_made


@pytest.mark.parametrize(
    ("riddle", "answer", "saying"),
    [
        ("芝麻开花", "节节高", "芝麻开花——节节高"),
        ("半天云里吹唢呐", "想（响）得高", "半天云里吹唢呐——想得高"),
        ("蚊子叮鸡蛋", "无孔不入；无缝可钻", None),
        ("顺梢吃甘蔗", "一节比一节甜；越来越甜", "顺梢吃甘蔗——一节比一节甜"),
        ("瞎子点灯", "白费蜡", None),
        ("山", "高", None),
        ("abc", "节节高", None),
    ],
)
def test_a_saying_has_one_spelling_or_is_left_out(riddle: str, answer: str, saying: str | None) -> None:
    assert saying_of(riddle, answer) == saying


def test_only_kind_ones_are_learnt() -> None:
    assert kind("芝麻开花——节节高") and kind("顺梢吃甘蔗——一节比一节甜")
    assert not kind("竹篮打水——一场空") and not kind("脱把锄头——没用处")


def test_two_parts() -> None:
    assert well_made("芝麻开花——节节高") and heading("花") == "歇·花\n"
    assert not well_made("芝麻开花节节高") and not well_made("芝麻——开花——高") and not well_made("——高")
