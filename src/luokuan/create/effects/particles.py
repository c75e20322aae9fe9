"""Particles: snow, petals, sparks and rain, each a function of time and seed, drawn with soft edges, all at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MARGIN = 0.08
"""How far beyond the edges they live, in shares of the frame, so that none appears or goes within it."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a kind is.

    Args:
        count: How many at full strength on a square frame.
        radius: Smallest and largest, in shares of the shortest side.
        long: Its length against its width.
        fall: Slowest and fastest, in heights a second; negative: it rises.
        sway: How far it swings, in shares of the width.
        drift: To the side, in widths a second.
        spin: Turns a second; 0: it lies in the direction of its way.
        colours: Of which each has one.
        glow: Whether its light is added.
        opacity: At most.
    """

    count: int
    radius: tuple[float, float]
    long: float
    fall: tuple[float, float]
    sway: float
    drift: float
    spin: float
    colours: tuple[tuple[int, int, int], ...]
    glow: bool = False
    opacity: float = 0.9


_KINDS = {
    "snow": _Kind(420, (0.0025, 0.009), 1.0, (0.06, 0.22), 0.015, 0.02, 0.0, ((255, 255, 255), (236, 243, 252))),
    "petals": _Kind(90, (0.008, 0.018), 1.9, (0.07, 0.17), 0.05, 0.05, 0.35,
                    ((246, 182, 200), (250, 208, 218), (238, 154, 178))),
    "sparks": _Kind(170, (0.0026, 0.0080), 1.0, (-0.42, -0.14), 0.03, 0.0, 0.0,
                    ((255, 170, 70), (255, 206, 120), (255, 120, 50)), glow=True),
    "rain": _Kind(330, (0.0010, 0.0018), 22.0, (1.5, 2.4), 0.0, 0.10, 0.0, ((206, 220, 236),), opacity=0.5),
}  # fmt: skip


def particles(
    kind: str, strength: float, size: tuple[int, int], seed: int
) -> Callable[[NDArray[np.uint8], float], None]:
    """What lays particles over a frame of (H, W), in place, as they are at a time in seconds."""
    about, (height, width) = _KINDS[kind], size
    random = np.random.default_rng([seed, 0x9A7])
    count = max(1, round(about.count * strength * min(2.5, max(height, width) / min(height, width))))
    near = random.random(count) ** 1.6  # many are far, a few near: larger and faster
    low, high = about.radius
    radius = np.maximum(0.7, (low + (high - low) * near) * min(height, width))
    speed = about.fall[0] + (about.fall[1] - about.fall[0]) * near
    start = random.random((2, count))
    swing, turn = 0.15 + 0.35 * random.random(count), random.random((3, count))
    tint = random.integers(len(about.colours), size=count)
    drift = about.drift * (0.5 + near)
    whole = 1 + 2 * _MARGIN

    def lay(frame: NDArray[np.uint8], now: float) -> None:
        x = (start[0] + drift * now + about.sway * np.sin(2 * np.pi * (swing * now + turn[0]))) % whole - _MARGIN
        y = (start[1] + speed * now) % whole - _MARGIN
        if about.spin:
            angle = 2 * np.pi * (about.spin * (0.5 + near) * now + turn[1])
        else:
            angle = np.full(count, np.arctan2(speed.mean() * height, drift.mean() * width))
        # A petal seen from the side is narrow.
        flat = 0.35 + 0.65 * np.abs(np.cos(2 * np.pi * (0.4 * now + turn[2]))) if about.spin else np.ones(count)
        bright = 0.35 + 0.65 * np.abs(np.sin(2 * np.pi * (1.3 * now + turn[2]))) if about.glow else 0.45 + 0.55 * near
        bright = bright * (np.clip(y * 1.4, 0, 1) if about.glow else 1.0)  # sparks go out on their way up
        for number, colour in enumerate(about.colours):
            own = tint == number
            cover = _splatted(size, x[own] * width, y[own] * height, radius[own], about.long, flat[own], angle[own],
                              bright[own] * about.opacity, glow=about.glow)  # fmt: skip
            _lay(frame, cover, colour, glow=about.glow)

    return lay


def _splatted(
    size: tuple[int, int], x: NDArray[np.float64], y: NDArray[np.float64], radius: NDArray[np.float64], long: float,
    flat: NDArray[np.float64], angle: NDArray[np.float64], bright: NDArray[np.float64], *, glow: bool,
) -> NDArray[np.float32]:  # fmt: skip
    """How far each pixel is covered, (H, W): ellipses of the given radius across and ``long`` times that along."""
    cover = np.zeros(size, np.float32)
    if not len(x):
        return cover
    reach = int(np.ceil(radius.max() * max(long, 1.0) * (3.0 if glow else 1.0))) + 2
    offsets = np.arange(-reach, reach + 1)
    columns = np.floor(x)[:, None, None].astype(np.intp) + offsets[None, None, :]  # (n, 1, s)
    rows = np.floor(y)[:, None, None].astype(np.intp) + offsets[None, :, None]  # (n, s, 1)
    dx, dy = columns + 0.5 - x[:, None, None], rows + 0.5 - y[:, None, None]
    cos, sin = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    along, across = dx * cos + dy * sin, dy * cos - dx * sin
    wide = radius[:, None, None]
    away = np.hypot(along / long, across / flat[:, None, None])
    value = np.exp(-((away / wide) ** 2)) if glow else np.clip(wide + 0.5 - away, 0, 1)
    value = value * bright[:, None, None]
    rows, columns = np.broadcast_arrays(rows, columns)
    kept = (value > 0.004) & (rows >= 0) & (rows < size[0]) & (columns >= 0) & (columns < size[1])
    put = np.add.at if glow else np.maximum.at
    put(cover, (rows[kept], columns[kept]), value[kept].astype(np.float32))
    return cover


def _lay(frame: NDArray[np.uint8], cover: NDArray[np.float32], colour: tuple[int, int, int], *, glow: bool) -> None:
    rows = np.flatnonzero(cover.any(axis=1))
    for part in np.array_split(rows, max(1, len(rows) // 64)):  # little memory at a time
        share = cover[part][..., None]
        tone = np.asarray(colour, np.float32)
        found = frame[part] + tone * share if glow else frame[part] * (1 - share) + tone * share
        frame[part] = np.clip(np.rint(found), 0, 255).astype(np.uint8)
