"""Texts by a language model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from luokuan.studio.jobs.briefs import Count, Making, TextFormat, Words, check_making
from luokuan.studio.jobs.kinds import Brief, Kind, register
from luokuan.studio.jobs.references import model_path

if TYPE_CHECKING:
    from luokuan.models.plm.sampling import Manner
    from luokuan.studio.jobs.context import Context


class Drawing(Brief):
    """How tokens are drawn; see ``luokuan.models.plm.sampling.Manner``."""

    temperature: float = Field(default=0.8, ge=0, le=5)
    top_k: int = Field(default=0, ge=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    min_p: float = Field(default=0.0, ge=0, lt=1)
    repetition_penalty: float = Field(default=1.0, ge=1, le=5)
    max_tokens: int = Field(default=256, ge=1, le=65_536)
    stop: tuple[str, ...] = Field(default=(), max_length=16)

    def manner(self) -> Manner:
        """The same for the model."""
        from luokuan.models.plm.sampling import Manner

        return Manner(**self.model_dump())


class TextBrief(Making):
    """See ``luokuan.create.texts`` for the fields."""

    prompt: Words = ""
    system: Words = ""
    raw: bool = False
    count: Count = 1
    drawing: Drawing = Drawing()
    watermark: bool = True
    format: TextFormat = "text/plain"


def run(context: Context, brief: TextBrief) -> dict[str, Any]:
    """Write them; those that are there from an earlier attempt are written again, the same, and not finished again."""
    from luokuan.create.texts import Prompt, create_texts

    works = create_texts(
        Prompt(brief.prompt, brief.system, brief.raw),
        model=model_path(brief.model, context.home),
        seed=brief.seeded(),
        count=brief.count,
        manner=brief.drawing.manner(),
        media_type=brief.format,
        label=brief.wanted_label(context.home),
        home=context.home,
        on_text=context.text,
        watermark=brief.watermark,
        finisher=context.finish,
    )
    return {"works": [work.id for work in works]}


register(
    Kind(
        name="create.text",
        brief=TextBrief,
        run=run,
        check=check_making,
        outputs=lambda brief: brief.count,
        families=("plm",),
    )
)
