"""Chinese verse that keeps its form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from luokuan.studio.jobs.briefs import Count, Making, TextFormat, check_making
from luokuan.studio.jobs.handlers.text import Drawing
from luokuan.studio.jobs.kinds import Kind, register
from luokuan.studio.jobs.references import model_path

if TYPE_CHECKING:
    from luokuan.studio.jobs.context import Context


class VerseBrief(Making):
    """See ``luokuan.create.verses`` for the fields."""

    model: str = Field(default="verse", min_length=1, max_length=64)
    title: str = Field(default="", max_length=40)
    form: str = Field(default="五绝", max_length=20)
    first_line: str = Field(default="", max_length=40)
    heads: str = Field(default="", max_length=40)
    rhyme: str = Field(default="", max_length=20)
    tones: bool = True
    count: Count = 1
    drawing: Drawing = Drawing()
    format: TextFormat = "text/plain"


def run(context: Context, brief: VerseBrief) -> dict[str, Any]:
    """Write the poems."""
    from luokuan.create.verses import Asked, create_verses

    works = create_verses(
        Asked(brief.title, brief.form, brief.first_line, brief.heads, brief.rhyme, brief.tones),
        model=model_path(brief.model, context.home),
        seed=brief.seeded(),
        count=brief.count,
        manner=brief.drawing.manner(),
        media_type=brief.format,
        label=brief.wanted_label(context.home),
        home=context.home,
        on_text=context.text,
        finisher=context.finish,
    )
    return {"works": [work.id for work in works]}


register(
    Kind(
        name="create.verse",
        brief=VerseBrief,
        run=run,
        check=check_making,
        outputs=lambda brief: brief.count,
        families=("plm",),
    )
)
