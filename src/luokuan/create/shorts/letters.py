"""Words on the frames of a scene: drawn once, with a soft shadow, and laid over frames."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from luokuan.create.presenters.lettering import FONT, Panel, as_drawn, drawable
from luokuan.create.shorts.fields import Words, tone_of

if TYPE_CHECKING:
    from PIL import ImageFont

_TIMES = 3
_SHADOW = 0.72
_EDGE = 0.06  # of the frame, between words and its edge
MOST_LINES = 14
FADE = 0.4
"""Seconds in which words come and go."""
_CLOSING = "，。！？；：、）》”’…,.!?;:)"


def undrawable(text: str) -> str:
    """The letters of ``text`` that the font lacks, each once."""
    plain = unicodedata.normalize("NFC", text)
    return "".join(dict.fromkeys(letter for letter in plain if not letter.isspace() and not drawable(letter)))


def words_panel(size: tuple[int, int], text: str, asked: Words) -> Panel | None:
    """``text`` for frames of (H, W), broken and made smaller until it fits; None: there is nothing to draw."""
    from PIL import Image, ImageDraw, ImageFilter

    height, width = size
    plain = unicodedata.normalize("NFC", text)
    given = [as_drawn("".join(one for one in line if drawable(one))).strip() for line in plain.splitlines()]
    given = given[:MOST_LINES]
    while given and not given[-1]:
        given.pop()
    if not any(given):
        return None
    room = (0.44 if asked.place in ("left", "right") else 0.88) * width
    points = max(8.0, asked.size * min(size))
    lines = _broken(given, points, room)
    while points > 8 and (1.36 * points * len(lines) > 0.84 * height or _widest(lines, points) > room):
        points *= 0.93
        lines = _broken(given, points, room)
    step, pad = 1.36 * points, 0.5 * points
    if len(lines) > (most := max(1, int(0.9 * height / step))):
        lines = [*lines[: most - 1], lines[most - 1][:-1] + "…"]  # no letters fit that could still be read
    wide, tall = round(_widest(lines, points) + 2 * pad), round(step * len(lines) + 2 * pad)
    ink = Image.new("L", (wide * _TIMES, tall * _TIMES))
    draw, font = ImageDraw.Draw(ink), _font(round(points * _TIMES))
    for number, line in enumerate(lines):
        x = (ink.width - font.getlength(line)) / 2
        draw.text((x, (pad + number * step + 0.06 * points) * _TIMES), line, fill=255, font=font)
    around = ink.filter(ImageFilter.MaxFilter(2 * round(0.05 * points * _TIMES) + 1))
    soft = around.filter(ImageFilter.GaussianBlur(0.12 * points * _TIMES))
    letters = np.asarray(ink.reduce(_TIMES), np.float32)[..., None] / 255
    shadow = np.clip(np.asarray(soft.reduce(_TIMES), np.float32)[..., None] / 255 * 1.5, 0, 1) * _SHADOW
    cover = letters + (1 - letters) * shadow
    tone = np.asarray(tone_of(asked.colour), np.float32)
    dark = np.float32(12 if tone.mean() > 110 else 246)
    share = letters / np.maximum(cover, 1e-6)
    colours = tone * share + dark * (1 - share)
    x, y = _corner(size, (tall, wide), asked.place)
    return Panel(x, y, colours.astype(np.float32), cover.astype(np.float32))


def _corner(size: tuple[int, int], own: tuple[int, int], place: str) -> tuple[int, int]:
    height, width = size
    tall, wide = own
    x = {"left": _EDGE * width, "right": (1 - _EDGE) * width - wide}.get(place, (width - wide) / 2)
    y = {"top": _EDGE * height, "bottom": (1 - _EDGE) * height - tall}.get(place, (height - tall) / 2)
    return max(0, round(x)), max(0, round(y))


def _widest(lines: list[str], points: float) -> float:
    font = _font(max(1, round(points)))
    return max(float(font.getlength(line)) for line in lines)


def _broken(given: list[str], points: float, room: float) -> list[str]:
    """Lines no wider than ``room``: between words, or between Chinese characters, but not before a closing mark."""
    font = _font(max(1, round(points)))
    found = []
    for line in given:
        held = ""
        for piece in _pieces(line, font, room):
            if held.strip() and font.getlength((held + piece).rstrip()) > room and piece[0] not in _CLOSING:
                found.append(held.strip())
                held = ""
            held += piece
        found.append(held.strip())
    return found


def _pieces(line: str, font: ImageFont.FreeTypeFont, room: float) -> list[str]:
    found = _words(line)
    return [part for piece in found for part in (piece if font.getlength(piece) > room else [piece])]


def _words(line: str) -> list[str]:
    pieces: list[str] = []
    for letter in line:
        wide = unicodedata.east_asian_width(letter) in "WF"
        glued = bool(pieces) and not wide and not pieces[-1][-1].isspace() and pieces[-1][-1].isascii()
        if (letter.isspace() and pieces) or glued:
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces


@lru_cache(maxsize=64)
def _font(points: int) -> ImageFont.FreeTypeFont:
    from PIL import ImageFont

    return ImageFont.truetype(str(FONT), points, layout_engine=ImageFont.Layout.BASIC)
