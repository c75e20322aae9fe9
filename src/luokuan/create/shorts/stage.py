"""The frames of a short: each scene with its background, characters, words and camera, and how one scene becomes the
next."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from luokuan.create.presenters.lettering import Panel
from luokuan.create.shorts import scenery
from luokuan.create.shorts.camera import Lens
from luokuan.create.shorts.cast import Actor, CutOut, Part, Rig, Stand
from luokuan.create.shorts.cutouts import cropped, cut_out
from luokuan.create.shorts.fields import Background, Character, Transition, Words, tone_of
from luokuan.create.shorts.letters import FADE, words_panel
from luokuan.create.shorts.sources import Larder
from luokuan.create.shorts.speaking import Timed, lines_by
from luokuan.create.shorts.timing import eased
from luokuan.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    from luokuan.foundation.yamlfile import Place

_SHARPEST = 2.0
"""How much larger than the frames a background is drawn at most, for a camera that comes near."""
_WHITE = "white"


@dataclass(frozen=True, slots=True)
class Shown:
    """Words and when they are seen, in seconds of the scene."""

    panel: Panel
    start: float
    end: float

    def strength(self, now: float) -> float:
        """How much of them is seen."""
        return max(0.0, min(1.0, (now - self.start) / FADE + 0.02, (self.end - now) / FADE))


@dataclass(frozen=True, slots=True)
class Set:
    """A scene that is ready to be drawn."""

    ground: Image.Image
    lens: Lens
    cast: Sequence[tuple[Actor, Part]]
    words: Sequence[Shown]
    fps: float

    @classmethod
    def of(cls, larder: Larder, timed: Timed) -> Set:
        """Bring and make what the scene needs.

        Raises:
            UserError: a part of it can't be had; the line of the storyboard is named.
        """
        from PIL import Image

        story, scene, number = larder.board.story, timed.scene, timed.number
        seconds = timed.frames / story.fps
        lens = Lens(scene.camera, seconds, story.shape, larder.seed(None, number, 2))
        times = min(_SHARPEST, math.ceil(2 * lens.nearest) / 2)
        size = (round(story.shape[0] * times), round(story.shape[1] * times))
        at: Place = ("scenes", number)
        ground = ground_of(larder, scene.background, (*at, "background"), size, larder.seed(None, number, 3))
        cast = [
            (_actor(larder, timed, one, place), Part(one, seconds, larder.seed(None, number, place, 4)))
            for place, one in enumerate(scene.characters)
        ]
        words = [_shown(larder, one, (*at, "words", place), seconds, number) for place, one in enumerate(scene.words)]
        return cls(Image.fromarray(ground), lens, cast, [one for one in words if one is not None], story.fps)

    def frame(self, place: int) -> NDArray[np.uint8]:
        """The scene's frame ``place``, uint8 (H, W, 3): an array of its own."""
        now = (place + 0.5) / self.fps
        view = self.lens.at(now)
        out = view.of(self.ground)
        for actor, part in self.cast:
            held = part.at(now)
            x, y = view.on_frame(held["x"], held["y"])
            stand = Stand(
                x, y, held["height"] * view.zoom * view.height, held["turn"], min(1.0, held["opacity"]), part.flip
            )
            actor.lay(out, stand, place)
        for shown in self.words:
            shown.panel.lay(out, shown.strength(now))
        return out


def ground_of(larder: Larder, asked: Background, at: Place, size: tuple[int, int], seed: int) -> NDArray[np.uint8]:
    """What is behind everything, uint8 (H, W, 3)."""
    if asked.picture is not None or asked.image is not None:
        if asked.picture is not None:
            pixels = larder.picture(asked.picture, (*at, "picture"))
        else:
            assert asked.image is not None
            pixels = larder.image(asked.image, at, larder.seed(asked.image.seed, seed))
        if asked.tiles is None:
            ground = scenery.pictured(size, pixels)
        else:
            tone = tone_of(asked.colour or _WHITE)
            ground = scenery.tiled(size, cropped(cut_out(pixels)), asked.tiles, tone)
    elif asked.scenery is not None:
        ground = scenery.drawn(size, asked.scenery, seed)
    elif asked.gradient is not None:
        ground = scenery.gradient(size, [tone_of(one) for one in asked.gradient])
    else:
        ground = scenery.flat(size, tone_of(asked.colour or _WHITE))
    return scenery.softened(ground, asked.soften, asked.dim)


def _actor(larder: Larder, timed: Timed, asked: Character, place: int) -> Actor:
    number = timed.number
    at: Place = ("scenes", number, "characters", place)
    if asked.rig is not None:
        return _rig(larder, timed, asked, at, place)
    if asked.picture is not None:
        pixels = larder.picture(asked.picture, (*at, "picture"))
        cut = bool(asked.cut)
    else:
        assert asked.image is not None
        pixels = larder.image(asked.image, at, larder.seed(asked.image.seed, number, place, 5))
        cut = asked.cut is not False
    if cut:
        pixels = cut_out(pixels)
    elif pixels.shape[2] == 3:
        pixels = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    return CutOut(np.ascontiguousarray(cropped(pixels)))


def _rig(larder: Larder, timed: Timed, asked: Character, at: Place, place: int) -> Rig:
    from luokuan.create.presenters.looks import look_of
    from luokuan.create.presenters.mouths import mouths
    from luokuan.create.presenters.poses import poses

    story = larder.board.story
    # The same name has the same looks in all scenes.
    own = larder.seed(asked.seed, *((asked.name,) if asked.name else (timed.number, place)))
    try:
        look = look_of(asked.rig or {}, own)
    except UserError as error:
        raise larder.board.caused((*at, "rig"), error) from error
    count = timed.frames + timed.tail
    phones, sound = lines_by(timed, asked.name, count / story.fps)
    held = poses(mouths(phones, sound, story.fps, count), phones, story.fps, larder.seed(None, timed.number, place, 6))
    return Rig(look, held)


def _shown(larder: Larder, asked: Words, at: Place, seconds: float, number: int) -> Shown | None:
    text = larder.text(asked.text, (*at, "text"), larder.seed(asked.text.seed, number, at[-1], 7))
    panel = words_panel(larder.board.story.shape, text, asked)
    return None if panel is None else Shown(panel, asked.start, seconds + FADE if asked.end is None else asked.end)


def frames_of(larder: Larder, scenes: Sequence[Timed], sets: Sequence[Set]) -> Iterator[NDArray[np.uint8]]:
    """All frames, one after the other, each uint8 (H, W, 3)."""
    fps = larder.board.story.fps
    for timed, own in zip(scenes, sets, strict=True):
        transition = timed.scene.transition
        passing = min(timed.frames, math.ceil(transition.lasting * fps))
        before = scenes[timed.number - 1] if timed.number else None
        for place in range(timed.frames):
            frame = own.frame(place)
            if place < passing:
                share = (place + 0.5) / passing
                earlier = None
                if before is None:
                    share = 0.5 + share / 2  # nothing goes: it only comes
                elif transition.kind != "fade" or share < 0.5:
                    earlier = sets[before.number].frame(before.frames + min(place, before.tail - 1))
                frame = passed(earlier, frame, transition, share)
            yield frame


def passed(
    before: NDArray[np.uint8] | None, after: NDArray[np.uint8], transition: Transition, share: float
) -> NDArray[np.uint8]:
    """A frame on the way from one scene to the next, ``share`` of it done.

    Args:
        before: A frame of the scene that goes; None: there is none, or nothing of it is seen any more.
        after: One of the scene that comes.
        transition: How.
        share: 0 to 1.
    """
    if transition.kind == "fade":
        tone = np.broadcast_to(np.asarray(tone_of(transition.colour), np.float32), after.shape)
        if share < 0.5 and before is not None:
            return _mixed(before, tone, eased(2 * share, "in-out"))
        return _mixed(tone, after, eased(2 * share - 1, "in-out"))
    if before is None:
        return after
    if transition.kind == "dissolve":
        return _mixed(before, after, eased(share, "in-out"))
    height, width = after.shape[:2]
    way = eased(share, "in-out")
    soft = 0.06
    if transition.kind in ("wipe-left", "wipe-right"):
        at = (np.arange(width, dtype=np.float32) + 0.5)[None, :, None] / width
    else:
        at = (np.arange(height, dtype=np.float32) + 0.5)[:, None, None] / height
    at = 1 - at if transition.kind in ("wipe-left", "wipe-up") else at
    cover = np.clip((way * (1 + soft) - at) / soft, 0, 1).astype(np.float32)
    return _mixed(before, after, cover)


def _mixed(
    one: NDArray[np.uint8] | NDArray[np.float32], other: NDArray[np.uint8] | NDArray[np.float32],
    share: float | NDArray[np.float32],
) -> NDArray[np.uint8]:  # fmt: skip
    cover = np.float32(share) if isinstance(share, float) else share
    return np.rint(one * (1 - cover) + other * cover).astype(np.uint8)
