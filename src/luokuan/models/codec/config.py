"""Shape of a picture codec: what ``config.json`` holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

FACTOR = 8
"""Pixels on the side of one latent cell."""
BOTTLENECKS = ("fsq", "kl")
LATENT_CHANNELS = (4, 8, 16)
USUAL_CHANNELS = 8
"""Channels of a continuous latent cell where nobody says how many."""
LEVELS = (8, 8, 8, 8, 8, 8)
"""Levels of each channel of the token bottleneck: 6 channels of 8 levels are 18 bits a cell."""
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class CodecConfig:
    """Everything needed to build encoder and decoder.

    Args:
        bottleneck: ``kl``: a Gaussian posterior a cell (continuous latents); ``fsq``: finite scalar quantisation
            (tokens; the values before rounding serve as bounded continuous latents).
        latent_channels: Channels of a latent cell.
        levels: Levels of each channel for ``fsq``, as many as ``latent_channels``; empty for ``kl``.
        encoder_widths: Channels of the encoder's feature maps at 1/8, 1/4 and 1/2 of the picture's side.
        encoder_depth: Its residual blocks there.
        decoder_widths: Channels of the decoder's feature maps at 1/8, 1/4, 1/2 and the whole side.
        decoder_depth: Its residual blocks there.
        family, schema: Which loader reads this folder.
    """

    bottleneck: str
    latent_channels: int
    levels: tuple[int, ...] = ()
    encoder_widths: tuple[int, ...] = (128, 96, 64)
    encoder_depth: tuple[int, ...] = (2, 1, 0)
    decoder_widths: tuple[int, ...] = (192, 128, 64, 32)
    decoder_depth: tuple[int, ...] = (2, 1, 2, 1)
    family: str = "codec"
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.family != "codec" or self.schema != SCHEMA:
            raise ValueError(f"family codec, schema {SCHEMA}")
        if self.bottleneck not in BOTTLENECKS:
            raise ValueError(f"bottleneck is one of {', '.join(BOTTLENECKS)}")
        if not 1 <= self.latent_channels <= 64:
            raise ValueError("latent_channels lies in 1..64")
        if len(self.levels) != (self.latent_channels if self.bottleneck == "fsq" else 0):
            raise ValueError("levels has one number for each channel with fsq, and none with kl")
        if not all(2 <= level <= 256 for level in self.levels):
            raise ValueError("each of levels lies in 2..256")
        if any(len(values) != 3 for values in (self.encoder_widths, self.encoder_depth)):
            raise ValueError("encoder_widths and encoder_depth have three values")
        if any(len(values) != 4 for values in (self.decoder_widths, self.decoder_depth)):
            raise ValueError("decoder_widths and decoder_depth have four values")
        if not all(8 <= width <= 1024 for width in (*self.encoder_widths, *self.decoder_widths)):
            raise ValueError("widths lie in 8..1024")
        if not all(0 <= depth <= 8 for depth in (*self.encoder_depth, *self.decoder_depth)):
            raise ValueError("depths lie in 0..8")

    def to_json(self) -> dict[str, Any]:
        """As written to ``config.json``."""
        return asdict(self)


def codec_config(
    bottleneck: str, *, latent_channels: int = USUAL_CHANNELS, levels: Sequence[int] = LEVELS
) -> CodecConfig:
    """The codec for two CPU cores: 5 MB of weights in half precision.

    Args:
        latent_channels: For ``kl``.
        levels: For ``fsq``.

    Raises:
        ValueError: a value is out of its range.
    """
    if bottleneck == "fsq":
        return CodecConfig("fsq", len(levels), tuple(levels))
    return CodecConfig(bottleneck, latent_channels)
