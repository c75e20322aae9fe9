"""Enlarging without a model: Pillow's filters, and the limits that hold for every way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Picture
from luokuan.models.upscaler.config import FACTORS

MAX_PIXELS = 64_000_000
"""Largest result, in pixels: what ``finish`` takes."""
METHODS = {"bicubic": Image.Resampling.BICUBIC, "lanczos": Image.Resampling.LANCZOS}


def check_factor(picture: Picture, factor: int) -> None:
    """Refuse what can't be enlarged.

    Raises:
        UserError: the factor is neither 2 nor 4, or the result would have more than ``MAX_PIXELS``.
    """
    if factor not in FACTORS:
        raise UserError(
            _("Pictures can't be upscaled by {factor}.", factor=factor), _("Choose 2 or 4."), code="upscale.factor"
        )
    if picture.height * picture.width * factor**2 > MAX_PIXELS:
        raise UserError(
            _(
                "A picture of {width}×{height} pixels is too large to upscale by {factor}.",
                width=picture.width,
                height=picture.height,
                factor=factor,
            ),
            _("Choose a smaller factor, or a smaller picture."),
            code="upscale.size",
        )


def enlarged(pixels: NDArray[np.uint8], factor: int, method: str = "lanczos") -> NDArray[np.uint8]:
    """uint8 (H, W, 3|4) to (factor·H, factor·W, 3|4), by one of ``METHODS``; alpha is multiplied in meanwhile."""
    height, width = pixels.shape[:2]
    return np.array(Image.fromarray(pixels).resize((width * factor, height * factor), METHODS[method]))
