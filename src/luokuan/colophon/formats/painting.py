"""What ``verovio`` draws, as operators of PDF (ISO 32000-1, annex A): its SVG has few elements, none turned."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

NOTE = "/Note BMC"
"""Before what is drawn of a note; ``EMC`` stands behind it (14.6)."""
_MOVE = re.compile(r"(translate|scale)\(\s*([-0-9.e]+)(?:[\s,]+([-0-9.e]+))?\s*\)")
_NUMBER = re.compile(r"-?[0-9.]+(?:e-?[0-9]+)?")
_UNSEEN = frozenset(("desc", "title", "style", "defs", "metadata"))
_SLANTED = frozenset(("mNum", "dir", "dynam"))
_ROUND = 0.5523
"""How far the handles of a quarter of an ellipse reach, of its radius."""


@dataclass(frozen=True, slots=True)
class Words:
    """Words on a page: where they are anchored, and the size of their letters, in its units."""

    text: str
    x: float
    y: float
    size: float
    anchor: str = "start"
    slanted: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a point of a drawing lies on the page: it is scaled, then shifted."""

    scale: tuple[float, float] = (1.0, 1.0)
    shift: tuple[float, float] = (0.0, 0.0)

    def inner(self, other: Frame) -> Frame:
        """The frame of what lies in the frame ``other`` within this one."""
        (wide, high), (right, down) = self.scale, self.shift
        scale = wide * other.scale[0], high * other.scale[1]
        return Frame(scale, (right + wide * other.shift[0], down + high * other.shift[1]))

    @property
    def operator(self) -> str:
        """What moves all that follows into it."""
        return " ".join((*map(number, (self.scale[0], 0, 0, self.scale[1], *self.shift)), "cm"))


@dataclass(slots=True)
class Painting:
    """A page that was drawn.

    Args:
        operators: They draw it, in its own units, from its upper left corner down.
        words: What is written on it.
        bottom: How far down it reaches.
    """

    operators: list[str] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)
    bottom: float = 0.0


def number(value: float) -> str:
    """A number as PDF has them: never with an exponent."""
    return f"{value:.5f}".rstrip("0").rstrip(".")


def painted(page: Element) -> Painting:
    """A page of verovio's.

    Raises:
        RuntimeError: it holds something that isn't looked for.
    """
    painter, view = _Painter(page), _numbers(page.get("viewBox"))
    for child in page:
        if _kind(child) == "svg":
            inner = _numbers(child.get("viewBox"))
            frame = Frame((view[2] / inner[2], view[3] / inner[3]))
            painter.done.operators.append(f"q {frame.operator}")
            painter.inside(child, frame, False)
            painter.done.operators.append("Q")
    return painter.done


class _Painter:
    def __init__(self, page: Element) -> None:
        self.done = Painting()
        self._symbols = {one.get("id"): one for one in page.iter() if _kind(one) in ("g", "symbol")}
        self._paths: dict[str, tuple[str, float, float]] = {}

    def inside(self, parent: Element, frame: Frame, slanted: bool) -> None:
        """Draw all that ``parent`` holds."""
        for element in parent:
            names = set(element.get("class", "").split())
            if _kind(element) in _UNSEEN or "placeholder" in names:
                continue
            move = _moved(element.get("transform", ""))
            before = [NOTE] * ("note" in names) + [f"q {move.operator}"] * (move != Frame())
            self.done.operators += before
            self._draw(element, frame.inner(move), slanted or not names.isdisjoint(_SLANTED))
            self.done.operators += ["EMC" if one == NOTE else "Q" for one in reversed(before)]

    def _draw(self, element: Element, frame: Frame, slanted: bool) -> None:
        kind = _kind(element)
        if kind in ("g", "symbol"):
            self.inside(element, frame, slanted)
        elif kind == "use":
            self.inside(self._symbols[element.get("href", "").removeprefix("#")], frame, slanted)
        elif kind == "text":
            self._write(element, frame, slanted)
        else:
            path, top, bottom = self._path(element, kind)
            ends = (frame.shift[1] + frame.scale[1] * one for one in (top, bottom))
            self.done.bottom = max(self.done.bottom, *ends)
            # Verovio's style: what is drawn has a line around it, of one unit unless it says how wide.
            style = f"{number(float(element.get('stroke-width', '1')))} w"
            style += f" {_OPTIONS['cap'][element.get('stroke-linecap', 'butt')]} J"
            style += f" {_OPTIONS['join'][element.get('stroke-linejoin', 'miter')]} j"
            empty = element.get("fill") == "none" or (path.count("l") < 2 and set(path).isdisjoint("cre"))
            self.done.operators.append(f"{style} {path} {'S' if empty else 'B'}")

    def _path(self, element: Element, kind: str) -> tuple[str, float, float]:
        """Operators of a shape's outline, and how far up and down it reaches."""
        place = {name: float(element.get(name, 0)) for name in ("x", "y", "width", "height", "cx", "cy", "rx", "ry")}
        if kind == "path":
            outline = element.get("d", "")
            if outline not in self._paths:
                self._paths[outline] = _outline(outline)
            return self._paths[outline]
        if kind == "rect":
            drawn = " ".join(number(place[name]) for name in ("x", "y", "width", "height"))
            return f"{drawn} re", place["y"], place["y"] + place["height"]
        if kind == "ellipse":
            drawn = ellipse(place["cx"], place["cy"], place["rx"], place["ry"])
            return drawn, place["cy"] - place["ry"], place["cy"] + place["ry"]
        if kind not in ("polygon", "polyline"):
            raise RuntimeError(f"verovio's picture holds an element {kind}")
        at = _numbers(element.get("points"))
        steps = [f"{number(x)} {number(y)} l" for x, y in zip(at[::2], at[1::2], strict=True)]
        end = " h" * (kind == "polygon")
        return " ".join(steps).replace(" l", " m", 1) + end, min(at[1::2]), max(at[1::2])

    def _write(self, element: Element, frame: Frame, slanted: bool) -> None:
        sizes = [float(one.get("font-size", "0px").removesuffix("px")) for one in element.iter()]
        text = " ".join("".join(element.itertext()).split())
        x, y = (frame.shift[at] + frame.scale[at] * float(element.get(name, 0)) for at, name in enumerate("xy"))
        if text:
            size = max(sizes) * frame.scale[1]
            self.done.words.append(Words(text, x, y, size, element.get("text-anchor", "start"), slanted))


_OPTIONS = {
    "cap": {"butt": "0", "round": "1", "square": "2"},
    "join": {"miter": "0", "round": "1", "bevel": "2"},
}


def ellipse(x: float, y: float, wide: float, high: float) -> str:
    """The outline of an ellipse: its middle and its radii."""
    right, down = _ROUND * wide, _ROUND * high
    curves = (
        (x + wide, y + down, x + right, y + high, x, y + high),
        (x - right, y + high, x - wide, y + down, x - wide, y),
        (x - wide, y - down, x - right, y - high, x, y - high),
        (x + right, y - high, x + wide, y - down, x + wide, y),
    )
    start = f"{number(x + wide)} {number(y)} m"
    return " ".join([start, *(" ".join((*map(number, curve), "c")) for curve in curves), "h"])


def _outline(text: str) -> tuple[str, float, float]:
    """The outline of an SVG path."""
    from fontTools.pens.basePen import BasePen
    from fontTools.svgLib.path import parse_path

    steps: list[str] = []
    heights: list[float] = []

    def step(letter: str, *points: Any) -> None:
        heights.extend(float(point[1]) for point in points)
        steps.append(" ".join((*(number(float(one)) for point in points for one in point), letter)))

    class Pen(BasePen):
        def _moveTo(self, point: Any) -> None:
            step("m", point)

        def _lineTo(self, point: Any) -> None:
            step("l", point)

        def _curveToOne(self, first: Any, second: Any, point: Any) -> None:
            step("c", first, second, point)

        def _closePath(self) -> None:
            step("h")

    parse_path(text, Pen(None))
    return " ".join(steps), min(heights, default=0.0), max(heights, default=0.0)


def _moved(text: str) -> Frame:
    frame = Frame()
    for kind, one, other in _MOVE.findall(text):
        x, y = float(one), float(other or (one if kind == "scale" else 0))
        frame = frame.inner(Frame((x, y)) if kind == "scale" else Frame(shift=(x, y)))
    if _MOVE.sub("", text).strip(" ,"):
        raise RuntimeError("verovio's picture is turned")
    return frame


def _numbers(text: str | None) -> list[float]:
    return [float(one) for one in _NUMBER.findall(text or "")]


def _kind(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
