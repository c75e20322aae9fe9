"""Sound effects of a category."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from luokuan.studio.jobs.briefs import Count, Making, check_making
from luokuan.studio.jobs.handlers.speech import SoundFormat
from luokuan.studio.jobs.kinds import Kind, register
from luokuan.studio.jobs.references import model_path

if TYPE_CHECKING:
    from luokuan.store.home import Home
    from luokuan.studio.jobs.context import Context


class SoundBrief(Making):
    """See ``luokuan.create.sounds`` for the fields."""

    category: str = Field(default="", max_length=200)
    seconds: float = Field(default=5.0, ge=0.1, le=120)
    loop: bool = False
    copies: bool = False
    temperature: float | None = Field(default=None, ge=0.05, le=5)
    guidance: float | None = Field(default=None, ge=0, le=20)
    count: Count = 1
    format: SoundFormat = "audio/wav"


def check(brief: SoundBrief, home: Home) -> None:
    """Refuse models that aren't there, a label that can't be, and categories that the model doesn't know."""
    from luokuan.create.sounds import label_of
    from luokuan.foundation.modelfolder import resolve

    check_making(brief, home)
    folder = resolve(model_path(brief.model, home))
    classes = folder.config.get("classes")
    if folder.family == "sound" and isinstance(classes, list):
        label_of(brief.category, tuple(map(str, classes)), (folder.training.get("corpus") or {}).get("aliases") or {})


def run(context: Context, brief: SoundBrief) -> dict[str, Any]:
    """Create them, one after the other."""
    from luokuan.create.sounds import Wish, create_sounds

    there = context.finished_first  # each has a seed of its own: those that are there need not be made again
    context.skip(there)
    works = create_sounds(
        brief.category,
        Wish(brief.seconds, brief.loop, brief.copies, brief.temperature, brief.guidance),
        model=model_path(brief.model, context.home),
        seed=brief.seeded() + there,
        count=brief.count - there,
        media_type=brief.format,
        label=brief.wanted_label(context.home),
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
        name="create.sound",
        brief=SoundBrief,
        run=run,
        check=check,
        outputs=lambda brief: brief.count,
        families=("sound",),
    )
)
