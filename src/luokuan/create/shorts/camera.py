"""The camera: where it looks at a time, and where things of the scene then stand on the frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from luokuan.create.shorts.fields import Camera
from luokuan.create.shorts.timing import Key, value_at

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

_SHAKEN = 0.014  # of the shortest side, at most
_ROOM = 0.035  # how much nearer a shaken camera is, so that no edge is seen


@dataclass(frozen=True, slots=True)
class View:
    """What is seen: a frame of (``height``, ``width``) that shows the scene around (``x``, ``y``), shares of it,
    ``zoom`` times as near."""

    x: float
    y: float
    zoom: float
    height: int
    width: int

    def on_frame(self, x: float, y: float) -> tuple[float, float]:
        """Pixels from the left and from the top of a place of the scene."""
        return (
            (x - self.x) * self.zoom * self.width + self.width / 2,
            (y - self.y) * self.zoom * self.height + self.height / 2,
        )

    def of(self, ground: Image.Image) -> NDArray[np.uint8]:
        """What is seen of a ground that shows the whole scene, uint8 (H, W, 3): an array of its own."""
        from PIL import Image

        across, down = ground.width / self.width, ground.height / self.height
        if (self.x, self.y, self.zoom, across) == (0.5, 0.5, 1.0, 1.0):
            return np.asarray(ground).copy()
        step_x, step_y = across / self.zoom, down / self.zoom
        left = self.x * ground.width - step_x * self.width / 2
        top = self.y * ground.height - step_y * self.height / 2
        matrix = (step_x, 0.0, left, 0.0, step_y, top)
        size = (self.width, self.height)
        return np.asarray(ground.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)).copy()


class Lens:
    """A camera through a scene.

    Args:
        camera: What is asked for.
        seconds: Of the scene.
        size: Height and width of the frames.
        seed: Of its shaking.
    """

    def __init__(self, camera: Camera, seconds: float, size: tuple[int, int], seed: int) -> None:
        zoom, (x, y) = camera.zoom, camera.middle
        self._keys = {"zoom": [Key(0.0, zoom)], "x": [Key(0.0, x)], "y": [Key(0.0, y)]}
        for move in camera.moves:
            zoom = zoom if move.zoom is None else move.zoom
            x, y = (x, y) if move.middle is None else move.middle
            at = seconds if move.by is None else move.by
            for name, value in (("zoom", zoom), ("x", x), ("y", y)):
                self._keys[name].append(Key(at, value, move.ease))
        self._size, self._shake = size, camera.shake
        self._phases = np.random.default_rng([seed, 0xCA3]).random((2, 3)) * 2 * np.pi

    @property
    def nearest(self) -> float:
        """How near it comes."""
        return max(key.value for key in self._keys["zoom"]) * (1 + _ROOM * self._shake)

    def at(self, now: float) -> View:
        """What it sees ``now`` seconds after the beginning of the scene; never beyond the edges of the scene."""
        zoom, x, y = (value_at(self._keys[name], now) for name in ("zoom", "x", "y"))
        height, width = self._size
        x, y = _inside(x, zoom), _inside(y, zoom)
        if self._shake:
            zoom *= 1 + _ROOM * self._shake
            hertz, share = np.array([0.7, 1.6, 3.1]), np.array([0.5, 0.32, 0.18])
            dx, dy = (np.sin(2 * np.pi * hertz * now + self._phases) * share).sum(axis=1)
            reach = _SHAKEN * self._shake * min(height, width) / zoom
            x, y = x + float(dx) * reach / width, y + float(dy) * reach / height
        return View(_inside(x, zoom), _inside(y, zoom), zoom, height, width)


def _inside(middle: float, zoom: float) -> float:
    """The nearest place from which nothing beyond the edges is seen."""
    half = 0.5 / zoom
    return min(1 - half, max(half, middle))
