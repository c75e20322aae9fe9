"""Shape of a music VAE: what ``config.json`` holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from luokuan.models.vae.music.encodings import ENCODINGS, SHIFTS, Encoding

SCHEMA = 1
ATTRIBUTES = ("mode", "density")
"""Attributes whose directions in the latents a model may hold: from major to minor, from few to many notes."""


@dataclass(frozen=True, slots=True)
class MusicConfig:
    """Everything needed to build the networks.

    Args:
        encoding, grid: The key into ``ENCODINGS``.
        latent: Length D of the latent of a segment; 0: none, a plain autoregressive model over the same tokens.
        width: Of the networks' streams, a multiple of ``heads``.
        heads: Of their attention.
        trunk, decoder, encoder: Blocks that see all earlier frames, those of the segment and its latent, and the whole
            segment.
        hidden: Width of the layer from which a place's logits are read.
        bar: Quarter notes in a bar of the training material.
        centre: Its mean pitch.
        frames: Median length of its pieces.
        attributes: Which of ``ATTRIBUTES`` have a direction.
        kind, family, schema: Which loader reads this folder.
    """

    encoding: str
    grid: str
    latent: int = 32
    width: int = 144
    heads: int = 4
    trunk: int = 3
    decoder: int = 2
    encoder: int = 2
    hidden: int = 256
    bar: float = 4.0
    centre: float = 60.0
    frames: int = 64
    attributes: tuple[str, ...] = field(default=())
    kind: str = "music"
    family: str = "vae"
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.family != "vae" or self.kind != "music" or self.schema != SCHEMA:
            raise ValueError(f"family vae, kind music, schema {SCHEMA}")
        if (self.encoding, self.grid) not in ENCODINGS:
            raise ValueError("encoding and grid are satb on quarter or sixteenth, or melody on sixteenth")
        if not 0 <= self.latent <= 512 or not 8 <= self.hidden <= 2048:
            raise ValueError("latent lies in 0..512 and hidden in 8..2048")
        if not (1 <= self.heads <= 64 and self.heads <= self.width <= 1024 and self.width % (2 * self.heads) == 0):
            raise ValueError("width is a multiple of twice the heads, 1024 at most")
        if not all(0 <= blocks <= 24 for blocks in (self.trunk, self.decoder, self.encoder)) or self.decoder < 1:
            raise ValueError("blocks lie in 0..24, and the decoder has one")
        if not (0.25 <= self.bar <= 64 and 0 <= self.centre <= 127 and 1 <= self.frames <= 100_000):
            raise ValueError("bar, centre or frames is out of its range")
        if not set(self.attributes) <= set(ATTRIBUTES) or (self.attributes and not self.latent):
            raise ValueError(f"attributes are of {', '.join(ATTRIBUTES)}, and need a latent")

    @property
    def way(self) -> Encoding:
        """How scores are written."""
        return ENCODINGS[self.encoding, self.grid]

    @property
    def keys(self) -> int:
        """Transpositions that the networks are told of."""
        return 2 * SHIFTS + 1

    def to_json(self) -> dict[str, Any]:
        """As written to ``config.json``."""
        return asdict(self)
