"""What an effect does with a frame: functions of the frame, its place and the seed, so that any frame can be had at any
time and is always the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from luokuan.create.effects.orders import Order
from luokuan.create.effects.particles import particles
from luokuan.create.shorts.camera import Lens, View
from luokuan.create.shorts.fields import Camera, Shot
from luokuan.create.shorts.timing import eased

if TYPE_CHECKING:
    from PIL import Image

Frame = NDArray[np.uint8]
Change = Callable[[int, Frame], Frame]
"""A frame's place and the frame, which may be written into, to the new one."""
_ENDS = (0.8, 0.25)  # of a fade, in seconds at most and as a share of the clip
_HELD = 0.09  # seconds for which a glitch stays


def change_of(order: Order, count: int, size: tuple[int, int], fps: float) -> Change:
    """What ``order`` makes of the frames of a clip of ``count`` frames of (H, W)."""
    if order.effect in ("zoom", "shake"):
        view = views(order, count, size, fps)
        return lambda place, frame: view(place).of(_image(frame))
    makers: dict[str, Callable[[], Change]] = {
        "fade": lambda: _fade(order, count, fps),
        "particles": lambda: _particles(order, size, fps),
        "glitch": lambda: _glitch(order, size, fps),
        "grain": lambda: _grain(order, size),
    }
    return makers[order.effect]()


def nearest(order: Order) -> float:
    """How near the camera of ``zoom`` comes."""
    return 1.0 + 0.9 * order.strength


def views(order: Order, count: int, size: tuple[int, int], fps: float) -> Callable[[int], View]:
    """Where the camera of ``zoom`` (of Ken Burns) and of ``shake`` looks at each frame."""
    seconds = count / fps
    if order.effect == "shake":
        lens = Lens(Camera(shake=order.strength), seconds, size, order.seed)
    else:
        random = np.random.default_rng([order.seed, 0x200])
        x, y = (0.5 + 0.24 * (random.random(2) - 0.5)).tolist()
        far, near = Camera(zoom=1.0), Camera(zoom=nearest(order), middle=(x, y))
        first, last = (far, near) if random.random() < 0.65 else (near, far)
        move = Shot(zoom=last.zoom, middle=last.middle, ease="in-out")
        lens = Lens(Camera(zoom=first.zoom, middle=first.middle, moves=(move,)), seconds, size, order.seed)
    return lambda place: lens.at((place + 0.5) / fps)


def _image(frame: Frame) -> Image.Image:
    from PIL import Image

    return Image.fromarray(frame)


def _fade(order: Order, count: int, fps: float) -> Change:
    seconds = count / fps
    length = max(1 / fps, min(_ENDS[0] + 1.2 * order.strength, _ENDS[1] * seconds + 0.2 * order.strength * seconds))

    def change(place: int, frame: Frame) -> Frame:
        now = (place + 0.5) / fps
        share = eased(min(now, seconds - now) / length, "in-out")
        return np.rint(frame * np.float32(share)).astype(np.uint8)

    return change


def _particles(order: Order, size: tuple[int, int], fps: float) -> Change:
    lay = particles(order.of, order.strength, size, order.seed)

    def change(place: int, frame: Frame) -> Frame:
        lay(frame, (place + 0.5) / fps)
        return frame

    return change


def _glitch(order: Order, size: tuple[int, int], fps: float) -> Change:
    """Bands that jump to the side, colours that come apart, and lines: in bursts."""
    height, width = size
    columns = np.arange(width)
    lines = np.where(np.arange(height) % 3 == 0, 1 - 0.22 * order.strength, 1.0).astype(np.float32)[:, None, None]

    def change(place: int, frame: Frame) -> Frame:
        random = np.random.default_rng([order.seed, 0x611, int((place + 0.5) / fps / _HELD)])
        wild = random.random() < 0.25 + 0.6 * order.strength
        reach = order.strength * width * (0.12 if wild else 0.004)
        shift = np.zeros(height, np.intp)
        for _band in range(random.integers(3, 9) if wild else 1):
            top = int(random.integers(height))
            shift[top : top + max(1, int(random.random() ** 2 * 0.22 * height))] = round(reach * random.normal())
        moved = frame[np.arange(height)[:, None], (columns[None] - shift[:, None]) % width]
        apart = max(1, round(width * 0.012 * order.strength * (2.2 if wild else 0.7)))
        out = moved.copy()
        out[..., 0] = np.roll(moved[..., 0], apart, axis=1)
        out[..., 2] = np.roll(moved[..., 2], -apart, axis=1)
        return np.rint(out * lines).astype(np.uint8)

    return change


def _grain(order: Order, size: tuple[int, int]) -> Change:
    """As of old film: grain where it isn't bright, darker corners, a little flicker."""
    height, width = size
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    corners = (1 - 0.30 * order.strength * np.clip((rows**2 + columns**2) / 2, 0, 1) ** 1.5)[..., None]
    times = max(1, round(min(size) / 400))  # a grain's side in pixels

    def change(place: int, frame: Frame) -> Frame:
        random = np.random.default_rng([order.seed, 0x62A, place])
        fine = random.standard_normal((-(-height // times), -(-width // times)), np.float32)
        noise = np.repeat(np.repeat(fine, times, axis=0), times, axis=1)[:height, :width, None]
        bright = frame.mean(axis=2, keepdims=True, dtype=np.float32) / 255
        light = 1 + 0.05 * order.strength * float(random.normal())
        found = frame * (corners * light) + noise * (30 * order.strength * (1 - 0.6 * bright))
        return np.clip(np.rint(found), 0, 255).astype(np.uint8)

    return change
