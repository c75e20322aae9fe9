"""Shape of a model of sound effects: what ``config.json`` holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from luokuan.models.prior.config import PriorConfig

RATE = 16_000
"""Samples a second."""
LEAST_CLIPS = 8
"""Clips of a category, below which what is made of it is nearly a copy of one of them."""
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class SoundConfig:
    """Everything needed to build codec and prior, and to know what may be asked for.

    Args:
        classes: Categories; empty when the corpus has none.
        clips: Clips of each in the corpus, those that were held out among them.
        rate: Samples a second.
        fft: Samples of a frame's window.
        hop: Samples from one frame to the next.
        mels: Bands that the encoder sees.
        stride: Frames of a cell, the unit of which the prior makes sound.
        levels: Levels of each token channel of a cell.
        codec_width: Channels of encoder and decoder.
        codec_layers: Blocks of the decoder; the encoder has half as many.
        window: Square root of the number of cells that the prior sees at once.
        width: Length of a cell's vector in the prior.
        layers: Its blocks.
        heads: Its attention heads.
        family: Which loader reads this folder.
        schema: Version of this table.
    """

    classes: tuple[str, ...] = ()
    clips: tuple[int, ...] = ()
    rate: int = RATE
    fft: int = 1024
    hop: int = 256
    mels: int = 80
    stride: int = 2
    levels: tuple[int, ...] = (8, 8, 8, 8, 8, 8)
    codec_width: int = 152
    codec_layers: int = 5
    window: int = 13
    width: int = 160
    layers: int = 4
    heads: int = 4
    family: str = "sound"
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.family != "sound" or self.schema != SCHEMA:
            raise ValueError(f"family sound, schema {SCHEMA}")
        if len(set(self.classes)) != len(self.classes) or len(self.classes) > 10_000:
            raise ValueError("classes are distinct, 10,000 at most")
        if len(self.clips) != len(self.classes) or min(self.clips, default=0) < 0:
            raise ValueError("clips has one count for each class")
        if not (4_000 <= self.rate <= 48_000 and 8 <= self.mels <= 256 and 1 <= self.stride <= 8):
            raise ValueError("rate, mels or stride is out of range")
        if not 32 <= self.hop <= 1024 or self.fft not in (2 * self.hop, 4 * self.hop, 8 * self.hop):
            raise ValueError("hop lies in 32..1024, fft is 2, 4 or 8 times as large")
        if not 1 <= len(self.levels) <= 32 or not all(2 <= level <= 256 for level in self.levels):
            raise ValueError("levels has 1 to 32 values, each in 2..256")
        if not (8 <= self.codec_width <= 1024 and 2 <= self.codec_layers <= 32):
            raise ValueError("codec_width or codec_layers is out of range")
        if not 2 <= self.window <= 64:
            raise ValueError("window lies in 2..64")
        self.prior  # noqa: B018 - its own ranges are checked

    @property
    def cell(self) -> int:
        """Samples of a cell."""
        return self.hop * self.stride

    @property
    def cells(self) -> int:
        """Cells that the prior sees at once."""
        return self.window**2

    @property
    def prior(self) -> PriorConfig:
        """Shape of the transformer: that of a picture's prior, whose grid is read as a row in time."""
        return PriorConfig(
            codec="",
            codec_digest="",
            size=self.window,
            cells=self.window,
            levels=self.levels,
            width=self.width,
            layers=self.layers,
            heads=self.heads,
            condition="class" if self.classes else "none",
            classes=self.classes,
            class_counts=self.clips,
            conditions=1,
        )

    def to_json(self) -> dict[str, Any]:
        """As written to ``config.json``."""
        return asdict(self)
