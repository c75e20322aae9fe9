"""What an effect is asked for, and within which bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from luokuan.errors import UserError
from luokuan.i18n import _

EffectName = Literal["zoom", "shake", "fade", "particles", "glitch", "grain", "morph", "style", "background"]
EFFECTS: tuple[str, ...] = get_args(EffectName)
STILL = ("style", "background")
"""Those that also make a picture of a picture; in a clip it turns into it."""
Flakes = Literal["snow", "petals", "sparks", "rain"]
FLAKES: tuple[str, ...] = get_args(Flakes)
SECONDS, SPEEDS, SIZES = (0.25, 60.0), (4.0, 60.0), (64, 1080)
"""Of a clip that is made of a picture: how long it may be, frames a second, and its shortest side in pixels."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for.

    Args:
        effect: One of ``EFFECTS``.
        of: What falls or flies, for ``particles``.
        strength: How much of it, 0 to 1.
        seconds: Of a clip made of a picture; None: 4.
        fps: Likewise; None: 12.
        size: Likewise: the shortest side in pixels; None: 512.
        background: What comes behind the subject, for ``background``: a colour or a place, see ``backdrops.behind``.
        inside: A box that holds the whole subject, likewise: left, top, width and height as shares of the picture.
        seed: Of what is drawn by chance.

    Raises:
        UserError: a value is out of its range.
    """

    effect: str
    of: str = "snow"
    strength: float = 0.5
    seconds: float | None = None
    fps: float | None = None
    size: int | None = None
    background: str = ""
    inside: tuple[float, float, float, float] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for option, word, known in (("--effect", self.effect, EFFECTS), ("--of", self.of, FLAKES)):
            if word not in known:
                raise UserError(
                    _("{option} can't be {value}.", option=option, value=str(word)[:40]),
                    _("Choose one of {known}.", known=", ".join(known)),
                    code="effect.unknown",
                )
        ranges = (
            ("--strength", self.strength, (0.0, 1.0)),
            ("--seconds", self.seconds, SECONDS),
            ("--fps", self.fps, SPEEDS),
            ("--size", self.size, SIZES),
            ("--seed", self.seed, (0, 2**53 - 1)),
        )
        for option, value, (low, high) in ranges:
            if value is not None and not (math.isfinite(value) and low <= value <= high):
                raise UserError(
                    _("{option} can't be {value}.", option=option, value=value),
                    _("Choose a number from {low} to {high}.", low=f"{low:g}", high=f"{high:g}"),
                    code="effect.range",
                )
        if self.inside is not None:
            left, top, width, height = self.inside
            if not (0 <= left < left + width <= 1.0001 and 0 <= top < top + height <= 1.0001):
                raise UserError(
                    _(
                        "{option} can't be {value}.",
                        option="--inside",
                        value=",".join(f"{one:g}" for one in self.inside),
                    ),
                    _("Give left, top, width and height as shares of the picture, such as 0.2,0.1,0.6,0.8."),
                    code="effect.range",
                )

    @property
    def chosen(self) -> list[str]:
        """Options that only say something of a clip that is made of a picture, as far as they were given."""
        given = (("--seconds", self.seconds), ("--fps", self.fps), ("--size", self.size))
        return [option for option, value in given if value is not None]

    @property
    def timed(self) -> list[str]:
        """Those of them that a picture can't have."""
        return [option for option in self.chosen if option != "--size"]


def check_toward(effect: str, toward: object, codec: object, background: str = "", inside: object = None) -> None:
    """Refuse a morph, a style or a background without what it goes to, and that with another effect.

    Raises:
        UserError: so it is.
    """
    if effect == "morph" and toward is None:
        raise UserError(_("A morph needs two pictures."), _("Give the other one with --toward."), code="create.option")
    if effect == "style" and toward is None:
        raise UserError(
            _("There is no style to take."),
            _("Give a picture, or a folder of pictures, with --toward."),
            code="create.option",
        )
    if effect == "background" and (toward is None) == (not background):
        raise UserError(
            _("There must be one new background, not none and not two."),
            _("Give a picture with --toward, or a colour or a place with --background."),
            code="create.option",
        )
    for option, value, of in (
        ("--toward", toward, ("morph", *STILL)),
        ("--codec", codec, ("morph",)),
        ("--background", background or None, ("background",)),
        ("--inside", inside, ("background",)),
    ):
        if effect not in of and value is not None:
            raise UserError(
                _("{option} has no say with {other}.", option=option, other=effect),
                _("Leave one of them out."),
                code="create.option",
            )
