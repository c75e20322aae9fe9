"""The explicit label: words at a corner that say to people that a picture, or a clip, was generated.

GB 45438-2025 asks for an AI word and a generation word, not lower than 5 % of the shortest side; the EU AI Act,
Article 50, for a mark that is clear and distinguishable. Both are taken as rules for the ink on the picture, not
for the font's em box, and for its contrast. The policy says whose rules the words must meet.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from luokuan.colophon.waiver import Waiver
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Frames, Picture, Sound

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import ImageFont

FONT = Path(__file__).parent / "fonts" / "label.ttf"
MIN_INK = 0.05
"""Least height of the ink, as a share of the shortest side (GB 45438-2025)."""

MIN_CONTRAST = 4.5
"""Least contrast of text (WCAG 2.2, criterion 1.4.3)."""

_AIM_CONTRAST = 5.5  # some room for what lossy encoding does to the ground
_TEXTS: Mapping[str, tuple[str, ...]] = {
    "cn": ("人工智能生成",),
    "en": ("AI generated",),
    "both": ("人工智能生成", "AI generated"),
}
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)

Language = Literal["cn", "en", "both"]
Policy = Literal["cn", "eu", "both"]
Corner = Literal["top-left", "top-right", "bottom-left", "bottom-right"]
_CORNERS = ("top-left", "top-right", "bottom-left", "bottom-right")

Voice = Callable[[str, str], Sound]
"""Speaks words (first) in a language (second, BCP 47). It comes from a room that knows models."""
LANGUAGES: Mapping[Policy, Language] = {"cn": "cn", "eu": "en", "both": "both"}
"""The language of the label that a policy asks for when none is chosen."""
_POLICIES: Mapping[Language, Policy] = {"cn": "cn", "en": "eu", "both": "both"}
_MEETS: Mapping[Policy, tuple[Language, ...]] = {"cn": ("cn", "both"), "eu": ("en", "cn", "both"), "both": ("both",)}


@dataclass(frozen=True, slots=True)
class LabelOptions:
    """How a work is labelled.

    Args:
        language: ``cn``, ``en`` or ``both``: what its readers read.
        corner: Where on a picture the label stands.
        policy: Whose rules the label must meet. ``cn``: the words hold an AI element and a generation element in
            Chinese (GB 45438-2025). ``eu``: an AI mark in the language that is chosen, which a reader meets at once
            (Article 50(5)): a long text begins with it, too. ``both``: all of that, in both languages. None: the
            strictest that the language meets.
        waiver: The maker's wish for a work without it; None: it is labelled.
        voice: Speaks it before a sound, where else a rhythm is heard.

    Raises:
        UserError: a value is unknown, or the language doesn't meet the policy.
    """

    language: Language = "both"
    corner: Corner = "bottom-right"
    policy: Policy | None = None
    waiver: Waiver | None = None
    voice: Voice | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.policy is None:
            object.__setattr__(self, "policy", _POLICIES.get(self.language, "both"))
        known: tuple[str, ...]
        for value, known in ((self.language, tuple(_TEXTS)), (self.corner, _CORNERS), (self.policy, tuple(_MEETS))):
            if value not in known:
                raise UserError(
                    _("The label can't be '{value}'.", value=value),
                    _("Choose one of {known}.", known=", ".join(known)),
                    code="label.option",
                )
        if self.policy is not None and self.language not in _MEETS[self.policy]:
            raise UserError(
                _(
                    "The label '{text}' doesn't meet the policy {policy}.",
                    text=" ".join(_TEXTS[self.language]),
                    policy=self.policy,
                ),
                _("Choose --label {languages}, or another --policy.", languages=" / ".join(_MEETS[self.policy])),
                code="label.policy",
            )

    @property
    def words(self) -> tuple[str, ...]:
        """The label's words, one string a language; none when it is waived."""
        return () if self.waiver else _TEXTS[self.language]

    @property
    def text(self) -> str:
        """The label's words in one line; empty when it is waived."""
        return " ".join(self.words)

    @property
    def meets_at_once(self) -> bool:
        """Whether a reader must meet the label at the beginning, however long the work is."""
        return self.policy != "cn"


def write_label(picture: Picture, options: LabelOptions) -> Picture:
    """Write the label onto a copy of ``picture``, uint8 (H, W, 3|4); a waived one isn't written.

    Ideographs and capitals are at least 5 % of the shortest side high, measured in pixels of ink. The text is white
    on a darkened ground or black on a lightened one, whichever changes the picture less, with a contrast of 4.5:1
    or more at every pixel. One line where it fits, else one for each language.
    """
    if not options.words:
        return picture
    pixels = picture.pixels.copy()
    panel = _panel(picture.height, picture.width, options)
    area = pixels[panel.rows, panel.columns]  # (h, w, 3|4), a view
    _draw(panel, area, choose_colours(area))
    return Picture(pixels)


def write_on_frames(frames: NDArray[np.uint8], options: LabelOptions) -> None:
    """Write the label onto ``frames``, uint8 (N, H, W, 3), in place, at the same spot and in the same colours on each.

    The label is drawn once; its contrast holds on every pixel of every frame. A waived one isn't written.
    """
    if not options.words or not len(frames):
        return
    panel = _panel(frames.shape[1], frames.shape[2], options)
    areas = frames[:, panel.rows, panel.columns]
    colours = choose_colours(areas.reshape(-1, areas.shape[2], 3))
    for area in areas:
        _draw(panel, area, colours)


def written_on(frames: Frames, count: int, options: LabelOptions) -> Frames:
    """As ``write_on_frames``, on the first ``count`` of frames that are made one by one."""
    if not options.words or count < 1:
        return frames
    panel = _panel(frames.shape[1], frames.shape[2], options)
    areas = [frames[place][panel.rows, panel.columns] for place in range(min(count, len(frames)))]
    colours = choose_colours(np.concatenate(areas))

    def write(place: int, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if place < count:
            _draw(panel, frame[panel.rows, panel.columns], colours)
        return frame

    return frames.changed(write)


@dataclass(frozen=True, slots=True)
class _Panel:
    """A drawn label: where it lies, and how strong its ground and its letters are, (h, w) from 0 to 1."""

    rows: slice
    columns: slice
    ground: NDArray[np.float64]
    text: NDArray[np.float64]


_Colours = tuple[tuple[int, int, int], tuple[int, int, int], float]


def _draw(panel: _Panel, area: NDArray[np.uint8], colours: _Colours) -> None:
    ink, scrim, strength = colours
    _blend(area, panel.ground * strength, scrim)
    _blend(area, panel.text, ink)


def _panel(full_height: int, full_width: int, options: LabelOptions) -> _Panel:
    """The label for a picture of this size."""
    from PIL import Image, ImageDraw

    height = math.ceil(MIN_INK * min(full_height, full_width))
    font = _font(_font_size(height))
    pad, margin, gap = round(0.45 * height), round(0.35 * height), round(0.4 * height)
    lines = [options.text]
    boxes = [font.getbbox(options.text)]
    if boxes[0][2] - boxes[0][0] + 2 * (pad + margin) > full_width:
        lines = list(options.words)
        boxes = [font.getbbox(line) for line in lines]
    widths = [math.ceil(right - left) for left, _top, right, _bottom in boxes]
    heights = [math.ceil(bottom - top) for _left, top, _right, bottom in boxes]
    panel_width = max(widths) + 2 * pad
    panel_height = sum(heights) + gap * (len(lines) - 1) + 2 * pad
    at_right, at_bottom = "right" in options.corner, "bottom" in options.corner
    x = full_width - margin - panel_width if at_right else margin
    y = full_height - margin - panel_height if at_bottom else margin

    shape = Image.new("L", (panel_width, panel_height))
    ImageDraw.Draw(shape).rounded_rectangle(
        (0, 0, panel_width - 1, panel_height - 1), radius=round(0.4 * height), fill=255
    )
    text = Image.new("L", (panel_width, panel_height))
    draw = ImageDraw.Draw(text)
    top = pad
    for line, box, width, line_height in zip(lines, boxes, widths, heights, strict=True):
        left = panel_width - pad - width if at_right else pad
        draw.text((left - box[0], top - box[1]), line, fill=255, font=font)
        top += line_height + gap
    place = slice(y, y + panel_height), slice(x, x + panel_width)
    return _Panel(*place, np.array(shape) / 255.0, np.array(text) / 255.0)


def ink_height(letter: str, size: int) -> int:
    """Rows of pixels in which ``letter`` at font size ``size`` has ink of at least half strength."""
    mask = _font(size).getmask(letter)
    rows = np.array(mask, dtype=np.uint8).reshape(mask.size[1], mask.size[0]).max(axis=1)
    strong = np.flatnonzero(rows >= 128)
    return int(strong[-1] - strong[0] + 1) if strong.size else 0


@lru_cache(maxsize=64)
def _font_size(height: int) -> int:
    """The smallest font size at which each ideograph and capital of the labels has ``height`` rows of ink."""
    letters = [letter for words in _TEXTS.values() for word in words for letter in word if not letter.islower()]
    letters = sorted(set(letters) - {" "})
    size = height  # ink is lower than the em box, so the answer is never smaller
    while any(ink_height(letter, size) < height for letter in letters):
        size += 1
    return size


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont:
    from PIL import ImageFont

    # The basic engine: the same glyph positions on every machine, with or without Raqm.
    return ImageFont.truetype(str(FONT), size, layout_engine=ImageFont.Layout.BASIC)


def luminance(colour: tuple[float, float, float]) -> float:
    """Relative luminance of an sRGB colour (0 to 255 a channel), 0 to 1 (WCAG 2.2)."""
    linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """Contrast ratio of two sRGB colours, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def choose_colours(area: NDArray[np.uint8]) -> _Colours:
    """Ink, scrim and the scrim's strength (0 to 1) for a ground (h, w, 3|4), so that every pixel has the contrast."""
    if area.shape[2] == 4 and int(area[..., 3].min()) < 255:
        return _WHITE, _BLACK, 1.0  # nobody knows what will shine through: a ground of our own
    # Channel by channel, so that no pixel is lighter (darker) than this colour.
    lightest = tuple(int(v) for v in area[..., :3].max(axis=(0, 1)))
    darkest = tuple(int(v) for v in area[..., :3].min(axis=(0, 1)))
    white = _strength(_WHITE, _BLACK, lightest)
    black = _strength(_BLACK, _WHITE, darkest)
    return (_WHITE, _BLACK, white) if white <= black else (_BLACK, _WHITE, black)


def _strength(ink: tuple[int, int, int], scrim: tuple[int, int, int], worst: tuple[int, ...]) -> float:
    """The weakest scrim, in steps of 5 %, on which ``ink`` can be read over the ground's worst colour."""
    for step in range(20):
        share = step / 20
        red, green, blue = (w + (s - w) * share for w, s in zip(worst, scrim, strict=True))
        if contrast(ink, (red, green, blue)) >= _AIM_CONTRAST:
            return share
    return 1.0


def _blend(area: NDArray[np.uint8], share: NDArray[np.float64], colour: tuple[int, int, int]) -> None:
    """Lay ``colour`` over ``area`` (h, w, 3|4) in place, with ``share`` (h, w) from 0 to 1 ("over", straight alpha)."""
    below = area[..., 3] / 255.0 if area.shape[2] == 4 else np.ones(area.shape[:2])
    alpha = share + below * (1 - share)  # (h, w)
    safe = np.where(alpha > 0, alpha, 1.0)
    for channel in range(3):
        mixed = (colour[channel] * share + area[..., channel] * below * (1 - share)) / safe
        area[..., channel] = np.rint(np.where(alpha > 0, mixed, area[..., channel]))
    if area.shape[2] == 4:
        area[..., 3] = np.rint(alpha * 255)
