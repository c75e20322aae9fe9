"""What programs send and get of projects on the value chain, for the OpenAPI document."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from luokuan.studio.api.shapes import Shape
from luokuan.studio.projects import LONGEST, MOST_RECEIPTS, PATHS

Layer = Literal["foundation", "technology", "application"]
Stage = Literal["infrastructure", "research", "applications", "platform"]


class ProjectLine(Shape):
    """A project. ``owner``: name of the account whose it is; ``version`` rises with each change; ``changed`` is ISO
    8601."""

    id: str
    owner: str
    name: str
    layer: Layer
    stage: Stage
    changed: str
    version: int


class ProjectTold(ProjectLine):
    """A project with its text: a project file (YAML)."""

    text: str


class ProjectList(Shape):
    """Projects, in the order of names; everybody's in that of their people."""

    projects: list[ProjectLine]


class ProjectOrder(Shape):
    """A new project: the text of a project file."""

    text: str = Field(min_length=1, max_length=LONGEST)


class ProjectChange(ProjectOrder):
    """Another text, in the place of the one that ``version`` saw."""

    version: int = Field(ge=1, le=2**31 - 2)


class AppraisalOrder(Shape):
    """An appraisal with receipts: a CSV with the columns ``date``, ``amount``, ``currency`` and ``reference``."""

    receipts: str = Field(min_length=1, max_length=MOST_RECEIPTS)
    paths: int = Field(default=PATHS, ge=2, le=PATHS)
    seed: int = Field(default=0, ge=0, le=2**53)


class AppraisalTold(Shape):
    """An appraisal, as `luokuan appraisal run --json` prints it. Money in the project's currency."""

    advice: list[str]
    project: str
    layer: Layer
    stage: Stage
    currency: str
    on: str
    stated: dict[str, Any]
    simulated: dict[str, Any]
    revenue: list[dict[str, Any]]
    tornado: list[dict[str, Any]]
    staged: dict[str, Any] | None
    limits: list[dict[str, Any]]
    proposals: list[dict[str, Any]]


class WeightTold(Shape):
    """A project's part of the budget, and what it comes to alone: mean return and conditional value at risk for a unit
    that is invested."""

    id: str
    project: str
    weight: float
    expected_alone: float
    cvar_alone: float


class PortfolioTold(Shape):
    """A budget that is shared, as `luokuan appraisal portfolio --json` prints it; parts of it, 0 to 1."""

    advice: list[str]
    weights: list[WeightTold]
    unspent: float
    expected: float
    cvar: float
    level: float
    limit: float
    paths: int
    seed: int
