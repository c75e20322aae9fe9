"""A presenter from a picture: the mouth is painted over and drawn anew as the speech asks; the rest sways a little."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from luokuan.create.presenters.canvas import Canvas, darker
from luokuan.create.presenters.faces import draw_lips
from luokuan.create.presenters.looks import Colour
from luokuan.create.presenters.poses import Pose
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from luokuan.media import Picture

MOUTH = (0.5, 0.62, 0.16)
"""Where a mouth is looked for if nothing is said: its middle and its width, in shares of the picture's sides."""
LEAST = 64
"""Shortest side of a picture in pixels."""
_LARGE = 3
_WIDE = 88.0  # units of a mouth at rest


def mouth_of(given: Sequence[float]) -> tuple[float, float, float]:
    """The region of the mouth from three shares.

    Raises:
        UserError: they are no such shares, or the mouth would reach over the edge.
    """
    if len(given) == 3:
        x, y, wide = (float(one) for one in given)
        if 0.04 <= wide <= 0.6 and wide / 2 <= x <= 1 - wide / 2 and 0.05 <= y <= 0.95:
            return (x, y, wide)
    raise UserError(
        _("--mouth doesn't say where a mouth is."),
        _("Give three shares of the picture: middle from the left, middle from the top, width. Such as 0.5,0.62,0.16."),
        code="presenter.mouth",
    )


def no_mouth(given: Sequence[float] | None) -> None:
    """Refuse the mouth of a picture where there is none: a drawing knows its own.

    Raises:
        UserError: one was given.
    """
    if given is not None:
        raise UserError(
            _("--mouth says where the mouth of a picture is, and there is no picture."),
            _("Give the picture with --portrait-file, or leave --mouth out."),
            code="presenter.mouth",
        )


@dataclass(frozen=True, slots=True)
class Portrait:
    """A picture that speaks.

    Args:
        ground: What is behind it, uint8 (H, W, 3).
        picture: The square picture without its mouth, uint8 (S, S, 3).
        mouth: Middle and width of the mouth, in pixels of it.
        lips: Their colour.
        left: Where the picture lies on the ground.
        top: Likewise.
    """

    ground: NDArray[np.uint8]
    picture: NDArray[np.uint8]
    mouth: tuple[float, float, float]
    lips: Colour
    left: int
    top: int

    def frame(self, pose: Pose) -> NDArray[np.uint8]:
        """The picture in one pose, uint8 (H, W, 3): an array of its own."""
        from PIL import Image, ImageDraw

        x, y, wide = self.mouth
        side = len(self.picture)
        reach_x, reach_y = round(0.95 * wide), round(0.8 * wide)
        box = (max(0, round(x) - reach_x), max(0, round(y) - reach_y),
               min(side, round(x) + reach_x), min(side, round(y) + reach_y))  # fmt: skip
        spoken = Image.fromarray(self.picture)
        part = spoken.crop(box)
        large = part.resize((part.width * _LARGE, part.height * _LARGE), Image.Resampling.BICUBIC)
        scale = wide / _WIDE * _LARGE
        still = Pose(
            open=pose.open, wide=pose.wide, teeth=pose.teeth, tongue=pose.tongue, tuck=pose.tuck, smile=0.5 * pose.smile
        )
        origin = ((x - box[0]) * _LARGE, (y - box[1]) * _LARGE - 100 * scale)
        draw_lips(
            Canvas(ImageDraw.Draw(large), scale, origin, still), self.lips, full=False, line=darker(self.lips, 0.5)
        )
        spoken.paste(large.reduce(_LARGE), box[:2])
        # As a still is held before a camera: turned and moved by less than a hundredth.
        angle, zoom = 0.010 * pose.roll, 1 / (1.03 + 0.003 * pose.breath)
        cos, sin = zoom * float(np.cos(angle)), zoom * float(np.sin(angle))
        middle = side / 2
        shift = (0.008 * side * pose.yaw, 0.005 * side * pose.pitch)
        matrix = (cos, sin, middle - cos * (middle + shift[0]) - sin * (middle + shift[1]),
                  -sin, cos, middle + sin * (middle + shift[0]) - cos * (middle + shift[1]))  # fmt: skip
        swayed = spoken.transform(spoken.size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
        out = self.ground.copy()
        area = out[self.top : self.top + side, self.left : self.left + side]
        area[:] = np.asarray(swayed)[: area.shape[0], : area.shape[1]]
        return out


def portrait_of(
    picture: Picture, size: tuple[int, int], mouth: tuple[float, float, float], ground: NDArray[np.uint8]
) -> Portrait:
    """Get a picture ready to speak.

    Args:
        picture: At least ``LEAST`` pixels each way; its middle square is taken.
        size: Height and width of the frames.
        mouth: Middle and width of the mouth, in shares of that square.
        ground: What is beside it, uint8 (H, W, 3).

    Raises:
        UserError: it is too small.
    """
    from luokuan.create.presenters.grounds import filled

    if min(picture.height, picture.width) < LEAST:
        raise UserError(
            _("The portrait has {width}×{height} pixels, too few.", width=picture.width, height=picture.height),
            _("Give one of {least} pixels or more each way.", least=LEAST),
            code="presenter.portrait",
        )
    height, width = size
    side = min(height, width)
    square = filled((side, side), picture)
    x, y, wide = mouth[0] * side, mouth[1] * side, mouth[2] * side
    bare, lips = _without_mouth(square, x, y, wide)
    return Portrait(ground, bare, (x, y, wide), lips, (width - side) // 2, height - side)


def _without_mouth(square: NDArray[np.uint8], x: float, y: float, wide: float) -> tuple[NDArray[np.uint8], Colour]:
    """The picture with its mouth painted over from around it, and the colour of lips for it."""
    side = len(square)
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
    away = np.hypot((columns - x) / (0.68 * wide), (rows - y) / (0.40 * wide))
    ring = (away > 1.0) & (away < 1.35)
    skin = np.median(square[ring].reshape(-1, 3), axis=0) if ring.any() else square.reshape(-1, 3).mean(axis=0)
    share = np.clip((1.12 - away) / 0.3, 0, 1)[..., None]
    painted = np.rint(square * (1 - share) + skin * share).astype(np.uint8)
    inside = square[away < 0.5].reshape(-1, 3).astype(np.float64)
    # Lips: what of the mouth is redder than the skin; else skin in shade.
    redness = inside[:, 0] - inside[:, 1:].mean(axis=1) if len(inside) else np.zeros(0)
    limit = float(skin[0] - skin[1:].mean()) + 12
    found = inside[redness > limit]
    own = (round(float(skin[0])), round(float(skin[1])), round(float(skin[2])))
    if len(found) < 8:
        return painted, darker(own, 0.38)
    red, green, blue = (round(float(value)) for value in np.median(found, axis=0))
    return painted, (red, green, blue)
