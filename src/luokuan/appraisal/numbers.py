"""Numbers that people write into files: finite, no booleans, none so huge that a sum of them says nothing."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from luokuan.i18n import _

HUGE = 1e12
"""Beyond this a figure is taken for a slip of the keyboard."""


class Strict(BaseModel):
    """Frozen; no unknown field."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _no_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError(_("it is no number"))
    return value


def _not_huge(value: float) -> float:
    if abs(value) > HUGE:
        raise ValueError(_("it is larger than {most}", most=f"{HUGE:,.0f}"))
    return value


def _one_line(value: str) -> str:
    text = value.strip()
    if not text or not text.isprintable():
        raise ValueError(_("it is empty, or holds line breaks or control characters"))
    return text


Number = Annotated[float, BeforeValidator(_no_bool), Field(allow_inf_nan=False), AfterValidator(_not_huge)]
"""Any finite number up to ``HUGE``."""
Amount = Annotated[Number, Field(ge=0)]
"""Money or a count: not negative."""
Percent = Annotated[Number, Field(ge=0, le=100)]
"""0 to 100."""
Line = Annotated[str, Field(max_length=300), AfterValidator(_one_line)]
"""One line of text."""
Months = Annotated[int, BeforeValidator(_no_bool), Field(ge=0, le=600)]
"""A month, counted from the project's first one, which is 0."""
