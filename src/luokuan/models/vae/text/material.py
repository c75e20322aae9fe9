"""Sentences as rows of tokens, and batches of about one length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from luokuan.errors import UserError
from luokuan.foundation.corpus.sentences import Sentence
from luokuan.i18n import _
from luokuan.models.plm import tokenizers
from luokuan.models.vae import elbo
from luokuan.models.vae.text.networks import TextVaeNetwork

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

LENGTHS = 4
"""Lengths of filled-up rows are multiples of it: for each new shape of a product oneDNN makes a new program."""
GROUP = 64
"""Sentences that go through the network at a time."""

Row = tuple[int, ...]
"""Tokens of a sentence, without its end."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What there is to learn or to measure.

    Args:
        rows: Tokens of each sentence, without its end.
        sentences: The sentences themselves.
        left_out: How many were too long.
        unknown: Tokens that stand for characters that the tokenizer doesn't know.
    """

    rows: tuple[Row, ...]
    sentences: tuple[Sentence, ...]
    left_out: int
    unknown: int

    @property
    def tokens(self) -> int:
        """Tokens of all, their ends among them."""
        return sum(len(row) + 1 for row in self.rows)


def lay_out(tokenizer: PreTrainedTokenizerFast, sentences: Sequence[Sentence], *, context: int) -> Rows:
    """Rows of the sentences that have at most ``context`` tokens with their end."""
    rows = [tuple(row) for row in tokenizers.encode(tokenizer, [one.text for one in sentences])]
    kept = [number for number, row in enumerate(rows) if 0 < len(row) < context]
    mark = unknown_mark(tokenizer)
    unknown = 0 if mark is None else sum(rows[number].count(mark) for number in kept)
    return Rows(
        tuple(rows[number] for number in kept),
        tuple(sentences[number] for number in kept),
        len(rows) - len(kept),
        unknown,
    )


def unknown_mark(tokenizer: PreTrainedTokenizerFast) -> int | None:
    """The token that stands for unknown characters; None where there are none, because it knows all bytes."""
    number = tokenizer.unk_token_id
    return None if number in (None, tokenizer.eos_token_id) else int(number)


def require_rows(rows: Rows, place: object, context: int) -> None:
    """Refuse material of which nothing can be learnt.

    Raises:
        UserError: fewer than two sentences are short enough.
    """
    if len(rows.rows) < 2:
        raise UserError(
            _("{path} holds hardly any sentence of at most {context} tokens.", path=place, context=context - 1),
            _("Give shorter sentences, one on each line, or a longer --context."),
            code="corpus.too_small",
        )


@dataclass(frozen=True, slots=True)
class Padded:
    """Sentences of about one length, (B, T) each: ``inputs``: the end mark, then the tokens; ``targets``: the tokens,
    then the end mark; ``seen``: bool, what is no filling."""

    inputs: Tensor
    targets: Tensor
    seen: Tensor

    @property
    def tokens(self) -> int:
        """Targets that count."""
        return int(self.seen.sum())


def padded(rows: Sequence[Row], *, end: int, device: str | torch.device = "cpu") -> Padded:
    """``rows``, at least one, as tensors."""
    longest = max(len(row) for row in rows) + 1
    length = -(-longest // LENGTHS) * LENGTHS
    targets = np.full((len(rows), length), end, dtype=np.int64)
    seen = np.zeros((len(rows), length), dtype=np.bool_)
    for number, row in enumerate(rows):
        targets[number, : len(row)] = row
        seen[number, : len(row) + 1] = True
    aims = torch.from_numpy(targets).to(device)
    inputs = F.pad(aims[:, :-1], (1, 0), value=end)
    return Padded(inputs, aims, torch.from_numpy(seen).to(device))


def by_length(rows: Sequence[Row], together: int = GROUP) -> list[list[int]]:
    """Places of ``rows`` in groups of ``together``, the last one of what is left, each of about one length."""
    ranked = sorted(range(len(rows)), key=lambda place: (len(rows[place]), rows[place]))
    return [ranked[start : start + together] for start in range(0, len(ranked), together)]


def dropped(inputs: Tensor, share: float, mark: int) -> Tensor:
    """``inputs`` with a share of the words, never of the beginning, replaced by ``mark``: the decoder then has to ask z
    (word dropout, Bowman et al. 2016, arXiv 1511.06349, sec. 3.1)."""
    if not share:
        return inputs
    gone = torch.rand(inputs.shape, device=inputs.device) < share
    gone[:, 0] = False
    return inputs.masked_fill(gone, mark)


def log_given(network: TextVaeNetwork, part: Padded, z: Tensor | None, inputs: Tensor | None = None) -> Tensor:
    """log p(x|z) of each sentence, nats, (B,); ``inputs``: what the decoder sees, if it isn't ``part``'s own."""
    logits = network.decode(part.inputs if inputs is None else inputs, z)
    return elbo.categorical(logits, part.targets, part.seen)


def log_given_draws(network: TextVaeNetwork, part: Padded, z: Tensor) -> Tensor:
    """The same for several z of each: z (k, B, D) to (k, B)."""
    draws = len(z)
    many = Padded(*(each.repeat(draws, 1) for each in (part.inputs, part.targets, part.seen)))
    return log_given(network, many, z.flatten(0, 1)).unflatten(0, (draws, -1))
