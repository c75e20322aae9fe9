"""The drawn presenter on its ground: the parts in their order, several times too large, then made small."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from luokuan.create.presenters import clothes, faces, hair
from luokuan.create.presenters.canvas import Canvas
from luokuan.create.presenters.faces import Paints
from luokuan.create.presenters.looks import Look
from luokuan.create.presenters.poses import Pose

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

_REACH = 330.0
"""Units to the left and right that a figure takes."""
_TALL = 880.0
"""Units from the upper edge of the picture to the lower one."""
_FACE = 545.0
"""Units from the middle of the face down to the lower edge."""


@dataclass(frozen=True)
class Figure:
    """A drawn presenter.

    Args:
        look: What it looks like.
        ground: What is behind it, uint8 (H, W, 3).
    """

    look: Look
    ground: NDArray[np.uint8]

    def frame(self, pose: Pose) -> NDArray[np.uint8]:
        """The picture in one pose, uint8 (H, W, 3): an array of its own."""
        from PIL import ImageDraw

        part = self._part
        large = part.large.copy()
        draw_figure(Canvas(ImageDraw.Draw(large), part.scale, part.origin, pose), self.look)
        out = self.ground.copy()
        out[part.rows, part.columns] = np.asarray(large.reduce(part.times))
        return out

    @cached_property
    def _part(self) -> _Part:
        from PIL import Image

        height, width = self.ground.shape[:2]
        scale = min(height / _TALL, width / (2 * _REACH))
        times = 4 if scale < 0.6 else 3
        left = max(0, int(width / 2 - _REACH * scale) - 1)
        right = width - left
        top = max(0, int(height - (_FACE + 310) * scale))
        part = Image.fromarray(self.ground[top:, left:right])
        large = part.resize((part.width * times, part.height * times), Image.Resampling.NEAREST)
        origin = ((width / 2 - left) * times, (height - _FACE * scale - top) * times)
        return _Part(large, times, scale * times, origin, slice(top, height), slice(left, right))


@dataclass(frozen=True, slots=True)
class _Part:
    """What of the ground the figure may cover: ``large``, so many ``times`` too large; the ``scale`` and the ``origin``
    of a canvas on it; its ``rows`` and ``columns`` in the frame."""

    large: Image.Image
    times: int
    scale: float
    origin: tuple[float, float]
    rows: slice
    columns: slice


def draw_figure(canvas: Canvas, look: Look) -> None:
    """All parts, from behind to before."""
    paints = Paints.of(look)
    hair.draw_back(canvas, look, paints)
    faces.draw_neck(canvas, paints)
    clothes.draw_clothes(canvas, look, paints)
    faces.draw_head(canvas, look, paints)
    faces.draw_eyes(canvas, look, paints)
    faces.draw_nose(canvas, paints)
    faces.draw_beard(canvas, look, paints)
    faces.draw_mouth(canvas, look, paints)
    hair.draw_front(canvas, look, paints)
    hair.draw_locks(canvas, look, paints)
    faces.draw_glasses(canvas, look, paints)
    if look["hair"] not in ("bob", "headscarf"):
        faces.draw_earrings(canvas, look)
