"""What is behind the presenter: a colour with soft shapes, or a picture."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import numpy as np

from luokuan.create.presenters.canvas import darker, lighter, mix
from luokuan.create.presenters.curves import ellipse
from luokuan.create.presenters.looks import CHINESE, CLOTHES_COLOURS, Colour
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from luokuan.media import Picture

SOFT: tuple[Colour, ...] = (
    (204, 222, 236),
    (218, 212, 234),
    (238, 222, 204),
    (204, 230, 222),
    (240, 214, 210),
    (198, 210, 236),
    (226, 230, 214),
)
"""Colours from which the seed draws."""
_LARGE = 2


def colour_of(words: str, seed: int) -> Colour:
    """The colour that ``words`` name: a name of CSS, one of the clothes' colours in either language, or #RRGGBB; one
    that the seed draws where nothing is said.

    Raises:
        UserError: there is no such colour; the nearest names are suggested.
    """
    from PIL import ImageColor

    plain = words.strip()
    if not plain:
        return SOFT[int(np.random.default_rng([seed, 0xC01]).integers(len(SOFT)))]
    own = CLOTHES_COLOURS.get(CHINESE.get(plain, plain.casefold()))
    if own is not None:
        return own
    try:
        red, green, blue, *_alpha = ImageColor.getrgb(plain)
    except ValueError as error:
        known = [*ImageColor.colormap, *CLOTHES_COLOURS]
        near = difflib.get_close_matches(plain.casefold(), known, n=3, cutoff=0.6) or ["navy", "#C8DCE6"]
        raise UserError(
            _("There is neither a colour nor a picture called '{name}'.", name=plain[:60]),
            _("Did you mean {nearest}?", nearest=", ".join(near)),
            code="presenter.background",
        ) from error
    return (red, green, blue)


def coloured(size: tuple[int, int], colour: Colour) -> NDArray[np.uint8]:
    """A ground of this colour, lighter above, with a disc behind the head, uint8 (H, W, 3)."""
    from PIL import Image, ImageDraw

    height, width = size
    above, below = lighter(colour, 0.22), darker(colour, 0.06)
    share = np.linspace(0, 1, height * _LARGE)[:, None]
    rows = np.rint(np.asarray(above) * (1 - share) + np.asarray(below) * share).astype(np.uint8)
    image = Image.fromarray(np.repeat(rows[:, None], width * _LARGE, axis=1))
    draw = ImageDraw.Draw(image)
    unit = min(height / 880, width / 660) * _LARGE
    middle = (width * _LARGE / 2, height * _LARGE - 560 * unit)

    def disc(x: float, y: float, radius: float, tone: Colour) -> None:
        points = ellipse(middle[0] + x * unit, middle[1] + y * unit, radius * unit, radius * unit)
        draw.polygon([(float(a), float(b)) for a, b in points], fill=tone)

    disc(-640, 330, 300, mix(below, darker(colour, 0.2), 0.18))
    disc(640, -250, 210, mix(above, lighter(colour, 0.5), 0.5))
    disc(0, 40, 372, lighter(colour, 0.38))
    disc(0, 40, 336, lighter(colour, 0.5))
    return np.asarray(image.reduce(_LARGE)).copy()


def pictured(size: tuple[int, int], picture: Picture) -> NDArray[np.uint8]:
    """The middle of a picture, so large that it fills (H, W), and a little out of focus."""
    from PIL import Image, ImageFilter

    image = filled(size, picture)
    blurred = Image.fromarray(image).filter(ImageFilter.GaussianBlur(min(size) / 240))
    return np.asarray(blurred).copy()


def filled(size: tuple[int, int], picture: Picture) -> NDArray[np.uint8]:
    """The middle of a picture, so large that it fills (H, W)."""
    from PIL import Image, ImageOps

    height, width = size
    image = Image.fromarray(picture.pixels[..., :3])
    return np.asarray(ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)).copy()
