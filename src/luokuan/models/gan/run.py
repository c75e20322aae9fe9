"""A run's choices and its record, run.json: what was asked for, so that resume repeats it exactly."""

from __future__ import annotations

import json
import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import check_name
from luokuan.i18n import _
from luokuan.models.gan.config import OBJECTIVES, PRESETS, SIZES
from luokuan.models.gan.objective import Gamma, automatic_gamma
from luokuan.store.home import Home


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
        check_name(self.name)
        rules: list[tuple[bool, str, object]] = [
            (self.size in SIZES, "--size", SIZES),
            (self.objective in OBJECTIVES, "--objective", OBJECTIVES),
            (self.condition in ("class", "none"), "--condition", ("class", "none")),
            (self.preset in (None, *PRESETS), "--preset", PRESETS),
            (self.steps is None or self.steps >= 1, "--steps", "≥ 1"),
            (self.minutes is None or 0 < self.minutes <= 100_000, "--minutes", "> 0"),
            (self.batch >= 2, "--batch", "≥ 2"),
            (0 < self.rate_end <= self.rate <= 0.1, "--rate", "0 … 0.1"),
            (self.gamma is None or 0 <= self.gamma <= 1e6, "--gamma", "≥ 0"),
            (self.penalty_every >= 1, "--penalty-every", "≥ 1"),
        ]
        for good, option, allowed in rules:
            if not good:
                raise UserError(
                    _("{option} is out of its range.", option=option),
                    _("Allowed: {allowed}.", allowed=allowed),
                    code="training.option",
                )
        if self.steps is not None and self.minutes is not None:
            raise UserError(_("Both --steps and --minutes were given."), _("Give one of them."), code="training.option")

    @property
    def gamma_schedule(self) -> Gamma:
        """γ over the run: the given start falling to a tenth, or the automatic rule."""
        if self.gamma is None:
            return automatic_gamma(self.size)
        return Gamma(self.gamma, self.gamma / 10)


def versions() -> dict[str, str]:
    """Versions that a result depends on."""
    found = {"python": platform.python_version()}
    for package in ("luokuan", "torch", "numpy", "pillow"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found


def read_run(home: Home, name: str) -> dict[str, Any]:
    """What run.json of the run ``name`` says.

    Raises:
        UserError: there is no such run, or its record can't be read.
    """
    check_name(name)
    path = home.runs / name / "run.json"
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        GanRun(**record["run"])
        int(record["steps"]), str(record["corpus"]["digest"])
    except FileNotFoundError as error:
        raise UserError(
            _("There is no run named '{name}' to resume.", name=name),
            _("Start it without --resume; runs are kept in {path}.", path=home.runs),
            code="training.no_run",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            _("The record {path} can't be read.", path=path),
            _("Start anew under another --name."),
            code="training.record",
        ) from error
    return record


def resumed(home: Home, name: str) -> GanRun:
    """The choices of the run ``name``, as it was started."""
    return GanRun(**read_run(home, name)["run"])


def forget_run(home: Home, name: str) -> None:
    """Remove a run's folder (its checkpoints, previews and metrics)."""
    check_name(name)
    shutil.rmtree(home.runs / name, ignore_errors=True)
