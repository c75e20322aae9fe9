"""The report: every figure has its notes, every note exists, nothing foreign gets in, and both forms say the same."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from projects_for_tests import event, project, risk, stated, tranche

from luokuan.appraisal.appraise import Appraisal, appraise
from luokuan.appraisal.charts import fan, histogram, ticks, tornado_chart
from luokuan.appraisal.document import Cards, Document, Paragraph, Table
from luokuan.appraisal.drawing import Area, Stroke, shortened, to_svg, width_of
from luokuan.appraisal.page import to_html
from luokuan.appraisal.project import Project
from luokuan.appraisal.report import document_of
from luokuan.appraisal.rules import read_rules
from luokuan.appraisal.words import compact, exact
from luokuan.errors import UserError

NASTY = '<script>alert(1)</script> & "quotes" {{ 7*7 }}'
FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")


def rich(**changes: object) -> Project:
    """A project with something of everything."""
    values: dict[str, object] = {
        "risks": [risk("Price", "price", {"kind": "normal", "mean": 10, "sd": 3})],
        "events": [event("A new rule", 3, revenue=-30, loss=500)],
        "limits": {"loss_probability": stated(1, "%"), "payback": stated(60, "month"), "failed_jobs": stated(5, "%")},
        "stop_loss": [{"name": "Loss", "metric": "loss_probability", "above": 1, "propose": "Wait", "source": "x",
                       "date": "2026-11-01"}],
        "tranches": [tranche("First", 0, 3000), tranche("Second", 4, 1000)],
        "horizon": 24,
    }  # fmt: skip
    return project(**{**values, **changes})


def appraised(found: Project) -> Appraisal:
    return appraise(found, paths=600, on=date(2026, 11, 27))


def marks_of(document: Document) -> set[str]:
    """Marks that figures carry, ranges by their two ends."""
    cells = []
    for block in document.blocks:
        if isinstance(block, Cards):
            cells += [cell for _name, cell in block.cards]
        elif isinstance(block, Table):
            cells += [cell for row in block.rows for cell in row]
        elif isinstance(block, Paragraph):
            cells.append(block.cell)
    return {part for cell in cells for mark in cell.notes for part in mark.split("-")}


def test_every_mark_leads_to_a_note() -> None:
    document = document_of(appraised(rich()), read_rules())
    notes = {note.mark for _name, group in document.notes for note in group}
    assert marks_of(document) <= notes
    assert {"B1", "B2", "S1", "E1", "T2", "L1", "G1", "P1"} <= marks_of(document)
    bases = {note.mark: note.text for _name, group in document.notes for note in group if note.mark[0] == "B"}
    for text in bases.values():
        assert set(re.findall(r"[A-Z]\d+", text)) <= notes
    texts = " ".join(note.text for _name, group in document.notes for note in group)
    assert "as the project file states nothing" in texts and "seed 0" in texts


def test_every_figure_of_cards_and_first_columns_has_a_mark() -> None:
    for block in document_of(appraised(rich()), read_rules()).blocks:
        if isinstance(block, Cards):
            assert all(cell.notes for _name, cell in block.cards)
        elif isinstance(block, Table):
            assert all(any(cell.notes for cell in row) for row in block.rows)


class Page(HTMLParser):
    """Tags, ids and links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        values = dict(attrs)
        self.ids += [value for name, value in attrs if name == "id" and value]
        if values.get("href"):
            self.links.append(str(values["href"]))
        assert not any(name.startswith("on") or name in ("src", "style") for name, _value in attrs)


def test_the_page_holds_no_script_and_fetches_nothing() -> None:
    nasty = rich(name=NASTY, risks=[risk(NASTY, "price", {"kind": "normal", "mean": 10, "sd": 3}, source=NASTY)])
    text = to_html(document_of(appraised(nasty), read_rules()))
    page = Page()
    page.feed(text)
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert page.tags.count("svg") == 3
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert "alert(1)" in text and "<script" not in text and "{{ 7*7 }}" in text
    assert "Decision support, not advice." in text and "决策参考，不构成投资建议。" in text
    assert "http" not in re.sub(r"http-equiv|http://www\.w3\.org/2000/svg", "", text)


def test_what_must_be_decided_stands_first() -> None:
    first = document_of(appraised(rich())).blocks[0]
    assert isinstance(first, Paragraph) and first.urgent
    assert "Wait" in first.cell.text and "Nothing has been done; a person decides." in first.cell.text


def test_a_bare_project_has_a_report() -> None:
    document = document_of(appraised(project()))
    assert "<svg" in to_html(document)
    none = appraised(project(assumptions={"first_units": stated(0, "unit/month")}))
    text = to_html(document_of(none))
    assert "not within the horizon" in text and "none" in text


def test_ticks_are_round_and_inside() -> None:
    assert ticks(0, 100) == [0, 20, 40, 60, 80, 100]
    assert ticks(-0.3, 0.31, 6) == pytest.approx([-0.2, 0, 0.2])
    assert ticks(-3100, 900, 4) == [-3000, -2000, -1000, 0]
    assert ticks(5, 5) == [5]


def test_charts_stay_in_their_frame() -> None:
    random = np.random.default_rng(0)
    results = random.normal(0, 1e6, 5000)
    wide = np.sort(random.normal(0, 1, (5, 37)), axis=0) * 1e5
    charts = [
        fan(wide, wide[2], lambda month: str(month), compact),
        histogram(results, [("mean", 0.0), ("far", -5e6)], compact),
        histogram(np.zeros(10), [("mean", 0.0)], compact),
        tornado_chart([], 5.0, compact),
        tornado_chart(appraised(rich()).bars, 5.0, compact),
    ]
    for chart in charts:
        for shape in chart.shapes:
            points = shape.points if isinstance(shape, Area | Stroke) else (shape.at,)
            for x, y in points:
                assert -1 <= x <= chart.width + 1 and -1 <= y <= chart.height + 1, (chart.told, shape)
        assert to_svg(chart).startswith("<svg") and chart.told in to_svg(chart)


def test_words_of_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [exact(value) for value in (0, 0.000123, 1.5, 12, 1234.56, -0.0)] == [
        "0",
        "0.000123",
        "1.5",
        "12",
        "1,235",
        "0",
    ]
    assert compact(200_000) == "200K" and compact(2288.55) == "2,289"
    monkeypatch.setenv("LUOKUAN_LANG", "zh")
    assert compact(200_000) == "20万"
    assert width_of("落款", 10) == 20
    assert shortened("a long name", 30, 10).endswith("…") and width_of(shortened("a long name", 30, 10), 10) <= 30


@pytest.mark.skipif(not FONT.is_file(), reason="no Chinese font here")
def test_the_pdf_says_what_the_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fpdf")
    from luokuan.appraisal.pdf import to_pdf

    monkeypatch.setenv("LUOKUAN_LANG", "zh")
    document = document_of(appraised(rich(name="图案工作室")), read_rules())
    made = datetime(2026, 11, 27, tzinfo=UTC)
    data = to_pdf(document, made=made)
    assert data[:5] == b"%PDF-" and b"FontFile" in data and len(data) < 500_000
    assert to_pdf(document, made=made) == data


def test_fonts_without_the_letters_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("fpdf")
    from luokuan.fonts import find_font

    label = Path(__file__).parents[2] / "src/luokuan/colophon/fonts/label.ttf"
    assert find_font("AI 人工智能", label) == (label, 0)
    for wrong in (label, tmp_path / "none.ttf", Path(__file__)):
        with pytest.raises(UserError) as caught:
            find_font("款", wrong)
        assert caught.value.code == "appraisal.font"
