"""An effect: a picture or a clip of anybody to a clip, with its history."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from luokuan.create.effects.backdrops import behind
from luokuan.create.effects.looks import change_of, nearest, views
from luokuan.create.effects.orders import STILL, Order, check_toward
from luokuan.create.effects.shapes import SIZE, Made, check_size, length_of, no_shape, packed, size_of
from luokuan.create.effects.stills import EXAMPLES, regrounded, styled
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Clip, Frames, PackedFrames, Picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from luokuan.colophon.ingredients import Ingredient
    from luokuan.colophon.label import LabelOptions
    from luokuan.colophon.passage import Finisher
    from luokuan.colophon.schema import Work
    from luokuan.foundation.corpus.reader import PictureCorpus
    from luokuan.store.home import Home

VERSION = "luokuan effects 1"
"""What effects do: something else, another number."""
SAID = ("title", "licence", "source", "credit", "consent", "personal_data")
"""What is remembered of the card of a corpus whose style was taken."""
_SHARPEST = 2.0


def create_effect(
    path: Path | str,
    effect: str,
    *,
    toward: Path | str | None = None,
    codec: str | Path | None = None,
    licence: str = "",
    media_type: str | None = None,
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
        toward: The other picture of ``morph``; the picture, or the folder of a corpus, whose ``style`` is taken; the
            picture that comes behind, with ``background``.
        codec: Whose latents ``morph`` goes through: store name, starter name, folder or Hub id.
        licence: Of the given files (SPDX id or a name) that are no works of the home: these keep their own.
        media_type: ``video/mp4`` or ``video/webm``; or a format of pictures, for the ``style`` or the
            ``background`` of a picture. None: that of the picture, for these two where neither ``seconds`` nor ``fps``
            asks for a clip; else ``video/mp4``.
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

    # Refused before anything is made.
    if media_type is not None:
        format_of(media_type, Picture if _is_still(effect, media_type) else Clip)
    asked = Order(effect, **order)
    check_toward(effect, toward, codec, asked.background, asked.inside)
    if asked.background:
        behind((1, 1), asked.background, 0)  # there is such a colour or place
    if _is_still(effect, media_type) and asked.timed:
        raise UserError(
            _("{option} has no say with {other}.", option=asked.timed[0], other=_("a picture")),
            _("Leave one of them out."),
            code="create.option",
        )
    place = home or open_home()
    given = [take_in(expand(path), place, "parentOf")]
    media_type = media_type or _usual(asked, given[0])
    still = _is_still(effect, media_type)
    corpus = None
    if effect == "style" and expand(str(toward)).is_dir():
        from luokuan.foundation.corpus.reader import open_corpus

        corpus = open_corpus(str(toward))
    elif toward is not None:
        given.append(take_in(expand(toward), place, "inputTo"))
    with tempfile.TemporaryDirectory(prefix="luokuan-") as folder:
        if effect == "style":
            made = styled(asked, given, place, Path(folder), corpus, on_frame, still=still)
        elif effect == "background":
            made = regrounded(asked, given, place, on_frame, still=still)
        else:
            made = _made(asked, given, place, Path(folder), codec, on_frame)
        ours = all(one.work_id or one.like for one in given)
        return (finisher or finish)(
            Draft(
                made.media,
                _recipe(asked, made, given, licence, place, corpus),
                kind="image" if isinstance(made.media, Picture) else "video",
            ),
            home=place,
            media_type=media_type,
            label=label,
            origin=Origin("edited", tuple(given), GENERATED if ours else COMPOSITE),
        )


def _is_still(effect: str, media_type: str | None) -> bool:
    """Whether a picture is asked for."""
    return effect in STILL and media_type is not None and media_type.startswith("image/")


def _usual(asked: Order, given: Ingredient) -> str:
    """The format where none is wanted: a picture to which nothing moves stays one."""
    from luokuan.colophon.formats import PICTURES

    stays = asked.effect in STILL and not asked.timed and given.media_type in {row.media_type for row in PICTURES}
    return given.media_type if stays else "video/mp4"


def _made(
    asked: Order, given: list[Ingredient], home: Home, folder: Path, codec: str | Path | None,
    on_frame: Callable[[int, int], None] | None,
) -> Made:  # fmt: skip
    from luokuan.create.decoding import clip_of
    from luokuan.create.starting import picture_of

    first = given[0]
    if not first.media_type.startswith("video/"):
        pictures = [picture_of(one, home) for one in given]
        return _of_pictures(asked, pictures, codec, home, on_frame)
    if asked.effect == "morph":
        raise UserError(_("A morph needs two pictures."), _("Give pictures, no clips."), code="create.option")
    no_shape(asked)
    clip = clip_of(first, home, folder)
    count, height, width, _channels = clip.frames.shape
    check_size(count, (height, width))
    change = change_of(asked, count, (height, width), clip.fps)
    drawn = (change(place, np.array(frame)) for place, frame in enumerate(clip.frames))
    frames = PackedFrames((height, width), packed(drawn, count, on_frame))
    return Made(Clip(frames, clip.fps, clip.sound))


def _of_pictures(
    asked: Order, pictures: list[Picture], codec: str | Path | None, home: Home,
    on_frame: Callable[[int, int], None] | None,
) -> Made:  # fmt: skip
    count, fps = length_of(asked)
    wanted = SIZE if asked.size is None else asked.size
    first = pictures[0]
    size = size_of(first, wanted)
    if asked.effect == "morph":
        return _of_two(asked, pictures, count, fps, wanted, codec, home, on_frame)
    check_size(count, size)
    drawn = _still(asked, first, count, size, fps)
    return Made(Clip(PackedFrames(size, packed(drawn, count, on_frame)), fps))


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
) -> Made:  # fmt: skip
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
    return Made(Clip(PackedFrames(size, packed(drawn, count, on_frame)), fps), folder)


def _recipe(
    asked: Order, made: Made, given: list[Ingredient], licence: str, home: Home, corpus: PictureCorpus | None
) -> Any:
    from luokuan.colophon.schema import Recipe
    from luokuan.create.enlargements import licence_of
    from luokuan.foundation.licences import joint_licence

    own = [licence_of(one.work_id, home, licence) for one in given]
    folder, media = made.model, made.media
    told: dict[str, Any] = {}
    if isinstance(media, Clip):
        assert isinstance(media.frames, Frames)
        told = {"frames": len(media.frames), "fps": float(media.fps)}
    if corpus is not None:
        own.append(corpus.licence)
        said = {name: getattr(corpus.card, name) for name in SAID} if corpus.card else {"licence": corpus.licence}
        told["style"] = {**said, "digest": corpus.digest, "pictures": min(EXAMPLES, len(corpus.items))}
    digest = folder.corpus_digest or None if folder else corpus.digest if corpus else None
    return Recipe(
        model=f"effect-{asked.effect}" if folder is None else folder.name,
        model_digest=hashlib.sha256(f"{VERSION} {asked.effect}".encode()).hexdigest()
        if folder is None
        else folder.digest,
        parameters={
            "effect": asked.effect,
            **({"program": True} if folder is None else {}),
            **({"of": asked.of} if asked.effect == "particles" else {}),
            **({"background": asked.background} if asked.background else {}),
            **({"inside": list(asked.inside)} if asked.inside else {}),
            "strength": float(asked.strength),
            "files": [one.sha256 for one in given],
            **told,
        },
        seed=asked.seed,
        licence=joint_licence([*own, *([] if folder is None else [folder.licence])]),
        corpus_digest=digest,
    )
