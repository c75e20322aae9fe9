"""The choices of a run, as run.json keeps them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from luokuan.errors import UserError
from luokuan.foundation.runs import check_choices
from luokuan.i18n import _
from luokuan.models.codec.cache import CROPS
from luokuan.models.codec.finding import DEFAULT
from luokuan.models.gan.config import OBJECTIVES, PRESETS, SIZES, SPACES
from luokuan.models.gan.objective import Gamma, automatic_gamma

BATCH = {"pixels": 32, "latent": 64}
"""Pictures a step where the user gives none: a latent point costs little, and small products waste a core."""


@dataclass(frozen=True, slots=True)
class GanRun:
    """All choices of a run: written to run.json at its start, so that resume repeats them exactly.

    ``gamma`` None means the automatic rule; ``steps`` None means: from ``minutes``, once, after a probe. ``size`` is
    in pixels in any space. ``codec`` and ``crops`` (of each picture) have a say in latents only.
    """

    name: str
    size: int = 64
    objective: str = "relativistic"
    condition: str = "class"
    preset: str | None = None
    steps: int | None = None
    minutes: float | None = None
    batch: int = 32
    accumulate: int = 1
    rate: float = 5e-4
    rate_end: float = 1e-4
    gamma: float | None = None
    penalty_every: int = 4
    flip: bool = True
    seed: int = 0
    precision: str | None = None
    device: str | None = None
    space: str = "pixels"
    codec: str | None = None
    crops: int | None = None

    @classmethod
    def of(cls, **choices: Any) -> Self:
        """From what the user chose; ``batch`` absent or None is the space's own.

        Raises:
            TypeError: a choice is unknown.
        """
        if choices.get("batch") is None:
            choices["batch"] = BATCH.get(choices.get("space", "pixels"), 32)
        return cls(**choices)

    def whole(self) -> GanRun:
        """With the defaults of ``codec`` and ``crops`` put in where they have a say."""
        if self.space != "latent":
            return self
        return replace(self, codec=self.codec or DEFAULT, crops=self.crops or 1)

    def check(self) -> None:
        """Refuse what can't work.

        Raises:
            UserError: a value is out of its range, or has no say in this space.
        """
        for option, value in (("--codec", self.codec), ("--crops", self.crops)):
            if self.space == "pixels" and value is not None:
                raise UserError(
                    _("{option} has no say in the space of pixels.", option=option),
                    _("Leave it away, or add --space latent."),
                    code="training.option",
                )
        check_choices(
            self,
            [
                (self.space in SPACES, "--space", SPACES),
                (self.crops is None or 1 <= self.crops <= CROPS, "--crops", f"1 … {CROPS}"),
                (self.size in SIZES, "--size", SIZES),
                (self.objective in OBJECTIVES, "--objective", OBJECTIVES),
                (self.condition in ("class", "none"), "--condition", ("class", "none")),
                (self.preset in (None, *PRESETS), "--preset", PRESETS),
                (0 < self.rate_end <= self.rate <= 0.1, "--rate", "0 … 0.1"),
                (self.gamma is None or 0 <= self.gamma <= 1e6, "--gamma", "≥ 0"),
                (self.penalty_every >= 1, "--penalty-every", "≥ 1"),
            ],
        )

    def gamma_schedule(self, distance_ratio: float = 1.0) -> Gamma:
        """γ over the run: the given start falling to a tenth, or the automatic rule (which see)."""
        if self.gamma is None:
            return automatic_gamma(self.size, distance_ratio=distance_ratio)
        return Gamma(self.gamma, self.gamma / 10)
