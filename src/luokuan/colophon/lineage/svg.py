"""A lineage as an SVG picture: boxes in columns from what came first to what came last, and lines between them.

No script, no link, no style from outside; every string is escaped.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from luokuan.colophon.lineage.graph import Lineage, Node, how_word, kind_word

WIDTH, GAP, LINE, PAD, ROW = 250, 70, 17, 10, 18
"""Of a box; between columns; of a line of text; inside a box; between boxes, in pixels."""
CELLS = 34
"""Half-wide characters that fit into a line."""
_FILLS = {"corpus": "#e6f0e2", "model": "#e4ecf7", "work": "#fbeadf", "file": "#eeeeee"}


def draw(lineage: Lineage, title: str) -> str:
    """The picture, as text of an SVG file.

    Args:
        lineage: What is drawn.
        title: What it shows, for readers aloud.
    """
    columns = _columns(lineage)
    at: dict[str, tuple[int, int, int]] = {}  # left, top, height
    bottom = 0
    for place, keys in enumerate(columns):
        top = PAD
        for key in keys:
            height = 2 * PAD + LINE * len(_words(lineage.nodes[key]))
            at[key] = (PAD + place * (WIDTH + GAP), top, height)
            top += height + ROW
        bottom = max(bottom, top)
    width = 2 * PAD + len(columns) * (WIDTH + GAP) - GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{bottom}" viewBox="0 0 {width} {bottom}" '
        'role="img" font-family="sans-serif" font-size="12">',
        f"<title>{_safe(title)}</title>",
        f'<rect width="{width}" height="{bottom}" fill="#ffffff"/>',
    ]
    parts += [_line(at[edge.start], at[edge.end], how_word(edge.how)) for edge in lineage.edges]
    for key, box in at.items():
        parts += _box(lineage.nodes[key], box, marked=key == lineage.this)
    return "\n".join([*parts, "</svg>", ""])


def _columns(lineage: Lineage) -> list[list[str]]:
    """Keys by the longest way that leads to them."""
    depth = dict.fromkeys(lineage.nodes, 0)
    # As often as there are things: enough where there is no circle, and an end where there is one.
    for _round in range(len(depth)):
        changed = False
        for edge in lineage.edges:
            if depth[edge.end] <= depth[edge.start] < len(depth):
                depth[edge.end], changed = depth[edge.start] + 1, True
        if not changed:
            break
    levels = sorted(set(depth.values()))
    return [[key for key in depth if depth[key] == level] for level in levels]


def _words(node: Node) -> list[str]:
    return [kind_word(node.kind), node.title, *node.details.values()]


def _box(node: Node, place: tuple[int, int, int], *, marked: bool) -> Iterable[str]:
    left, top, height = place
    border = 'stroke="#a33b1f" stroke-width="3"' if marked else 'stroke="#666666" stroke-width="1"'
    yield (
        f'<rect x="{left}" y="{top}" width="{WIDTH}" height="{height}" rx="6" fill={quoteattr(_FILLS[node.kind])} '
        f"{border}/>"
    )
    for number, word in enumerate(_words(node)):
        weight = ' font-weight="bold"' if number == 1 else ""
        y = top + PAD + 12 + number * LINE
        yield f'<text x="{left + PAD}" y="{y}" fill="#222222"{weight}>{_safe(_short(word))}</text>'


def _line(start: tuple[int, int, int], end: tuple[int, int, int], word: str) -> str:
    x, y = start[0] + WIDTH, start[1] + start[2] // 2
    to_x, to_y = end[0], end[1] + end[2] // 2
    middle = (x + to_x) // 2
    text = f"<title>{_safe(word)}</title>" if word else ""
    path = f"M{x} {y} C{middle} {y} {middle} {to_y} {to_x} {to_y}"
    shown = f'<path d="{path}" fill="none" stroke="#888888" stroke-width="1.5">{text}</path>'
    if word:
        shown += (
            f'<text x="{to_x - 4}" y="{to_y - 5}" text-anchor="end" font-size="10" fill="#555555">{_safe(word)}</text>'
        )
    return shown


def _short(text: str) -> str:
    """``text``, cut to what fits; ideographs are twice as wide."""
    cells = 0
    for place, letter in enumerate(text):
        cells += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if cells > CELLS:
            return text[:place] + "…"
    return text


def _safe(text: str) -> str:
    """Escaped, and without characters that XML 1.0 can't hold."""
    allowed = (
        letter
        for letter in text
        if letter == "\t" or "\x20" <= letter <= "\ud7ff" or "\ue000" <= letter <= "\ufffd" or letter > "\uffff"
    )
    return escape("".join(allowed))
