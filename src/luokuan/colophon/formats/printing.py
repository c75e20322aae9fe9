"""A sheet of music on pages of A4: PDF by ``fpdf2`` (LGPL-3.0), of what ``verovio`` draws, where both are installed.

Staves are paths; letters are those of a font, so that they can be searched and copied. The label stands at the foot of
each page, since pages are parted. Each note, and the label, is marked as what it is (ISO 32000-1, 14.6), so that the
file can be read back. It holds no date: the same sheet and the same fonts give the same bytes.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.colophon.formats import engraving
from luokuan.colophon.formats.engraving import LABEL, MARK, WIDTH, toolkit_for, wrapped
from luokuan.colophon.formats.notation import Sheet
from luokuan.colophon.formats.painting import NOTE, Frame, Painting, Words, ellipse, number, painted
from luokuan.errors import UserError
from luokuan.fonts import find_font
from luokuan.i18n import _

if TYPE_CHECKING:
    from fpdf import FPDF

HEIGHT = 2970
"""Of a page of A4, in the units of ``WIDTH``: ten a millimetre."""
TOP = 80
"""Room above the staves, where the tempo stands on the first page."""
POINT = 72 / 254
"""Points a unit."""
FACTORS = (1.0, 1.25, 1.6, 2.0, 2.5, 3.2, 4.0, 5.0, 6.3, 8.0)
"""How many times larger a page is laid out, and then made smaller, until the highest system finds room."""
SLANT = 12
"""Degrees, of the numbers of bars."""
_FONT = Path(__file__).parent.parent / "fonts" / "label.ttf"
_NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)
_DATE = re.compile(rb"/CreationDate \([^()]{0,40}\)")
_LABEL = re.compile(rb"/Span <</ActualText <((?:[0-9a-f]{2}){1,65536})>>> BDC")


def imprint(sheet: Sheet) -> bytes:
    """The file, without its implicit label.

    Raises:
        UserError: verovio or fpdf2 isn't installed, or no font has the letters of its words.
    """
    pdf = _paper()
    lines, room = _lines(sheet.notice)
    # Where a notice has very many lines, the page is longer than A4.
    height = max(float(HEIGHT), room + HEIGHT / 2)
    label = [replace(line, y=line.y + height) for line in lines]
    pages, factor = _pages(sheet, height - TOP - room)
    frame = Frame((1 / factor, 1 / factor), (0.0, float(TOP)))
    paper = Frame((POINT, -POINT), (0.0, height * POINT))
    tempo = [Words(f"= {sheet.tempo:.0f}", 194, 90, 44)]
    letters = _Letters(pdf)
    before = [_quarter(150, 90)]
    for page in pages:
        pdf.add_page(format=(WIDTH * POINT, height * POINT))
        drawn = [f"q {paper.operator} 0 g 0 G", *before, f"q {frame.operator}", *page.operators, "Q Q"]
        pdf._out("\n".join(drawn))
        for words in (*tempo, *(_placed(one, frame) for one in page.words)):
            letters.write(words)
        before, tempo = [], []
        if label:
            pdf._out(f"/Span <</ActualText <{_text_string(sheet.notice)}>>> BDC")
            for words in label:
                letters.write(words)
            pdf._out("EMC")
    pdf.set_title("; ".join(staff.name for staff in sheet.staves if staff.name.isprintable()))
    # Blanks in its place: what lies behind it stays where the file's table says.
    return _DATE.sub(lambda found: b" " * len(found[0]), bytes(pdf.output()))


def check_installed() -> None:
    """Refuse a file where there is nothing to make it with. Loads nothing.

    Raises:
        UserError: verovio or fpdf2 isn't installed.
    """
    engraving.check_installed()
    if find_spec("fpdf") is None:
        raise UserError(
            _("Sheet music as PDF needs the package fpdf2, which isn't installed."),
            _("Run: pip install fpdf2. Or write .svg or .musicxml."),
            code="sheet.library",
        )


def told(contents: Iterable[bytes]) -> tuple[int, list[str]]:
    """Of what draws the pages: how many notes there are on all of them, and what each label says."""
    notes, said = 0, []
    for one in contents:
        notes += one.count(NOTE.encode())
        said += [bytes.fromhex(text.decode()).decode("utf-16", "replace") for text in _LABEL.findall(one)]
    return notes, said


def _paper() -> FPDF:
    check_installed()
    from fpdf import FPDF

    logging.getLogger("fontTools").setLevel(logging.ERROR)  # it tells of every table that it leaves out
    pdf = FPDF(unit="pt")
    pdf.set_creation_date(_NO_DATE)
    pdf.set_auto_page_break(False)
    return pdf


def _pages(sheet: Sheet, height: float) -> tuple[list[Painting], float]:
    """The pages, and how many times too large they are."""
    from defusedxml.ElementTree import fromstring

    for factor in FACTORS:
        size = {"pageWidth": round(WIDTH * factor), "pageHeight": round(height * factor), "adjustPageHeight": False}
        toolkit = toolkit_for(sheet, size)
        pages = [painted(fromstring(toolkit.renderToSVG(at))) for at in range(1, toolkit.getPageCount() + 1)]
        if max(page.bottom for page in pages) <= height * factor:
            break
    return pages, factor


def _lines(notice: str) -> tuple[list[Words], float]:
    """The notice's lines, from the foot of the page up, the work's id small under them; and their room."""
    if not notice:
        return [], 0.0
    found, size = MARK.search(notice), LABEL * WIDTH
    texts = list(wrapped(MARK.sub("", notice), (WIDTH - 200) / size))
    lines = [
        Words(text, WIDTH / 2, -size * (1.25 * (len(texts) - at) + 0.15), size, "middle")
        for at, text in enumerate(texts)
    ]
    if found:
        lines.append(Words(found[1], WIDTH / 2, -0.7 * size, 0.4 * size, "middle"))
    return lines, size * (1.25 * len(texts) + 1.4)


def _placed(words: Words, frame: Frame) -> Words:
    (wide, high), (right, down) = frame.scale, frame.shift
    return replace(words, x=right + wide * words.x, y=down + high * words.y, size=high * words.size)


def _quarter(x: float, y: float) -> str:
    """A quarter note, on whose foot it stands: few fonts have one."""
    head = f"q 0.94 -0.342 0.342 0.94 {number(x + 14)} {number(y - 9)} cm {ellipse(0, 0, 13, 8.5)} f Q"
    return f"{head} 3 w {number(x + 25.5)} {number(y - 12)} m {number(x + 25.5)} {number(y - 52)} l S"


def _text_string(text: str) -> str:
    return f"\ufeff{text}".encode("utf-16-be").hex()


class _Letters:
    """Writes words on a file's page, each in a font that has its letters."""

    def __init__(self, pdf: FPDF) -> None:
        self._pdf = pdf
        self._families: dict[str, str] = {}

    def write(self, words: Words) -> None:
        """Put words on the page that is the last.

        Raises:
            UserError: no font has their letters.
        """
        if words.text not in self._families:
            self._families[words.text] = self._family(words.text)
        self._pdf.set_font(self._families[words.text], size=words.size * POINT)
        wide = self._pdf.get_string_width(words.text)
        x, y = words.x * POINT - {"start": 0.0, "middle": wide / 2, "end": wide}[words.anchor], words.y * POINT
        if words.slanted:
            with self._pdf.skew(ax=SLANT, x=x, y=y):
                self._pdf.text(x, y, words.text)
        else:
            self._pdf.text(x, y, words.text)

    def _family(self, text: str) -> str:
        """The label's own font, or one of the system's."""
        for chosen in (_FONT, None):
            try:
                place, face = find_font(text, chosen)
            except UserError:
                continue
            family = f"{place.stem}{face}".lower()
            if family not in self._pdf.fonts:
                self._pdf.add_font(family, fname=str(place), collection_font_number=face)
            return family
        raise UserError(
            _("No font was found that has all letters of '{text}'.", text=text[:60]),
            _("Install one, such as Debian's fonts-noto-cjk or fonts-wqy-microhei, or write .svg or .musicxml."),
            code="sheet.font",
        )
