"""Shapes of encoder-decoders: what ``config.json`` holds is a transformers configuration (MarianMT)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import MarianConfig

ROUND = 64
"""The vocabulary is padded to a multiple of it: odd sizes multiply slowly."""
SCHEMA = 1
LONGEST = 128
"""Most tokens of a side, with its marks."""
HEAD = 64
"""Width of an attention head."""
_LAYERS = re.compile(r"([1-9]|1[0-2])\+([1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Size:
    """Blocks of the encoder and of the decoder, width of the stream, width of the feed-forward layers."""

    encoder: int
    decoder: int
    width: int
    hidden: int


SIZES = {
    "nano": Size(2, 1, 128, 256),
    "micro": Size(3, 2, 256, 512),
    "small": Size(4, 4, 256, 1024),
}
"""``--size``. Where a choice had to be made the decoder is the shallower one: it costs time for every token that is
written, and little is lost (Kasai et al. 2021, arXiv 2006.10369)."""


def layers_of(text: str) -> tuple[int, int] | None:
    """Blocks of encoder and decoder from such as ``4+3``, 1 to 12 each; None for anything else."""
    found = _LAYERS.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else None


def marian_config(
    size: str,
    *,
    vocabulary: int,
    pad: int,
    end: int,
    directions: Sequence[tuple[str, str]],
    layers: tuple[int, int] | None = None,
    width: int | None = None,
    dropout: float = 0.0,
    longest: int = LONGEST,
) -> MarianConfig:
    """The transformer of Vaswani et al. 2017 (arXiv 1706.03762) as Marian has it (arXiv 1804.00344): normalised after
    each part, sinusoidal positions, one matrix for all embeddings and the head.

    Args:
        size: One of ``SIZES``.
        vocabulary: Tokens of the tokenizer.
        pad: The token that fills up, and with which the decoder begins.
        end: The token that ends both sides.
        directions: (from, to) of what it is taught, as codes of languages.
        layers: Blocks of encoder and decoder; None: as many as the size has.
        width: Width of the stream, a multiple of ``HEAD``; feed-forward layers keep their ratio.
        dropout: Share of embeddings and of outputs of each part that is dropped while training.
        longest: Most tokens of a side.
    """
    from transformers import MarianConfig

    shape = SIZES[size]
    encoder, decoder = layers or (shape.encoder, shape.decoder)
    wide = shape.width if width is None else width
    hidden = shape.hidden * wide // shape.width
    return MarianConfig(
        vocab_size=-(-vocabulary // ROUND) * ROUND,
        d_model=wide,
        encoder_layers=encoder,
        decoder_layers=decoder,
        encoder_attention_heads=wide // HEAD,
        decoder_attention_heads=wide // HEAD,
        encoder_ffn_dim=hidden,
        decoder_ffn_dim=hidden,
        max_position_embeddings=longest,
        activation_function="silu",
        dropout=dropout,
        attention_dropout=0.0,
        activation_dropout=0.0,
        scale_embedding=True,
        share_encoder_decoder_embeddings=True,
        tie_word_embeddings=True,
        pad_token_id=pad,
        bos_token_id=pad,
        eos_token_id=end,
        decoder_start_token_id=pad,
        forced_eos_token_id=None,
        # What our own folders say of themselves; transformers carries it along.
        family="seq2seq",
        schema=SCHEMA,
        directions=[list(pair) for pair in directions],
    )
