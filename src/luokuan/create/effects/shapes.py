"""How large, how long and how fast a clip is that is made of a picture, and how frames are handed on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from luokuan.create.effects.orders import Order
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Clip, PackedFrames, Picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from luokuan.foundation.modelfolder import ModelFolder

SECONDS, FPS, SIZE = 4.0, 12.0, 512
"""Of a clip that is made of a picture, if nothing is said."""
NARROWEST = 4.0
"""How much longer one side of a picture may be than the other."""
LARGEST = 4 << 30
"""Bytes of all frames."""


@dataclass(frozen=True, slots=True)
class Made:
    media: Clip | Picture
    model: ModelFolder | None = None


def length_of(asked: Order) -> tuple[int, float]:
    """Frames of a clip that is made of a picture, and how many a second."""
    fps = FPS if asked.fps is None else asked.fps
    return max(2, round((SECONDS if asked.seconds is None else asked.seconds) * fps)), fps


def size_of(picture: Picture, shortest: int) -> tuple[int, int]:
    """Height and width, even, of a clip that is made of a picture.

    Raises:
        UserError: the picture is too narrow.
    """
    long, short = max(picture.height, picture.width), min(picture.height, picture.width)
    if long > NARROWEST * short:
        raise UserError(
            _("The picture is too narrow: {width}×{height} pixels.", width=picture.width, height=picture.height),
            _("Cut it so that no side is more than {times} times as long as the other.", times=round(NARROWEST)),
            code="effect.narrow",
        )
    unit = shortest / short
    return 2 * round(picture.height * unit / 2), 2 * round(picture.width * unit / 2)


def no_shape(asked: Order) -> None:
    """Refuse what only says something of a clip that is made of a picture."""
    if asked.chosen:
        raise UserError(
            _("{option} has no say with {other}.", option=asked.chosen[0], other=_("a clip")),
            _("Leave one of them out."),
            code="create.option",
        )


def check_size(count: int, size: tuple[int, int]) -> None:
    if count * size[0] * size[1] * 3 > LARGEST:
        raise UserError(
            _("{count} frames of {width}×{height} pixels are too many.", count=count, width=size[1], height=size[0]),
            _("Make it shorter or smaller."),
            code="effect.large",
        )


def packed(
    frames: Iterator[NDArray[np.uint8]], count: int, on_frame: Callable[[int, int], None] | None
) -> Iterator[bytes]:
    for place, frame in enumerate(frames):
        yield PackedFrames.pack(frame)
        if on_frame is not None:
            on_frame(place + 1, count)
