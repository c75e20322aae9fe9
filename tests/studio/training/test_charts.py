"""Curves: whatever the figures are, the picture is small, whole and says what it shows."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.studio.training import figures
from luokuan.studio.training.charts import POINTS, binned, chart, short, ticks


def test_a_chart_of_two_curves() -> None:
    svg = chart({"generator": [(0, 1.0), (10, 0.5)], "critic <b>": [(0, 2.0), (10, float("nan"))]}, "loss", "items")
    root = ElementTree.fromstring(svg)
    assert root.get("aria-label") == "loss: generator 1.00 → 0.500; critic <b> 2.00 → 2.00"
    assert len(root.findall("polyline")) == 1 and len(root.findall("circle")) == 1
    assert "style=" not in svg and "<b>" not in svg
    assert chart({"x": [(0, float("inf"))]}, "x", "items") == chart({}, "x", "items") == ""


@given(st.lists(st.tuples(st.floats(0, 1e9), st.floats(-1e12, 1e12)), max_size=400))
def test_any_figures_become_a_picture(points: list[tuple[float, float]]) -> None:
    svg = chart({"x": sorted(points)}, "x", "items")
    assert svg == "" or (ElementTree.fromstring(svg) is not None and "nan" not in svg and len(svg) < 20_000)


def test_many_points_are_averaged() -> None:
    found = binned([(x, float(x % 2)) for x in range(10_000)])
    assert len(found) == POINTS and all(abs(y - 0.5) < 0.02 for _x, y in found)


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (1234567.0, "1.2e+06"), (0.00012, "1.2e-04"), (12.345, "12.3"), (0.5, "0.500")]
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert short(value) == text


def test_ticks_are_round() -> None:
    assert ticks(0, 10) == [0, 2, 4, 6, 8, 10]
    assert [round(value, 6) for value in ticks(0.013, 0.058)] == [0.02, 0.03, 0.04, 0.05]


def test_figures_of_a_run_are_grouped_and_half_a_line_is_left_out(tmp_path: Path) -> None:
    rows = [
        {
            "step": n,
            "items": n * 4,
            "time": 100.0 + n,
            "generator/loss": 1.0,
            "critic/loss": 2.0,
            "items_per_second": 5.0,
        }
        for n in range(1, 4)
    ]
    rows[-1]["validation/coverage"] = 0.5
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "metrics.jsonl").write_text(text + '{"step": 4, "ite')
    found = figures.rows_of(tmp_path)
    charts = figures.charts_of(found)
    assert [(one.title, one.first) for one in charts] == [
        ("loss", True), ("validation/coverage", True), ("items_per_second", False),
    ]  # fmt: skip
    assert figures.latest(found) == {"items_per_second": 5.0}
    assert figures.rows_of(tmp_path / "nowhere") == ()
    both = figures.compared({"one": found, "two": found[:2]}, "time")
    assert [one.title for one in both][:2] == ["generator/loss", "critic/loss"]
    (tmp_path / "metrics.jsonl").write_text("[1]\nnull\n{}\n")
    assert figures.rows_of(tmp_path) == ()
