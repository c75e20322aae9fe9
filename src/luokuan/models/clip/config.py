"""Shape of a model of clips: what ``config.json`` holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from luokuan.models.codec.config import FACTOR, CodecConfig
from luokuan.models.prior.config import PriorConfig

SIZES = (16, 128)
"""Smallest and largest side of a frame in pixels, a multiple of ``FACTOR``."""
FRAMES = (2, 32)
"""Fewest and most frames."""
MOST_CELLS = 1024
"""Places of all frames, as the prior reads them: attention to more takes too long on a CPU."""
TOGETHER = 2
"""Side of the square of codec cells that the prior reads as one, where the frame has as many."""
USUAL_FPS = 8.0
"""Frames a second where a corpus doesn't say."""
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class ClipConfig:
    """Everything needed to build codec and prior, and to read a brief.

    Args:
        size: Side of a frame in pixels.
        frames: Frames of a clip.
        fps: Usual frames a second.
        levels: Levels of each token channel.
        together: Side of the square of codec cells that the prior reads as one, with the channels of all of them.
        codec: Name of the codec whose tokens it speaks; empty: one of its own, in the same folder.
        codec_digest: That codec's ``ModelFolder.network_digest``.
        encoder_widths: Of its own codec, see ``CodecConfig``.
        encoder_depth: Likewise.
        decoder_widths: Likewise.
        decoder_depth: Likewise.
        width: Length of a cell's vector in the prior.
        layers: Its blocks.
        heads: Its attention heads.
        attributes: Names of what it can be told; may be empty.
        values: Values of each.
        value_counts: Training clips of each value.
        conditions: Training conditions kept, to draw from.
        family: Which loader reads this folder.
        schema: Version of this table.
    """

    size: int = 64
    frames: int = 8
    fps: float = USUAL_FPS
    levels: tuple[int, ...] = (8, 8, 8, 8, 8, 8)
    together: int = TOGETHER
    codec: str = ""
    codec_digest: str = ""
    encoder_widths: tuple[int, ...] = (64, 48, 32)
    encoder_depth: tuple[int, ...] = (2, 1, 0)
    decoder_widths: tuple[int, ...] = (96, 64, 48, 32)
    decoder_depth: tuple[int, ...] = (2, 1, 1, 1)
    width: int = 192
    layers: int = 4
    heads: int = 3
    attributes: tuple[str, ...] = ()
    values: tuple[tuple[str, ...], ...] = ()
    value_counts: tuple[tuple[int, ...], ...] = ()
    conditions: int = 1
    family: str = "clip"
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.family != "clip" or self.schema != SCHEMA:
            raise ValueError(f"family clip, schema {SCHEMA}")
        if not SIZES[0] <= self.size <= SIZES[1] or self.size % FACTOR:
            raise ValueError(f"size is a multiple of {FACTOR} in {SIZES[0]}..{SIZES[1]}")
        if not 1 <= self.together <= 4 or self.size % (FACTOR * self.together):
            raise ValueError(f"together lies in 1..4, and size is a multiple of {FACTOR} times it")
        if not FRAMES[0] <= self.frames <= FRAMES[1] or self.frames * self.cells**2 > MOST_CELLS:
            raise ValueError(f"frames lies in {FRAMES[0]}..{FRAMES[1]}, with {MOST_CELLS} cells at most")
        if not 0 < self.fps <= 120:
            raise ValueError("fps lies in 0..120")
        if bool(self.codec) != bool(self.codec_digest):
            raise ValueError("codec and codec_digest go together")
        _parts = self.own_codec, self.prior  # each checks its own ranges when it is made

    @staticmethod
    def fitting(size: int, channels: int) -> int:
        """``together`` for frames of ``size`` pixels and a codec of so many channels."""
        return TOGETHER if size % (FACTOR * TOGETHER) == 0 and channels * TOGETHER**2 <= 64 else 1

    @property
    def cells(self) -> int:
        """Side of a frame in places of the prior."""
        return self.size // FACTOR // self.together

    @property
    def own_codec(self) -> CodecConfig:
        """Shape of its own codec: that of pictures, smaller."""
        return CodecConfig(
            "fsq",
            len(self.levels),
            self.levels,
            self.encoder_widths,
            self.encoder_depth,
            self.decoder_widths,
            self.decoder_depth,
        )

    @property
    def prior(self) -> PriorConfig:
        """Shape of the transformer: that of pictures, with several frames."""
        return PriorConfig(
            codec="",
            codec_digest="",
            size=self.size,
            cells=self.cells,
            levels=tuple(level for level in self.levels for _place in range(self.together**2)),
            frames=self.frames,
            width=self.width,
            layers=self.layers,
            heads=self.heads,
            condition="attributes" if self.attributes else "none",
            attributes=self.attributes,
            values=self.values,
            value_counts=self.value_counts,
            conditions=self.conditions,
        )

    def to_json(self) -> dict[str, Any]:
        """As written to ``config.json``."""
        return asdict(self)
