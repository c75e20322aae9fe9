"""Curves as SVG: colours and letters come from the style sheet, so that nothing is inline and dark pages stay dark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 12, 30
"""Room around the curves."""
POINTS = 160
"""Points of a curve; more are averaged, which is what the eye would do."""
COLOURS = 6
Point = tuple[float, float]


def chart(series: Mapping[str, Sequence[Point]], title: str, along: str, *, named: bool = False) -> str:
    """An SVG picture of curves over one axis, with a legend where there are several.

    Args:
        series: Points (x, y) of each curve by its name, rising in x; what isn't finite is left out.
        title: What is drawn, for those who don't see it.
        along: What x is.
        named: Whether a single curve has a legend too.
    """
    curves = {name: binned([p for p in points if math.isfinite(p[0] + p[1])]) for name, points in series.items()}
    curves = {name: points for name, points in curves.items() if points}
    if not curves:
        return ""
    everything = [point for points in curves.values() for point in points]
    xs, ys = _reach([x for x, _y in everything], floor=0.0), _reach([y for _x, y in everything])
    legend = _legend(list(curves)) if named or len(curves) > 1 else ""
    height = HEIGHT + (22 * -(-len(curves) // 3) if legend else 0)
    said = f"{title}: " + "; ".join(f"{name} {short(points[0][1])} → {short(points[-1][1])}"
                                    for name, points in curves.items())  # fmt: skip
    return "".join((
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(said)}">',
        *_grid(xs, ys, along),
        *(_curve(points, xs, ys, number) for number, points in enumerate(curves.values())),
        legend,
        "</svg>",
    ))  # fmt: skip


def binned(points: Sequence[Point]) -> list[Point]:
    """At most ``POINTS`` points: neighbours become their mean."""
    if len(points) <= POINTS:
        return list(points)
    found = []
    for number in range(POINTS):
        part = points[len(points) * number // POINTS : len(points) * (number + 1) // POINTS]
        found.append((sum(x for x, _y in part) / len(part), sum(y for _x, y in part) / len(part)))
    return found


def short(value: float) -> str:
    """A number with three digits that count."""
    if value == 0:
        return "0"
    if abs(value) >= 1e6 or abs(value) < 1e-3:
        return f"{value:.1e}"
    digits = max(2 - math.floor(math.log10(abs(value))), 0)
    return f"{value:,.{digits}f}"


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers between two bounds: 1, 2 or 5 times a power of ten apart."""
    span = high - low
    step = 10.0 ** math.floor(math.log10(span / most))
    step *= next((factor for factor in (1, 2, 5) if span / (step * factor) <= most), 10)
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


def _reach(values: Sequence[float], floor: float | None = None) -> tuple[float, float]:
    low, high = min(values), max(values)
    if floor is not None:
        low = min(low, floor)
    if high - low < 1e-12 * max(abs(high), 1.0):
        margin = abs(high) * 0.1 or 1.0
        return low - (0 if floor is not None else margin), high + margin
    margin = 0 if floor is not None else (high - low) * 0.05
    return low - margin, high + margin


def _x(value: float, reach: Point) -> float:
    return LEFT + (value - reach[0]) / (reach[1] - reach[0]) * (WIDTH - LEFT - RIGHT)


def _y(value: float, reach: Point) -> float:
    return HEIGHT - BOTTOM - (value - reach[0]) / (reach[1] - reach[0]) * (HEIGHT - TOP - BOTTOM)


def _grid(xs: Point, ys: Point, along: str) -> list[str]:
    rows = []
    for value in ticks(*ys):
        y = _y(value, ys)
        rows.append(f'<line class="rule" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        rows.append(f'<text class="tick-text end" x="{LEFT - 6}" y="{y + 4:.1f}">{short(value)}</text>')
    marks = ticks(*xs)
    for value in marks:
        x = _x(value, xs)
        last = value == marks[-1]
        anchor = "end" if last and x > WIDTH - 60 else "middle"
        text = f"{short(value)} {along}" if last else short(value)
        place = f'x="{min(x, WIDTH - RIGHT):.1f}" y="{HEIGHT - 10}"'
        rows.append(f'<text class="tick-text {anchor}" {place}>{escape(text)}</text>')
    return rows


def _curve(points: Sequence[Point], xs: Point, ys: Point, number: int) -> str:
    if len(points) == 1:
        x, y = _x(points[0][0], xs), _y(points[0][1], ys)
        return f'<circle class="dot c{number % COLOURS}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
    path = " ".join(f"{_x(x, xs):.1f},{_y(y, ys):.1f}" for x, y in points)
    return f'<polyline class="curve c{number % COLOURS}" points="{path}"/>'


def _legend(names: Sequence[str]) -> str:
    rows = []
    for number, name in enumerate(names):
        x, y = LEFT + number % 3 * 196, HEIGHT + 12 + number // 3 * 22
        rows.append(f'<line class="curve c{number % COLOURS}" x1="{x}" x2="{x + 18}" y1="{y - 4}" y2="{y - 4}"/>')
        shown = name if len(name) <= 24 else name[:23] + "…"
        rows.append(f'<text class="tick-text" x="{x + 24}" y="{y}">{escape(shown)}</text>')
    return "".join(rows)
