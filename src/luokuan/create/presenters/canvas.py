"""A canvas of plane units on a picture that is drawn several times too large, then made small: so edges are smooth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from luokuan.create.presenters.curves import Points, moved, ribbon, turned
from luokuan.create.presenters.looks import Colour

if TYPE_CHECKING:
    from PIL import ImageDraw

    from luokuan.create.presenters.poses import Pose

_DEPTH = (13.0, 9.0)
"""Units by which what is one unit deep moves when the head is turned fully right, and down."""
_ROLL = 0.05
_PIVOT = (0.0, 200.0)
"""Where the neck holds the head."""


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """``one`` with so much of ``other``."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return (red, green, blue)


def darker(colour: Colour, share: float) -> Colour:
    """``colour`` in shade: deeper and a little warmer, as shade is on skin and cloth."""
    red, green, blue = colour
    return (round(red * (1 - 0.85 * share)), round(green * (1 - share)), round(blue * (1 - 0.95 * share)))


def lighter(colour: Colour, share: float) -> Colour:
    """``colour`` in light."""
    return mix(colour, (255, 255, 255), share)


@dataclass(frozen=True, slots=True)
class Canvas:
    """Where a figure is drawn.

    Args:
        draw: Pillow's, on the large picture.
        scale: Its pixels in a unit.
        origin: Its pixel at (0, 0), which is the middle of the face.
        pose: How the head is held.
    """

    draw: ImageDraw.ImageDraw
    scale: float
    origin: tuple[float, float]
    pose: Pose

    def head(self, points: Points, depth: float = 0.0) -> Points:
        """``points`` of the head as it is held; what lies nearer to the viewer (``depth``) moves further."""
        seen = moved(points, _DEPTH[0] * depth * self.pose.yaw, _DEPTH[1] * depth * self.pose.pitch)
        held = turned(seen, _ROLL * self.pose.roll, _PIVOT)
        return moved(held, 5.0 * self.pose.yaw, 2.0 * self.pose.pitch)

    def fill(self, points: Points, colour: Colour) -> None:
        """Fill an area."""
        pixels = points * self.scale + self.origin
        self.draw.polygon(pixels.ravel().tolist(), fill=colour)

    def line(self, points: Points, colour: Colour, *widths: float) -> None:
        """Draw a line, as wide as ``widths`` say along it."""
        self.fill(ribbon(points, widths if len(widths) > 1 else widths * 2), colour)

    def ring(self, points: Points, colour: Colour, width: float) -> None:
        """Draw the outline of a closed area."""
        around = np.concatenate([points, points[:2]])
        self.fill(ribbon(around, (width, width)), colour)
