"""Shape of a VAE of sentences: what ``config.json`` holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

ROUND = 64
"""The embedding is padded to a multiple of it: odd sizes multiply slowly."""
SCHEMA = 1
COMPONENTS = 32
ITEMS = ("lines", "documents")
"""What an item is: a line, or a whole text of a .jsonl file (a poem) with its lines."""


@dataclass(frozen=True, slots=True)
class Size:
    """Width of the stream, attention heads, width of the feed-forward layers, blocks of encoder and decoder."""

    width: int
    heads: int
    hidden: int
    encoder: int
    decoder: int


SIZES = {
    "nano": Size(64, 2, 128, 1, 1),
    "micro": Size(192, 4, 384, 2, 3),
    "small": Size(320, 5, 832, 3, 4),
}
"""``--size``. Micro has 1.9 M parameters and an embedding: 0.8 M more with 4,096 tokens."""


@dataclass(frozen=True, slots=True)
class TextVaeConfig:
    """Everything needed to build the network.

    Args:
        tokens: Numbers that the tokenizer gives, 0 … ``tokens`` - 1. The row after them stands for a dropped word.
        context: Most tokens of a sentence, with its end.
        width, heads, hidden: Of the stream, of attention, of the feed-forward layers.
        encoder, decoder: Blocks of each; 0 encoder blocks and ``latent`` 0: a language model (benchmarks only).
        latent: Length D of the latent vector z.
        end: The token that begins and ends a sentence.
        items: One of ``ITEMS``.
        components: Gaussians of the mixture fitted on the aggregate posterior.
        directions: Names of the attributes of which the folder holds a direction in z.
        kind: What the items are; ``text``.
        family, schema: Which loader reads this folder.
    """

    tokens: int
    context: int
    width: int
    heads: int
    hidden: int
    encoder: int
    decoder: int
    latent: int
    end: int
    items: str = "lines"
    components: int = COMPONENTS
    directions: tuple[str, ...] = ()
    kind: str = "text"
    family: str = "vae"
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.family != "vae" or self.kind != "text" or self.schema != SCHEMA:
            raise ValueError(f"family vae, kind text, schema {SCHEMA}")
        if not (2 <= self.tokens <= 1 << 17 and 4 <= self.context <= 1024 and 0 <= self.end < self.tokens):
            raise ValueError("tokens lie in 2..131072, context in 4..1024, end in 0..tokens")
        if not (8 <= self.width <= 1024 and 1 <= self.heads <= 64 and self.width % (2 * self.heads) == 0):
            raise ValueError("width lies in 8..1024 and is a multiple of twice the heads")
        if not (8 <= self.hidden <= 4096 and 0 <= self.encoder <= 24 and 1 <= self.decoder <= 24):
            raise ValueError("hidden lies in 8..4096, encoder in 0..24, decoder in 1..24")
        if not (0 <= self.latent <= 1024 and 1 <= self.components <= 1024) or (self.latent > 0) != (self.encoder > 0):
            raise ValueError("latent lies in 1..1024 and components in 1..1024")
        if self.items not in ITEMS or len(self.directions) > 64:
            raise ValueError(f"items is one of {', '.join(ITEMS)}, with at most 64 directions")

    def to_json(self) -> dict[str, Any]:
        """As written to ``config.json``."""
        return asdict(self)

    @property
    def rows(self) -> int:
        """Rows of the embedding: the tokens, the dropped word, and what rounds up."""
        return -(-(self.tokens + 1) // ROUND) * ROUND

    @property
    def dropped(self) -> int:
        """The row that stands for a dropped word."""
        return self.tokens


def text_vae_config(
    size: str, *, tokens: int, context: int, end: int, latent: int, items: str, sentences: int
) -> TextVaeConfig:
    """The network of a size.

    Args:
        size: One of ``SIZES``.
        sentences: Training sentences; a mixture has at most one component for eight of them.
    """
    shape = SIZES[size]
    return TextVaeConfig(
        tokens,
        context,
        shape.width,
        shape.heads,
        shape.hidden,
        shape.encoder,
        shape.decoder,
        latent,
        end,
        items,
        components=min(COMPONENTS, max(sentences // 8, 1)),
    )
