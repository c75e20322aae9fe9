"""Copy about a product, checked and ranked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from luokuan.studio.jobs.briefs import Count, Making, TextFormat, check_making
from luokuan.studio.jobs.kinds import Kind, register
from luokuan.studio.jobs.references import model_path

if TYPE_CHECKING:
    from luokuan.store.home import Home
    from luokuan.studio.jobs.context import Context

Short = tuple[str, ...]


class CopyBrief(Making):
    """See ``luokuan.create.copybrief.Brief`` for the fields; ``among``: drafts from which each piece is picked."""

    model: str = Field(default="copy-en", min_length=1, max_length=64)
    product: str = Field(min_length=1, max_length=300)
    attributes: dict[str, str] = Field(default_factory=dict, max_length=40)
    form: Literal["ad", "description", "news", "slogan", "post"] = "description"
    language: Literal["", "en", "zh"] = ""
    audience: str = Field(default="", max_length=300)
    tone: str = Field(default="", max_length=300)
    length: int | None = None
    must: Short = Field(default=(), max_length=40)
    must_not: Short = Field(default=(), max_length=40)
    among: int | None = Field(default=None, ge=1, le=64)
    count: Count = 1
    watermark: bool = True
    format: TextFormat = "text/plain"

    def asked(self) -> Any:
        """The same for the writer."""
        from luokuan.create.copybrief import Brief

        return Brief(
            self.product, tuple(self.attributes.items()), self.form, self.language, self.audience, self.tone,
            self.length, self.must, self.must_not,
        )  # fmt: skip


def check(brief: CopyBrief, home: Home) -> None:
    """Refuse what can't be written, and a model that isn't there."""
    check_making(brief, home)
    brief.asked().check()


def run(context: Context, brief: CopyBrief) -> dict[str, Any]:
    """Write the pieces, the best first."""
    from luokuan.create.copies import create_copies

    works = create_copies(
        brief.asked(),
        model=model_path(brief.model, context.home),
        seed=brief.seeded(),
        count=brief.count,
        among=brief.among,
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
        name="create.copy",
        brief=CopyBrief,
        run=run,
        check=check,
        outputs=lambda brief: brief.count,
        families=("plm",),
    )
)
