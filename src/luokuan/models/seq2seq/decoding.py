"""Translating texts with an encoder-decoder: batched beam search, or one draw a text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from luokuan.errors import UserError
from luokuan.foundation.compute import mix_seed, seeded
from luokuan.i18n import _
from luokuan.models.seq2seq.model import Seq2SeqModel

BEAMS = 4
MOST_BEAMS = 16
TOGETHER = 128
"""Beams that are written at a time."""
ROOM = 16
"""Tokens that a translation may have beyond twice its source's."""


@dataclass(frozen=True, slots=True)
class Search:
    """How a translation is looked for.

    Args:
        beams: Hypotheses that are kept, 1 to ``MOST_BEAMS``; 1 takes the likeliest token each time.
        length: α: what is kept in the end has the largest log p / tokensᵅ (Wu et al. 2016, arXiv 1609.08144, section
            7, in transformers' form); 0 favours short ones.
        temperature: 0 searches; above it each text is drawn, with one beam, from the distribution of the logits
            divided by it.
    """

    beams: int = BEAMS
    length: float = 1.0
    temperature: float = 0.0

    def check(self) -> None:
        """Refuse what can't be done.

        Raises:
            UserError: a value is out of its range.
        """
        for good, option, allowed in (
            (1 <= self.beams <= MOST_BEAMS, "--beams", f"1 … {MOST_BEAMS}"),
            (0 <= self.length <= 5, "--length", "0 … 5"),
            (0 <= self.temperature <= 5, "--temperature", "0 … 5"),
        ):
            if not good:
                raise UserError(
                    _("{option} is out of its range.", option=option),
                    _("Allowed: {allowed}.", allowed=allowed),
                    code="translation.option",
                )


def check_direction(model: Seq2SeqModel, start: str, to: str) -> None:
    """Refuse what the model wasn't taught.

    Raises:
        UserError: another direction than its own, or a language that it has no mark for.
    """
    if model.directions and (start, to) not in model.directions:
        raise UserError(
            _("'{name}' doesn't translate from {start} to {to}.", name=model.folder.name, start=start, to=to),
            _("It knows: {known}.", known=", ".join(f"{one} → {other}" for one, other in model.directions)),
            code="translation.direction",
        )
    many = any(model.mark_of(code) is not None for code in ("en", "de", "zh", "fr"))
    if not model.directions and many and model.mark_of(to) is None:
        raise UserError(
            _("'{name}' has no mark for the language {to}.", name=model.folder.name, to=to),
            _("Choose another --to or another --model."),
            code="translation.direction",
        )


def translate(
    model: Seq2SeqModel,
    texts: Sequence[str],
    *,
    start: str,
    to: str,
    search: Search | None = None,
    seed: int = 0,
    on_done: Callable[[int], None] | None = None,
) -> list[str]:
    """Translate sentences, each on its own. The same call gives the same texts; in other company a sentence may get
    another translation where two are nearly as good, for products round otherwise in another shape.

    Args:
        texts: Sentences in the language ``start``.
        to: The language to write.
        search: How to look for it.
        seed: Of what is drawn.
        on_done: Called with how many more are done.

    Raises:
        UserError: ``search`` can't be done, the model doesn't know the direction, or a text holds half a character or
            too many tokens.
    """
    search = search or Search()
    search.check()
    check_direction(model, start, to)
    for text in texts:
        require_whole(text)
    rows = model.sources(texts, start, to)
    if rows and (most := max(map(len, rows))) > model.longest:
        raise UserError(
            _("A sentence has {count} tokens, and {most} may be.", count=most, most=model.longest),
            _("Split it."),
            code="translation.too_long",
        )
    found = [""] * len(rows)
    ranked = sorted((i for i in range(len(rows)) if texts[i].strip()), key=lambda i: (len(rows[i]), i))
    together = max(TOGETHER // search.beams, 1)
    with quietly(), torch.inference_mode():
        for place in range(0, len(ranked), together):
            part = ranked[place : place + together]
            with seeded(mix_seed(seed, "translate", place)):
                for number, written in zip(part, written_for(model, [rows[i] for i in part], to, search), strict=True):
                    found[number] = model.spell(written)
            if on_done is not None:
                on_done(len(part))
    return found


def written_for(model: Seq2SeqModel, rows: Sequence[Sequence[int]], to: str, search: Search) -> list[list[int]]:
    """Tokens that the network writes for each row of source tokens, with marks."""
    network = model.network
    pad = next(p for p in (network.config.pad_token_id, model.tokenizer.pad_token_id, 0) if isinstance(p, int))
    longest = max(map(len, rows))
    sources = torch.full((len(rows), longest), pad)
    seen = torch.zeros((len(rows), longest), dtype=torch.long)
    for number, row in enumerate(rows):
        sources[number, : len(row)] = torch.tensor(list(row))
        seen[number, : len(row)] = 1
    how: dict[str, Any] = (
        {"do_sample": True, "temperature": search.temperature, "top_k": 0, "top_p": 1.0, "num_beams": 1}
        if search.temperature > 0
        else {"do_sample": False, "num_beams": search.beams}
    )
    if search.temperature == 0 and search.beams > 1:
        how |= {"length_penalty": search.length, "early_stopping": False}
    if not model.ours and (mark := model.mark_of(to)) is not None:
        how["forced_bos_token_id"] = model.tokenizer.convert_tokens_to_ids(mark)
    room = min(model.longest - 1, 2 * longest + ROOM)
    written = network.generate(
        sources.to(network.device), attention_mask=seen.to(network.device), max_new_tokens=room, max_length=None, **how
    )
    rows_written: list[list[int]] = written.tolist()
    return rows_written


def require_whole(text: str) -> None:
    """Refuse half a character.

    Raises:
        UserError: a lone surrogate is in the text.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UserError(
            _("The text holds half a character at place {place}.", place=error.start + 1),
            _("Remove it, or give the text as UTF-8."),
            code="prompt.surrogate",
        ) from error


@contextmanager
def quietly() -> Iterator[None]:
    """Without the remarks of transformers on what a folder's generation_config.json says."""
    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
