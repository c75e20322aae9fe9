"""Several projects under one budget: those that one may see, by what they state; no records are looked at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from luokuan.errors import UserError
from luokuan.i18n import _, language
from luokuan.studio.errors import missing
from luokuan.studio.projects import find, outcome

if TYPE_CHECKING:
    from starlette.requests import Request

PATHS = 20_000
"""Paths that are drawn where nobody says how many."""
MOST = 20
"""Projects that are compared."""
_ID = re.compile("[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for.

    Args:
        projects: Ids, each once.
        cvar: Most conditional value at risk, in per cent of the budget, from 0 on.
        level: Of that, in per cent, 1 to 99.9.
        most: Most of the budget for one project, in per cent, above 0 to 100.
        directions: Such as ``application=60``.
        paths: Paths to draw.
        seed: The same seed, the same result.
    """

    projects: tuple[str, ...]
    cvar: float = 50.0
    level: float = 95.0
    most: float = 100.0
    directions: tuple[str, ...] = ()
    paths: int = PATHS
    seed: int = 0


def shared(request: Request, wish: Wish) -> dict[str, Any]:
    """The budget shared, by a process beside the server: as `luokuan appraisal portfolio --json` prints it, each
    project with its ``id``.

    Raises:
        UserError: a project isn't there, or is another's (404); there are too many (422); it isn't done yet, or too
            many are under way (503); or see ``portfolio.returns_of``, ``directions`` and ``optimise``.
    """
    if len(wish.projects) > MOST:
        raise UserError(
            _("A portfolio has at most {most} projects.", most=MOST), _("Choose fewer."), code="appraisal.portfolio",
            status=422,
        )  # fmt: skip
    if not all(_ID.fullmatch(one) for one in wish.projects):
        raise missing()
    rows = [find(request, one) for one in dict.fromkeys(wish.projects)]
    asked = {
        "texts": [row.text for row in rows], "cvar": wish.cvar, "level": wish.level, "most": wish.most,
        "directions": list(wish.directions), "paths": wish.paths, "seed": wish.seed,
    }  # fmt: skip
    told = [(row.id, row.version) for row in rows], wish, language()
    found = dict(outcome(request, str(told), "portfolio", asked)["portfolio"])
    weights: Sequence[dict[str, Any]] = found["weights"]
    found["weights"] = [{"id": row.id, **line} for row, line in zip(rows, weights, strict=True)]
    return found
