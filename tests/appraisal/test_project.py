"""Project files: what is wrong is named with its line and field, and nothing wrong passes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from projects_for_tests import event, project, risk, stated, tranche, values, write

from luokuan.appraisal.appraise import read_project
from luokuan.errors import UserError

ROOT = Path(__file__).parents[2]
UNIFORM = {"kind": "uniform", "low": 1, "high": 2}


@pytest.mark.parametrize("name", ["project.yaml", "project.zh.yaml"])
def test_the_examples_are_whole_and_alike(name: str) -> None:
    found = read_project(ROOT / "examples" / name)
    assert (found.layer, found.stage) == ("application", "applications")
    assert len(found.assumptions) == 13 and len(found.risks) == 5
    packed = {"project.yaml": "project.en.yaml", "project.zh.yaml": "project.zh.yaml"}[name]
    data = ROOT / "src/luokuan/appraisal/data" / packed
    assert data.read_bytes() == (ROOT / "examples" / name).read_bytes()


def changed(path: tuple[Any, ...], value: Any) -> Callable[[dict[str, Any]], None]:
    """A change of one place; ``...`` removes it."""

    def change(found: dict[str, Any]) -> None:
        here: Any = found
        for part in path[:-1]:
            here = here[part]
        if value is ...:
            del here[path[-1]]
        else:
            here[path[-1]] = value

    return change


WRONG: list[tuple[tuple[Any, ...], Any, str]] = [
    (("assumptions", "price", "value"), float("nan"), "'assumptions.price.value': it is no finite number"),
    (("assumptions", "price", "value"), float("inf"), "no finite number"),
    (("assumptions", "price", "value"), -1, "it must lie in 0 … 1e+09 EUR/unit"),
    (("assumptions", "price", "value"), 1e300, "it is larger than"),
    (("assumptions", "price", "value"), True, "it is no number"),
    (("assumptions", "price", "value"), "much", "it is no number"),
    (("assumptions", "price", "value"), [1], "it is no number"),
    (("assumptions", "price", "unit"), "CNY/unit", "it must be EUR/unit"),
    (("assumptions", "price", "source"), "", "it is empty"),
    (("assumptions", "price", "source"), "a\nb", "line breaks"),
    (("assumptions", "price", "date"), "yesterday", "it is no date"),
    (("assumptions", "price", "date"), ..., "'assumptions.price.date': it is missing"),
    (("assumptions", "price"), ..., "'price' is missing"),
    (("assumptions", "tax"), stated(101, "%"), "0 … 100 %"),
    (("assumptions", "tax"), stated(-1, "%"), "0 … 100 %"),
    (("assumptions", "growth"), stated(101, "%/month"), "-50 … 100 %/month"),
    (("assumptions", "discount_rate", "value"), 1000, "0 … 100 %/year"),
    (("assumptions", "luck"), stated(1, "%"), "'luck' is none of"),
    (("assumptions", "launch", "value"), 12, "before the horizon"),
    (("assumptions", "launch", "value"), 1.5, "whole month"),
    (("currency",), "XQX", "no currency of ISO 4217"),
    (("currency",), "eur", "no currency of ISO 4217"),
    (("currency",), 5, "wrong type"),
    (("layer",), "cloud", "'layer': it must be one of 'foundation', 'technology' or 'application'"),
    (("stage",), "应用", "'stage': it must be one of"),
    (("start",), "2027-13", "a month is written as"),
    (("horizon",), 1, "at least 2"),
    (("horizon",), 601, "at most 600"),
    (("horizon",), 12.5, "no whole number"),
    (("colour",), "red", "there is no such field"),
    (("tranches",), [], "fewer than 1"),
    (("tranches", 0, "amount"), -5, "at least 0"),
    (("tranches", 0, "recovered"), 101, "at most 100"),
    (("tranches", 0, "month"), 12, "before the horizon"),
    (("tranches",), [tranche("a", 3, 1), tranche("b", 3, 1)], "'tranches.2.month': months must rise"),
    (("risks",), [risk("a", "luck", UNIFORM)], "'luck' is none of"),
    (("risks",), [risk("a", "tax", UNIFORM)], "'tax' is none of"),
    (("risks",), [risk("a", "price", {"kind": "cauchy"})], "'risks.1.distribution': it must be one of"),
    (("risks",), [risk("a", "price", {"low": 1, "high": 2})], "'kind' is missing"),
    (("risks",), [risk("a", "price", {"kind": "uniform", "low": 2, "high": 2})], "low must lie below high"),
    (("risks",), [risk("a", "price", {"kind": "normal", "mean": 2, "sd": 0})], "above 0"),
    (("risks",), [risk("a", "price", {"kind": "normal", "mean": float("nan"), "sd": 1})], "no finite number"),
    (("risks",), [risk("a", "price", {"kind": "pert", "low": 2, "mode": 1, "high": 3})], "must rise"),
    (("risks",), [risk("a", "price", {"kind": "triangular", "low": 1, "mode": 1, "high": 1})], "must rise"),
    (("risks",), [risk("a", "growth", UNIFORM, how="factor")], "isn't among the assumptions"),
    (("risks",), [risk("a", "price", UNIFORM), risk("b", "price", UNIFORM)], "use a factor"),
    (("risks",), [risk("a", "price", UNIFORM), risk("a", "fixed_cost", UNIFORM)], "used twice"),
    (("events",), [event("a", 101)], "at most 100"),
    (("events",), [event("a", 1, revenue=-101)], "at least -100"),
    (("events",), [event("a", 1, lasts=0)], "at least 1"),
    (("events",), [event("a", 1, category="weather")], "must be one of"),
    (("correlations",), [{"between": ["a", "b"], "value": 0.5}], "must name two risks"),
    (("limits",), {"payback": stated(3, "weeks")}, "it must be month"),
    (("limits",), {"loss_probability": stated(120, "%")}, "0 … 100 %"),
    (("limits",), {"mood": stated(1, "%")}, "'mood' is none of"),
    (("actuals",), [{"month": "2027-02", "source": "x"}], "here 2027-01 is due"),
    (("actuals",), [{"month": "2027-01", "revenue": -1, "source": "x"}], "at least 0"),
    (("luokuan_project",), 2, "must be one of 1"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "told"), WRONG)
def test_what_is_wrong_is_named(tmp_path: Path, path: tuple[Any, ...], value: Any, told: str) -> None:
    found = values()
    changed(path, value)(found)
    with pytest.raises(UserError) as caught:
        read_project(write(tmp_path / "p.yaml", found))
    assert told in caught.value.what and "line " in caught.value.what
    assert caught.value.code == "appraisal.project"


def test_the_line_is_that_of_the_field(tmp_path: Path) -> None:
    place = tmp_path / "p.yaml"
    text = (ROOT / "examples/project.yaml").read_text(encoding="utf-8")
    at = next(n for n, line in enumerate(text.splitlines(), start=1) if "royalty:" in line)
    place.write_text(text.replace("royalty: {value: 12", "royalty: {value: 112"), encoding="utf-8")
    with pytest.raises(UserError, match=rf"line {at}: 'assumptions\.royalty\.value'"):
        read_project(place)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\na: 2\n", "line 2: 'a' stands twice"),
        ("a: &x [1]\nb: *x\n", "line 2: references"),
        ("a: [1\n", "line 2"),
        ("a: \x00", "can't be used"),
        ("- 1\n", "it holds no fields"),
        ("", "it holds no fields"),
        ("a: !!python/object:os.system {}\n", "can't be used"),
        ("[" * 30_000, "line 1: too many levels"),
    ],
)
def test_what_is_no_such_yaml_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "p.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_project(tmp_path / "p.yaml")
    assert told in caught.value.what


def test_no_file_no_text_and_too_much_are_refused(tmp_path: Path) -> None:
    for name, data in (("none", None), ("latin", b"\xff\xfe\x00"), ("big", b"#" * (2 << 20))):
        if data is not None:
            (tmp_path / name).write_bytes(data)
        with pytest.raises(UserError) as caught:
            read_project(tmp_path / name)
        assert caught.value.code == "appraisal.project"


def test_chinese_directions_are_the_same() -> None:
    assert project(layer="基础层", stage="基础设施").layer == "foundation"
    assert project(layer="技术层", stage="技术研发").stage == "research"


def test_correlations_that_contradict_are_refused(tmp_path: Path) -> None:
    risks = [
        risk(name, affects, {"kind": "normal", "mean": 1, "sd": 0.1}, how="factor")
        for name, affects in (("a", "price"), ("b", "fixed_cost"), ("c", "variable_cost"))
    ]
    pairs = [("a", "b", 0.9), ("b", "c", 0.9), ("a", "c", -0.9)]
    found = values(risks=risks, correlations=[{"between": [x, y], "value": v} for x, y, v in pairs])
    with pytest.raises(UserError, match=r"contradict one another \(smallest eigenvalue -0\.8"):
        read_project(write(tmp_path / "p.yaml", found))
    pairs[2] = ("a", "c", 0.9)
    good = project(risks=risks, correlations=[{"between": [x, y], "value": v} for x, y, v in pairs])
    assert good.correlation_matrix()[0, 2] == good.correlation_matrix()[2, 0] == 0.9


@settings(max_examples=40)
@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*values(), "x"]), inner, max_size=4),
))  # fmt: skip
def test_nothing_strange_gets_past_or_crashes(tmp_path_factory: pytest.TempPathFactory, found: Any) -> None:
    whole = {**values(), **found} if isinstance(found, dict) else found
    place = tmp_path_factory.getbasetemp() / "strange.yaml"
    try:
        read_project(write(place, whole))
    except UserError as error:
        assert error.code == "appraisal.project"
