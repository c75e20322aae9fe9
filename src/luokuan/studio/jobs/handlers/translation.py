"""A text in another language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from luokuan.studio.jobs.briefs import Making, TextFormat, Words, check_making
from luokuan.studio.jobs.kinds import Kind, register
from luokuan.studio.jobs.references import file_path, model_path

if TYPE_CHECKING:
    from luokuan.store.home import Home
    from luokuan.studio.jobs.context import Context


class TranslationBrief(Making):
    """See ``luokuan.create.translations.Way``; instead of ``text`` there may be a ``file``, as ``work:ID`` or
    ``input:SHA256``, whose labels and credentials are carried on."""

    model: str = Field(default="en-zh", min_length=1, max_length=64)
    text: Words = ""
    file: str | None = Field(default=None, max_length=80, json_schema_extra={"file": "text"})
    to: str = Field(min_length=2, max_length=8)
    start: str = Field(default="", max_length=8)
    beams: int = Field(default=4, ge=1, le=16)
    length: float = Field(default=1.0, ge=0, le=5)
    format: TextFormat = "text/plain"


def check(brief: TranslationBrief, home: Home) -> None:
    """Refuse models and files that aren't there."""
    check_making(brief, home)
    if brief.file is not None:
        file_path(brief.file, home)


def run(context: Context, brief: TranslationBrief) -> dict[str, Any]:
    """Translate it."""
    from luokuan.create.starting import text_from
    from luokuan.create.translations import create_translation

    home = context.home
    text, origin = (brief.text, None) if brief.file is None else text_from(file_path(brief.file, home), home)
    work = create_translation(
        text,
        to=brief.to,
        start=brief.start,
        model=model_path(brief.model, home),
        seed=brief.seeded(),
        beams=brief.beams,
        length=brief.length,
        media_type=brief.format,
        label=brief.wanted_label(context.home),
        home=home,
        on_done=lambda done, total: context.progress(done / max(total, 1)),
        on_text=context.text,
        origin=origin,
        finisher=context.finish,
    )
    return {"works": [work.id]}


register(
    Kind(
        name="create.translation",
        brief=TranslationBrief,
        run=run,
        check=check,
        outputs=lambda _brief: 1,
        families=("seq2seq", "plm"),
    )
)
