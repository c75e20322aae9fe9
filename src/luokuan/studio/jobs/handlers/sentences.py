"""Sentences from a latent vector: new ones, paraphrases, moves along attributes, ways from one to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from luokuan.studio.jobs.briefs import Count, Making, TextFormat, check_making
from luokuan.studio.jobs.clashes import refuse_both, refuse_needless
from luokuan.studio.jobs.kinds import Kind, register
from luokuan.studio.jobs.references import model_path

if TYPE_CHECKING:
    from luokuan.create.latenttexts import Wish
    from luokuan.store.home import Home
    from luokuan.studio.jobs.context import Context

NAME = "create.sentences"
Sentence = Annotated[str, Field(max_length=2_000)]
Amount = Annotated[float, Field(ge=-20, le=20)]


class SentencesBrief(Making):
    """See ``luokuan.create.latenttexts.Wish``; ``sentence`` is its ``like``."""

    model: str = Field(default="sentences", min_length=1, max_length=64)
    sentence: Sentence = ""
    toward: Sentence = ""
    steps: int = Field(default=7, ge=2, le=64)
    noise: float | None = Field(default=None, ge=0, le=20)
    attributes: dict[str, Amount] = Field(default_factory=dict, max_length=32)
    temperature: float | None = Field(default=None, ge=0, le=5)
    top_p: float = Field(default=1.0, gt=0, le=1)
    count: Count = 1
    format: TextFormat = "text/plain"

    def wish(self) -> Wish:
        """The same for the model."""
        from luokuan.create.latenttexts import Wish

        return Wish(
            self.sentence, self.toward, self.steps, self.noise, self.attributes, self.temperature, self.top_p
        )  # fmt: skip


def check(brief: SentencesBrief, home: Home) -> None:
    """Refuse a model that isn't there, and what makes no sense."""
    check_making(brief, home)
    alone, one_way, noisy = not brief.sentence, brief.toward != "", brief.noise is not None
    refuse_needless(NAME, [(one_way and alone, "toward", "sentence"), (noisy and alone, "noise", "sentence")])
    refuse_both(NAME, [(one_way and noisy, "noise", "toward"), (one_way and brief.count != 1, "count", "toward")])
    brief.wish().check(brief.count)


def run(context: Context, brief: SentencesBrief) -> dict[str, Any]:
    """Write them; those that are there from an earlier attempt are written again, the same, and not finished again."""
    from luokuan.create.latenttexts import create_latent_texts

    works = create_latent_texts(
        brief.wish(),
        model=model_path(brief.model, context.home),
        seed=brief.seeded(),
        count=brief.count,
        media_type=brief.format,
        label=brief.wanted_label(context.home),
        home=context.home,
        on_text=context.text,
        finisher=context.finish,
    )
    return {"works": [work.id for work in works]}


register(
    Kind(
        name=NAME,
        brief=SentencesBrief,
        run=run,
        check=check,
        outputs=lambda brief: brief.count,
        families=("vae/text", "gan/text"),
    )
)
