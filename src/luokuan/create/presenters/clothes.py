"""Shoulders and what they wear. The chest rises with the breath and turns a little with the head."""

from __future__ import annotations

import numpy as np

from luokuan.create.presenters.canvas import Canvas, darker, lighter
from luokuan.create.presenters.curves import Pair, Points, ellipse, flipped, joined, moved, through
from luokuan.create.presenters.faces import Paints
from luokuan.create.presenters.looks import CLOTHES_COLOURS, Colour, Look

_SHOULDER: tuple[Pair, ...] = ((74, 236), (128, 274), (212, 300), (276, 340), (306, 430), (318, 640))
_NECKS: dict[str, tuple[Pair, ...]] = {
    "sweater": ((-86, 246), (-62, 284), (0, 302), (62, 284), (86, 246)),
    "blouse": ((-92, 252), (-58, 320), (0, 396), (58, 320), (92, 252)),
    "shirt": ((-80, 244), (-44, 290), (0, 322), (44, 290), (80, 244)),
    "suit": ((-80, 244), (-44, 290), (0, 322), (44, 290), (80, 244)),
    "blazer": ((-90, 250), (-66, 296), (0, 318), (66, 296), (90, 250)),
}
_WHITE: Colour = (246, 246, 248)
_TIES: tuple[Colour, ...] = ((152, 48, 58), (48, 86, 132), (176, 132, 52), (64, 110, 92))


def draw_clothes(canvas: Canvas, look: Look, paints: Paints) -> None:
    """Chest and clothes; before the neck there is nothing but collars."""
    kind, colour = look["clothes"], CLOTHES_COLOURS[look["clothes-colour"]]
    _fill(canvas, _torso(_NECKS[kind]), _WHITE if kind == "suit" else _inner(colour) if kind == "blazer" else colour)
    if kind == "sweater":
        band = through(_NECKS[kind])
        _line(canvas, moved(band, 0, 7), darker(colour, 0.12), 16, 18, 16)
        _line(canvas, moved(band, 0, 1), darker(colour, 0.2), 3, 3)
        _folds(canvas, colour)
    elif kind == "blouse":
        edge = through(_NECKS[kind])
        _line(canvas, edge, lighter(colour, 0.18), 6, 9, 6)
        _folds(canvas, colour)
    elif kind == "shirt":
        _line(canvas, np.array([(0.0, 330.0), (0.0, 480.0), (0.0, 640.0)]), darker(colour, 0.1), 3.5, 3.5)
        for y in (372, 452, 532, 612):
            _fill(canvas, ellipse(8, y, 5.5, 5.5), darker(colour, 0.22))
        _collar(canvas, lighter(colour, 0.14), darker(colour, 0.14))
        _folds(canvas, colour)
    else:
        _jacket(canvas, look, colour, tie=kind == "suit")


def _inner(colour: Colour) -> Colour:
    """What is worn under a blazer: light under dark, dark under light."""
    return (236, 230, 222) if sum(colour) < 420 else (64, 66, 78)


def _torso(neck: tuple[Pair, ...]) -> Points:
    right = through(_SHOULDER)
    return joined(through(neck), right, flipped(right)[::-1])


def _jacket(canvas: Canvas, look: Look, colour: Colour, *, tie: bool) -> None:
    if tie:
        place = sum(map(ord, look["hair-colour"] + look["eyes"] + look["skin"]))
        _tie(canvas, _TIES[place % len(_TIES)])
        _collar(canvas, _WHITE, (206, 208, 216))
    right = joined(
        through([(84, 246), (112, 262)]), through(_SHOULDER)[12:], np.array([(10.0, 640.0)]),
        through([(10, 640), (22, 560), (44, 470), (62, 380), (84, 300), (92, 262)]),
    )  # fmt: skip
    lapel = joined(
        through([(84, 244), (116, 268)]), np.array([(150.0, 340.0), (118.0, 356.0), (138.0, 384.0)]),
        through([(138, 384), (92, 470), (18, 572)]), through([(18, 572), (40, 474), (58, 380), (74, 300), (84, 244)]),
    )  # fmt: skip
    for points, flap in ((right, lapel), (flipped(right), flipped(lapel))):
        _fill(canvas, points, colour)
        _fill(canvas, flap, lighter(colour, 0.09))
        _ring(canvas, flap, darker(colour, 0.25), 2.6)
    _line(canvas, through([(10, 572), (2, 610), (0, 640)]), darker(colour, 0.25), 3, 3)
    _fill(canvas, ellipse(-12, 604, 7, 7), darker(colour, 0.3))
    _folds(canvas, colour)


def _tie(canvas: Canvas, colour: Colour) -> None:
    knot = np.array([(-20.0, 304.0), (20.0, 304.0), (13.0, 340.0), (-13.0, 340.0)])
    blade = np.array([(-13.0, 340.0), (13.0, 340.0), (30.0, 560.0), (0.0, 640.0), (-30.0, 560.0)])
    _fill(canvas, blade, colour)
    for y in range(370, 640, 44):
        half = 12.0 + 17.0 * (y - 340) / 220
        stripe = np.array([(-half, y + 16.0), (half, y - 6.0), (half, y + 3.0), (-half, y + 25.0)])
        _fill(canvas, stripe, lighter(colour, 0.18))
    _fill(canvas, knot, darker(colour, 0.14))


def _collar(canvas: Canvas, cloth: Colour, edge: Colour) -> None:
    right = joined(
        through([(64, 226), (80, 240), (88, 256)]), np.array([(64.0, 350.0)]), through([(4, 318), (36, 284), (64, 226)])
    )
    for points in (right, flipped(right)):
        _fill(canvas, points, cloth)
        _ring(canvas, points, edge, 2.6)


def _folds(canvas: Canvas, colour: Colour) -> None:
    """Where arms begin."""
    for line in (through([(214, 640), (208, 560), (222, 480)]), through([(-214, 640), (-208, 560), (-222, 480)])):
        _line(canvas, line, darker(colour, 0.2), 7, 4, 1)


def _moved(canvas: Canvas, points: Points) -> Points:
    pose = canvas.pose
    share = np.clip((points[:, 1:] - 200) / 200, 0, 1)
    return points + np.concatenate([2.5 * pose.yaw * (1 - share), -2.2 * pose.breath * np.ones_like(share)], axis=1)


def _fill(canvas: Canvas, points: Points, colour: Colour) -> None:
    canvas.fill(_moved(canvas, points), colour)


def _line(canvas: Canvas, points: Points, colour: Colour, *widths: float) -> None:
    canvas.line(_moved(canvas, points), colour, *widths)


def _ring(canvas: Canvas, points: Points, colour: Colour, width: float) -> None:
    canvas.ring(_moved(canvas, points), colour, width)
