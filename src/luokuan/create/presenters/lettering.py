"""Words on frames: the lower third and captions, drawn once each and laid over frames."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from luokuan.create.presenters.looks import Colour
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL import ImageFont

FONT = Path(__file__).parent / "fonts" / "text.ttf"
RANGES = ((0x20, 0x7E), (0xA0, 0x17F), (0x2010, 0x2027), (0x2030, 0x203A), (0x3000, 0x3017), (0xFF01, 0xFF5E))
"""Latin with its accents, and the marks of both languages."""
OTHERS = "€￥℃™→←"
LONGEST = 60
"""Characters of a title or subtitle."""
_LARGE = 4  # times, so that corners are smooth


_IN_OTHERS = str.maketrans({"℃": "°C", "Ⅴ": "V", "Ⅹ": "X"})


def as_drawn(text: str) -> str:
    """``text`` with signs whose place in the font is empty in letters that it has."""
    return text.translate(_IN_OTHERS)


def drawable(letter: str) -> bool:
    """Whether the font has ``letter``: the characters of GB 2312, Latin, figures, marks."""
    if letter in OTHERS or any(low <= ord(letter) <= high for low, high in RANGES):
        return True
    try:
        letter.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def checked(text: str, what: str) -> str:
    """``text`` in one line, if it can be drawn.

    Raises:
        UserError: it is too long, or the font lacks letters of it.
    """
    plain = unicodedata.normalize("NFC", " ".join(text.split()))
    if len(plain) > LONGEST:
        raise UserError(
            _("{what} has {count} characters, {most} at most.", what=what, count=len(plain), most=LONGEST),
            _("Make it shorter."),
            code="presenter.title",
        )
    lacking = "".join(dict.fromkeys(letter for letter in plain if not drawable(letter)))
    if lacking:
        raise UserError(
            _("{what} holds letters that can't be drawn here: {letters}.", what=what, letters=ascii(lacking[:12])[1:-1]
              if not lacking.isprintable() else lacking[:12]),
            _("Use Chinese characters in common use, Latin letters or figures."),
            code="presenter.letters",
        )  # fmt: skip
    return plain


@dataclass(frozen=True, slots=True)
class Panel:
    """Something that is laid over frames.

    Args:
        x: Where it begins, in pixels from the left.
        y: From the top.
        colours: float32 (h, w, 3), 0 to 255.
        cover: float32 (h, w, 1), 0 to 1.
    """

    x: int
    y: int
    colours: NDArray[np.float32]
    cover: NDArray[np.float32]

    def lay(self, frame: NDArray[np.uint8], strength: float = 1.0, shift: int = 0) -> None:
        """Lay it over ``frame``, in place, so strong (0 to 1) and so many pixels to the right."""
        height, width = self.cover.shape[:2]
        left, right = max(0, self.x + shift), min(frame.shape[1], self.x + shift + width)
        if right <= left or strength <= 0:
            return
        part = slice(left - self.x - shift, right - self.x - shift)
        area = frame[self.y : self.y + height, left:right]
        cover = self.cover[: area.shape[0], part] * np.float32(strength)
        area[:] = np.rint(area * (1 - cover) + self.colours[: area.shape[0], part] * cover).astype(np.uint8)


def lower_third(size: tuple[int, int], title: str, subtitle: str, accent: Colour, bottom: int) -> Panel:
    """Name and what somebody is, on a plate at the left.

    Args:
        size: Height and width of the frames.
        title: In a line, larger.
        subtitle: In a line below; both are made smaller where they wouldn't fit.
        accent: The colour of its edge.
        bottom: Pixels between it and the lower edge.
    """
    from PIL import Image, ImageDraw

    height, width = size
    title, subtitle = as_drawn(title), as_drawn(subtitle)
    unit = min(height, width) / 720
    room = 0.82 * width
    lines = []
    for text, points, ink in ((title, 40 * unit, (26, 30, 40)), (subtitle, 25 * unit, (92, 98, 112))):
        if text:
            wanted = max(8, round(points))
            wide = _font(wanted).getlength(text)
            lines.append((text, max(1, int(wanted * min(1.0, room / max(1.0, wide)))), ink))
    pad, bar = round(22 * unit), max(3, round(10 * unit))
    inner = max(round(_font(points).getlength(text)) for text, points, _ink in lines)
    tall = round(sum(1.35 * points for _text, points, _ink in lines) + 1.1 * pad)
    wide_px = inner + 2 * pad + bar
    plate = Image.new("RGB", (wide_px * _LARGE, tall * _LARGE), (250, 250, 252))
    shape = Image.new("L", plate.size)
    ImageDraw.Draw(shape).rounded_rectangle(
        (0, 0, plate.width - 1, plate.height - 1), radius=round(10 * unit * _LARGE), fill=242
    )
    draw = ImageDraw.Draw(plate)
    draw.rectangle((0, 0, bar * _LARGE, plate.height), fill=accent)
    y = 0.55 * pad
    for text, points, ink in lines:
        font = _font(points * _LARGE)
        bold = round(points * _LARGE * 0.022) if text == title else 0
        draw.text(
            ((bar + pad) * _LARGE, (y + 0.05 * points) * _LARGE), text, fill=ink, font=font,
            stroke_width=bold, stroke_fill=ink,
        )  # fmt: skip
        y += 1.35 * points
    left = round(0.05 * width)
    return _panel(plate, shape, left, height - bottom - tall)


def caption(size: tuple[int, int], lines: Sequence[str], bottom: int) -> Panel:
    """Lines of speech in the middle, white on dark."""
    from PIL import Image, ImageDraw

    height, width = size
    lines = [as_drawn(line) for line in lines]
    points = caption_points(size)
    room = 0.92 * width
    longest = max(_font(points).getlength(line) for line in lines)
    points = max(1, int(points * min(1.0, room / max(1.0, longest))))
    pad = round(0.45 * points)
    step = 1.4 * points
    wide = round(max(_font(points).getlength(line) for line in lines)) + 2 * pad
    tall = round(step * len(lines) + pad)
    plate = Image.new("RGB", (wide * _LARGE, tall * _LARGE), (16, 18, 24))
    shape = Image.new("L", plate.size)
    ImageDraw.Draw(shape).rounded_rectangle(
        (0, 0, plate.width - 1, plate.height - 1), radius=round(0.4 * points * _LARGE), fill=178
    )
    ink = Image.new("L", plate.size)
    draw = ImageDraw.Draw(ink)
    font = _font(points * _LARGE)
    for number, line in enumerate(lines):
        across = (plate.width - font.getlength(line)) / 2
        draw.text((across, (0.5 * pad + number * step) * _LARGE), line, fill=255, font=font)
    plate.paste((255, 255, 255), mask=ink)
    shape.paste(255, mask=ink)
    return _panel(plate, shape, (width - wide) // 2, height - bottom - tall)


def caption_points(size: tuple[int, int]) -> int:
    """The size of captions for frames of (H, W): two lines of 42 columns fit."""
    return max(8, round(min(0.046 * min(size), 0.9 * size[1] / 23)))


def _panel(plate: object, shape: object, x: int, y: int) -> Panel:
    from PIL import Image

    assert isinstance(plate, Image.Image)
    assert isinstance(shape, Image.Image)
    colours = np.asarray(plate.reduce(_LARGE), np.float32)
    cover = np.asarray(shape.reduce(_LARGE), np.float32)[..., None] / np.float32(255)
    # What doesn't fit is cut: never so for sizes that a presenter may have.
    return Panel(max(0, x), max(0, y), colours, cover)


@lru_cache(maxsize=64)
def _font(points: int) -> ImageFont.FreeTypeFont:
    from PIL import ImageFont

    # The basic engine: the same places on every machine, with or without Raqm.
    return ImageFont.truetype(str(FONT), points, layout_engine=ImageFont.Layout.BASIC)
