"""The choices of a run, as run.json keeps them."""

from __future__ import annotations

from dataclasses import dataclass

from luokuan.foundation.runs import check_choices
from luokuan.models.gan.config import OBJECTIVES, PRESETS, SIZES
from luokuan.models.gan.objective import Gamma, automatic_gamma


@dataclass(frozen=True, slots=True)
class GanRun:
    """All choices of a run: written to run.json at its start, so that resume repeats them exactly.

    ``gamma`` None means the automatic rule; ``steps`` None means: from ``minutes``, once, after a probe.
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

    def check(self) -> None:
        """Refuse what can't work.

        Raises:
            UserError: a value is out of its range.
        """
        check_choices(
            self,
            [
                (self.size in SIZES, "--size", SIZES),
                (self.objective in OBJECTIVES, "--objective", OBJECTIVES),
                (self.condition in ("class", "none"), "--condition", ("class", "none")),
                (self.preset in (None, *PRESETS), "--preset", PRESETS),
                (0 < self.rate_end <= self.rate <= 0.1, "--rate", "0 … 0.1"),
                (self.gamma is None or 0 <= self.gamma <= 1e6, "--gamma", "≥ 0"),
                (self.penalty_every >= 1, "--penalty-every", "≥ 1"),
            ],
        )

    @property
    def gamma_schedule(self) -> Gamma:
        """γ over the run: the given start falling to a tenth, or the automatic rule."""
        if self.gamma is None:
            return automatic_gamma(self.size)
        return Gamma(self.gamma, self.gamma / 10)
