"""A text, spoken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from luokuan.studio.jobs.briefs import Finishing, Name
from luokuan.studio.jobs.kinds import Kind, register
from luokuan.studio.jobs.references import model_path

if TYPE_CHECKING:
    from luokuan.store.home import Home
    from luokuan.studio.jobs.context import Context

SoundFormat = Literal[
    "audio/wav", "audio/flac", "audio/mpeg", "audio/ogg", "audio/ogg; codecs=opus", "audio/mp4"
]  # fmt: skip


class SpeechBrief(Finishing):
    """See ``luokuan.create.speeches.create_speech``; ``voices``: at most one a language, of those that come along or of
    trained ones of the store, empty: the first of each; ``model``: a trained voice, which speaks its language."""

    text: str = Field(min_length=1, max_length=20_000)
    voices: tuple[str, ...] = Field(default=(), max_length=8)
    rate: float = Field(default=1.0, ge=0.5, le=2)
    pitch: float = Field(default=0.0, ge=-12, le=12)
    model: Name | None = Field(default=None, json_schema_extra={"families": ["speech", "vits"]})
    format: SoundFormat = "audio/wav"


def check(brief: SpeechBrief, home: Home) -> None:
    """Refuse voices and models that there aren't, and a label that can't be."""
    from luokuan.create.voices.registry import for_languages
    from luokuan.create.voices.trained import stored_voices

    if brief.model is not None:
        model_path(brief.model, home)

    for_languages(brief.voices, stored_voices(brief.voices, home))
    brief.wanted_label(home)


def run(context: Context, brief: SpeechBrief) -> dict[str, Any]:
    """Speak it."""
    from luokuan.create.speeches import create_speech
    from luokuan.create.voices.trained import use_model

    trained = () if brief.model is None else (use_model(str(model_path(brief.model, context.home))),)
    spoken = 0

    def on_piece(said: Any) -> None:
        nonlocal spoken
        spoken += len(said.text)
        context.progress(min(spoken / len(brief.text), 0.95))

    work = create_speech(
        brief.text,
        voices=(*trained, *brief.voices),
        rate=brief.rate,
        pitch=brief.pitch,
        seed=brief.seeded(),
        media_type=brief.format,
        label=brief.wanted_label(context.home),
        home=context.home,
        on_piece=on_piece,
        finisher=context.finish,
    )
    return {"works": [work.id]}


register(Kind(name="create.speech", brief=SpeechBrief, run=run, check=check, outputs=lambda _brief: 1, models=False))
