"""Checks of copy: figures, absolutes, medical claims, what must and mustn't be said; and ranking by them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.create.claims import ABSOLUTE, MEDICAL, claims
from luokuan.create.copybrief import Brief
from luokuan.create.copychecks import counted, findings, says, tokens
from luokuan.create.figures import chinese_number, figures, strange_figures
from luokuan.create.ranking import overlap, ranked


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("12,000 items, 3.5 GB, 5G", ["12000", "3.5", "5"]),
        ("百分之八十的人，三万五千户，二〇二四年", ["80%", "35000", "2024"]),
        ("３０％ off, twenty percent", ["30%", "20%"]),
        ("twice as fast, one of two", ["2", "2"]),
        ("续航十二小时，八折，3万用户，两年质保", ["12", "8", "30000", "2"]),
        ("三点五元", ["3.5"]),
        ("一种十分好的茶，千万别错过，一起三心二意", []),
        ("1. first\n2. second\n3、third", []),
        ("亿" * 5000 + "九" * 5000, []),
        ("20 m² and 2 m", ["20", "2"]),
    ],
)
def test_figures(text: str, values: list[str]) -> None:
    found = [f"{figure.value.normalize():f}{'%' if figure.percent else ''}" for figure in figures(text)]
    assert found == values


@given(st.integers(1, 10**12 - 1))
def test_chinese_numerals_are_read_as_they_are_written(number: int) -> None:
    assert chinese_number(spelt(number)) == Decimal(number)


def spelt(number: int) -> str:
    """A number below 10¹² in Chinese numerals."""
    for unit, word in ((10**8, "亿"), (10**4, "万")):
        if number >= unit:
            rest = number % unit
            joint = "零" if 0 < rest < unit // 10 else ""
            return spelt(number // unit) + word + (joint + spelt(rest) if rest else "")
    text, gap = "", False
    for unit, word in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if digit:
            text += ("零" if gap and text else "") + "零一二三四五六七八九"[digit] + word
            gap = False
        else:
            gap = True
    return text


@given(st.text(max_size=80))
def test_no_text_breaks_the_checks(text: str) -> None:
    brief = Brief("X", must=("a",), must_not=("b",), length=5)
    assert len(counted(findings(text, brief))) == 8
    assert not strange_figures(text, [text])


def test_only_figures_that_nobody_gave_are_strange() -> None:
    given_ = ["Aspire 5", "8 GB", "50%"]
    found = strange_figures("Aspire 5: 8 GB, now 50% off, 50 left, 三年质保, 8GB", given_)
    assert [figure.written for figure in found] == ["50", "三年"]


@pytest.mark.parametrize(
    "text",
    [
        "国家级品质",
        "最佳选择",
        "最先进的工艺",
        "全网销量第一",
        "NO.1 品牌",
        "Top 1",
        "顶级享受",
        "独一无二",
        "100%有效",
        "绝对安全",
    ],
)
def test_absolutes(text: str) -> None:
    (found,) = claims(text, "zh")
    assert found.kind == ABSOLUTE
    assert "9 (3)" in found.reason


@pytest.mark.parametrize(
    "text",
    ["治疗失眠症", "有助于降血压", "临床验证", "快速消炎", "医用级材料",
     "It treats severe acne", "clinically proven", "lowers your blood pressure", "boosts immunity"],
)  # fmt: skip
def test_medical_claims(text: str) -> None:
    found = list(claims(text, "en"))
    assert found
    assert {one.kind for one in found} == {MEDICAL}
    assert all("17" in one.reason for one in found)


@pytest.mark.parametrize("text", ["the best laptop", "Number one", "#1", "the fastest", "world-class", "guaranteed"])
def test_superlatives(text: str) -> None:
    (found,) = claims(text, "en")
    assert found.kind == ABSOLUTE
    assert "prove" in found.reason


@pytest.mark.parametrize(
    "text",
    [
        "最近上新，最后三天，第一时间送达，第一次尝试",
        "Best before June, honest, a treat for the family, cured ham, 100% cotton",
        "The screen reads well in the sun; no one forgets the first cup.",
    ],
)
def test_what_is_no_claim(text: str) -> None:
    assert list(claims(text, "en")) == []


def test_a_claim_that_the_law_names_has_its_own_reason() -> None:
    first, second = claims("最佳与最好", "zh")
    assert first.reason != second.reason


@pytest.mark.parametrize(
    ("text", "phrase", "answer"),
    [
        ("Free 30 day return.", "30-day return", True),
        ("ten return options", "turn", False),
        ("12.5% off", "2.5%", False),
        ("8GB of memory", "8 gb", True),
        ("全新防水设计", "防水", True),
        ("防 水", "防水", True),
        ("Wow!", "!", True),
        ("ＡＢＣ", "abc", True),
    ],
)
def test_what_a_text_says(text: str, phrase: str, answer: bool) -> None:
    assert says(text, phrase) is answer


def test_findings_come_with_reasons_the_gravest_first() -> None:
    brief = Brief("青竹茶", must=("明前",), must_not=("便宜",), length=20, form="ad")
    found = findings("本店最佳好茶，治疗失眠，不便宜，只要88元，今天就来买，错过等一年", brief)
    assert [one.kind for one in found] == [
        "must", "must", "must-not", "medical", "medical", "absolute", "figure", "length",
    ]  # fmt: skip
    assert [one.written for one in found] == ["明前", "青竹茶", "便宜", "治疗", "失眠", "最佳", "88", ""]
    assert all(one.reason for one in found)
    assert findings("青竹茶，明前采摘。", brief) == ()


def test_a_name_may_hold_an_absolute_and_an_empty_text_is_told() -> None:
    assert findings("最美时光面膜", Brief("最美时光")) == ()
    assert [one.kind for one in findings(" \n", Brief("X"))] == ["empty"]
    assert [one.kind for one in findings("X only", Brief("X", language="zh"))] == ["must"]


def test_overlap_by_hand() -> None:
    # Runs of one: 2 of 3; of two: 1 of 2; of three: 0 of 1.
    assert overlap(["a", "b", "c"], [["a", "b", "d"]]) == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert overlap(["a", "b"], []) == overlap([], [["a"]]) == 0
    assert overlap(["a", "b"], [["a", "b"]]) == 1


def test_faults_weigh_more_than_variety() -> None:
    texts = [tokens(text) for text in ("a b c", "a b c d", "x y z", "p q r", "a b c")]
    faults = [(0, 1), (0, 0), (0, 0), (1, 0), (0, 0)]
    assert ranked(faults, texts, 4) == [1, 2, 4, 0] or ranked(faults, texts, 4) == [1, 2, 4, 3]
    assert ranked(faults, texts, 3) == [1, 2, 4]


@given(st.lists(st.tuples(st.integers(0, 2), st.text("abc ", max_size=8)), max_size=8), st.integers(1, 8))
def test_ranking_chooses_each_place_once(rows: list[tuple[int, str]], count: int) -> None:
    order = ranked([(fault,) for fault, _text in rows], [text.split() for _fault, text in rows], count)
    assert len(set(order)) == len(order) == min(count, len(rows))
    if order:
        assert rows[order[0]][0] == min(fault for fault, _text in rows)
