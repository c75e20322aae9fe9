"""Short clips of what a brief names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from luokuan.studio.jobs.briefs import Corner, Count, Making, check_making
from luokuan.studio.jobs.kinds import Kind, register
from luokuan.studio.jobs.references import model_path

if TYPE_CHECKING:
    from luokuan.store.home import Home
    from luokuan.studio.jobs.context import Context


class ClipBrief(Making):
    """See ``luokuan.create.clips`` for the fields."""

    brief: str = Field(default="", max_length=1000)
    attributes: dict[str, str] = Field(default_factory=dict, max_length=64)
    fps: float | None = Field(default=None, ge=1, le=60)
    loops: int | None = Field(default=None, ge=1, le=200)
    size: int = Field(default=256, ge=256, le=1024)
    temperature: float | None = Field(default=None, ge=0.05, le=5)
    guidance: float | None = Field(default=None, ge=0, le=20)
    count: Count = 1
    corner: Corner = None
    format: Literal["video/mp4", "video/webm"] = "video/mp4"


def check(brief: ClipBrief, home: Home) -> None:
    """Refuse models that aren't there, a label that can't be, and what the model doesn't know."""
    from luokuan.create.clips import read_wish
    from luokuan.foundation.modelfolder import resolve

    check_making(brief, home)
    folder = resolve(model_path(brief.model, home))
    names, values = folder.config.get("attributes"), folder.config.get("values")
    if folder.family == "clip" and isinstance(names, list) and isinstance(values, list):
        known = {str(name): tuple(map(str, own)) for name, own in zip(names, values, strict=False)}
        read_wish(brief.brief, brief.attributes, known, folder.aliases)


def run(context: Context, brief: ClipBrief) -> dict[str, Any]:
    """Create them, one after the other."""
    from luokuan.create.clips import Wish, create_clips

    there = context.finished_first  # each has a seed of its own: those that are there need not be made again
    context.skip(there)
    works = create_clips(
        brief.brief,
        Wish(brief.attributes, brief.fps, brief.loops, brief.size, brief.temperature, brief.guidance),
        model=model_path(brief.model, context.home),
        seed=brief.seeded() + there,
        count=brief.count - there,
        media_type=brief.format,
        label=brief.wanted_label(context.home, brief.corner),
        home=context.home,
        finisher=context.finish,
    )
    made = []
    for work in works:
        made.append(work.id)
        context.progress((there + len(made)) / brief.count)
    return {"works": [*(context.works[place] for place in range(there)), *made]}


register(
    Kind(
        name="create.clip",
        brief=ClipBrief,
        run=run,
        check=check,
        outputs=lambda brief: brief.count,
        families=("clip",),
    )
)
