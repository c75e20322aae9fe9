"""The parts of a storyboard as people write them: what each field may be, and nothing about how it is drawn."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from luokuan.errors import UserError
from luokuan.i18n import _

LOUDNESS = (-60.0, 12.0)
"""Decibels by which a sound may be changed."""
LONGEST = 600.0
"""Seconds of the longest short."""


class Strict(BaseModel):
    """Frozen; no unknown field."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def tone_of(words: str) -> tuple[int, int, int]:
    """A colour by its name, as a presenter's ground has it; but black is black and white is white.

    Raises:
        UserError: there is none.
    """
    from luokuan.create.presenters.grounds import colour_of

    plain = {"black": "#000", "white": "#fff"}
    return colour_of(plain.get(words.strip().casefold(), words), 0)


def _colour(value: str) -> str:
    if not value.strip():
        raise ValueError(_("it is empty"))
    try:
        tone_of(value)
    except UserError as error:
        raise ValueError(f"{error.what.rstrip('.')} ({error.do.rstrip('.')})") from error
    return value


def _word(key: str) -> BeforeValidator:
    """A single word stands for an object with that field alone."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Seconds = Annotated[Number, Field(gt=0, le=LONGEST)]
Moment = Annotated[Number, Field(ge=0, le=LONGEST)]
Share = Annotated[Number, Field(ge=0, le=1)]
Reach = Annotated[Number, Field(ge=-1, le=2)]
"""A place in shares of the frame; a little outside it, too."""
Point = tuple[Reach, Reach]
Seed = Annotated[int, Field(strict=True, ge=0, le=2**53 - 1)]
Colour = Annotated[str, Field(max_length=60), AfterValidator(_colour)]
Name = Annotated[str, Field(min_length=1, max_length=120)]
File = Annotated[str, Field(min_length=1, max_length=1000)]
"""A file beside the storyboard, or ``work:ID``."""
Ease = Literal["linear", "in", "out", "in-out"]
Scenery = Literal["hills", "sea", "night", "city", "room"]
Passage = Literal["cut", "fade", "dissolve", "wipe-left", "wipe-right", "wipe-up", "wipe-down"]
Volume = Annotated[Number, Field(ge=LOUDNESS[0], le=LOUDNESS[1])]


def one_of(model: BaseModel, *names: str) -> None:
    """Exactly one of these fields must be there.

    Raises:
        ValueError: so it isn't.
    """
    if sum(getattr(model, name) is not None for name in names) != 1:
        raise ValueError(_("it needs exactly one of {names}", names=", ".join(names)))


class Image(Strict):
    """A picture that one of our models makes. ``seed``: None: the storyboard's; ``upscale``: by the upscaler."""

    model: Name
    brief: Annotated[str, Field(max_length=400)] = ""
    seed: Seed | None = None
    upscale: Literal[2, 4] | None = None


class Text(Strict):
    """A text, or one that a model writes. A word alone is the text. ``form``: of a poem, for models of verse;
    ``lines``: only so many of its first lines, empty ones not counted."""

    text: Annotated[str, Field(min_length=1, max_length=6_000)] | None = None
    model: Name | None = None
    brief: Annotated[str, Field(max_length=2_000)] = ""
    form: Annotated[str, Field(max_length=20)] | None = None
    seed: Seed | None = None
    lines: Annotated[int, Field(strict=True, ge=1, le=40)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Text:
        one_of(self, "text", "model")
        return self


class Background(Strict):
    """What is behind everything. ``soften``: out of focus; ``dim``: darker; ``tiles``: the picture so many times side
    by side, on ``colour``."""

    colour: Colour | None = None
    gradient: Annotated[tuple[Colour, ...], Field(min_length=2, max_length=6)] | None = None
    scenery: Scenery | None = None
    picture: File | None = None
    image: Image | None = None
    tiles: Annotated[int, Field(strict=True, ge=1, le=24)] | None = None
    soften: Share = 0.0
    dim: Share = 0.0

    @model_validator(mode="after")
    def _one(self) -> Background:
        if self.tiles is not None:
            one_of(self, "picture", "image")
        else:
            one_of(self, "colour", "gradient", "scenery", "picture", "image")
        return self


class Move(Strict):
    """Where something is at ``by`` seconds of the scene (None: at its end); what isn't said stays."""

    by: Annotated[Number, Field(gt=0, le=LONGEST)] | None = None
    ease: Ease = "in-out"


class Step(Move):
    """Of a character."""

    at: Point | None = None
    height: Annotated[Number, Field(gt=0, le=4)] | None = None
    turn: Annotated[Number, Field(ge=-1080, le=1080)] | None = None
    opacity: Share | None = None


class Character(Strict):
    """Somebody or something in a scene.

    Args:
        name: By which lines of speech call it.
        rig: A drawn presenter: attributes, see ``presenters.looks``; the seed draws the others.
        picture: A picture, with its transparency.
        image: One that a model makes.
        cut: Whether a plain ground of that picture is cut away; None: of what a model makes.
        at: The middle of its lower edge, in shares of the frame from the left and from the top.
        height: In shares of the frame's height.
        turn: Degrees, clockwise.
        opacity: 0 to 1.
        flip: Left and right exchanged.
        sway: How much it moves by itself.
        seed: Of what isn't said of a rig, and of its blinks; None: the storyboard's and its place.
        moves: Where it goes.
    """

    name: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    rig: Annotated[dict[str, str], Field(max_length=32)] | None = None
    picture: File | None = None
    image: Image | None = None
    cut: bool | None = None
    at: Point = (0.5, 1.0)
    height: Annotated[Number, Field(gt=0, le=4)] = 0.9
    turn: Annotated[Number, Field(ge=-360, le=360)] = 0.0
    opacity: Share = 1.0
    flip: bool = False
    sway: Share = 0.0
    seed: Seed | None = None
    moves: Annotated[tuple[Step, ...], Field(max_length=24)] = ()

    @model_validator(mode="after")
    def _one(self) -> Character:
        one_of(self, "rig", "picture", "image")
        return self


class Shot(Move):
    """Of the camera."""

    zoom: Annotated[Number, Field(ge=1, le=6)] | None = None
    middle: Point | None = None


class Camera(Strict):
    """Where it looks: ``middle`` in shares of the frame, ``zoom`` times as near; ``shake``: held in the hand."""

    zoom: Annotated[Number, Field(ge=1, le=6)] = 1.0
    middle: Point = (0.5, 0.5)
    shake: Share = 0.0
    moves: Annotated[tuple[Shot, ...], Field(max_length=24)] = ()


class Transition(Strict):
    """How a scene comes in; its kind alone as a word."""

    kind: Passage = "cut"
    seconds: Annotated[Number, Field(gt=0, le=5)] = 0.8
    colour: Colour = "black"

    @property
    def lasting(self) -> float:
        """Seconds that it takes."""
        return 0.0 if self.kind == "cut" else self.seconds


class Words(Strict):
    """Words on the frames, from ``start`` to ``end`` in seconds of the scene. ``size``: of the letters, in shares of
    the shortest side."""

    text: Annotated[Text, _word("text")]
    place: Literal["top", "middle", "bottom", "left", "right"] = "middle"
    size: Annotated[Number, Field(ge=0.03, le=0.3)] = 0.09
    colour: Colour = "white"
    start: Moment = 0.0
    end: Moment | None = None


class Line(Strict):
    """What is said. ``who``: the name of a character; None: somebody who isn't seen. ``pause``: seconds before it."""

    say: Annotated[Text, _word("text")]
    who: str | None = None
    voice: Annotated[tuple[Name, ...], BeforeValidator(lambda v: [v] if isinstance(v, str) else v),
                     Field(max_length=4)] = ()  # fmt: skip
    rate: Annotated[Number, Field(ge=0.5, le=2)] = 1.0
    pitch: Annotated[Number, Field(ge=-12, le=12)] = 0.0
    pause: Annotated[Number, Field(ge=0, le=60)] = 0.3


class Effect(Strict):
    """A sound in a scene: a file or a work; what a model of sounds makes of the category ``brief``; or, where a program
    has registered what makes sounds, what is to be heard (``make``)."""

    file: File | None = None
    model: Name | None = None
    brief: Annotated[str, Field(max_length=200)] = ""
    make: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    by: Name | None = None
    seconds: Annotated[Number, Field(gt=0, le=60)] | None = None
    at: Moment = 0.0
    volume: Volume = -6.0
    loop: bool = False
    seed: Seed | None = None

    @model_validator(mode="after")
    def _one(self) -> Effect:
        one_of(self, "file", "model", "make")
        return self


class Music(Strict):
    """What is heard through all of it: a sound, a MIDI file or a work, or what a model of music composes."""

    file: File | None = None
    model: Name | None = None
    bars: Annotated[int, Field(strict=True, ge=1, le=256)] = 16
    tempo: Annotated[Number, Field(ge=20, le=400)] = 96.0
    mode: Literal["major", "minor"] | None = None
    density: Literal["low", "high"] | None = None
    seed: Seed | None = None
    volume: Volume = -6.0
    loop: bool = True

    @model_validator(mode="after")
    def _one(self) -> Music:
        one_of(self, "file", "model")
        return self


def _listed(value: Any) -> Any:
    """One of them may stand alone."""
    return [value] if isinstance(value, dict) else value


class Scene(Strict):
    """A scene lasts ``seconds``, and at least as long as what is said in it."""

    seconds: Seconds | None = None
    background: Annotated[Background, _word("colour")]
    characters: Annotated[tuple[Character, ...], Field(max_length=12)] = ()
    camera: Camera = Camera()
    transition: Annotated[Transition, _word("kind")] = Transition()
    words: Annotated[tuple[Words, ...], BeforeValidator(_listed), Field(max_length=12)] = ()
    speech: Annotated[tuple[Line, ...], BeforeValidator(_listed), Field(max_length=40)] = ()
    sounds: Annotated[tuple[Effect, ...], Field(max_length=24)] = ()
