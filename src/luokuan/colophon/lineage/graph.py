"""What a lineage consists of: things, and what became of what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from luokuan.colophon.manifest import clean
from luokuan.i18n import _

MOST = 400
"""Things in one lineage."""
LONGEST = 20_000
"""Characters of what a record says of rights."""
COPIES = ("derived", "licensed")
"""Purposes of what no model made anew: such a work has its model from its parent."""


@dataclass(frozen=True, slots=True)
class Node:
    """One thing.

    Args:
        key: Unique in the lineage.
        kind: ``corpus``, ``model``, ``work`` or ``file``.
        title: What it is called: a work's id, a name.
        details: More about it, by name; short strings.
        rights: What its record says of rights, for the room of that name and not shown here: ``licence``, ``credit``,
            ``consent``, ``personal_data``, ``source``, the whole ``digest``; ``state``: ``absent`` for a model whose
            folder isn't here, ``unsaid`` for one whose record doesn't say what it learnt from.
    """

    key: str
    kind: str
    title: str
    details: Mapping[str, str] = field(default_factory=dict)
    rights: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edge:
    """``end`` was made from ``start``. ``how``: ``trained``, ``codec``, ``base``, ``created``, an ingredient's purpose
    (``derived``, ``licensed``, ``edited``, ``reference``) or role (``parentOf``, ``componentOf``, ``inputTo``)."""

    start: str
    end: str
    how: str


@dataclass(slots=True)
class Lineage:
    """Things and edges, in the order in which they were found.

    Args:
        this: Key of what was asked about.
        vouched: Whether the home's own records say so, and it is sure whose they are; else it is what a file says.
        known: Whether anything is known.
        cut: Whether there was more than ``MOST``.
    """

    this: str
    vouched: bool
    known: bool = True
    cut: bool = False
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)

    def add(self, node: Node) -> bool:
        """Add a thing; False where there is no room, or it is there already."""
        if node.key in self.nodes:
            return False
        if len(self.nodes) >= MOST:
            self.cut = True
            return False
        self.nodes[node.key] = node
        return True

    def link(self, start: str, end: str, how: str) -> None:
        """Add an edge between things that are there, once."""
        edge = Edge(start, end, how)
        if start in self.nodes and end in self.nodes and edge not in self.edges:
            self.edges.append(edge)

    def after(self, key: str) -> list[Edge]:
        """Edges that leave a thing."""
        return [edge for edge in self.edges if edge.start == key]

    def roots(self) -> list[str]:
        """Things that were made from nothing here."""
        ends = {edge.end for edge in self.edges}
        return [key for key in self.nodes if key not in ends]

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "this": self.this,
            "vouched": self.vouched,
            "known": self.known,
            "cut": self.cut,
            "nodes": [
                {"key": n.key, "kind": n.kind, "title": n.title, "details": dict(n.details)}
                for n in self.nodes.values()
            ],
            "edges": [{"from": e.start, "to": e.end, "how": e.how} for e in self.edges],
        }


def cleaned(details: Mapping[str, object]) -> dict[str, str]:
    """What of ``details`` can be shown, as clean strings."""
    return {name: text for name, value in details.items() if (text := clean(value))}


def recorded(values: Mapping[str, object]) -> dict[str, str]:
    """What a record says of rights, whole: a credit that is cut names nobody."""
    lines = {name: " ".join(value.split()) for name, value in values.items() if isinstance(value, str)}
    shown = {name: "".join(letter for letter in line[:LONGEST] if letter.isprintable()) for name, line in lines.items()}
    return {name: line for name, line in shown.items() if line}


def kind_word(kind: str) -> str:
    """A thing's kind, for people."""
    return {"corpus": _("corpus"), "model": _("model"), "work": _("work"), "file": _("file")}[kind]


def how_word(how: str) -> str:
    """An edge's kind, for people; empty where it goes without saying."""
    return {
        "codec": _("as its codec"),
        "base": _("as its base"),
        "derived": _("derived copy"),
        "licensed": _("licensed copy"),
        "edited": _("edited"),
        "reference": _("used as a reference"),
        "parentOf": _("changed"),
        "componentOf": _("used as a part"),
        "inputTo": _("used as a reference"),
    }.get(how, "")
