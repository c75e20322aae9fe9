"""Characters: drawn presenters and cut-out pictures, each laid onto a frame where it stands at that moment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from luokuan.create.presenters.canvas import Canvas
from luokuan.create.presenters.figure import draw_figure
from luokuan.create.presenters.looks import Look
from luokuan.create.presenters.poses import Pose
from luokuan.create.shorts.fields import Character
from luokuan.create.shorts.timing import Key, value_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL import Image

_REACH, _TALL, _FACE = 330.0, 862.0, 545.0
"""Units that a figure takes to each side, in height, and from the middle of the face down to its lower edge."""
_LEAST = 8.0  # pixels of height below which nothing can be seen of anybody


@dataclass(frozen=True, slots=True)
class Stand:
    """How something stands on a frame: the middle of its lower edge (``x``, ``y``) and its ``height`` in pixels, turned
    by ``turn`` degrees, so far ``opacity`` seen, ``flip``: mirrored."""

    x: float
    y: float
    height: float
    turn: float = 0.0
    opacity: float = 1.0
    flip: bool = False


class Actor(Protocol):
    """Whoever can be laid onto a frame."""

    def lay(self, frame: NDArray[np.uint8], stand: Stand, place: int) -> None:
        """Draw it onto ``frame`` as it is in the scene's frame ``place``."""
        ...


@dataclass(frozen=True, slots=True)
class Rig:
    """A drawn presenter in the poses of a scene's frames."""

    look: Look
    poses: Sequence[Pose]

    def lay(self, frame: NDArray[np.uint8], stand: Stand, place: int) -> None:
        """See ``Actor``."""
        from PIL import Image, ImageDraw

        if stand.height < _LEAST or stand.opacity <= 0:
            return
        scale = stand.height / _TALL
        times = 4 if scale < 0.6 else 3
        left, top = math.floor(stand.x - _REACH * scale), math.floor(stand.y - stand.height)
        width, height = math.ceil(2 * _REACH * scale) + 1, math.ceil(stand.height) + 1
        x = stand.x - left
        large = Image.new("RGBA", (width * times, height * times))
        origin = ((width - x if stand.flip else x) * times, (stand.y - top - _FACE * scale) * times)
        draw_figure(Canvas(ImageDraw.Draw(large), scale * times, origin, self.poses[place]), self.look)
        # What nothing was drawn on is black and transparent, so that means of pixels are already times alpha.
        small = np.asarray(large.reduce(times), np.float32)
        small = small[:, ::-1] if stand.flip else small
        if stand.turn:
            small, left, top = _turned(small, stand, left, top)
        _over(frame, small, left, top, stand.opacity)


class CutOut:
    """A picture with transparency.

    Args:
        pixels: uint8 (H, W, 4), straight alpha.
    """

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        from PIL import Image

        self._levels: list[Image.Image] = [Image.fromarray(pixels)]

    def lay(self, frame: NDArray[np.uint8], stand: Stand, place: int) -> None:
        """See ``Actor``."""
        from PIL import Image

        del place
        if stand.height < 1 or stand.opacity <= 0:
            return
        level = self._level(stand.height)
        scale = stand.height / level.height
        wide = level.width * scale
        angle = math.radians(stand.turn)
        cos, sin = math.cos(angle), math.sin(angle)
        reach_x = (abs(cos) * wide + abs(sin) * stand.height) / 2 + 1
        reach_y = (abs(sin) * wide + abs(cos) * stand.height) / 2 + 1
        x, y = stand.x, stand.y - stand.height / 2  # it turns about its middle
        rows, columns = frame.shape[:2]
        left, right = max(0, math.floor(x - reach_x)), min(columns, math.ceil(x + reach_x))
        top, bottom = max(0, math.floor(y - reach_y)), min(rows, math.ceil(y + reach_y))
        if left >= right or top >= bottom:
            return
        # From a pixel of the frame back to the picture: moved, turned back, made large.
        a, b, d, e = cos / scale, sin / scale, -sin / scale, cos / scale
        if stand.flip:
            a, b = -a, -b
        dx, dy = left - x, top - y
        matrix = (a, b, a * dx + b * dy + level.width / 2, d, e, d * dx + e * dy + level.height / 2)
        size = (right - left, bottom - top)
        seen = level.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
        found = np.asarray(seen, np.float32).copy()
        found[..., :3] *= found[..., 3:] / np.float32(255)
        _over(frame, found, left, top, stand.opacity)

    def _level(self, height: float) -> Image.Image:
        """The smallest of its halves that is still as large as it is wanted."""
        from PIL import Image

        place = 0
        while self._levels[place].height >= 2 * height and min(self._levels[place].size) >= 4:
            if place + 1 == len(self._levels):
                one = self._levels[place]
                half = (max(1, one.width // 2), max(1, one.height // 2))
                self._levels.append(one.resize(half, Image.Resampling.LANCZOS))
            place += 1
        return self._levels[place]


class Part:
    """A character's way through a scene.

    Args:
        asked: What is asked for.
        seconds: Of the scene.
        seed: Of its swaying.
    """

    def __init__(self, asked: Character, seconds: float, seed: int) -> None:
        values = {"x": asked.at[0], "y": asked.at[1], "height": asked.height, "turn": asked.turn,
                  "opacity": asked.opacity}  # fmt: skip
        self._keys = {name: [Key(0.0, value)] for name, value in values.items()}
        for move in asked.moves:
            if move.at is not None:
                values |= {"x": move.at[0], "y": move.at[1]}
            for name in ("height", "turn", "opacity"):
                given = getattr(move, name)
                values[name] = values[name] if given is None else given
            at = seconds if move.by is None else move.by
            for name, value in values.items():
                self._keys[name].append(Key(at, value, move.ease))
        self._sway, self._flip = asked.sway, asked.flip
        self._phase = np.random.default_rng([seed, 0x5A1]).random(2) * 2 * math.pi

    def at(self, now: float) -> dict[str, float]:
        """Place, height, turn and opacity ``now`` seconds after the beginning of the scene, in shares of the frame."""
        found = {name: value_at(keys, now) for name, keys in self._keys.items()}
        if self._sway:
            found["y"] += 0.02 * self._sway * math.sin(2.4 * now + self._phase[0])
            found["turn"] += 5.0 * self._sway * math.sin(1.7 * now + self._phase[1])
        return found

    @property
    def flip(self) -> bool:
        """Whether it is mirrored."""
        return self._flip


def _turned(small: NDArray[np.float32], stand: Stand, left: int, top: int) -> tuple[NDArray[np.float32], int, int]:
    from PIL import Image

    turned = [Image.fromarray(small[..., c]).rotate(-stand.turn, Image.Resampling.BILINEAR, expand=True)
              for c in range(4)]  # fmt: skip
    found = np.stack([np.asarray(one, np.float32) for one in turned], axis=2)
    x, y = left + small.shape[1] / 2, top + small.shape[0] / 2
    return found, round(x - found.shape[1] / 2), round(y - found.shape[0] / 2)


def _over(frame: NDArray[np.uint8], sprite: NDArray[np.float32], left: int, top: int, opacity: float) -> None:
    """Lay a sprite (h, w, 4), 0 to 255, colours times alpha, over ``frame``, in place."""
    rows, columns = frame.shape[:2]
    y0, y1 = max(0, top), min(rows, top + sprite.shape[0])
    x0, x1 = max(0, left), min(columns, left + sprite.shape[1])
    if y0 >= y1 or x0 >= x1:
        return
    part = sprite[y0 - top : y1 - top, x0 - left : x1 - left]
    seen = np.nonzero(part[..., 3].any(axis=1))[0]
    if not len(seen):
        return
    part, y0, y1 = part[seen[0] : seen[-1] + 1], y0 + int(seen[0]), y0 + int(seen[-1]) + 1
    area = frame[y0:y1, x0:x1]
    cover = np.clip(part[..., 3:], 0, 255) * np.float32(opacity / 255)
    mixed = area * (1 - cover) + np.maximum(part[..., :3], 0) * np.float32(opacity)
    area[:] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
