"""A presenter: a text to a clip, drafts to finished works."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from luokuan.create.presenters.orders import LONGEST, Order
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Clip, PackedFrames, Picture, Sound

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from luokuan.colophon.ingredients import Ingredient, Origin
    from luokuan.colophon.label import LabelOptions
    from luokuan.colophon.passage import Finisher
    from luokuan.colophon.schema import Draft, Recipe, Work
    from luokuan.create.presenters.lettering import Panel
    from luokuan.create.presenters.looks import Look
    from luokuan.create.presenters.poses import Pose
    from luokuan.create.speeches import Manner
    from luokuan.create.voices.voice import Phone, Said
    from luokuan.store.home import Home

RIG = "luokuan presenter 1"
"""The drawing: another one, another number."""
BEFORE, AFTER = 0.35, 0.6
"""Seconds before the first sound and after the last."""
_SHOWN = (0.3, 6.5)  # when the lower third comes and goes, seconds
_SLIDE = 0.45
_FASTEST = {"latin": 26.0, "wide": 8.5}  # characters a second that no voice here exceeds at its own rate


class Rig(Protocol):
    """What is drawn: a figure, or a picture."""

    def frame(self, pose: Pose) -> NDArray[np.uint8]:
        """One pose, uint8 (H, W, 3)."""
        ...


@dataclass(frozen=True, slots=True)
class Pictures:
    """What is given as pictures: the ``portrait`` that speaks instead of a drawn one, and the ``background``."""

    portrait: Picture | None = None
    background: Picture | None = None


@dataclass(slots=True)
class _Heard:
    """Speech as it comes: its sounds, placed in the whole."""

    phones: list[Phone] = field(default_factory=list)
    seconds: float = 0.0

    def take(self, said: Said) -> None:
        """One more piece.

        Raises:
            UserError: the whole is too long.
        """
        from luokuan.create.presenters.visemes import phones_of_words

        own = said.phones or tuple(phones_of_words(said.sound.words))
        self.phones += [
            replace(one, start=max(0.0, one.start + self.seconds), end=max(0.0, one.end + self.seconds)) for one in own
        ]
        self.seconds += said.sound.seconds
        if self.seconds > LONGEST:
            raise too_long()


def too_long() -> UserError:
    """More than a presenter says at once."""
    return UserError(
        _("The presenter would speak for more than {most} minutes.", most=round(LONGEST / 60)),
        _("Cut the text into parts."),
        code="presenter.long",
    )


def draft_presenter(
    text: str,
    *,
    order: Order | None = None,
    pictures: Pictures | None = None,
    manner: Manner | None = None,
    seed: int = 0,
    on_frame: Callable[[int, int], None] | None = None,
) -> Draft:
    """Draw a presenter who says ``text``: a draft of a clip, its frames packed, with the words of its speech.

    Args:
        text: Chinese, English, or both; as it is written, with figures, dates and units.
        order: See ``Order``.
        pictures: Of the portrait and the background, instead of drawn ones.
        manner: Voices, rate and pitch.
        seed: Of what the portrait doesn't say, of blinks and motion, and of what is random in the voices.
        on_frame: Called with the number of frames that are drawn, and of all; what it raises ends the work.

    Raises:
        UserError: see ``Order`` and ``luokuan.create.speeches.speak``; or it would take longer than ``LONGEST``.
    """
    from luokuan.create.presenters.mouths import mouths
    from luokuan.create.presenters.poses import poses
    from luokuan.create.speeches import Manner, draft_speech

    asked, given, how = order or Order(), pictures or Pictures(), manner or Manner()
    if _least_seconds(text, how.rate) > LONGEST:
        raise too_long()
    stage = _Stage.of(asked, given, seed)  # refused before anything is spoken
    heard = _Heard()
    speech = draft_speech(text, manner=how, seed=seed, on_piece=heard.take)
    assert isinstance(speech.media, Sound)
    sound = _between_rests(speech.media, asked.fps)
    phones = [replace(one, start=one.start + BEFORE, end=one.end + BEFORE) for one in heard.phones]
    count = round(sound.seconds * asked.fps)
    held = poses(mouths(phones, sound, asked.fps, count), phones, asked.fps, seed)
    shown = stage.frames(held, sound, on_frame)
    clip = Clip(PackedFrames(asked.shape, map(PackedFrames.pack, shown)), float(asked.fps), sound)
    from luokuan.colophon.schema import Draft

    return Draft(clip, _recipe(speech.recipe, asked, stage, clip), kind="presenter")


def _least_seconds(text: str, rate: float) -> float:
    import unicodedata

    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return (wide / _FASTEST["wide"] + (len(text) - wide) / _FASTEST["latin"]) / rate


def _between_rests(sound: Sound, fps: float) -> Sound:
    """The speech with silence before and after it, as long as a whole number of frames."""
    import numpy as np

    before = round(BEFORE * sound.rate)
    frames = math.ceil((sound.seconds + BEFORE + AFTER) * fps)
    total = round(frames / fps * sound.rate)
    after = total - before - sound.samples.shape[1]
    words = tuple(replace(word, start=word.start + BEFORE, end=word.end + BEFORE) for word in sound.words)
    return Sound(np.pad(sound.samples, ((0, 0), (before, after))), sound.rate, words)


@dataclass(frozen=True, slots=True)
class _Stage:
    """Everything that stands before a word is spoken."""

    order: Order
    rig: Rig
    look: Look | None
    plate: Panel | None

    @classmethod
    def of(cls, order: Order, given: Pictures, seed: int) -> _Stage:
        from luokuan.create.presenters import grounds, lettering, portraits
        from luokuan.create.presenters.figure import Figure
        from luokuan.create.presenters.looks import CLOTHES_COLOURS, look_of

        title = lettering.checked(order.title, _("The title"))
        subtitle = lettering.checked(order.subtitle, _("The subtitle"))
        look = look_of(order.portrait, seed)
        colour = grounds.colour_of(order.background, seed)
        ground = (
            grounds.coloured(order.shape, colour)
            if given.background is None
            else grounds.pictured(order.shape, given.background)
        )
        accent = CLOTHES_COLOURS[look["clothes-colour"]]
        low = round(0.055 * order.shape[0])
        if order.captions:
            low += round(3.6 * lettering.caption_points(order.shape))
        plate = lettering.lower_third(order.shape, title, subtitle, accent, low) if title or subtitle else None
        if given.portrait is None:
            return cls(order, Figure(look, ground), look, plate)
        mouth = portraits.mouth_of(order.mouth or portraits.MOUTH)
        return cls(order, portraits.portrait_of(given.portrait, order.shape, mouth, ground), None, plate)

    def frames(
        self, held: Sequence[Pose], sound: Sound, on_frame: Callable[[int, int], None] | None
    ) -> Iterator[NDArray[np.uint8]]:
        """The frames of ``held``, one after the other."""
        shown = self._captions(sound)
        for place, pose in enumerate(held):
            frame = self.rig.frame(pose)
            now = (place + 0.5) / self.order.fps
            if self.plate is not None:
                come = min((now - _SHOWN[0]) / _SLIDE, (min(_SHOWN[1], sound.seconds + 1) - now) / _SLIDE)
                come = min(1.0, max(0.0, come))
                eased = 1 - (1 - come) ** 3
                self.plate.lay(frame, eased, round((eased - 1) * 0.04 * frame.shape[1]))
            for start, end, panel in shown:
                if start <= now < end:
                    panel.lay(frame)
            yield frame
            if on_frame is not None:
                on_frame(place + 1, len(held))

    def _captions(self, sound: Sound) -> list[tuple[float, float, Panel]]:
        if not self.order.captions:
            return []
        from luokuan.colophon.captions import cues_of, lines_of
        from luokuan.create.presenters.lettering import caption, drawable

        low = round(0.045 * self.order.shape[0])
        found = []
        for cue in cues_of(sound):
            lines = ["".join(one for one in line if drawable(one)).strip() for line in lines_of(cue)]
            lines = [line for line in lines if line]
            if lines:
                found.append((cue.start, cue.end, caption(self.order.shape, lines, low)))
        return found


def _recipe(spoken: Recipe, order: Order, stage: _Stage, clip: Clip) -> Recipe:
    from luokuan.create.presenters.lettering import FONT
    from luokuan.files import sha256_bytes

    parts = (spoken.model_digest, RIG, sha256_bytes(FONT.read_bytes()))
    return replace(
        spoken,
        model=f"presenter+{spoken.model}",
        model_digest=hashlib.sha256("\n".join(parts).encode()).hexdigest(),
        parameters={
            **spoken.parameters,
            "portrait": None if stage.look is None else dict(stage.look.values),
            "mouth": None if order.mouth is None else list(order.mouth),
            "title": order.title,
            "subtitle": order.subtitle,
            "background": order.background,
            "aspect": order.aspect,
            "size": order.size,
            "fps": float(order.fps),
            "captions": order.captions,
            "frames": len(clip.frames),
        },
    )


def create_presenter(
    text: str,
    *,
    voices: tuple[str, ...] | str = (),
    rate: float = 1.0,
    pitch: float = 0.0,
    portrait_file: Path | str | None = None,
    background_file: Path | str | None = None,
    licence: str = "",
    seed: int = 0,
    media_type: str = "video/mp4",
    label: LabelOptions | None = None,
    home: Home | None = None,
    origin: Origin | None = None,
    on_frame: Callable[[int, int], None] | None = None,
    finisher: Finisher | None = None,
    **order: Any,
) -> Work:
    """Create a finished clip of a presenter who says ``text``, with captions (.srt, .vtt) beside it.

    Args:
        text: See ``draft_presenter``.
        voices: See ``luokuan.create.speeches.create_speech``.
        rate: See there.
        pitch: See there.
        portrait_file: A picture that speaks instead of a drawn presenter: a file, or a work of this home.
        background_file: A picture that is behind the presenter.
        licence: Of these pictures (SPDX id or a name); one that is a work of the home keeps its own.
        seed: See ``draft_presenter``.
        media_type: ``video/mp4`` or ``video/webm``.
        label: The explicit label; default: both languages at the top right, where it covers no captions.
        home: Where the work is kept; default: the user's home.
        origin: What the text came from.
        on_frame: See ``draft_presenter``.
        finisher: Stands in the place of ``finish``.
        **order: The fields of ``luokuan.create.presenters.orders.Order``.

    Raises:
        UserError: see ``draft_presenter`` and ``finish``, or a picture can't be used.
    """
    from luokuan.colophon.finish import finish
    from luokuan.colophon.formats import format_of
    from luokuan.colophon.label import LabelOptions
    from luokuan.create.presenters import portraits
    from luokuan.create.speeches import Manner
    from luokuan.create.voices.trained import use_voices
    from luokuan.store.home import open_home

    format_of(media_type, Clip)  # refused before anything is drawn
    place = home or open_home()
    how = Manner((voices,) if isinstance(voices, str) else tuple(voices), rate, pitch)
    use_voices(how.voices, place)
    asked = Order(**order)
    if portrait_file is None:
        portraits.no_mouth(asked.mouth)
    given = [_taken(path, place) for path in (portrait_file, background_file)]
    if given[0] is not None and asked.portrait:
        raise UserError(
            _("Both attributes and a picture of a portrait were given."),
            _("Give one of them."),
            code="presenter.portrait",
        )
    pictures = Pictures(*(None if one is None else one[1] for one in given))
    draft = draft_presenter(text, order=asked, pictures=pictures, manner=how, seed=seed, on_frame=on_frame)
    used = [one[0] for one in given if one is not None]
    if used:
        draft = replace(draft, recipe=_with_pictures(draft.recipe, used, licence, place))
    source = _origin(origin, used)
    options: dict[str, Any] = {} if source is None else {"origin": source}
    return (finisher or finish)(
        draft,
        home=place,
        media_type=media_type,
        label=label or LabelOptions(corner="top-right"),
        **options,
    )


def _taken(path: Path | str | None, home: Home) -> tuple[Ingredient, Picture] | None:
    if path is None:
        return None
    from luokuan.colophon.ingredients import take_in
    from luokuan.create.starting import picture_of
    from luokuan.files import expand

    ingredient = take_in(expand(path), home, "inputTo")
    return ingredient, picture_of(ingredient, home)


def _with_pictures(recipe: Recipe, used: Sequence[Ingredient], licence: str, home: Home) -> Recipe:
    from luokuan.create.enlargements import licence_of
    from luokuan.foundation.licences import joint_licence

    licences = [licence_of(one.work_id, home, licence) for one in used]
    return replace(
        recipe,
        parameters={**recipe.parameters, "pictures": [one.sha256 for one in used]},
        licence=joint_licence([recipe.licence, *licences]),
    )


def _origin(origin: Origin | None, used: Sequence[Ingredient]) -> Origin | None:
    """What the work starts from: the text's file, and the pictures; those of somebody else make it a composite."""
    if not used:
        return origin
    from luokuan.colophon.ingredients import COMPOSITE, Origin
    from luokuan.colophon.xmp import GENERATED

    before = () if origin is None else origin.ingredients
    ours = all(one.work_id or one.like for one in used)
    return Origin("reference", (*before, *used), GENERATED if ours else COMPOSITE)
