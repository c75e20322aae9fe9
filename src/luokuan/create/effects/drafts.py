"""An effect: a picture or a clip of anybody to a clip, with its history."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from luokuan.create.effects.looks import change_of, nearest, views
from luokuan.create.effects.orders import Order, check_toward
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Clip, Frames, PackedFrames, Picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from luokuan.colophon.ingredients import Ingredient
    from luokuan.colophon.label import LabelOptions
    from luokuan.colophon.passage import Finisher
    from luokuan.colophon.schema import Work
    from luokuan.foundation.modelfolder import ModelFolder
    from luokuan.store.home import Home

VERSION = "luokuan effects 1"
"""What effects do: something else, another number."""
SECONDS, FPS, SIZE = 4.0, 12.0, 512
"""Of a clip that is made of a picture, if nothing is said."""
NARROWEST = 4.0
"""How much longer one side of a picture may be than the other."""
LARGEST = 4 << 30
"""Bytes of all frames."""
_SHARPEST = 2.0


@dataclass(frozen=True, slots=True)
class _Made:
    clip: Clip
    model: ModelFolder | None = None


def create_effect(
    path: Path | str,
    effect: str,
    *,
    toward: Path | str | None = None,
    codec: str | Path | None = None,
    licence: str = "",
    media_type: str = "video/mp4",
    label: LabelOptions | None = None,
    home: Home | None = None,
    on_frame: Callable[[int, int], None] | None = None,
    finisher: Finisher | None = None,
    **order: Any,
) -> Work:
    """Put an effect on a picture or a clip. What it came with stays: its credentials become the parent in the new
    manifest, its AIGC label is passed on. A file of somebody else becomes a composite (IPTC), never "created".

    Args:
        path: A picture or a clip: a file of anybody, or one that left here; of that one the private master is used.
        effect: See ``luokuan.create.effects.orders.EFFECTS``.
        toward: The other picture of ``morph``.
        codec: Whose latents ``morph`` goes through: store name, starter name, folder or Hub id.
        licence: Of the given files (SPDX id or a name); empty: that of the works, or unknown.
        media_type: ``video/mp4`` or ``video/webm``.
        label: The explicit label; default: as the home says.
        home: Where the work is kept; default: the user's home.
        on_frame: Called with the number of frames that are made, and of all; what it raises ends the work.
        finisher: Stands in the place of ``finish``.
        **order: The other fields of ``luokuan.create.effects.orders.Order``.

    Raises:
        UserError: a file can't be used (see ``luokuan.colophon.ingredients.take_in``), or a value is out of its range
            or has no say.
    """
    from luokuan.colophon.finish import finish
    from luokuan.colophon.formats import format_of
    from luokuan.colophon.ingredients import COMPOSITE, Origin, take_in
    from luokuan.colophon.schema import Draft
    from luokuan.colophon.xmp import GENERATED
    from luokuan.files import expand
    from luokuan.store.home import open_home

    format_of(media_type, Clip)  # refused before anything is made
    asked = Order(effect, **order)
    check_toward(effect, toward, codec)
    place = home or open_home()
    given = [take_in(expand(path), place, "parentOf")]
    if toward is not None:
        given.append(take_in(expand(toward), place, "inputTo"))
    with tempfile.TemporaryDirectory(prefix="luokuan-") as folder:
        made = _made(asked, given, place, Path(folder), codec, on_frame)
        ours = all(one.work_id or one.like for one in given)
        return (finisher or finish)(
            Draft(made.clip, _recipe(asked, made, given, licence, place), kind="video"),
            home=place,
            media_type=media_type,
            label=label,
            origin=Origin("edited", tuple(given), GENERATED if ours else COMPOSITE),
        )


def _made(
    asked: Order, given: list[Ingredient], home: Home, folder: Path, codec: str | Path | None,
    on_frame: Callable[[int, int], None] | None,
) -> _Made:  # fmt: skip
    from luokuan.create.decoding import clip_of
    from luokuan.create.starting import picture_of

    first = given[0]
    if not first.media_type.startswith("video/"):
        pictures = [picture_of(one, home) for one in given]
        return _of_pictures(asked, pictures, codec, home, on_frame)
    if asked.effect == "morph":
        raise UserError(_("A morph needs two pictures."), _("Give pictures, no clips."), code="create.option")
    if asked.chosen:
        raise UserError(
            _("{option} has no say with {other}.", option=asked.chosen[0], other=_("a clip")),
            _("Leave one of them out."),
            code="create.option",
        )
    clip = clip_of(first, home, folder)
    count, height, width, _channels = clip.frames.shape
    _check_size(count, (height, width))
    change = change_of(asked, count, (height, width), clip.fps)
    drawn = (change(place, np.array(frame)) for place, frame in enumerate(clip.frames))
    frames = PackedFrames((height, width), _packed(drawn, count, on_frame))
    return _Made(Clip(frames, clip.fps, clip.sound))


def _of_pictures(
    asked: Order, pictures: list[Picture], codec: str | Path | None, home: Home,
    on_frame: Callable[[int, int], None] | None,
) -> _Made:  # fmt: skip
    fps = FPS if asked.fps is None else asked.fps
    count = max(2, round((SECONDS if asked.seconds is None else asked.seconds) * fps))
    wanted = SIZE if asked.size is None else asked.size
    first = pictures[0]
    long, short = max(first.height, first.width), min(first.height, first.width)
    if long > NARROWEST * short:
        raise UserError(
            _("The picture is too narrow: {width}×{height} pixels.", width=first.width, height=first.height),
            _("Cut it so that no side is more than {times} times as long as the other.", times=round(NARROWEST)),
            code="effect.narrow",
        )
    if asked.effect == "morph":
        return _of_two(asked, pictures, count, fps, wanted, codec, home, on_frame)
    unit = wanted / short
    size = (2 * round(first.height * unit / 2), 2 * round(first.width * unit / 2))
    _check_size(count, size)
    drawn = _still(asked, first, count, size, fps)
    return _Made(Clip(PackedFrames(size, _packed(drawn, count, on_frame)), fps))


def _still(
    asked: Order, picture: Picture, count: int, size: tuple[int, int], fps: float
) -> Iterator[NDArray[np.uint8]]:
    """The frames of an effect on a picture. A camera that comes near finds more in it than one frame shows."""
    from PIL import Image

    from luokuan.create.presenters.grounds import filled

    if asked.effect in ("zoom", "shake"):
        times = min(_SHARPEST, nearest(asked) if asked.effect == "zoom" else 1.1)
        ground = Image.fromarray(filled((round(size[0] * times), round(size[1] * times)), picture))
        view = views(asked, count, size, fps)
        for place in range(count):
            yield view(place).of(ground)
        return
    still, change = filled(size, picture), change_of(asked, count, size, fps)
    for place in range(count):
        yield change(place, still.copy())


def _of_two(
    asked: Order, pictures: list[Picture], count: int, fps: float, wanted: int, codec: str | Path | None, home: Home,
    on_frame: Callable[[int, int], None] | None,
) -> _Made:  # fmt: skip
    from luokuan.create.effects.morph import CODEC, MOST_FRAMES, fitted, morphed
    from luokuan.create.presenters.grounds import filled
    from luokuan.foundation.modelfolder import resolve
    from luokuan.models.registry import loaded

    if count > MOST_FRAMES:
        raise UserError(
            _("A morph of {count} frames would take too long; {most} at most.", count=count, most=MOST_FRAMES),
            _("Ask for fewer seconds, or fewer frames a second."),
            code="effect.range",
        )
    folder = resolve(codec or CODEC, home)
    if folder.family != "codec":
        raise UserError(
            _("'{name}' is no codec.", name=folder.name), _("Leave --codec out, or name one."), code="effect.codec"
        )
    model = loaded(folder)
    size = fitted((pictures[0].height, pictures[0].width), wanted)
    one, other = (filled(size, picture) for picture in pictures)
    drawn = morphed(model, one, other, count, asked.strength, asked.seed)
    return _Made(Clip(PackedFrames(size, _packed(drawn, count, on_frame)), fps), folder)


def _check_size(count: int, size: tuple[int, int]) -> None:
    if count * size[0] * size[1] * 3 > LARGEST:
        raise UserError(
            _("{count} frames of {width}×{height} pixels are too many.", count=count, width=size[1], height=size[0]),
            _("Make it shorter or smaller."),
            code="effect.large",
        )


def _packed(
    frames: Iterator[NDArray[np.uint8]], count: int, on_frame: Callable[[int, int], None] | None
) -> Iterator[bytes]:
    for place, frame in enumerate(frames):
        yield PackedFrames.pack(frame)
        if on_frame is not None:
            on_frame(place + 1, count)


def _recipe(asked: Order, made: _Made, given: list[Ingredient], licence: str, home: Home) -> Any:
    from luokuan.colophon.schema import Recipe
    from luokuan.create.enlargements import licence_of
    from luokuan.foundation.licences import joint_licence

    own = [licence or licence_of(one.work_id, home) for one in given]
    folder = made.model
    assert isinstance(made.clip.frames, Frames)
    return Recipe(
        model=f"effect-{asked.effect}" if folder is None else folder.name,
        model_digest=hashlib.sha256(VERSION.encode()).hexdigest() if folder is None else folder.digest,
        parameters={
            "effect": asked.effect,
            **({"of": asked.of} if asked.effect == "particles" else {}),
            "strength": float(asked.strength),
            "files": [one.sha256 for one in given],
            "frames": len(made.clip.frames),
            "fps": float(made.clip.fps),
        },
        seed=asked.seed,
        licence=joint_licence([*own, *([] if folder is None else [folder.licence])]),
        corpus_digest=None if folder is None else folder.corpus_digest or None,
    )
