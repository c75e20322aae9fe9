"""A picture or a clip of anybody with an effect, with its history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from luokuan.create.effects.orders import STILL, EffectName, Flakes
from luokuan.media import Clip
from luokuan.studio.jobs.briefs import Finishing
from luokuan.studio.jobs.kinds import Kind, register
from luokuan.studio.jobs.references import file_path, model_path

if TYPE_CHECKING:
    from luokuan.store.home import Home
    from luokuan.studio.jobs.context import Context


class EffectBrief(Finishing):
    """See ``luokuan.create.effects.orders.Order``; ``file`` and ``toward``: ``work:ID`` or ``input:SHA256``.
    ``format``: None: a picture whose style or background is changed stays one, all else is an MP4."""

    file: str = Field(max_length=80, json_schema_extra={"file": "image+video"})
    effect: EffectName = "zoom"
    of: Flakes = "snow"
    strength: float = Field(default=0.5, ge=0.0, le=1.0)
    toward: str | None = Field(default=None, max_length=80, json_schema_extra={"file": "image"})
    background: str = Field(default="", max_length=60, description="A colour or a place, with background.")
    inside: tuple[float, float, float, float] | None = None
    codec: str | None = Field(default=None, max_length=64, json_schema_extra={"families": ["codec"]})
    seconds: float | None = Field(default=None, ge=0.25, le=60.0)
    fps: float | None = Field(default=None, ge=4.0, le=60.0)
    size: int | None = Field(default=None, ge=64, le=1080)
    licence: str = Field(default="", max_length=100)
    corner: Literal["top-left", "top-right", "bottom-left", "bottom-right"] | None = None
    format: Literal["video/mp4", "video/webm", "image/png", "image/jpeg", "image/webp"] | None = None


def check(brief: EffectBrief, home: Home) -> None:
    """Refuse files and codecs that aren't there, a morph of one picture, an unknown background, and a picture of what
    moves."""
    from luokuan.colophon.formats import format_of
    from luokuan.create.effects.backdrops import behind
    from luokuan.create.effects.orders import Order, check_toward

    brief.wanted_label(home, brief.corner)
    for reference in (brief.file, brief.toward):
        if reference is not None:
            file_path(reference, home)
    if brief.codec is not None:
        model_path(brief.codec, home)
    Order(brief.effect, inside=brief.inside)
    check_toward(brief.effect, brief.toward, brief.codec, brief.background, brief.inside)
    if brief.background:
        behind((1, 1), brief.background, 0)
    if brief.effect not in STILL and brief.format is not None:
        format_of(brief.format, Clip)


def run(context: Context, brief: EffectBrief) -> dict[str, Any]:
    """Make and finish it."""
    from luokuan.create.effects.drafts import create_effect
    from luokuan.create.effects.morph import CODEC
    from luokuan.i18n import _

    home, drawing = context.home, _("Drawing")
    codec = None if brief.effect != "morph" else model_path(brief.codec or CODEC, home)
    work = create_effect(
        file_path(brief.file, home),
        brief.effect,
        of=brief.of,
        strength=brief.strength,
        toward=None if brief.toward is None else file_path(brief.toward, home),
        background=brief.background,
        inside=brief.inside,
        codec=codec,
        seconds=brief.seconds,
        fps=brief.fps,
        size=brief.size,
        seed=brief.seeded(),
        licence=brief.licence,
        media_type=brief.format,
        label=brief.wanted_label(home, brief.corner),
        home=home,
        on_frame=lambda done, total: context.measure(drawing, done, 2 * total),
        finisher=context.finish,
    )
    return {"works": [work.id]}


register(Kind(name="create.effect", brief=EffectBrief, run=run, check=check, outputs=lambda _brief: 1))
