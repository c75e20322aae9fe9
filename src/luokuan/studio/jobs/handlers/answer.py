"""Answers in a conversation, and texts that go on, for programs: with what they count and how likely each token was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from luokuan.studio.jobs.briefs import Count, Making, Words, check_making
from luokuan.studio.jobs.handlers.text import Drawing
from luokuan.studio.jobs.kinds import Brief, Kind, register
from luokuan.studio.jobs.references import model_path

if TYPE_CHECKING:
    from luokuan.create.answers import Answer
    from luokuan.store.home import Home
    from luokuan.studio.jobs.context import Context

KIND = "chat.answer"
EVENT = "answer"
"""Event that tells how an answer ended: ``place``, ``text``, ``ended``, ``prompt_tokens``, ``tokens``, and ``likely``
with [token, log-probability, [[token, log-probability], …]] each."""


class Said(Brief):
    """One turn."""

    role: Literal["system", "user", "assistant"]
    content: Words


class AnswerBrief(Making):
    """See ``luokuan.create.answers.draft_answers``: either ``turns`` or ``prompts``; ``shape``: a JSON schema."""

    turns: tuple[Said, ...] = Field(default=(), max_length=200)
    prompts: tuple[Words, ...] = Field(default=(), max_length=16)
    count: Count = 1
    drawing: Drawing = Drawing()
    likely: int | None = Field(default=None, ge=0, le=20)
    shape: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.turns) == bool(self.prompts):
            raise ValueError("either turns or prompts")
        if self.works > 64:
            raise ValueError("at most 64 texts at once")
        return self

    @property
    def works(self) -> int:
        """How many texts it asks for."""
        return self.count * max(len(self.prompts), 1)


def check(brief: AnswerBrief, home: Home) -> None:
    """Refuse a model that isn't there, and a schema that can't be followed."""
    from luokuan.models.plm.structured import check_schema

    check_making(brief, home)
    if brief.shape is not None:
        check_schema(brief.shape)


def run(context: Context, brief: AnswerBrief) -> dict[str, Any]:
    """Write them; those that are there from an earlier attempt are written again, the same, and not finished again."""
    from luokuan.create.answers import draft_answers
    from luokuan.models.registry import load_writing_model
    from luokuan.store.secrets import watermark_key

    answers = draft_answers(
        brief.prompts or [(turn.role, turn.content) for turn in brief.turns],
        model=load_writing_model(model_path(brief.model, context.home)),
        seed=brief.seeded(),
        count=brief.count,
        manner=brief.drawing.manner(),
        on_text=context.text,
        secret=watermark_key(context.home),
        top=brief.likely,
        shape=brief.shape,
    )
    works = []
    for answer in answers:
        context.tell(EVENT, _told(answer))
        if answer.draft is None:
            context.skip(1)  # of nothing no work is made
        else:
            label = brief.wanted_label(context.home)
            works.append(context.finish(answer.draft, home=context.home, media_type="text/plain", label=label).id)
    return {"works": works}


def _told(answer: Answer) -> dict[str, Any]:
    return {
        "place": answer.place,
        "text": answer.text,
        "ended": answer.ended,
        "prompt_tokens": answer.prompt_tokens,
        "tokens": answer.tokens,
        "likely": [[one.text, one.logprob, [list(pair) for pair in one.top]] for one in answer.likely],
    }


register(Kind(name=KIND, brief=AnswerBrief, run=run, check=check, outputs=lambda brief: brief.works))
