"""Texts from a VAE of sentences: samples, walks between two sentences, moves along attributes, paraphrases."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.create.texts import check_range, recipe_of, shared_with_training
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Text

if TYPE_CHECKING:
    from torch import Tensor

    from luokuan.colophon.label import LabelOptions
    from luokuan.colophon.passage import Finisher
    from luokuan.colophon.schema import Draft, Work
    from luokuan.models.gan.text.model import TextGan
    from luokuan.models.vae.text.model import TextVae
    from luokuan.store.home import Home

STEPS = 7
"""Sentences of a walk, its ends among them, if no number is given."""
MOST_STEPS = 64
FARTHEST = 20.0
"""Most that an attribute can be moved by, and most noise."""
SAMPLED = 0.7
"""Temperature of samples; where a sentence is given the likeliest words are taken: what it says shall stay."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of the latent space.

    Args:
        like: A sentence to start from; empty: a draw from the fitted prior, or by the generator.
        toward: Another sentence: the text leads from ``like`` to it, a sentence a line.
        steps: Sentences of that way, 2 to 64.
        noise: How far from ``like``, in standard deviations of its posterior, 0 to 20: 1 is a draw from it, 0 its
            reconstruction; None: 1 for a paraphrase, 0 where the sentence is moved or led elsewhere.
        attributes: How far to go along which attribute, -20 to 20; 1 is the way from the mean sentence without it to
            that with it.
        temperature: 0: the likeliest word each time; None: 0, or ``SAMPLED`` without a sentence.
        top_p: Only the likeliest words with this probability together.
    """

    like: str = ""
    toward: str = ""
    steps: int = STEPS
    noise: float | None = None
    attributes: Mapping[str, float] = field(default_factory=dict)
    temperature: float | None = None
    top_p: float = 1.0

    def check(self, count: int) -> None:
        """Refuse what makes no sense.

        Raises:
            UserError: a value is out of its range, or two that don't go together.
        """
        amounts = all(math.isfinite(a) and abs(a) <= FARTHEST for a in self.attributes.values())
        rules = [
            (2 <= self.steps <= MOST_STEPS, "--steps", f"2 … {MOST_STEPS}"),
            (self.noise is None or 0 <= self.noise <= FARTHEST, "--noise", f"0 … {FARTHEST:g}"),
            (amounts, "--amount", f"-{FARTHEST:g} … {FARTHEST:g}"),
            (self.temperature is None or 0 <= self.temperature <= 5, "--temperature", "0 … 5"),
            (0 < self.top_p <= 1, "--top-p", "0 … 1"),
        ]
        for good, option, allowed in rules:
            if not good:
                raise UserError(
                    _("{option} is out of its range.", option=option),
                    _("Allowed: {allowed}.", allowed=allowed),
                    code="create.range",
                )
        if self.toward and not self.like:
            raise UserError(
                _("--toward needs a sentence to start from."), _("Give it with --like."), code="create.toward"
            )
        if self.noise is not None and (not self.like or self.toward):
            raise UserError(
                _("--noise needs one sentence: it says how far from it."),
                _("Give --like without --toward, or leave --noise out."),
                code="create.noise",
            )
        if self.toward and count != 1:
            raise UserError(
                _("A way from one sentence to another is one text."), _("Leave --count out."), code="create.toward"
            )

    @property
    def spread(self) -> float:
        """``noise``, or what it is where none was given."""
        return self.noise if self.noise is not None else (0.0 if self.attributes or self.toward else 1.0)

    @property
    def warmth(self) -> float:
        """``temperature``, or what it is where none was given."""
        return self.temperature if self.temperature is not None else (0.0 if self.like else SAMPLED)


def draft_latent_texts(wish: Wish, *, model: TextVae | TextGan, seed: int = 0, count: int = 1) -> Iterator[Draft]:
    """Make drafts: texts with their recipe, not yet labelled, so not yet fit to leave. Text i has the latent of item i
    of ``seed``; they carry no watermark, since the words follow the latent.

    Args:
        wish: What is asked.
        model: A loaded VAE or GAN of sentences.
        seed: ≥ 0.
        count: Drafts to make; with ``toward`` 1.

    Raises:
        UserError: see ``Wish.check``, ``TextVae.rows`` and ``TextVae.moved``.
    """
    from luokuan.colophon.schema import Draft

    check_range(count, seed)
    wish.check(count)
    z = _latents(wish, model, seed, count)
    for attribute, amount in wish.attributes.items():
        z = model.moved(z, attribute, amount)
    written = model.write(z, temperature=wish.warmth, top_p=wish.top_p, seed=seed)
    gap = "\n\n" if model.config.items == "documents" else "\n"
    texts = [gap.join(written)] if wish.toward else written
    for index, text in enumerate(texts):
        parameters: dict[str, Any] = {
            "like": wish.like,
            "toward_text": wish.toward,
            "steps": wish.steps if wish.toward else None,
            "noise": wish.spread if wish.like and not wish.toward else None,
            "attributes": dict(wish.attributes),
            "prior": None if wish.like else model.prior,
            "temperature": wish.warmth,
            "top_p": wish.top_p,
            "first_seed": seed,
            "index": index,
            "count": count,
            "watermark": None,
            **shared_with_training(model, text),
        }
        yield Draft(Text(text), recipe_of(model, wish.like, parameters, seed), kind="text")


def _latents(wish: Wish, model: TextVae | TextGan, seed: int, count: int) -> Tensor:
    if wish.toward:
        return model.between(wish.like, wish.toward, wish.steps)
    if wish.like:
        return model.around(wish.like, count, seed, noise=wish.spread)
    return model.latents(count, seed)


def create_latent_texts(
    wish: Wish | None = None,
    *,
    model: str | Path,
    seed: int = 0,
    count: int = 1,
    media_type: str = "text/plain",
    label: LabelOptions | None = None,
    home: Home | None = None,
    on_text: Callable[[int, str], None] | None = None,
    finisher: Finisher | None = None,
) -> Iterator[Work]:
    """Create finished texts; see ``draft_latent_texts`` for the other arguments.

    Args:
        model: Store name, starter name, folder or Hub id of a VAE or a GAN of sentences.
        media_type: ``text/plain``, ``text/markdown``, ``application/json`` or ``text/html``.
        label: The explicit label; default: both languages.
        home: Where the work is kept; default: the user's home.
        on_text: Called with a draft's index and its text, before it is finished.
        finisher: Stands in the place of ``finish``.

    Raises:
        UserError: no such model, it is of another kind, or see ``draft_latent_texts`` and ``finish``.
    """
    from luokuan.colophon.finish import finish
    from luokuan.models.registry import load_latent_text_model
    from luokuan.store.home import open_home

    place = home or open_home()
    loaded = load_latent_text_model(model)
    for index, draft in enumerate(draft_latent_texts(wish or Wish(), model=loaded, seed=seed, count=count)):
        if on_text is not None and isinstance(draft.media, Text):
            on_text(index, draft.media.text)
        yield (finisher or finish)(draft, home=place, media_type=media_type, label=label)


def create_latent_text(like: str = "", *, model: str | Path, seed: int = 0, **options: Any) -> Work:
    """Create one finished text; fields of ``Wish`` may be given by name, other options are those of
    ``create_latent_texts``."""
    asked = {name: options.pop(name) for name in Wish.__dataclass_fields__ if name in options}
    return next(create_latent_texts(Wish(like, **asked), model=model, seed=seed, count=1, **options))
