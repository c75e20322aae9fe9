"""Shapes of language models: what ``config.json`` holds is a transformers configuration (Qwen3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import Qwen3Config

ROUND = 64
"""The vocabulary is padded to a multiple of it: odd sizes multiply slowly."""
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Size:
    """Transformer blocks, width of the stream, attention heads, width of the feed-forward layer, and the context
    (tokens) if none is given."""

    layers: int
    width: int
    heads: int
    hidden: int
    context: int


SIZES = {
    "nano": Size(4, 128, 4, 352, 256),
    "micro": Size(6, 256, 4, 704, 256),
    "small": Size(8, 512, 8, 1408, 512),
}
"""``--size``. The feed-forward layers of SwiGLU have about 8/3 of the width (Shazeer 2020, arXiv 2002.05202)."""


def qwen3_config(
    size: str,
    *,
    vocabulary: int,
    context: int,
    end: int,
    layers: int | None = None,
    tied: bool = False,
    seed_std: float = 0.02,
) -> Qwen3Config:
    """Qwen3 (rotary positions, RMSNorm, queries and keys normalised, SwiGLU; arXiv 2505.09388) of this size.

    Args:
        size: One of ``SIZES``.
        vocabulary: Tokens of the tokenizer.
        context: Longest text in tokens that it is trained on.
        end: The token that parts documents: it begins each of them.
        layers: Transformer blocks; None: as many as the size has.
        tied: One matrix for embeddings and head (Press and Wolf 2017, arXiv 1608.05859): half as much for a vocabulary
            that is large beside the rest.
        seed_std: Standard deviation of the initial weights.
    """
    from transformers import Qwen3Config

    shape = SIZES[size]
    return Qwen3Config(
        vocab_size=-(-vocabulary // ROUND) * ROUND,
        hidden_size=shape.width,
        intermediate_size=shape.hidden,
        num_hidden_layers=shape.layers if layers is None else layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        head_dim=shape.width // shape.heads,
        max_position_embeddings=context,
        tie_word_embeddings=tied,
        initializer_range=seed_std,
        bos_token_id=end,
        eos_token_id=end,  # and no pad_token_id: that one's vector would stay zero
        # What our own folders say of themselves; transformers carries it along.
        family="plm",
        schema=SCHEMA,
    )
