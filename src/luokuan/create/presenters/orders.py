"""What a presenter is asked for: how it looks, what is around it, and how large the frames are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from luokuan.errors import UserError
from luokuan.i18n import _

Aspect = Literal["16:9", "9:16", "1:1"]
ASPECTS: dict[str, tuple[int, int]] = {"16:9": (16, 9), "9:16": (9, 16), "1:1": (1, 1)}
SIZES = (128, 1080)
"""Shortest side of the frames, in pixels."""
SPEEDS = (8.0, 60.0)
"""Frames a second."""
LONGEST = 300.0
"""Seconds of the longest clip."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for.

    Args:
        portrait: Attributes of a drawn presenter, see ``looks.ATTRIBUTES``.
        mouth: Where the mouth of a picture is, see ``portraits.mouth_of``; None: where it is in most.
        title: In the lower third.
        subtitle: Below it.
        background: A colour, see ``grounds.colour_of``; empty: the seed draws one.
        aspect: ``16:9``, ``9:16`` or ``1:1``.
        size: Shortest side of the frames in pixels, within ``SIZES``.
        fps: Frames a second, within ``SPEEDS``.
        captions: Whether they are written on the frames, too.

    Raises:
        UserError: a value is out of its range, or a title can't be drawn.
    """

    portrait: Mapping[str, str] = field(default_factory=dict)
    mouth: tuple[float, float, float] | None = None
    title: str = ""
    subtitle: str = ""
    background: str = ""
    aspect: str = "16:9"
    size: int = 720
    fps: float = 25.0
    captions: bool = False

    def __post_init__(self) -> None:
        if self.aspect not in ASPECTS:
            raise UserError(
                _("There is no aspect {aspect}.", aspect=self.aspect[:20]),
                _("Choose one of {known}.", known=", ".join(ASPECTS)),
                code="presenter.aspect",
            )
        for option, value, (low, high) in (("--size", self.size, SIZES), ("--fps", self.fps, SPEEDS)):
            if not (math.isfinite(value) and low <= value <= high):
                raise UserError(
                    _("{option} can't be {value}.", option=option, value=value),
                    _("Choose a number from {low} to {high}.", low=f"{low:g}", high=f"{high:g}"),
                    code="presenter.range",
                )

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the frames: even, as encoders ask."""
        across, down = ASPECTS[self.aspect]
        unit = self.size / min(across, down)
        return 2 * round(down * unit / 2), 2 * round(across * unit / 2)
