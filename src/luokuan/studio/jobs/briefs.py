"""Fields that briefs share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from luokuan.studio.jobs.kinds import Brief
from luokuan.studio.jobs.references import model_path

if TYPE_CHECKING:
    from luokuan.colophon.label import LabelOptions
    from luokuan.store.home import Home

MOST_WORKS = 64
"""Of one job."""
Name = Annotated[str, Field(min_length=1, max_length=64, description="A model of the store, or a starter.")]
Words = Annotated[str, Field(max_length=20_000)]
Seed = Annotated[int | None, Field(ge=0, le=2**63 - 1 - MOST_WORKS, description="None: drawn when it is handed in.")]
Count = Annotated[int, Field(ge=1, le=MOST_WORKS)]
TextFormat = Literal["text/plain", "text/markdown", "application/json", "text/html"]
Corner = Literal["top-left", "top-right", "bottom-left", "bottom-right"] | None
"""Of a picture, where its label stands; None: as the home says."""
PictureFormat = Literal["image/png", "image/jpeg", "image/webp"]


class Finishing(Brief):
    """How every kind of work is finished.

    Args:
        label: Language of the explicit label; None: as ``policy`` asks, else as the home says.
        policy: Whose rules the label must meet; None: as the home says.
    """

    seed: Seed = None
    label: Literal["cn", "en", "both"] | None = None
    policy: Literal["cn", "eu", "both"] | None = None

    def seeded(self) -> int:
        """The seed, which the queue drew if nobody gave one."""
        return self.seed or 0

    def wanted_label(self, home: Home, corner: Corner = None) -> LabelOptions:
        """The explicit label; what isn't said is as the home says.

        Raises:
            UserError: the language doesn't meet the policy.
        """
        from luokuan.colophon.houselabel import house_label

        return house_label(home, language=self.label, policy=self.policy, corner=corner)


class Making(Finishing):
    """What is asked of a model: ``model`` is one of the store, or a starter."""

    model: Name


def check_making(brief: Making, home: Home) -> None:
    """Refuse a model that isn't there, and a label that can't be.

    Raises:
        UserError: so it is.
    """
    model_path(brief.model, home)
    brief.wanted_label(home)
