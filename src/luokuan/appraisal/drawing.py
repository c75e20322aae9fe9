"""Charts as shapes, so that SVG and PDF draw the same ones: coordinates in points, y downwards, colours by their
role."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["ink", "faint", "line", "seal", "soft", "softer", "gain", "paper"]
COLOURS: dict[str, str] = {
    "ink": "#1d1b19",
    "faint": "#6a645b",
    "line": "#d8d2c6",
    "seal": "#a8231c",
    "soft": "#b9c9d8",
    "softer": "#dfe6ec",
    "gain": "#2f6690",
    "paper": "#fffdf9",
}
"""Role to its colour on paper; the page has others for dark screens."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line through points."""

    points: tuple[Point, ...]
    role: Role
    width: float = 1.0
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Area:
    """A filled polygon."""

    points: tuple[Point, ...]
    role: Role


@dataclass(frozen=True, slots=True)
class Label:
    """A word; ``at`` is the foot of its beginning, middle or end."""

    at: Point
    text: str
    anchor: Literal["start", "middle", "end"] = "start"
    role: Role = "faint"
    size: float = 11.0


@dataclass(slots=True)
class Drawing:
    """A chart; ``told``: what it shows, for those who can't see it."""

    width: float
    height: float
    told: str
    shapes: list[Stroke | Area | Label] = field(default_factory=list)

    def line(self, points: Sequence[Point], role: Role, width: float = 1.0, *, dashed: bool = False) -> None:
        """Add a line."""
        self.shapes.append(Stroke(tuple(points), role, width, dashed))

    def area(self, points: Sequence[Point], role: Role) -> None:
        """Add a polygon."""
        self.shapes.append(Area(tuple(points), role))

    def box(self, left: float, top: float, right: float, bottom: float, role: Role) -> None:
        """Add a rectangle."""
        self.area([(left, top), (right, top), (right, bottom), (left, bottom)], role)

    def label(
        self,
        at: Point,
        text: str,
        anchor: Literal["start", "middle", "end"] = "start",
        role: Role = "faint",
        size: float = 11.0,
    ) -> None:
        """Add a word."""
        self.shapes.append(Label(at, text, anchor, role, size))


def width_of(text: str, size: float) -> float:
    """About how wide a text is: Chinese letters as wide as high, others a little over half."""
    return sum(size if unicodedata.east_asian_width(letter) in "WF" else 0.56 * size for letter in text)


def shortened(text: str, room: float, size: float) -> str:
    """``text``, cut so that it fits into ``room``."""
    if width_of(text, size) <= room:
        return text
    while text and width_of(text + "…", size) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def to_svg(drawing: Drawing) -> str:
    """The chart as one SVG element, coloured by the page's classes; every text escaped."""
    from html import escape

    parts = [
        f'<svg class="chart" role="img" viewBox="0 0 {drawing.width:g} {drawing.height:g}" '
        f'xmlns="http://www.w3.org/2000/svg"><title>{escape(drawing.told)}</title>'
    ]
    for shape in drawing.shapes:
        if isinstance(shape, Label):
            parts.append(
                f'<text x="{shape.at[0]:.1f}" y="{shape.at[1]:.1f}" class="f-{shape.role}" font-size="{shape.size:g}" '
                f'text-anchor="{shape.anchor}">{escape(shape.text)}</text>'
            )
            continue
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
        if isinstance(shape, Area):
            parts.append(f'<polygon points="{points}" class="f-{shape.role}"/>')
        else:
            dashes = ' stroke-dasharray="4 3"' if shape.dashed else ""
            look = f'fill="none" class="s-{shape.role}" stroke-width="{shape.width:g}"{dashes}'
            parts.append(f'<polyline points="{points}" {look}/>')
    return "".join([*parts, "</svg>"])
