"""A presenter who says a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from luokuan.studio.jobs.briefs import Making
from luokuan.studio.jobs.kinds import Kind, register
from luokuan.studio.jobs.references import file_path

if TYPE_CHECKING:
    from luokuan.store.home import Home
    from luokuan.studio.jobs.context import Context

MOST = 6_000
"""Characters of a text: more than a presenter says in its longest clip."""


class PresenterBrief(Making):
    """See ``luokuan.create.presenters.orders.Order`` for the fields; ``portrait_file`` and ``background_file`` are
    ``work:ID`` or ``input:SHA256``; ``mouth``: where that portrait's mouth is, in shares of its middle square."""

    model: Literal["presenter"] = Field(default="presenter", description="The drawing; there is one.")
    text: str = Field(min_length=1, max_length=MOST, description="What to say, Chinese or English or both.")
    voices: tuple[str, ...] = Field(
        default=(), max_length=4, description="At most one a language; trained voices, too."
    )
    rate: float = Field(default=1.0, ge=0.5, le=2.0)
    pitch: float = Field(default=0.0, ge=-12.0, le=12.0)
    portrait: dict[str, str] = Field(
        default_factory=dict, max_length=32, description="Attributes of the portrait; the seed draws the others."
    )
    portrait_file: str | None = Field(default=None, max_length=80, json_schema_extra={"file": "image"})
    mouth: tuple[float, float, float] | None = None
    background: str = Field(default="", max_length=60, description="A colour; empty: the seed draws one.")
    background_file: str | None = Field(default=None, max_length=80, json_schema_extra={"file": "image"})
    licence: str = Field(default="", max_length=100, description="Of the given pictures.")
    title: str = Field(default="", max_length=60)
    subtitle: str = Field(default="", max_length=60)
    aspect: Literal["16:9", "9:16", "1:1"] = "16:9"
    size: int = Field(default=720, ge=128, le=1080, description="Shortest side in pixels.")
    fps: float = Field(default=25.0, ge=8.0, le=60.0)
    captions: bool = False
    corner: Literal["top-left", "top-right", "bottom-left", "bottom-right"] = "top-right"
    format: Literal["video/mp4", "video/webm"] = "video/mp4"

    def order(self) -> dict[str, Any]:
        """The fields of an ``Order``."""
        names = ("portrait", "mouth", "title", "subtitle", "background", "aspect", "size", "fps", "captions")
        return {name: getattr(self, name) for name in names}


def check(brief: PresenterBrief, home: Home) -> None:
    """Refuse what can be seen to be wrong: labels, files and voices that aren't there, looks that can't be drawn."""
    from luokuan.create.presenters.grounds import colour_of
    from luokuan.create.presenters.lettering import checked
    from luokuan.create.presenters.looks import look_of
    from luokuan.create.presenters.orders import Order
    from luokuan.create.presenters.portraits import mouth_of, no_mouth
    from luokuan.create.voices.registry import for_languages
    from luokuan.create.voices.trained import stored_voices
    from luokuan.i18n import _

    brief.wanted_label(home, brief.corner)
    for reference in (brief.portrait_file, brief.background_file):
        if reference is not None:
            file_path(reference, home)
    for_languages(brief.voices, stored_voices(brief.voices, home))
    Order(**brief.order())
    checked(brief.title, _("The title"))
    checked(brief.subtitle, _("The subtitle"))
    look_of(brief.portrait, brief.seeded())
    colour_of(brief.background, brief.seeded())
    if brief.mouth is not None:
        mouth_of(brief.mouth)
    if brief.portrait_file is None:
        no_mouth(brief.mouth)


def run(context: Context, brief: PresenterBrief) -> dict[str, Any]:
    """Draw and finish the clip."""
    from luokuan.create.presenters.drafts import create_presenter
    from luokuan.i18n import _

    home, drawing = context.home, _("Drawing")
    portrait, background = (
        None if reference is None else file_path(reference, home)
        for reference in (brief.portrait_file, brief.background_file)
    )
    work = create_presenter(
        brief.text,
        voices=brief.voices,
        rate=brief.rate,
        pitch=brief.pitch,
        portrait_file=portrait,
        background_file=background,
        licence=brief.licence,
        seed=brief.seeded(),
        media_type=brief.format,
        label=brief.wanted_label(home, brief.corner),
        home=home,
        # Half of the time goes into finishing.
        on_frame=lambda done, total: context.measure(drawing, done, 2 * total),
        finisher=context.finish,
        **brief.order(),
    )
    return {"works": [work.id]}


register(
    Kind(name="create.presenter", brief=PresenterBrief, run=run, check=check, outputs=lambda _brief: 1, models=False)
)
