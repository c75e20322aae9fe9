"""Shape of a GAN of sentences: what ``config.json`` holds."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from luokuan.foundation.modelfolder import is_name

SCHEMA = 1
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class TextGanConfig:
    """Everything needed to build both networks.

    Args:
        points: Length D of the VAE's latent vector: the points of the game.
        codec, codec_digest: Name and digest of the VAE of sentences in whose latents it is played.
        latent: Length of the noise z.
        width: Of the networks' streams.
        depth: Residual blocks of each network.
        items: What an item is, as the VAE says: ``lines`` or ``documents``.
        kind: What the items are; ``text``.
        family, schema: Which loader reads this folder.
    """

    points: int
    codec: str
    codec_digest: str
    latent: int = 64
    width: int = 256
    depth: int = 3
    items: str = "lines"
    kind: str = "text"
    family: str = "gan"
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.family != "gan" or self.kind != "text" or self.schema != SCHEMA:
            raise ValueError(f"family gan, kind text, schema {SCHEMA}")
        if not (1 <= self.points <= 1024 and 1 <= self.latent <= 1024):
            raise ValueError("points and latent lie in 1..1024")
        if not (8 <= self.width <= 2048 and 1 <= self.depth <= 16):
            raise ValueError("width lies in 8..2048 and depth in 1..16")
        if not (is_name(self.codec) and _DIGEST.fullmatch(self.codec_digest)):
            raise ValueError("it has its VAE's name as codec, and its digest of 64 hexadecimal digits")

    def to_json(self) -> dict[str, Any]:
        """As written to ``config.json``."""
        return asdict(self)
