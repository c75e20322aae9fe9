"""Effects that make another picture of a picture, or a clip in which the one turns into the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from luokuan.create.effects.orders import SIZES, Order
from luokuan.create.effects.shapes import SIZE, Made, check_size, length_of, no_shape, packed, size_of
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Clip, PackedFrames, Picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from luokuan.colophon.ingredients import Ingredient
    from luokuan.foundation.corpus.reader import PictureCorpus
    from luokuan.store.home import Home

MOST_STYLED = 1200
"""Frames of the longest clip that is put into a style."""
EXAMPLES = 24
"""Pictures of a corpus that tell its style."""


def styled(
    asked: Order, given: list[Ingredient], home: Home, folder: Path, corpus: PictureCorpus | None,
    on_frame: Callable[[int, int], None] | None, *, still: bool,
) -> Made:  # fmt: skip
    """In the style of a picture or a corpus: a clip; a picture; or a clip in which a picture turns into it."""
    from PIL import Image

    from luokuan.create.decoding import clip_of
    from luokuan.create.effects.restyle import Restyler, example
    from luokuan.create.presenters.grounds import filled
    from luokuan.create.starting import picture_of

    if corpus is None:
        style = [example(Image.fromarray(picture_of(given[1], home).pixels[..., :3]))]
    else:
        style = _examples(corpus)
    first = given[0]
    if first.media_type.startswith("video/"):
        if still:
            raise UserError(
                _("A clip stays a clip, in whatever style."), _("Write it as .mp4 or .webm."), code="create.option"
            )
        no_shape(asked)
        clip = clip_of(first, home, folder)
        count, height, width, _channels = clip.frames.shape
        if count > MOST_STYLED:
            raise UserError(
                _("A clip of {count} frames would take too long; {most} at most.", count=count, most=MOST_STYLED),
                _("Give a shorter clip."),
                code="effect.range",
            )
        check_size(count, (height, width))
        put = Restyler(style, (height, width), asked.strength)
        drawn = (put.of(np.array(frame)) for frame in clip.frames)
        return Made(Clip(PackedFrames((height, width), packed(drawn, count, on_frame)), clip.fps, clip.sound))
    picture = picture_of(first, home)
    size = size_of(picture, asked.size or (min(picture.height, picture.width, SIZES[1]) if still else SIZE))
    ground = filled(size, picture)
    return _turning(asked, ground, Restyler(style, size, asked.strength).of(ground), on_frame, still=still)


def regrounded(
    asked: Order, given: list[Ingredient], home: Home, on_frame: Callable[[int, int], None] | None, *, still: bool
) -> Made:
    """Before another background: a picture, or a clip in which a picture turns into it.

    Raises:
        UserError: it is a clip, or no subject stands out from the background.
    """
    from luokuan.create.effects.backdrops import behind
    from luokuan.create.effects.cutting import cut_out, laid_over
    from luokuan.create.presenters.grounds import filled
    from luokuan.create.starting import picture_of

    first = given[0]
    if first.media_type.startswith("video/"):
        raise UserError(
            _("The background of a clip can't be replaced: frame by frame, its edge would flicker."),
            _("Give a picture."),
            code="create.option",
        )
    picture = picture_of(first, home)
    size = size_of(picture, asked.size or (min(picture.height, picture.width, SIZES[1]) if still else SIZE))
    shown = filled(size, picture)
    ground = filled(size, picture_of(given[1], home)) if given[1:] else behind(size, asked.background, asked.seed)
    subject = cut_out(shown, asked.inside, asked.strength)
    return _turning(asked, shown, laid_over(shown, subject, ground), on_frame, still=still)


def _turning(
    asked: Order, ground: NDArray[np.uint8], found: NDArray[np.uint8], on_frame: Callable[[int, int], None] | None, *,
    still: bool,
) -> Made:  # fmt: skip
    if still:
        if on_frame is not None:
            on_frame(1, 1)
        return Made(Picture(found))
    count, fps = length_of(asked)
    size = (found.shape[0], found.shape[1])
    check_size(count, size)
    turned = (_between(ground, found, place / max(1, count - 1)) for place in range(count))
    return Made(Clip(PackedFrames(size, packed(turned, count, on_frame)), fps))


def _examples(corpus: PictureCorpus) -> list[NDArray[np.uint8]]:
    """Pictures of a corpus, evenly taken, each made as small as its style is looked at."""
    from luokuan.create.effects.restyle import example
    from luokuan.foundation.corpus.pictures import read_picture, to_rgb

    chosen = np.unique(np.linspace(0, len(corpus.items) - 1, EXAMPLES).round().astype(int)).tolist()
    return [example(to_rgb(read_picture(corpus.items[place].path, at_least=SIZE))) for place in chosen]


def _between(one: NDArray[np.uint8], other: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    """A third of the time each: the one, on the way, the other."""
    from luokuan.create.shorts.timing import eased

    weight = np.float32(eased(min(max(share * 3 - 1, 0.0), 1.0), "in-out"))
    return np.rint(one * (1 - weight) + other * weight).astype(np.uint8)
