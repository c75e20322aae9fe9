"""The report as PDF, by fpdf2 (LGPL, pure Python): it embeds the letters it needs of whatever font the system has,
also of the CFF fonts that most Linux systems bring for Chinese."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.appraisal.document import Block, Cards, Cell, Document, Heading, Paragraph, Table
from luokuan.appraisal.drawing import COLOURS, Area, Drawing, Label, Stroke
from luokuan.errors import UserError
from luokuan.fonts import find_font
from luokuan.i18n import _

if TYPE_CHECKING:
    from fpdf import FPDF
    from fpdf.enums import WrapMode

MARGIN, SIZE, LEADING = 15.0, 9.0, 4.6
"""Of a page of A4 in mm, of text in points, of a line in mm."""
NARROW = 7.5
"""Size of tables, in points."""


def to_pdf(document: Document, *, font: Path | str | None = None, made: datetime | None = None) -> bytes:
    """The PDF's bytes; the same document and time, the same bytes.

    Args:
        document: The report.
        font: A font file; None: one of the system's.
        made: When it was made, with a zone; None: now.

    Raises:
        UserError: luokuan[appraisal] isn't installed, or see ``find_font``.
    """
    try:
        from fpdf import FPDF
    except ImportError as error:
        raise UserError(
            _("A PDF needs the package fpdf2, which isn't installed."),
            _("Install luokuan[appraisal], or write the report as .html."),
            code="appraisal.pdf",
        ) from error
    logging.getLogger("fontTools").setLevel(logging.ERROR)  # it tells of every table that it leaves out
    marks = {mark for _n, notes in document.notes for note in notes for mark in note.mark}
    place, face = find_font({*"".join(document.texts()), *"0123456789-./ ", *marks}, font)

    class Paged(FPDF):
        def footer(self) -> None:
            self.set_y(-11)
            self.set_font("report", size=7)
            self.set_text_color(COLOURS["faint"])
            self.cell(0, 5, f"{document.advice[0]} {document.advice[1]}", align="L")
            self.set_x(MARGIN)
            self.cell(0, 5, f"{document.words['page']} {self.page_no()}", align="R")

    pdf = Paged(format="A4")
    pdf.set_creation_date(made or datetime.now(UTC))
    pdf.set_title(document.title)
    pdf.set_lang(document.language)
    pdf.set_margins(MARGIN, MARGIN)
    pdf.set_auto_page_break(True, MARGIN + 2)
    pdf.add_font("report", fname=str(place), collection_font_number=face)
    pdf.add_page()
    _Writer(pdf, document).write()
    return bytes(pdf.output())


class _Writer:
    """Puts blocks on pages."""

    def __init__(self, pdf: FPDF, document: Document) -> None:
        self._pdf, self._document = pdf, document
        self._wide = pdf.epw

    def write(self) -> None:
        """All of it."""
        self._text(self._document.title, size=18, role="ink", leading=8)
        self._text(self._document.subtitle, size=SIZE, role="faint")
        self._text(" ".join(self._document.advice), size=SIZE + 1, role="seal")
        self._rule()
        for block in self._document.blocks:
            self._block(block)
        self._heading(self._document.words["notes"])
        for name, notes in self._document.notes:
            self._room(14)
            self._pdf.ln(1.5)
            self._text(name, size=SIZE, role="ink")
            for note in notes:
                self._note(note.mark, note.text)

    def _block(self, block: Block) -> None:
        if isinstance(block, Heading):
            self._heading(block.text)
        elif isinstance(block, Paragraph):
            self._paragraph(block)
        elif isinstance(block, Cards):
            self._cards(block)
        elif isinstance(block, Table):
            self._table(block)
        else:
            self._draw(block.drawing)
            self._text(_marked(block.caption), size=7.5, role="faint")
            self._pdf.ln(2)

    def _heading(self, text: str) -> None:
        self._room(40)
        self._pdf.ln(4)
        self._text(text, size=13, role="ink", leading=7)

    def _paragraph(self, block: Paragraph) -> None:
        top, page = self._pdf.get_y(), self._pdf.page
        if block.urgent:
            self._room(16)
            top, page = self._pdf.get_y(), self._pdf.page
            self._pdf.set_left_margin(MARGIN + 4)
        self._text(_marked(block.cell), size=SIZE, role="ink")
        if block.urgent:
            self._pdf.set_left_margin(MARGIN)
            self._pdf.set_x(MARGIN)
            if self._pdf.page == page:
                self._pdf.set_draw_color(COLOURS["seal"])
                self._pdf.set_line_width(0.8)
                self._pdf.line(MARGIN + 1, top, MARGIN + 1, self._pdf.get_y())
        self._pdf.ln(1.5)

    def _cards(self, block: Cards) -> None:
        columns, gap, height = 3, 3.0, 15.0
        width = (self._wide - gap * (columns - 1)) / columns
        self._room(2 * (height + gap))
        top = self._pdf.get_y()
        for at, (name, cell) in enumerate(block.cards):
            left, here = MARGIN + (width + gap) * (at % columns), top + (height + gap) * (at // columns)
            self._pdf.set_draw_color(COLOURS["line"])
            self._pdf.set_line_width(0.2)
            self._pdf.rect(left, here, width, height, round_corners=True, corner_radius=1.2)
            self._pdf.set_xy(left + 2, here + 1.5)
            self._style(7.5, "faint")
            self._pdf.cell(width - 4, 4.5, _marked(Cell(name, cell.notes)))
            self._pdf.set_xy(left + 2, here + 7)
            self._style(13, {"bad": "seal", "good": "gain"}.get(cell.tone, "ink"))
            self._pdf.cell(width - 4, 6, cell.text)
        self._pdf.set_xy(MARGIN, top + (height + gap) * -(-len(block.cards) // columns))

    def _table(self, block: Table) -> None:
        from fpdf.enums import TableBordersLayout
        from fpdf.fonts import FontFace

        self._style(NARROW, "ink")
        self._pdf.set_draw_color(COLOURS["line"])
        self._pdf.set_line_width(0.15)
        self._pdf.set_fill_color("#ffffff")
        align = ["RIGHT" if at in block.numbers else "LEFT" for at in range(len(block.columns))]
        shares = block.shares or tuple(1.0 for _name in block.columns)
        head = FontFace(color=COLOURS["faint"], emphasis="")
        with self._pdf.table(
            borders_layout=TableBordersLayout.ALL,
            col_widths=shares,
            text_align=align,
            line_height=4.0,
            headings_style=head,
            padding=0.7,
            wrapmode=self._wrap,
            first_row_as_headings=True,
        ) as table:
            table.row(block.columns)
            for row in block.rows:
                line = table.row()
                for cell in row:
                    colour = {"bad": COLOURS["seal"], "good": COLOURS["gain"]}.get(cell.tone)
                    line.cell(_marked(cell), style=FontFace(color=colour) if colour else None)
        self._pdf.ln(2)

    def _draw(self, drawing: Drawing) -> None:
        scale = self._wide / drawing.width
        self._room(drawing.height * scale + 8)
        left, top = MARGIN, self._pdf.get_y()

        def at(point: tuple[float, float]) -> tuple[float, float]:
            return left + point[0] * scale, top + point[1] * scale

        for shape in drawing.shapes:
            if isinstance(shape, Area):
                self._pdf.set_fill_color(COLOURS[shape.role])
                self._pdf.polygon([at(point) for point in shape.points], style="F")
            elif isinstance(shape, Stroke):
                self._pdf.set_draw_color(COLOURS[shape.role])
                self._pdf.set_line_width(shape.width * scale)
                if shape.dashed:
                    self._pdf.set_dash_pattern(dash=4 * scale, gap=3 * scale)
                self._pdf.polyline([at(point) for point in shape.points])
                self._pdf.set_dash_pattern()
            else:
                self._label(shape, at(shape.at), scale)
        self._pdf.set_xy(MARGIN, top + drawing.height * scale + 1)

    def _label(self, shape: Label, place: tuple[float, float], scale: float) -> None:
        self._style(shape.size * scale * 72 / 25.4, shape.role)
        wide = self._pdf.get_string_width(shape.text)
        self._pdf.text(place[0] - {"start": 0.0, "middle": wide / 2, "end": wide}[shape.anchor], place[1], shape.text)

    def _note(self, mark: str, text: str) -> None:
        self._room(6)
        self._style(NARROW, "faint")
        self._pdf.cell(9, 3.8, mark)
        self._pdf.set_left_margin(MARGIN + 9)
        self._text(text, size=NARROW, role="ink", leading=3.8)
        self._pdf.set_left_margin(MARGIN)
        self._pdf.set_x(MARGIN)

    @property
    def _wrap(self) -> WrapMode:
        from fpdf.enums import WrapMode

        return WrapMode.CHAR if self._document.language.startswith("zh") else WrapMode.WORD

    def _text(self, text: str, *, size: float, role: str, leading: float = LEADING) -> None:
        self._style(size, role)
        self._pdf.multi_cell(0, leading, text, align="L", new_x="LMARGIN", new_y="NEXT", wrapmode=self._wrap)

    def _style(self, size: float, role: str) -> None:
        self._pdf.set_font("report", size=size)
        self._pdf.set_text_color(COLOURS[role])

    def _rule(self) -> None:
        self._pdf.ln(1.5)
        self._pdf.set_draw_color(COLOURS["seal"])
        self._pdf.set_line_width(0.8)
        self._pdf.line(MARGIN, self._pdf.get_y(), MARGIN + self._wide, self._pdf.get_y())
        self._pdf.ln(3)

    def _room(self, height: float) -> None:
        """Begin a new page where less than ``height`` mm are left."""
        if self._pdf.will_page_break(height):
            self._pdf.add_page()


def _marked(cell: Cell) -> str:
    return f"{cell.text}  [{', '.join(cell.notes)}]" if cell.notes else cell.text
