"""From pairs of sentences to rows of tokens, in one direction or both, and batches with little filling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from luokuan.errors import UserError
from luokuan.foundation.corpus import Pair
from luokuan.i18n import _
from luokuan.models.seq2seq import tokens

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

LENGTHS, TARGETS = 4, 256
"""Lengths of filled-up rows, and numbers of targets of a group, are multiples of them."""
IGNORED = -100
"""What stands for a target where there is none."""
Direction = tuple[str, str]
"""(from, to) as codes of languages."""


@dataclass(frozen=True, slots=True)
class Row:
    """One sentence and its translation, as tokens with their marks; ``to``: the language of the target."""

    source: tuple[int, ...]
    target: tuple[int, ...]
    to: str


@dataclass(frozen=True, slots=True)
class Rows:
    """What there is to learn or to measure.

    Args:
        rows: One for each pair and direction.
        synthetic: How many of them have a source that a machine wrote.
        left_out: Pairs of which a side is too long.
    """

    rows: tuple[Row, ...]
    synthetic: int
    left_out: int

    @property
    def target_tokens(self) -> int:
        """Tokens of all targets, their ends among them."""
        return sum(len(row.target) for row in self.rows)


def lay_out(
    tokenizer: PreTrainedTokenizerFast,
    pairs: Sequence[Pair],
    languages: Direction,
    directions: Sequence[Direction],
    *,
    longest: int,
) -> Rows:
    """Rows of ``pairs``, whose sides are in ``languages``, for each of ``directions``. What a machine wrote is a source
    only: nobody shall learn to write it.

    Args:
        longest: Most tokens of a side.
    """
    found: list[Row] = []
    synthetic, left_out = 0, set[int]()
    for start, to in directions:
        side = languages.index(start)
        for machine in (False, True):
            numbered = [
                (number, pair)
                for number, pair in enumerate(pairs)
                if (pair.synthetic == start if machine else not pair.synthetic)
            ]
            froms = tokens.sources(tokenizer, [pair.texts[side] for _n, pair in numbered], to, synthetic=machine)
            tos = tokens.targets(tokenizer, [pair.texts[1 - side] for _n, pair in numbered])
            for (number, _pair), source, target in zip(numbered, froms, tos, strict=True):
                if max(len(source), len(target)) > longest:
                    left_out.add(number)
                else:
                    found.append(Row(tuple(source), tuple(target), to))
                    synthetic += machine
    return Rows(tuple(found), synthetic, len(left_out))


def require_rows(rows: Rows, place: object, *, least: int = 2) -> None:
    """Refuse material of which nothing can be learnt.

    Raises:
        UserError: fewer than ``least`` rows.
    """
    if len(rows.rows) < least:
        raise UserError(
            _("{path} holds too few pairs of sentences to learn from.", path=place),
            _("Give more of them, with at most {count} tokens a side.", count=tokens.LONGEST),
            code="corpus.too_small",
        )


@dataclass(frozen=True, slots=True)
class Padded:
    """Rows of about one length.

    Args:
        sources: int64 (B, S), filled up at the end.
        seen: bool (B, S): what is no filling.
        inputs: int64 (B, T): the token that begins, then the targets but their last.
        counted: int64 (N,): places in the flattened inputs that have a target, row by row, then the first place as
            often as fills N up.
        targets: int64 (N,): the targets at those places; ``IGNORED`` for the filling.
        tokens: How many targets there are.
    """

    sources: Tensor
    seen: Tensor
    inputs: Tensor
    counted: Tensor
    targets: Tensor
    tokens: int


def padded(rows: Sequence[Row], *, pad: int, device: str = "cpu") -> Padded:
    """``rows``, at least one, as tensors; ``pad`` fills up and begins. Lengths are rounded up: for each new shape of a
    product oneDNN makes a new program, which takes longer than the product."""
    sources = np.full((len(rows), _rounded(max(len(row.source) for row in rows), LENGTHS)), pad, dtype=np.int64)
    inputs = np.full((len(rows), _rounded(max(len(row.target) for row in rows), LENGTHS)), pad, dtype=np.int64)
    seen = np.zeros(sources.shape, dtype=np.bool_)
    count = sum(len(row.target) for row in rows)
    counted = np.zeros(_rounded(count, TARGETS), dtype=np.int64)
    targets = np.full(len(counted), IGNORED, dtype=np.int64)
    place = 0
    for number, row in enumerate(rows):
        sources[number, : len(row.source)] = row.source
        seen[number, : len(row.source)] = True
        inputs[number, 1 : len(row.target)] = row.target[:-1]
        stop = place + len(row.target)
        counted[place:stop] = number * inputs.shape[1] + np.arange(len(row.target))
        targets[place:stop] = row.target
        place = stop

    def tensor(part: NDArray[Any]) -> Tensor:
        return torch.from_numpy(part).to(device)

    return Padded(tensor(sources), tensor(seen), tensor(inputs), tensor(counted), tensor(targets), count)


def _rounded(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def by_length(rows: Sequence[Row], together: int) -> list[list[Row]]:
    """``rows`` in groups of ``together``, the last one of what is left, each of about one length."""
    ranked = sorted(rows, key=lambda row: (len(row.target) + len(row.source), len(row.target), row.target, row.source))
    return [ranked[start : start + together] for start in range(0, len(ranked), together)]
