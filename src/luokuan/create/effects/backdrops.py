"""What comes behind a subject that was cut out: a colour, or a place as storyboards have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from luokuan.create.shorts.fields import Scenery, tone_of
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PLACES: tuple[str, ...] = get_args(Scenery)


def behind(size: tuple[int, int], words: str, seed: int) -> NDArray[np.uint8]:
    """A ground of (H, W), uint8 (H, W, 3).

    Args:
        size: Height and width.
        words: One of ``PLACES``, or a colour: a name, or #RRGGBB.
        seed: Of what a place looks like.

    Raises:
        UserError: it is neither.
    """
    import numpy as np

    from luokuan.create.shorts.scenery import drawn

    name = words.strip().casefold()
    if name in PLACES:
        return drawn(size, name, seed)
    try:
        return np.full((*size, 3), tone_of(words), np.uint8)
    except UserError as error:
        raise UserError(
            _("{option} can't be {value}.", option="--background", value=words[:40]),
            _("Give a colour, such as white or #C8DCE6, or one of {known}.", known=", ".join(PLACES)),
            code="effect.unknown",
        ) from error
