"""Backgrounds: a colour, a gradient, a drawn place, or a picture, uint8 (H, W, 3), larger than the frames where the
camera comes near."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from luokuan.create.presenters.canvas import darker, lighter, mix
from luokuan.create.presenters.grounds import colour_of, filled
from luokuan.create.presenters.looks import Colour
from luokuan.media import Picture

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import ImageDraw

_TIMES = 2  # drawn that many times too large, then made small
_TILE = 0.62  # of a tile's side that its picture takes


def gradient(size: tuple[int, int], colours: Sequence[Colour]) -> NDArray[np.uint8]:
    """From the first colour, above, to the last, below; finely dithered, so that no bands are seen."""
    height, width = size
    at = np.linspace(0, len(colours) - 1, height)
    rows = np.stack([np.interp(at, range(len(colours)), [one[c] for one in colours]) for c in range(3)], axis=1)
    fine = np.array([[0.125, 0.625], [0.875, 0.375]])  # 2 × 2 ordered dither
    noise = np.tile(fine, (height // 2 + 1, width // 2 + 1))[:height, :width]
    return np.floor(rows[:, None] + noise[..., None]).clip(0, 255).astype(np.uint8)


def flat(size: tuple[int, int], colour: Colour) -> NDArray[np.uint8]:
    """One colour, a little lighter above."""
    return gradient(size, (lighter(colour, 0.12), colour, darker(colour, 0.06)))


def tiled(size: tuple[int, int], picture: NDArray[np.uint8], count: int, ground: Colour) -> NDArray[np.uint8]:
    """A pattern: ``picture`` (H, W, 4) so many times across on ``ground``, every other row shifted by half."""
    from PIL import Image

    height, width = size
    side = width / count
    image = Image.fromarray(flat(size, ground))
    one = Image.fromarray(picture)
    scale = _TILE * side / max(one.size)
    one = one.resize((max(1, round(one.width * scale)), max(1, round(one.height * scale))), Image.Resampling.LANCZOS)
    for row in range(int(height / side) + 2):
        for column in range(-1, count + 1):
            x = (column + 0.5 + 0.5 * (row % 2)) * side - one.width / 2
            y = (row + 0.25) * side - one.height / 2
            image.paste(one, (round(x), round(y)), one)
    return np.asarray(image).copy()


def pictured(size: tuple[int, int], pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle of a picture (H, W, 3 or 4), so large that it fills the frame; on white where it is transparent."""
    if pixels.shape[2] == 4:
        cover = pixels[..., 3:].astype(np.float32) / 255
        pixels = np.rint(pixels[..., :3] * cover + 255 * (1 - cover)).astype(np.uint8)
    return filled(size, Picture(np.ascontiguousarray(pixels)))


def softened(pixels: NDArray[np.uint8], soften: float, dim: float) -> NDArray[np.uint8]:
    """Out of focus, and darker, each by 0 to 1."""
    from PIL import Image, ImageFilter

    if soften:
        radius = soften * min(pixels.shape[:2]) / 25
        pixels = np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))
    return np.rint(pixels * (1 - 0.85 * dim)).astype(np.uint8) if dim else pixels


def drawn(size: tuple[int, int], place: str, seed: int) -> NDArray[np.uint8]:
    """A place: ``hills``, ``sea``, ``night``, ``city`` or ``room``."""
    from PIL import Image, ImageDraw

    sky, draw_on = _PLACES[place]
    height, width = size[0] * _TIMES, size[1] * _TIMES
    image = Image.fromarray(gradient((height, width), [colour_of(one, 0) for one in sky]))
    draw_on(ImageDraw.Draw(image), width, height, np.random.default_rng([seed, 0x5CE]))
    return np.asarray(image.reduce(_TIMES)).copy()


Random = Any  # numpy's Generator
Draw = Callable[["ImageDraw.ImageDraw", int, int, Random], None]


def _ridge(draw: ImageDraw.ImageDraw, width: int, height: int, random: Random, low: float, wild: float,
           colour: Colour) -> None:  # fmt: skip
    """A line of hills that begins ``low`` from above, in shares of the height."""
    x = np.arange(0, width + 8, 8)
    line = np.zeros(len(x))
    for waves in (1.1, 2.3, 4.7, 9.1):
        line += np.sin(2 * np.pi * (waves * x / width * (0.8 + 0.4 * random.random()) + random.random())) / waves
    y = (low + wild * 0.5 * line) * height
    draw.polygon([*zip(x.tolist(), y.tolist(), strict=True), (width + 8, height), (0, height)], fill=colour)


def _disc(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, colour: Colour) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _hills(draw: ImageDraw.ImageDraw, width: int, height: int, random: Random) -> None:
    unit = min(width, height)
    x, y = width * (0.68 + 0.2 * random.random()), 0.28 * height
    for times, tone in ((1.7, (250, 226, 190)), (1.3, (252, 232, 200)), (1.0, (255, 244, 222))):
        _disc(draw, x, y, 0.085 * unit * times, tone)
    far, near = (150, 176, 190), (58, 96, 84)
    for at in range(4):
        share = at / 3
        _ridge(draw, width, height, random, 0.52 + 0.13 * at, 0.12 - 0.015 * at, mix(far, near, share))


def _sea(draw: ImageDraw.ImageDraw, width: int, height: int, random: Random) -> None:
    unit, edge = min(width, height), 0.58 * height
    _disc(draw, width * 0.5, edge - 0.02 * unit, 0.14 * unit, (255, 236, 196))
    far, near = (122, 164, 190), (30, 74, 108)
    draw.rectangle((0, edge, width, height), fill=far)
    for at in range(9):
        share = (at + 1) / 9
        y = edge + (height - edge) * share**1.6 * 0.92
        _ridge(draw, width, height, random, y / height, 0.010 + 0.012 * share, mix(far, near, share))
    for _one in range(34):  # the sun on the water
        share = random.random()
        y = edge + (height - edge) * share
        long = unit * (0.02 + 0.09 * share) * (0.5 + random.random())
        x = width / 2 + random.normal(0, 0.05 + 0.10 * share) * unit
        thick = max(2.0, unit * 0.004 * (1 + 2 * share))
        draw.rounded_rectangle((x - long, y, x + long, y + thick), radius=thick / 2, fill=(255, 232, 190))


def _night(draw: ImageDraw.ImageDraw, width: int, height: int, random: Random) -> None:
    unit = min(width, height)
    for _star in range(160):
        size = unit * (0.0012 + 0.0022 * random.random() ** 3)
        tone = round(170 + 85 * random.random())
        _disc(draw, width * random.random(), 0.75 * height * random.random(), size, (tone, tone, min(255, tone + 20)))
    x, y = width * (0.18 + 0.15 * random.random()), 0.24 * height
    _disc(draw, x, y, 0.075 * unit, (250, 244, 220))
    for a, b, size in ((-0.02, -0.015, 0.012), (0.025, 0.01, 0.017), (-0.01, 0.03, 0.010)):
        _disc(draw, x + a * unit, y + b * unit, size * unit, (236, 228, 200))
    for at in range(3):
        _ridge(draw, width, height, random, 0.68 + 0.11 * at, 0.10 - 0.02 * at, mix((52, 62, 96), (16, 20, 36), at / 2))


def _city(draw: ImageDraw.ImageDraw, width: int, height: int, random: Random) -> None:
    unit = min(width, height)
    for layer in range(3):
        tone = mix((150, 160, 186), (52, 58, 84), layer / 2)
        lit = mix((236, 224, 190), (255, 214, 140), layer / 2)
        x = -0.05 * unit * random.random()
        while x < width:
            wide = unit * (0.09 + 0.11 * random.random()) * (0.8 + 0.25 * layer)
            top = height * (0.30 + 0.14 * layer + 0.28 * random.random())
            draw.rectangle((x, top, x + wide, height), fill=tone)
            step = unit * (0.030 + 0.006 * layer)
            for column in np.arange(x + 0.6 * step, x + wide - 0.8 * step, step):
                for row in np.arange(top + 0.8 * step, height, 1.3 * step):
                    if random.random() < 0.22 + 0.1 * layer:
                        draw.rectangle((column, row, column + 0.42 * step, row + 0.6 * step), fill=lit)
            x += wide + unit * 0.012 * random.random()


def _room(draw: ImageDraw.ImageDraw, width: int, height: int, random: Random) -> None:
    unit, floor = min(width, height), 0.80 * height
    draw.rectangle((0, floor, width, height), fill=(172, 132, 100))
    for at in range(7):
        y = floor + (height - floor) * (at / 7) ** 1.5
        draw.line((0, y, width, y), fill=(156, 118, 88), width=max(2, unit // 300))
    draw.rectangle((0, floor - 0.02 * unit, width, floor), fill=(236, 226, 212))
    left, right = (0.10, 0.44) if random.random() < 0.5 else (0.56, 0.90)
    x0, x1, y0, y1 = left * width, right * width, 0.14 * height, 0.58 * height
    frame = 0.016 * unit
    draw.rectangle((x0 - frame, y0 - frame, x1 + frame, y1 + frame), fill=(246, 240, 230))
    draw.rectangle((x0, y0, x1, y1), fill=(186, 214, 234))
    across = np.linspace(x0, x1, 40)
    hill = y1 - (y1 - y0) * (0.22 + 0.08 * np.sin(np.linspace(0, 5, 40) + 6 * random.random()))
    draw.polygon([*zip(across.tolist(), hill.tolist(), strict=True), (x1, y1), (x0, y1)], fill=(126, 164, 122))
    draw.rectangle(((x0 + x1) / 2 - frame / 3, y0, (x0 + x1) / 2 + frame / 3, y1), fill=(246, 240, 230))
    draw.rectangle((x0, (y0 + y1) / 2 - frame / 3, x1, (y0 + y1) / 2 + frame / 3), fill=(246, 240, 230))
    other = 1 - (left + right) / 2
    for at in range(2):  # shelves with books
        y = (0.30 + 0.20 * at) * height
        a, b = (other - 0.13) * width, (other + 0.13) * width
        draw.rectangle((a, y, b, y + 0.014 * unit), fill=(140, 102, 74))
        x = a + 0.01 * unit
        while x < b - 0.05 * unit:
            wide, tall = unit * (0.014 + 0.014 * random.random()), unit * (0.07 + 0.05 * random.random())
            tone = ((170, 76, 70), (70, 104, 136), (206, 164, 92), (92, 122, 96), (120, 88, 124))[random.integers(5)]
            draw.rectangle((x, y - tall, x + wide, y), fill=tone)
            x += wide + 0.002 * unit


_PLACES: dict[str, tuple[tuple[str, ...], Draw]] = {
    "hills": (("#9cc3e0", "#dbe7ea", "#f6e3c8"), _hills),
    "sea": (("#f0a878", "#f8d8b0", "#fbe9cf"), _sea),
    "night": (("#0c1230", "#1d2756", "#3c4a80"), _night),
    "city": (("#46598c", "#b88aa0", "#f4c49c"), _city),
    "room": (("#efe2cf", "#e9d8c0", "#e2cdb0"), _room),
}
