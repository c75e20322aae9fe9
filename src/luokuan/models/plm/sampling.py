"""From logits to the next tokens.

All randomness comes in as one uniform number a token, so that a text depends on its own seed and on nothing else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from luokuan.errors import UserError
from luokuan.i18n import _

STOPS, STOP_LENGTH = 16, 200
"""Most stop strings, and characters of one."""
MOST_TOKENS = 1 << 16
_FIRST = (64, 512)
"""Among how many of the likeliest tokens ``top_p`` is tried before all are sorted."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How to draw a text.

    Args:
        temperature: Divides the logits, 0 … 5; below 1 favours what is probable; 0: always the likeliest token.
        top_k: Only the so many likeliest tokens; 0: all.
        top_p: Only the likeliest tokens that have this probability together, above 0 to 1 (nucleus sampling, Holtzman
            et al. 2020, arXiv 1904.09751).
        min_p: Only tokens with at least this share of the likeliest one's probability, 0 to below 1 (Nguyen et al.
            2024, arXiv 2407.01082).
        repetition_penalty: Positive logits of tokens that the text already holds are divided by it, negative ones
            multiplied, 1 … 5 (Keskar et al. 2019, arXiv 1909.05858); 1: off.
        max_tokens: Most tokens of a text, 1 … 65536.
        stop: Strings before which a text ends, at most 16 of 1 … 200 characters.

    top_p and min_p look at the probabilities after the temperature, top_p at those of the tokens that top_k leaves.
    """

    temperature: float = 0.8
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    max_tokens: int = 256
    stop: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse what can't work.

        Raises:
            UserError: a value is out of its range.
        """
        for name, fits, allowed in (
            ("temperature", 0 <= self.temperature <= 5, "0 … 5"),
            ("top_k", self.top_k >= 0, "0, 1, 2, …"),
            ("top_p", 0 < self.top_p <= 1, "> 0 … 1"),
            ("min_p", 0 <= self.min_p < 1, "0 … < 1"),
            ("repetition_penalty", 1 <= self.repetition_penalty <= 5, "1 … 5"),
            ("max_tokens", 1 <= self.max_tokens <= MOST_TOKENS, f"1 … {MOST_TOKENS}"),
        ):
            if not fits:  # nor does what is not a number
                raise UserError(
                    _("{option} is out of its range.", option=name),
                    _("Allowed: {allowed}.", allowed=allowed),
                    code="sampling.option",
                )
        if len(self.stop) > STOPS or not all(0 < len(text) <= STOP_LENGTH for text in self.stop):
            raise UserError(
                _("The stop strings can't be used."),
                _("Give at most {count} of 1 to {length} characters.", count=STOPS, length=STOP_LENGTH),
                code="sampling.stop",
            )


def next_tokens(
    logits: Tensor,
    uniforms: Tensor,
    manner: Manner,
    *,
    seen: Tensor | None = None,
    barred: Tensor | None = None,
) -> Tensor:
    """One token for each text.

    Args:
        logits: float32 (B, V).
        uniforms: In [0, 1), float64 (B,).
        seen: True for tokens that the text already holds, bool (B, V); only looked at with a repetition penalty.
        barred: True for tokens that may not be written, bool (V,) or (B, V).

    Returns:
        int64 (B,): the inverse of the cumulative distribution at ``uniforms``, in float64. Tokens stand in the order of
        their numbers, with top_k and top_p from the likeliest down.
    """
    if seen is not None and manner.repetition_penalty != 1:
        factor = manner.repetition_penalty
        logits = torch.where(seen, torch.where(logits > 0, logits / factor, logits * factor), logits)
    if barred is not None:
        logits = logits.masked_fill(barred, -math.inf)
    if manner.temperature == 0:
        return logits.argmax(-1)
    if not manner.top_k and manner.top_p == 1:
        return _drawn(_likely(logits.double() / manner.temperature, manner.min_p), uniforms)
    values, numbers = _leading(logits, manner)
    return numbers.gather(1, _drawn(_likely(values, manner.min_p), uniforms)[:, None])[:, 0]


def _likely(logits: Tensor, min_p: float) -> Tensor:
    """``logits`` (B, K), -∞ where a probability is below ``min_p`` of the largest."""
    if min_p == 0:
        return logits
    return logits.masked_fill(logits < logits.amax(1, keepdim=True) + math.log(min_p), -math.inf)


def _leading(logits: Tensor, manner: Manner) -> tuple[Tensor, Tensor]:
    """The tokens that top_k and top_p leave, from the likeliest down: logits over the temperature, float64 (B, K), -∞
    behind the last that is left, and numbers (B, K)."""
    words = logits.shape[1]
    wanted = min(manner.top_k or words, words)
    if manner.top_p == 1:
        top = logits.topk(wanted)
        return top.values.double() / manner.temperature, top.indices
    total = None if manner.top_k else (logits.double() / manner.temperature).logsumexp(1, keepdim=True)  # (B, 1)
    sizes = [size for size in _FIRST if size < wanted] if total is not None else []
    for size in (*sizes, wanted):
        values, numbers = logits.topk(size) if size < words else logits.sort(1, descending=True)
        values = values.double() / manner.temperature
        chances = (values - (values.logsumexp(1, keepdim=True) if total is None else total)).exp()
        before = chances.cumsum(1) - chances  # (B, K): probability of those ahead of each
        # A token is left while those ahead of it don't have top_p yet: the likeliest one always is.
        out = before >= manner.top_p
        if size == wanted or bool(out[:, -1].all()):
            break
    out[:, 0] = False
    return values.masked_fill(out, -math.inf), numbers


def _drawn(logits: Tensor, uniforms: Tensor) -> Tensor:
    """A place for each row, (B,). logits float64 (B, K)."""
    edges = (logits - logits.amax(1, keepdim=True)).exp().cumsum(1)
    # What has no probability has no room between two edges, and uniforms stay below 1: it can't be met.
    return torch.searchsorted(edges, uniforms[:, None] * edges[:, -1:], right=True)[:, 0].clamp_max(logits.shape[1] - 1)
