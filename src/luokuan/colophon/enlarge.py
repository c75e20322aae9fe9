"""Small pictures grow before they leave: a label on 32 pixels can't be read."""

from __future__ import annotations

from typing import Literal

import numpy as np

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Picture

MIN_SIDE = 512
"""Shortest side of a finished picture in pixels."""

MAX_PIXELS = 64_000_000
"""Largest picture that is finished, in pixels. Even as noise with alpha it is no larger than what ``verify`` looks at
(256 MiB), and readers (Pillow above 89 million) don't take it for a bomb."""

Method = Literal["lanczos", "nearest"]


def enlarge(picture: Picture, method: Method = "lanczos") -> Picture:
    """Enlarge so that the shortest side has at least 512 pixels; larger pictures are returned as they are.

    Args:
        picture: uint8 (H, W, 3|4).
        method: ``lanczos``: smooth, the shortest side becomes 512; ``nearest``: whole-number factor, hard pixels.

    Raises:
        UserError: the picture is, or would become, larger than 64 million pixels; or the method is unknown.
    """
    if method not in ("lanczos", "nearest"):
        raise UserError(
            _("There is no way to enlarge called {method}.", method=method),
            _("Choose lanczos or nearest."),
            code="enlarge.method",
        )
    short = min(picture.height, picture.width)
    ratio = max(1.0, MIN_SIDE / short)
    factor = -(-MIN_SIDE // short)  # rounded up, for nearest
    grown = ratio if method == "lanczos" else factor
    if picture.height * picture.width * grown**2 > MAX_PIXELS:
        raise UserError(
            _(
                "A picture of {width}×{height} pixels is too large to finish.",
                width=picture.width,
                height=picture.height,
            ),
            _("Make it smaller, or less narrow."),
            code="enlarge.size",
        )
    if short >= MIN_SIDE:
        return picture
    if method == "nearest":
        return Picture(np.repeat(np.repeat(picture.pixels, factor, axis=0), factor, axis=1))
    from PIL import Image

    # Pillow multiplies alpha in before it filters, so that invisible colours don't bleed.
    size = (round(picture.width * ratio), round(picture.height * ratio))
    return Picture(np.array(Image.fromarray(picture.pixels).resize(size, Image.Resampling.LANCZOS)))
