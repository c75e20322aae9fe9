"""Sheets of paper: a title, pairs of what and how much, paragraphs, a table; as PDF where fpdf2 is installed, else as
plain text."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.util import find_spec

from luokuan.errors import UserError
from luokuan.fonts import find_font
from luokuan.i18n import _, language

MARGIN, WIDTH = 18.0, 174.0
"""Of A4 in mm."""
INK, FAINT, SEAL = (25, 25, 25), (110, 110, 110), (176, 42, 32)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is to stand on paper.

    Args:
        title: In large letters.
        facts: Pairs of a name and a value.
        parts: Headings, each with its lines.
        columns: Of a table; none: there is no table.
        rows: Of that table.
        foot: At the end, in small letters.
        made: The day on it; the same sheet and day, the same bytes.
    """

    title: str
    made: datetime
    facts: Sequence[tuple[str, str]] = ()
    parts: Sequence[tuple[str, Sequence[str]]] = ()
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = field(default=(), repr=False)
    foot: str = ""

    def texts(self) -> list[str]:
        """All words on it."""
        found = [self.title, self.foot, *self.columns, *(word for pair in self.facts for word in pair)]
        found += [word for heading, lines in self.parts for word in (heading, *lines)]
        return [*found, *(cell for row in self.rows for cell in row)]


def can_pdf() -> bool:
    """Whether fpdf2 is installed."""
    return find_spec("fpdf") is not None


def to_text(sheet: Sheet) -> bytes:
    """As plain text in UTF-8."""
    lines = [sheet.title, "", *(f"{name}: {value}" for name, value in sheet.facts)]
    for heading, words in sheet.parts:
        lines += ["", heading, *(f"- {one}" for one in words)]
    if sheet.columns:
        lines += ["", "  ".join(sheet.columns), *("  ".join(row) for row in sheet.rows)]
    if sheet.foot:
        lines += ["", sheet.foot]
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def to_pdf(sheet: Sheet) -> bytes:
    """As PDF.

    Raises:
        UserError: fpdf2 isn't installed, or no font has all letters.
    """
    if not can_pdf():
        raise UserError(
            _("A PDF needs the package fpdf2, which isn't installed."),
            _("Install luokuan[appraisal], or take it as text."),
            code="market.pdf",
        )
    from fpdf import FPDF

    logging.getLogger("fontTools").setLevel(logging.ERROR)  # it tells of every table that it leaves out
    place, face = find_font({*"".join(sheet.texts()), *"0123456789:-· "})
    pdf = FPDF(format="A4")
    pdf.set_creation_date(sheet.made)
    pdf.set_title(sheet.title)
    pdf.set_lang("zh-CN" if language() == "zh_CN" else "en")
    pdf.set_margins(MARGIN, MARGIN)
    pdf.set_auto_page_break(True, MARGIN)
    pdf.add_font("sheet", fname=str(place), collection_font_number=face)
    pdf.add_page()

    def words(text: str, size: float, colour: tuple[int, int, int], leading: float) -> None:
        pdf.set_font("sheet", size=size)
        pdf.set_text_color(*colour)
        pdf.multi_cell(WIDTH, leading, text, new_x="LMARGIN", new_y="NEXT", align="L")

    words(sheet.title, 18, INK, 9)
    pdf.set_draw_color(*SEAL)
    pdf.line(MARGIN, pdf.get_y() + 1, MARGIN + WIDTH, pdf.get_y() + 1)
    pdf.ln(4)
    for name, value in sheet.facts:
        words(name, 8, FAINT, 4)
        words(value or "–", 10.5, INK, 5.5)
        pdf.ln(1)
    for heading, lines in sheet.parts:
        pdf.ln(2)
        words(heading, 12, SEAL, 7)
        for line in lines:
            words(f"· {line}", 10, INK, 5.2)
    if sheet.columns:
        pdf.ln(2)
        pdf.set_text_color(*INK)
        pdf.set_font("sheet", size=8)
        with pdf.table(first_row_as_headings=False, width=WIDTH, text_align="LEFT") as table:
            for cells in [sheet.columns, *sheet.rows]:
                drawn = table.row()
                for cell in cells:
                    drawn.cell(cell)
    if sheet.foot:
        pdf.ln(4)
        words(sheet.foot, 8, FAINT, 4)
    return bytes(pdf.output())
