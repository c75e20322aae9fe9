"""How likely a language model finds a text: windows of it, and -log p of their tokens."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from luokuan.models.plm.shards import Stream

VALIDATED = 1 << 18
"""Most held-out tokens that one validation looks at."""
TOGETHER = 1 << 14
"""Tokens that are read at a time."""


def positions_of(tokens: Tensor, end: int) -> Tensor | None:
    """Positions (B, T) that begin anew at each document, by which transformers keeps packed documents apart: it then
    lets no token look across a place where they don't rise by one. None where no document begins after the first token:
    the plain causal mask is quicker.

    Args:
        tokens: int64 (B, T).
        end: The token that begins documents.
    """
    begins = tokens == end  # (B, T)
    if not bool(begins[:, 1:].any()):
        return None
    places = torch.arange(tokens.shape[1], device=tokens.device).expand_as(tokens)
    return places - torch.where(begins, places, 0).cummax(1).values


def nats_of(model: Any, rows: Tensor, end: int) -> Tensor:
    """-log p of each token of ``rows`` (B, T + 1) but the first, given its document so far, (B·T,)."""
    tokens = rows[:, :-1]
    out = model(input_ids=tokens, position_ids=positions_of(tokens, end), use_cache=False)
    return F.cross_entropy(out.logits.flatten(0, 1).float(), rows[:, 1:].flatten(), reduction="none")


def windows_of(tokens: NDArray[Any], context: int, *, most: int, device: str = "cpu") -> Iterator[Tensor]:
    """Rows of ``context`` + 1 tokens that share their ends, int64 (B, T + 1); the last one may be shorter. Of more than
    ``most`` tokens, as many evenly spread windows as hold them."""
    whole = (len(tokens) - 1) // context
    sparse = len(tokens) - 1 > most
    chosen = np.linspace(0, whole - 1, max(most // context, 1)).astype(np.int64) if sparse else np.arange(whole)
    at_once = max(TOGETHER // context, 1)
    for start in range(0, len(chosen), at_once):
        rows = np.stack([tokens[i * context : (i + 1) * context + 1] for i in chosen[start : start + at_once]])
        yield torch.from_numpy(rows.astype(np.int64)).to(device)
    if not sparse and len(tokens) - 1 > whole * context:
        yield torch.from_numpy(tokens[whole * context :].astype(np.int64))[None].to(device)


def likelihood(model: Any, stream: Stream, context: int, end: int, *, device: str = "cpu") -> Mapping[str, float]:
    """-log p a token of at most ``VALIDATED`` tokens, nats, in windows that don't overlap and are spread evenly; and
    the same in bits a byte of text, which compares tokenizers where no character is unknown to them. Empty for a stream
    without a token to predict."""
    if len(stream.tokens) < 2:
        return {}
    total, seen = 0.0, 0
    for rows in windows_of(stream.tokens, context, most=VALIDATED, device=device):
        total += float(nats_of(model, rows, end).double().sum())
        seen += rows[:, 1:].numel()
    per_byte = (len(stream.tokens) - 1) / stream.bytes
    return {
        "tokens": float(seen),
        "nats_per_token": total / seen,
        "bits_per_byte": total / seen * per_byte / math.log(2),
    }
