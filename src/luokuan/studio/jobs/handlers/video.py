"""An animated short from a storyboard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic.json_schema import SkipJsonSchema

from luokuan.errors import UserError
from luokuan.studio.jobs.briefs import Finishing
from luokuan.studio.jobs.kinds import Kind, register
from luokuan.studio.jobs.references import file_path, model_path

if TYPE_CHECKING:
    from luokuan.create.shorts.sources import Sources
    from luokuan.create.shorts.storyboard import Board
    from luokuan.store.home import Home
    from luokuan.studio.jobs.context import Context

MOST = 20_000
"""Characters of a storyboard."""
KIND = "create.video"


class VideoBrief(Finishing):
    """``storyboard``: YAML, see ``luokuan.create.shorts.storyboard``; the files that it names are ``work:ID`` or
    ``input:SHA256``. ``works``, ``base`` and ``voices`` are taken from it, whatever is sent: who asks must be allowed
    to use them.
    """

    storyboard: str = Field(min_length=1, max_length=MOST, description="YAML: scenes, music, size.")
    works: SkipJsonSchema[tuple[str, ...]] = Field(default=(), validate_default=True)
    base: SkipJsonSchema[tuple[str, ...]] = Field(default=(), validate_default=True)
    voices: SkipJsonSchema[tuple[str, ...]] = Field(default=(), validate_default=True)
    aspect: Literal["16:9", "9:16", "1:1"] | None = None
    size: int | None = Field(default=None, ge=64, le=1080, description="Shortest side in pixels.")
    fps: float | None = Field(default=None, ge=4.0, le=60.0)
    corner: Literal["top-left", "top-right", "bottom-left", "bottom-right"] = "top-right"
    format: Literal["video/mp4", "video/webm"] = "video/mp4"

    @field_validator("storyboard", mode="after")
    @classmethod
    def _readable(cls, given: str) -> str:
        from luokuan.create.shorts.storyboard import parsed_storyboard

        try:
            parsed_storyboard(given)
        except UserError as error:
            raise ValueError(error.what.rstrip(".")) from error
        return given

    @field_validator("works", mode="after")
    @classmethod
    def _its_works(cls, _given: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        from luokuan.create.shorts.storyboard import files_in

        named = [one.name for one in files_in(_board(info).story)] if "storyboard" in info.data else []
        return tuple(dict.fromkeys(name for name in named if name.startswith("work:")))

    @field_validator("base", mode="after")
    @classmethod
    def _its_models(cls, _given: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        from luokuan.create.shorts.storyboard import models_in

        named = [one.name for one in models_in(_board(info).story)] if "storyboard" in info.data else []
        return tuple(dict.fromkeys(named))

    @field_validator("voices", mode="after")
    @classmethod
    def _its_voices(cls, _given: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        from luokuan.create.shorts.storyboard import voices_in

        return tuple(dict.fromkeys(voices_in(_board(info).story))) if "storyboard" in info.data else ()

    def board(self) -> Board:
        """The storyboard, with what is to be otherwise. Its own seed counts where it says one.

        Raises:
            UserError: it can't be used; the line is named.
        """
        from luokuan.create.shorts.storyboard import parsed_storyboard

        board = parsed_storyboard(self.storyboard)
        changes = {name: getattr(self, name) for name in ("aspect", "size", "fps")}
        own = "seed" in board.story.model_fields_set
        return board.changed(changes | ({} if own else {"seed": self.seeded()}))


def _board(info: ValidationInfo) -> Board:
    from luokuan.create.shorts.storyboard import parsed_storyboard

    return parsed_storyboard(info.data["storyboard"])


def sources(home: Home) -> Sources:
    """What a stranger's storyboard may name: works and files that were brought, models of the store and starters."""
    from luokuan.create.shorts.sources import Sources

    def file(name: str) -> Path:
        return file_path(name, home)

    return Sources(home, file, lambda name: model_path(name, home))


def check(brief: VideoBrief, home: Home) -> None:
    """Refuse what can be seen to be wrong: labels, and what the storyboard asks for and isn't there."""
    from luokuan.create.shorts.drafts import check_board
    from luokuan.create.shorts.storyboard import files_in, models_in
    from luokuan.create.voices.registry import for_languages
    from luokuan.create.voices.trained import stored_voices

    brief.wanted_label(home, brief.corner)
    board = brief.board()
    check_board(board, lambda voices: for_languages(voices, stored_voices(voices, home)))
    for one in files_in(board.story):
        try:
            file_path(one.name, home)
        except UserError as error:
            raise board.fault(one.place, error.what) from error
    for one in models_in(board.story):
        try:
            model_path(one.name, home)
        except UserError as error:
            raise board.fault(one.place, error.what) from error


def run(context: Context, brief: VideoBrief) -> dict[str, Any]:
    """Draw, mix and finish it."""
    from luokuan.create.shorts.drafts import create_video
    from luokuan.i18n import _

    home, drawing = context.home, _("Drawing")
    work = create_video(
        brief.board(),
        sources=sources(home),
        media_type=brief.format,
        label=brief.wanted_label(home, brief.corner),
        home=home,
        # Half of the time goes into finishing.
        on_frame=lambda done, total: context.measure(drawing, done, 2 * total),
        finisher=context.finish,
    )
    return {"works": [work.id]}


register(Kind(name=KIND, brief=VideoBrief, run=run, check=check, outputs=lambda _brief: 1))
