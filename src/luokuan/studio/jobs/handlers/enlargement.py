"""A picture of anybody, made larger, with its history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from luokuan.studio.jobs.briefs import Corner, Making, PictureFormat, check_making
from luokuan.studio.jobs.kinds import Kind, register
from luokuan.studio.jobs.references import file_path, model_path

if TYPE_CHECKING:
    from luokuan.store.home import Home
    from luokuan.studio.jobs.context import Context


class EnlargementBrief(Making):
    """``model`` is the upscaler; ``file``: ``work:ID`` or ``input:SHA256``; ``licence``: of that picture."""

    model: str = Field(default="upscaler", min_length=1, max_length=64)
    file: str = Field(max_length=80, json_schema_extra={"file": "image"})
    by: Literal[2, 4] = 2
    licence: str = Field(default="", max_length=100)
    corner: Corner = None
    format: PictureFormat = "image/png"


def check(brief: EnlargementBrief, home: Home) -> None:
    """Refuse models and files that aren't there."""
    check_making(brief, home)
    file_path(brief.file, home)


def run(context: Context, brief: EnlargementBrief) -> dict[str, Any]:
    """Enlarge it."""
    from luokuan.create.enlargements import create_enlargement

    work = create_enlargement(
        file_path(brief.file, context.home),
        by=brief.by,
        upscaler=model_path(brief.model, context.home),
        licence=brief.licence,
        media_type=brief.format,
        label=brief.wanted_label(context.home, brief.corner),
        home=context.home,
        finisher=context.finish,
    )
    return {"works": [work.id]}


register(
    Kind(
        name="create.enlargement",
        brief=EnlargementBrief,
        run=run,
        check=check,
        outputs=lambda _brief: 1,
        families=("upscaler",),
    )
)
