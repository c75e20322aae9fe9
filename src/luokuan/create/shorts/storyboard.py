"""A storyboard: read strictly, so that who errs is told the line and the field, before anything is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator

from luokuan.create.presenters.orders import ASPECTS
from luokuan.create.shorts.fields import LONGEST, Image, Music, Name, Number, Scene, Seed, Strict, Text
from luokuan.errors import UserError
from luokuan.foundation.yamlfile import FieldFault, Place, parse_yaml, place_in
from luokuan.i18n import _

SIZES = (64, 1080)
"""Shortest side of the frames, in pixels."""
SPEEDS = (4.0, 60.0)
"""Frames a second."""
MOST_SCENES = 60
LARGEST = 4 << 30
"""Bytes of all frames as they are drawn: of what can be kept in a home."""
CODE = "video.storyboard"
_SEXAGESIMAL = {16 * 60 + 9: "16:9", 9 * 60 + 16: "9:16", 60 + 1: "1:1"}
"""YAML 1.1 takes 16:9 for sixteen hours and nine minutes."""


def _aspect(value: Any) -> Any:
    return _SEXAGESIMAL.get(value, value) if isinstance(value, int) else value


class Storyboard(Strict):
    """A whole short.

    Args:
        title: Of the work; stays in its recipe.
        aspect: Width to height.
        size: Shortest side of the frames in pixels, within ``SIZES``; sides are made even.
        fps: Frames a second, within ``SPEEDS``.
        seed: Of everything that is drawn by chance and has no seed of its own.
        captions: Whether what is said is written on the frames, too.
        licence: Of the given files that are no works of this home.
        music: Through all of it.
        scenes: One after the other.
    """

    title: Annotated[str, Field(max_length=200)] = ""
    aspect: Annotated[Literal["16:9", "9:16", "1:1"], BeforeValidator(_aspect)] = "16:9"
    size: Annotated[int, Field(strict=True, ge=SIZES[0], le=SIZES[1])] = 512
    fps: Annotated[Number, Field(ge=SPEEDS[0], le=SPEEDS[1])] = 12.0
    seed: Seed = 0
    captions: bool = False
    licence: Annotated[str, Field(max_length=100)] = ""
    music: Music | None = None
    scenes: Annotated[tuple[Scene, ...], Field(min_length=1, max_length=MOST_SCENES)]

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the frames: even, as encoders ask."""
        across, down = ASPECTS[self.aspect]
        unit = self.size / min(across, down)
        return 2 * round(down * unit / 2), 2 * round(across * unit / 2)

    @model_validator(mode="after")
    def _whole(self) -> Storyboard:
        for fault in self._faults():
            raise fault
        return self

    def _faults(self) -> Iterator[FieldFault]:
        total = 0.0
        for number, scene in enumerate(self.scenes):
            at: Place = ("scenes", number)
            total += scene.seconds or 0.0
            yield from _scene_faults(scene, at, first=number == 0)
            if total > LONGEST:
                yield FieldFault((*at, "seconds"), too_long())
        if (fault := frames_fault(self, total)) is not None:
            yield FieldFault(("size",), fault)


def too_long() -> str:
    """What is said of a short that is longer than ``LONGEST``."""
    return _("the short would be longer than {most} minutes", most=round(LONGEST / 60))


def frames_fault(board: Storyboard, seconds: float) -> str | None:
    """What is said of frames that are too many or too large to be kept; None: they aren't."""
    height, width = board.shape
    if seconds * board.fps * height * width * 3 <= LARGEST:
        return None
    return _(
        "{count} frames of {width}×{height} pixels are too many to keep", count=round(seconds * board.fps),
        width=width, height=height,
    )  # fmt: skip


def _scene_faults(scene: Scene, at: Place, *, first: bool) -> Iterator[FieldFault]:
    if scene.seconds is None and not scene.speech:
        yield FieldFault((*at, "seconds"), _("a scene in which nothing is said needs its length"))
    if first and scene.transition.kind not in ("cut", "fade"):
        yield FieldFault((*at, "transition"), _("nothing comes before the first scene: only cut or fade fits"))
    if scene.seconds is not None and scene.transition.lasting > scene.seconds:
        yield FieldFault((*at, "transition"), _("it lasts longer than the scene"))
    names = [one.name for one in scene.characters if one.name is not None]
    for place, one in enumerate(scene.characters):
        if one.name is not None and names.count(one.name) > 1:
            yield FieldFault((*at, "characters", place, "name"), _("the name '{name}' is used twice", name=one.name))
        yield from _move_faults(one.moves, (*at, "characters", place), scene.seconds)
    yield from _move_faults(scene.camera.moves, (*at, "camera"), scene.seconds)
    for place, line in enumerate(scene.speech):
        if line.who is not None and line.who not in names:
            yield FieldFault((*at, "speech", place, "who"), _("there is no character '{name}'", name=line.who[:40]))
    for place, word in enumerate(scene.words):
        if word.end is not None and word.end <= word.start:
            yield FieldFault((*at, "words", place, "end"), _("it lies before the start"))


def _move_faults(moves: tuple[Any, ...], at: Place, seconds: float | None) -> Iterator[FieldFault]:
    before = 0.0
    for place, move in enumerate(moves):
        if move.by is None and place + 1 < len(moves):
            yield FieldFault((*at, "moves", place), _("only the last move may do without 'by'"))
        elif move.by is not None:
            if move.by <= before:
                yield FieldFault((*at, "moves", place, "by"), _("moves must follow one another"))
            if seconds is not None and move.by > seconds:
                yield FieldFault((*at, "moves", place, "by"), _("it lies behind the end of the scene"))
            before = move.by


@dataclass(frozen=True, slots=True)
class Board:
    """A storyboard that was read, and where it came from.

    Args:
        story: What it says.
        text: As it was written.
        name: What it is called.
    """

    story: Storyboard
    text: str
    name: str

    def fault(self, place: Place, why: str) -> UserError:
        """What is said of a field that turned out to be of no use: its line, its way and why."""
        line, field = place_in(self.text, place)
        return UserError(
            _("{path} can't be used: {why}.", path=self.name,
              why=_("line {line}: '{field}': {reason}", line=line, field=field, reason=why.rstrip("."))),
            _("Correct it and try again."),
            code=CODE,
        )  # fmt: skip

    def caused(self, place: Place, error: UserError) -> UserError:
        """The same of a field of whose fault ``error`` tells."""
        return self.fault(place, f"{error.what.rstrip('.')} ({error.do.rstrip('.')})" if error.do else error.what)

    def changed(self, changes: Mapping[str, Any]) -> Board:
        """With some fields otherwise; None: as it was.

        Raises:
            UserError: a value can't be used.
        """
        given = {name: value for name, value in changes.items() if value is not None}
        if not given:
            return self
        try:
            story = Storyboard.model_validate({**dict(self.story), **given})
        except ValidationError as error:
            first = error.errors()[0]
            name = str(next(iter(first["loc"]), "")) or next(iter(given))
            raise UserError(
                _("{option} can't be {value}.", option=f"--{name}", value=str(given.get(name, first["msg"]))[:60]),
                _("See the documentation of storyboards for what it takes."),
                code="video.range",
            ) from error
        return replace(self, story=story)


def read_storyboard(path: Path | str) -> Board:
    """The storyboard in a file of YAML.

    Raises:
        UserError: it can't be read, or see ``parsed_storyboard``.
    """
    from luokuan.files import expand

    place = expand(path)
    try:
        with place.open("rb") as file:
            data = file.read(LONGEST_TEXT + 1)
        if len(data) > LONGEST_TEXT:
            raise _too_large(str(place))
        return parsed_storyboard(data.decode("utf-8-sig"), name=str(place))
    except OSError as error:
        reason = error.strerror or "OSError"
    except UnicodeDecodeError:
        reason = _("it is no UTF-8 text")
    raise UserError(
        _("{path} can't be used: {why}.", path=place, why=reason), _("Give a storyboard in YAML."), code=CODE
    )


LONGEST_TEXT = 200_000
"""Bytes of a storyboard."""


def parsed_storyboard(text: str, *, name: str = "storyboard") -> Board:
    """The storyboard in a text of YAML.

    Raises:
        UserError: it isn't YAML, or a field is unknown, missing or wrong: its line is named.
    """
    if len(text.encode("utf-8", "replace")) > LONGEST_TEXT:
        raise _too_large(name)
    return Board(parse_yaml(text, Storyboard, name=name, code=CODE), text, name)


def _too_large(name: str) -> UserError:
    return UserError(
        _("{path} can't be used: {why}.", path=name, why=_("it is too large")), _("Make it shorter."), code=CODE
    )


@dataclass(frozen=True, slots=True)
class Named:
    """What a storyboard names. ``place``: where; ``name``: a file, a work or a model."""

    place: Place
    name: str


def files_in(story: Storyboard) -> list[Named]:
    """The files and works that it names."""
    return [Named((*at, field), name) for at, part in _parts(story) for field in ("file", "picture")
            if isinstance(name := getattr(part, field, None), str)]  # fmt: skip


def models_in(story: Storyboard) -> list[Named]:
    """The models that it names, and the upscaler where it is needed."""
    found = [Named((*at, "model"), name) for at, part in _parts(story)
             if isinstance(name := getattr(part, "model", None), str)]  # fmt: skip
    enlarged = [at for at, part in _parts(story) if isinstance(part, Image) and part.upscale]
    return found + [Named((*at, "upscale"), "upscaler") for at in enlarged[:1]]


def voices_in(story: Storyboard) -> list[str]:
    """The voices that it names."""
    return [name for scene in story.scenes for line in scene.speech for name in line.voice]


def texts_in(story: Storyboard) -> list[tuple[Place, Text]]:
    """The texts in it."""
    return [(at, part) for at, part in _parts(story) if isinstance(part, Text)]


def _parts(part: BaseModel, at: Place = ()) -> Iterator[tuple[Place, BaseModel]]:
    yield at, part
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, BaseModel):
            yield from _parts(value, (*at, name))
        elif isinstance(value, tuple):
            for number, inner in enumerate(value):
                if isinstance(inner, BaseModel):
                    yield from _parts(inner, (*at, name, number))


__all__ = ["Board", "Name", "Named", "Storyboard", "files_in", "models_in", "parsed_storyboard", "read_storyboard",
           "texts_in", "voices_in"]  # fmt: skip
