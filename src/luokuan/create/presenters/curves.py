"""Curves in plane units, (N, 2) float64: smooth ones through points, mirrored ones, and ribbons of changing width."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""(N, 2)."""
STEPS = 10
"""Points between two that are given."""
Pair = tuple[float, float]


def points_of(words: str) -> Points:
    """Points as SVG writes them: ``0,10 4.5,-3``."""
    return np.array([[float(part) for part in pair.split(",")] for pair in words.split()])


def moved(points: Points, x: float, y: float) -> Points:
    """``points`` so far to the right and down."""
    return points + np.array([x, y])


def through(points: Sequence[Pair] | Points, *, closed: bool = False) -> Points:
    """A smooth curve through ``points``: a Catmull-Rom spline (Catmull and Rom 1974)."""
    given = np.asarray(points, np.float64)
    if closed:
        padded = np.concatenate([given[-1:], given, given[:2]])
    else:
        first, last = 2 * given[0] - given[1], 2 * given[-1] - given[-2]
        padded = np.concatenate([first[None], given, last[None]])
    before, start, end, after = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    t = (np.arange(STEPS) / STEPS)[None, :, None]
    before, start, end, after = (part[:, None] for part in (before, start, end, after))
    curve = 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
    flat = curve.reshape(-1, 2)
    return flat if closed else np.concatenate([flat, given[-1:]])


def joined(*parts: Points) -> Points:
    """Curves one after the other, with corners where they meet."""
    return np.concatenate(parts)


def mirrored(half: Sequence[Pair] | Points) -> Points:
    """A closed smooth shape from its right half, given from its top to its bottom, both on the axis."""
    right = np.asarray(half, np.float64)
    return through(np.concatenate([right, flipped(right[1:-1])[::-1]]), closed=True)


def flipped(points: Sequence[Pair] | Points) -> Points:
    """The mirror image, left for right."""
    return np.asarray(points, np.float64) * (-1.0, 1.0)


def ellipse(x: float, y: float, across: float, down: float, turn: float = 0.0) -> Points:
    """An ellipse around (x, y) with these half axes, turned by ``turn`` radians."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    bare = np.stack([across * np.cos(angle), down * np.sin(angle)], axis=1)
    return moved(turned(bare, turn), x, y)


def turned(points: Points, angle: float, about: Pair = (0.0, 0.0)) -> Points:
    """``points`` turned clockwise by ``angle`` radians."""
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    return (points - about) @ np.array([[cos, sin], [-sin, cos]]) + about


def ribbon(line: Points, widths: Sequence[float]) -> Points:
    """The outline of a line that is as wide as ``widths`` say, evenly spread along it, with round ends where those
    aren't narrow."""
    steps = np.gradient(line, axis=0)
    length = np.maximum(np.hypot(steps[:, 0], steps[:, 1]), 1e-9)
    normals = np.stack([-steps[:, 1], steps[:, 0]], axis=1) / length[:, None]
    half = np.interp(np.linspace(0, 1, len(line)), np.linspace(0, 1, len(widths)), widths)[:, None] / 2
    ends = []
    for place, sign in ((-1, 1.0), (0, -1.0)):
        angle = np.linspace(np.pi / 2, -np.pi / 2, 8)[:, None]
        along = sign * steps[place] / length[place]
        across = sign * normals[place]
        ends.append(line[place] + half[place] * (np.cos(angle) * along + np.sin(angle) * across))
    return np.concatenate([line + half * normals, ends[0], (line - half * normals)[::-1], ends[1]])


def between(upper: Points, lower: Points) -> Points:
    """The area between two lines that run the same way."""
    return np.concatenate([upper, lower[::-1]])
