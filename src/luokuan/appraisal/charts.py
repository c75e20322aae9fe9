"""The charts of a report: the fan of accumulated flows, the distribution of results, the tornado."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from luokuan.appraisal.distributions import Floats
from luokuan.appraisal.drawing import Drawing, Role, shortened, width_of
from luokuan.appraisal.measures import Bar
from luokuan.i18n import _

WIDTH, HEIGHT = 720.0, 300.0
BINS = 60
_SIZE = 11.0

Words = Callable[[float], str]
"""A number as an axis shows it."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """Maps data to points."""

    left: float
    top: float
    right: float
    bottom: float
    xs: tuple[float, float]
    ys: tuple[float, float]

    def x(self, value: float) -> float:
        """Where a value lies across."""
        return self.left + (value - self.xs[0]) / (self.xs[1] - self.xs[0]) * (self.right - self.left)

    def y(self, value: float) -> float:
        """Where a value lies downwards."""
        return self.bottom - (value - self.ys[0]) / (self.ys[1] - self.ys[0]) * (self.bottom - self.top)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers from ``low`` to ``high``: steps of 1, 2 or 5 times a power of ten (Heckbert 1990)."""
    if not high > low:
        return [low]
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = power * next(m for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    return [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def fan(percentiles: Floats, stated: Floats, calendar: Callable[[int], str], words: Words) -> Drawing:
    """Accumulated net flow by month: bands of 5-95 % and 25-75 % of the paths, their median, and the stated flow.

    Args:
        percentiles: (5, months), ascending.
        stated: Accumulated, (months,).
        calendar: A month's name.
        words: Amounts as the axis shows them.
    """
    months = len(stated)
    low, high = _range(percentiles, stated, np.zeros(1))
    chart = Drawing(WIDTH, HEIGHT, _("Accumulated net cash flow by month: bands of the paths, median, and as stated"))
    amounts = ticks(low, high, 7)
    left = 14 + max(width_of(words(value), _SIZE) for value in amounts)
    frame = _Frame(left, 34, WIDTH - 14, HEIGHT - 28, (0, max(months - 1, 1)), (low, high))
    for value in amounts:
        chart.line([(frame.left, frame.y(value)), (frame.right, frame.y(value))], "line")
        chart.label((frame.left - 6, frame.y(value) + 4), words(value), "end")
    step = next(s for s in (1, 2, 3, 6, 12, 24, 60, 120) if months / s <= 9)
    for month in range(0, months, step):
        chart.label((frame.x(month), HEIGHT - 10), calendar(month), "middle")
    across = [frame.x(month) for month in range(months)]
    for lower, upper, role in ((0, 4, "softer"), (1, 3, "soft")):
        down = [frame.y(value) for value in percentiles[upper]], [frame.y(value) for value in percentiles[lower]]
        outline = [*zip(across, down[0], strict=True), *reversed(list(zip(across, down[1], strict=True)))]
        chart.area(outline, "softer" if role == "softer" else "soft")
    chart.line([(frame.left, frame.y(0)), (frame.right, frame.y(0))], "ink")
    chart.line([(x, frame.y(v)) for x, v in zip(across, percentiles[2], strict=True)], "gain", 2)
    chart.line([(x, frame.y(v)) for x, v in zip(across, stated, strict=True)], "seal", 1.5, dashed=True)
    _legend(
        chart,
        frame.left,
        [
            (_("5-95 % of paths"), "softer"),
            (_("25-75 %"), "soft"),
            (_("median"), "gain"),
            (_("as stated"), "seal"),
        ],
    )
    return chart


def histogram(results: Floats, marks: Sequence[tuple[str, float]], words: Words) -> Drawing:
    """Net present values of all paths; losses in red. What lies beyond the 0.1st and 99.9th percentile is in the last
    bars.

    Args:
        results: (paths,).
        marks: What is marked, and where.
        words: Amounts as the axis shows them.
    """
    low, high = (float(value) for value in np.percentile(results, (0.1, 99.9)))
    low, high = min(low, *(at for _name, at in marks), 0.0), max(high, *(at for _name, at in marks), 0.0)
    if not high > low:
        low, high = low - 1, high + 1
    # A border lies at 0, so that no bar is half a loss.
    width = (high - low) / BINS
    edges = np.arange(math.floor(low / width), math.ceil(high / width) + 1) * width
    counts, _edges = np.histogram(np.clip(results, edges[0], edges[-1]), edges)
    share = 100 * counts / len(results)
    rows = len(marks)
    top = 20.0 + 15 * rows
    chart = Drawing(WIDTH, HEIGHT, _("Distribution of the net present value over all paths"))
    most = max(float(share.max()), 1e-9)
    percents = ticks(0, most, 4)
    frame = _Frame(50, top, WIDTH - 14, HEIGHT - 28, (float(edges[0]), float(edges[-1])), (0, most * 1.03))
    for value in percents:
        chart.line([(frame.left, frame.y(value)), (frame.right, frame.y(value))], "line")
        chart.label((frame.left - 6, frame.y(value) + 4), f"{value:g} %", "end")
    for value in ticks(float(edges[0]), float(edges[-1]), 7):
        chart.label((frame.x(value), HEIGHT - 10), words(value), "middle")
    for start, stop, height in zip(edges[:-1], edges[1:], share, strict=True):
        if height:
            loss = start < -width / 2
            role: Role = "seal" if loss else "gain"
            chart.box(frame.x(start) + 0.4, frame.y(height), frame.x(stop) - 0.4, frame.bottom, role)
    chart.line([(frame.left, frame.bottom), (frame.right, frame.bottom)], "ink")
    for row, (name, at) in enumerate(marks):
        y = 16 + 15 * row
        x = frame.x(at)
        chart.line([(x, y + 3), (x, frame.bottom)], "ink", 1, dashed=True)
        text = f"{name} {words(at)}"
        right = x + 6 + width_of(text, _SIZE) < WIDTH - 4
        chart.label((x + 5 if right else x - 5, y + 6), text, "start" if right else "end", "ink")
    return chart


def tornado_chart(bars: Sequence[Bar], stated: float, words: Words) -> Drawing:
    """How far each risk moves the net present value from what is stated; the longest bar first.

    Args:
        bars: Their values.
        stated: Net present value as stated.
        words: Amounts as the axis shows them.
    """
    row, names, room = 26.0, 210.0, 66.0
    height = 34 + row * max(len(bars), 1) + 26
    chart = Drawing(WIDTH, height, _("Tornado: net present value at the 10th and 90th percentile of each risk"))
    ends = [stated, *(bar.low for bar in bars), *(bar.high for bar in bars)]
    low, high = min(ends), max(ends)
    pad = (high - low or 1.0) * 0.01
    frame = _Frame(names + room, 24, WIDTH - room, height - 26, (low - pad, high + pad), (0, 1))
    for value in ticks(low, high, 5):
        chart.line([(frame.x(value), frame.top), (frame.x(value), frame.bottom)], "line")
        chart.label((frame.x(value), height - 10), words(value), "middle")
    middle = frame.x(stated)
    for at, bar in enumerate(bars):
        top = frame.top + 8 + row * at
        for value in (bar.low, bar.high):
            x = frame.x(value)
            if abs(x - middle) < 0.05:
                continue
            chart.box(min(x, middle), top, max(x, middle), top + row - 9, "seal" if value < stated else "gain")
        left, right = sorted(((frame.x(bar.low), bar.inputs[0]), (frame.x(bar.high), bar.inputs[1])))
        chart.label((min(left[0], middle) - 4, top + 12), left[1], "end", size=10)
        chart.label((max(right[0], middle) + 4, top + 12), right[1], size=10)
        chart.label((8, top + 12), shortened(bar.name, names - 8, 12), role="ink", size=12)
    chart.line([(middle, frame.top), (middle, frame.bottom)], "ink")
    chart.label((middle, frame.top - 8), _("as stated: {value}", value=words(stated)), "middle", "ink")
    return chart


def _range(*values: Floats) -> tuple[float, float]:
    low, high = min(float(v.min()) for v in values), max(float(v.max()) for v in values)
    pad = (high - low or 1.0) * 0.04
    return low - pad, high + pad


def _legend(chart: Drawing, left: float, entries: Sequence[tuple[str, Role]]) -> None:
    x = left
    for text, role in entries:
        chart.box(x, 10, x + 16, 20, role)
        chart.label((x + 21, 19), text)
        x += 38 + width_of(text, _SIZE)
