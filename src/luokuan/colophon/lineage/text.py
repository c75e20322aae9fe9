"""A lineage as lines of text: each thing below what it was made from."""

from __future__ import annotations

from luokuan.colophon.lineage.graph import Lineage, Node, how_word, kind_word
from luokuan.i18n import _


def lines(lineage: Lineage) -> list[str]:
    """The tree, one thing a line. What was made from several things stands below the first of them; below the others
    it is named again, without what follows from it."""
    found: list[str] = []
    shown: set[str] = set()
    # (key, how it came about, what stands before it, whether it is the last of its siblings; None for a root)
    waiting: list[tuple[str, str, str, bool | None]] = [(key, "", "", None) for key in reversed(lineage.roots())]
    while waiting:
        key, how, before, last = waiting.pop()
        branch = "" if last is None else ("└─ " if last else "├─ ")
        again = key in shown
        found.append(before + branch + _line(lineage, lineage.nodes[key], how, again=again))
        if again:
            continue
        shown.add(key)
        below = before + ("" if last is None else ("   " if last else "│  "))
        edges = lineage.after(key)
        waiting += [(edge.end, edge.how, below, edge is edges[-1]) for edge in reversed(edges)]
    return found


def _line(lineage: Lineage, node: Node, how: str, *, again: bool) -> str:
    words = [kind_word(node.kind), node.title]
    if not again:
        words += node.details.values()
    if word := how_word(how):
        words.append(f"({word})")
    if again:
        words.append(_("(see above)"))
    if node.key == lineage.this:
        words.append("◀")
    return "  ".join(words)
