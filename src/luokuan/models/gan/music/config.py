"""Shape of a GAN of music: what ``config.json`` holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from luokuan.models.vae.music.encodings import ENCODINGS, Encoding

SCHEMA = 1
KEYS = 24
"""Twelve tonics in major, then twelve in minor."""
DENSITIES = ("low", "medium", "high")
"""Thirds of the material by notes a quarter."""
CLASSES = KEYS * len(DENSITIES)
"""Key and density together: class = key · 3 + density."""
CELLS = 4
"""Cells of a segment. The noise of a cell is its own; that of a piece all cells share."""


@dataclass(frozen=True, slots=True)
class MusicGanConfig:
    """Everything needed to build both networks.

    Args:
        encoding, grid: How scores are written, as a music VAE does it: the key into ``ENCODINGS``.
        counts: Windows of the training material of each class, in its own keys.
        latent: Length of the noise that a piece shares.
        local: Length of the noise that each cell has besides.
        width: Of the networks' streams.
        depth: Residual blocks of each network at each length.
        bar: Quarter notes in a bar of the training material.
        frames: Median length of its pieces.
        kind, family, schema: Which loader reads this folder.
    """

    encoding: str
    grid: str
    counts: tuple[int, ...]
    latent: int = 64
    local: int = 16
    width: int = 128
    depth: int = 2
    bar: float = 4.0
    frames: int = 64
    kind: str = "music"
    family: str = "gan"
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.family != "gan" or self.kind != "music" or self.schema != SCHEMA:
            raise ValueError(f"family gan, kind music, schema {SCHEMA}")
        if (self.encoding, self.grid) not in ENCODINGS:
            raise ValueError("encoding and grid are satb on quarter or sixteenth, or melody on sixteenth")
        if len(self.counts) != CLASSES or any(count < 0 for count in self.counts) or not any(self.counts):
            raise ValueError(f"counts has a number of windows for each of {CLASSES} classes")
        if not (1 <= self.latent <= 1024 and 1 <= self.local <= 256):
            raise ValueError("latent lies in 1..1024 and local in 1..256")
        if not (8 <= self.width <= 1024 and 1 <= self.depth <= 8):
            raise ValueError("width lies in 8..1024 and depth in 1..8")
        if not (0.25 <= self.bar <= 64 and 1 <= self.frames <= 100_000):
            raise ValueError("bar or frames is out of its range")

    @property
    def way(self) -> Encoding:
        """How scores are written."""
        return ENCODINGS[self.encoding, self.grid]

    @property
    def cell(self) -> int:
        """Frames of a cell: a power of two."""
        return self.way.segment // CELLS

    @property
    def window(self) -> int:
        """Frames that D sees at a time."""
        return window_of(self.way)

    @property
    def noise(self) -> int:
        """Length of z for a window."""
        return self.noise_for(self.window)

    def noise_for(self, frames: int) -> int:
        """Length of z for so many frames: the shared noise, then that of each cell."""
        return self.latent + -(-frames // self.cell) * self.local

    def to_json(self) -> dict[str, Any]:
        """As written to ``config.json``."""
        return asdict(self)


def window_of(way: Encoding) -> int:
    """Frames of a window: two segments of several voices, one of a melody."""
    return way.segment * (2 if way.voices > 1 else 1)


def class_of(tonic: int, *, major: bool, density: int) -> int:
    """The class of a key (tonic 0 to 11) and a third of density (0 to 2)."""
    return (tonic + (0 if major else 12)) * len(DENSITIES) + density
