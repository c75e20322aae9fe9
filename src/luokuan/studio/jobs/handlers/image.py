"""Pictures of what a brief names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from luokuan.studio.jobs.briefs import Corner, Count, Making, Name, PictureFormat, Words, check_making
from luokuan.studio.jobs.kinds import Kind, register
from luokuan.studio.jobs.references import file_path, model_path

if TYPE_CHECKING:
    from luokuan.store.home import Home
    from luokuan.studio.jobs.context import Context


class ImageBrief(Making):
    """See ``luokuan.create.pictures`` for the fields; ``like`` is ``work:ID`` or ``input:SHA256``."""

    brief: Words = ""
    class_name: str | None = Field(default=None, max_length=200)
    attributes: dict[str, str] = Field(default_factory=dict, max_length=64)
    count: Count = 1
    like: str | None = Field(default=None, max_length=80, json_schema_extra={"file": "image"})
    strength: float | None = Field(default=None, ge=0, le=1)
    guidance: float | None = Field(default=None, ge=1, le=20)
    truncation: float | None = Field(default=None, ge=0, le=1)
    among: int | None = Field(default=None, ge=1, le=64)
    toward: int | None = Field(default=None, ge=0, le=2**63 - 1)
    strip: bool = False
    upscale: Literal[2, 4] | None = None
    upscaler: Name | None = Field(default=None, json_schema_extra={"families": ["upscaler"]})
    enlarge: Literal["lanczos", "nearest"] = "lanczos"
    corner: Corner = None
    format: PictureFormat = "image/png"


def check(brief: ImageBrief, home: Home) -> None:
    """Refuse models and files that aren't there."""
    check_making(brief, home)
    if brief.upscaler is not None:
        model_path(brief.upscaler, home)
    if brief.like is not None:
        file_path(brief.like, home)


def run(context: Context, brief: ImageBrief) -> dict[str, Any]:
    """Create them, one after the other."""
    from luokuan.create.pictures import Manner, create_images
    from luokuan.create.understanding import Asked

    home = context.home
    # Each picture has a seed of its own, so that those which are there need not be drawn again; a way is one whole.
    there = 0 if brief.toward is not None else context.finished_first
    context.skip(there)
    works = create_images(
        Asked(brief.brief, brief.class_name, brief.attributes),
        model=model_path(brief.model, home),
        seed=brief.seeded() + there,
        count=brief.count - there,
        manner=Manner(
            brief.truncation,
            brief.among,
            brief.toward,
            brief.strip,
            None if brief.like is None else file_path(brief.like, home),
            brief.strength,
            brief.guidance,
        ),
        media_type=brief.format,
        upscale=brief.upscale,
        upscaler=None if brief.upscaler is None else model_path(brief.upscaler, home),
        enlarge=brief.enlarge,
        label=brief.wanted_label(context.home, brief.corner),
        home=home,
        finisher=context.finish,
    )
    made = []
    for work in works:
        made.append(work.id)
        context.progress((there + len(made)) / brief.count)
    return {"works": [*(context.works[place] for place in range(there)), *made]}


register(
    Kind(
        name="create.image",
        brief=ImageBrief,
        run=run,
        check=check,
        outputs=lambda brief: 1 if brief.strip else brief.count,
        families=("gan", "prior", "vae"),
    )
)
