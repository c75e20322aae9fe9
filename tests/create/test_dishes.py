"""Sentences about dishes: marks for what a brief gives, and what no sentence may be learnt with."""

from __future__ import annotations

import pytest

from luokuan.create.dishes import (
    DISH,
    GATED,
    MARKS,
    TIME,
    delexicalised,
    facts_in,
    filled,
    fit_to_learn,
    making_heading,
    marks_in,
    taste_heading,
)


def test_values_become_marks_and_come_back() -> None:
    text, values = delexicalised("可乐鸡翅是一道甜咸适口的家常菜，鸡翅软嫩。", "可乐鸡翅", ["鸡翅", "可乐", "生抽"])
    assert text == "Ⓓ是一道甜咸适口的家常菜，①软嫩。"
    assert values == {"Ⓓ": "可乐鸡翅", "①": "鸡翅"}
    assert filled(text, values) == "可乐鸡翅是一道甜咸适口的家常菜，鸡翅软嫩。"
    assert marks_in(text) == {"Ⓓ", "①"}


def test_seasonings_have_marks_of_their_own_and_foods_are_found_by_their_end() -> None:
    text, values = delexicalised("这道菜肉片滑嫩，带着蒜苗与豆瓣酱的香气。", "回锅肉", ["五花肉片", "蒜苗", "豆瓣酱"])
    assert text == "Ⓓ①滑嫩，带着ⓐ与ⓑ的香气。"
    assert values["①"] == "肉片" and values["ⓑ"] == "豆瓣酱"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("从备料到出锅，大约需要 30 分钟。", "从备料到出锅，◷。"),
        ("全程只需半小时。", "全程◷。"),
        ("预计耗时约 1.5 小时左右。", "预计耗时◷。"),
    ],
)
def test_times_become_one_mark(text: str, told: str) -> None:
    assert delexicalised(text, "面", [])[0] == told


def test_praise_by_repute_and_places_are_left_out() -> None:
    text, _values = delexicalised("这是一道经典的川味家常菜，麻辣鲜香。", "冷吃兔", [])
    assert text == "Ⓓ是一道家常菜，麻辣鲜香。"


@pytest.mark.parametrize(
    "text",
    ["Ⓓ富含优质蛋白。", "Ⓓ清热去火。", "Ⓓ是四川名菜。", "◷后再放 2 勺。", "用烤箱就能做。", "Ⓓ和Ⓓ。", "①②都好。"],
)
def test_what_no_brief_could_give_is_not_learnt(text: str) -> None:
    assert not fit_to_learn(text)
    assert fit_to_learn("Ⓓ酸甜开胃，①软糯。")


def test_headings_tell_marks_and_facts_in_one_order() -> None:
    assert taste_heading("荤菜", {"②", "①"}, facts_in("软糯酸甜")) == "菜味·荤菜·①②·酸甜软糯\n"
    assert making_heading("主食", "易", True) == f"菜做·主食·易·{TIME}\n"
    assert facts_in("这道菜很好") == ""


def test_no_mark_is_a_fact_and_none_comes_twice() -> None:
    assert len(set(MARKS)) == len(MARKS) and len(set(GATED)) == len(GATED)
    assert not set(MARKS) & set(GATED) and DISH in MARKS
