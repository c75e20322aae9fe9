"""A sheet of music as a picture of lines: SVG by ``verovio`` (LGPL-3.0), where it is installed.

Verovio draws the staves; the page around them, and the label under them, are ours. Nothing in the file runs or is
fetched: what could is refused before it leaves.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any
from xml.sax.saxutils import escape

from luokuan.colophon.formats import musicxml
from luokuan.colophon.formats.notation import Sheet
from luokuan.errors import UserError
from luokuan.i18n import _

WIDTH = 2100
"""Of the page, in its own units: ten a millimetre of A4."""
SHOWN = 0.4
"""Pixels a unit, where a program shows it at its own size."""
LABEL = 0.05
"""Height of the label's letters, of the page's shorter side (GB 45438-2025, 4.3, of pictures)."""
CELL = 0.62
"""Estimated width of a letter, of its height; hanzi take one height."""
START = '<svg xmlns="http://www.w3.org/2000/svg"'
_OPTIONS = {
    "pageWidth": WIDTH,
    "pageHeight": 60_000,
    "adjustPageHeight": True,
    "pageMarginLeft": 150,
    "header": "none",
    "footer": "none",
    "smuflTextFont": "none",
    "svgRemoveXlink": True,
    "svgViewBox": True,
    "xmlIdSeed": 1,
}
_ELEMENTS = re.compile(
    "svg|g|defs|desc|title|metadata|style|path|rect|ellipse|circle|line|polygon|polyline|text|tspan|use|symbol"
)
_VIEW = re.compile(r'<svg viewBox="0 0 ([0-9.]+) ([0-9.]+)"')
MARK = re.compile(r"\s*(\[luokuan:[0-9a-f]{16}\])\Z")
"""The work's id at a notice's end."""


def engrave(sheet: Sheet) -> str:
    """The picture's text: staves on white, and under them the notice.

    Raises:
        UserError: verovio isn't installed.
    """
    toolkit = toolkit_for(sheet)
    # The tempo is ours: in verovio's own letters it would need a font, in others it runs into high notes.
    tempo = f'<text x="150" y="90" font-family="sans-serif" font-size="44" fill="#000000">♩ = {sheet.tempo:.0f}</text>'
    parts, top = [], 80.0
    for number in range(1, toolkit.getPageCount() + 1):
        page = toolkit.renderToSVG(number)
        found = _VIEW.search(page)
        if found is None:
            raise RuntimeError("verovio's picture has another shape")
        width, height = float(found[1]), float(found[2])
        place = f'<svg x="0" y="{top:g}" width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
        parts.append(page[: found.start()] + place + page[found.end() :])
        top += height
    label, top = _label(sheet.notice, top)
    size = f'width="{WIDTH * SHOWN:g}" height="{top * SHOWN:g}" viewBox="0 0 {WIDTH} {top:g}"'
    names = escape("; ".join(staff.name for staff in sheet.staves if staff.name.isprintable()))
    head = [f'{START} {size} role="img">', f"<title>{names}</title>"]
    ground = f'<rect width="{WIDTH}" height="{top:g}" fill="#ffffff"/>'
    return "\n".join([*head, ground, tempo, *parts, *label, "</svg>", ""])


def check_installed() -> None:
    """Refuse a drawing where there is nothing to draw it with. Loads nothing.

    Raises:
        UserError: verovio isn't installed.
    """
    if find_spec("verovio") is None:
        raise UserError(
            _("Sheet music as SVG or PDF needs the package verovio, which isn't installed."),
            _("Run: pip install verovio. Or write .musicxml."),
            code="sheet.library",
        )


def toolkit_for(sheet: Sheet, options: Mapping[str, Any] | None = None) -> Any:
    """Verovio's toolkit with a sheet laid out. ``options``: other ones than an endless page's.

    Raises:
        UserError: verovio isn't installed.
    """
    check_installed()
    import verovio

    toolkit = verovio.toolkit()
    toolkit.setOptions({**_OPTIONS, **(options or {})})
    if not toolkit.loadData(musicxml.build(sheet, drawn=True)):
        raise RuntimeError("verovio reads no music in our MusicXML")
    return toolkit


def _label(notice: str, top: float) -> tuple[list[str], float]:
    """Lines of the notice from ``top`` on, the work's id small under them, and where they end."""
    if not notice:
        return [], top
    found = MARK.search(notice)
    words = notice[: found.start()] if found else notice
    height = LABEL * min(WIDTH, top + 2 * LABEL * WIDTH)
    lines = []
    for line in wrapped(words, (WIDTH - 200) / height):
        top += 1.25 * height
        lines.append(_text("aigc", line, top, height))
    if found:
        top += 0.6 * height
        lines.append(_text("mark", found[1], top, 0.4 * height))
    return lines, top + 0.5 * height


def _text(name: str, words: str, top: float, height: float) -> str:
    return (
        f'<text class="{name}" x="{WIDTH // 2}" y="{top:g}" font-family="sans-serif" font-size="{height:g}" '
        f'fill="#000000" text-anchor="middle">{escape(words)}</text>'
    )


def wrapped(words: str, most: float) -> Iterator[str]:
    """Lines of at most so many heights; a break may come anywhere in Chinese, and at blanks."""
    line, wide = "", 0.0
    for piece in re.findall(r"[\u2e80-\u9fff\uff00-\uffef]|[^\s\u2e80-\u9fff\uff00-\uffef]+|\s+", words):
        size = sum(1.0 if unicodedata.east_asian_width(letter) in "WF" else CELL for letter in piece)
        if line.strip() and wide + size > most:
            yield line.strip()
            line, wide = "", 0.0
        line, wide = line + piece, wide + size
    if line.strip():
        yield line.strip()


def examine(data: bytes, sheet: Sheet) -> None:
    """Read a picture of ours back: nothing in it runs or is fetched, and it has as many notes as the sheet, and its
    label.

    Raises:
        RuntimeError: it is otherwise; our fault.
    """
    from defusedxml.ElementTree import fromstring

    root, notes, said = fromstring(data), 0, []
    for element in root.iter():
        name = element.tag.rpartition("}")[2]
        if not _ELEMENTS.fullmatch(name):
            raise RuntimeError(f"the sheet holds an element {name}")
        for attribute, value in element.attrib.items():
            key = attribute.rpartition("}")[2].lower()
            if key.startswith("on") or (key == "href" and not value.startswith("#")) or "url(" in value.lower():
                raise RuntimeError(f"the sheet holds an attribute {attribute}")
        if name == "style" and re.search(r"url\(|@import|@font-face", element.text or "", re.IGNORECASE):
            raise RuntimeError("the sheet asks for a file")
        notes += name == "g" and "note" in element.get("class", "").split()
        if element.get("class") in ("aigc", "mark"):
            said.append(element.text or "")
    if notes != sheet.heads:
        raise RuntimeError("the sheet reads back with other notes")
    if "".join("".join(said).split()) != "".join(sheet.notice.split()):
        raise RuntimeError("the sheet reads back with another label")
