"""Shape of a GAN's two networks: what ``config.json`` holds, and the presets by size."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from luokuan.foundation.modelfolder import is_name
from luokuan.models.codec.config import FACTOR

SIZES = (32, 64, 128)
"""Sides in pixels for which presets exist."""
SPACES = ("pixels", "latent")

BLOCKS = ("dense", "grouped")
OBJECTIVES = ("relativistic", "minimax", "hinge")
PRESETS = ("cpu-tiny", "cpu-small", "cpu", "gpu")
SCHEMA = 1

_WIDTHS: dict[str, dict[int, int]] = {
    # Multiples of 32: dense channels_last convolutions reach the CPU's ceiling there. Narrow where the
    # grid is fine (that is where the FLOP are), wide where it is coarse (that is where they are cheap).
    "cpu-tiny": {4: 64, 8: 64, 16: 64, 32: 32, 64: 32, 128: 32},
    "cpu-small": {4: 96, 8: 128, 16: 96, 32: 32, 64: 32, 128: 32},
    "cpu": {4: 256, 8: 256, 16: 128, 32: 64, 64: 32, 128: 32},
    "gpu": {4: 512, 8: 512, 16: 384, 32: 256, 64: 192, 128: 128},
}
_LATENT_WIDTHS: dict[str, dict[int, int]] = {
    # A latent cell stands for 64 pixels: the whole game is played on grids where wide layers are cheap.
    # cpu-tiny keeps both networks at 64 px under 8 MB in half precision, so that a starter can be one.
    "cpu-tiny": {4: 160, 8: 128, 16: 96},
    "cpu-small": {4: 256, 8: 192, 16: 128},
    "cpu": {4: 384, 8: 320, 16: 192},
    "gpu": {4: 512, 8: 512, 16: 384},
}
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class GanConfig:
    """Everything needed to build both networks.

    Args:
        size: Side of the space in which the game is played, in cells (pixels in pixel space).
        channels: Channels of that space (3 for pixels).
        latent: Length of z.
        style: Length of the style vector w that the mapping network makes of z and the class.
        widths: Channels at each grid side, from 4×4 up to ``size``, coarse to fine.
        depth: Residual blocks at each grid side.
        block: ``dense`` (3×3 → 3×3) or ``grouped`` (1×1 → grouped 3×3 → 1×1, R3GAN).
        classes: Names of the classes; empty for an unconditional model.
        class_counts: Training pictures of each class, in the order of ``classes``.
        space: ``pixels``, or ``latent`` for the normalised latents of a codec.
        codec, codec_digest: Name and digest of the codec of a latent space; empty for pixels.
        family, schema: Which loader reads this folder.
    """

    size: int
    widths: tuple[int, ...]
    depth: int = 1
    channels: int = 3
    latent: int = 64
    style: int = 128
    block: str = "dense"
    classes: tuple[str, ...] = ()
    class_counts: tuple[int, ...] = ()
    space: str = "pixels"
    codec: str = ""
    codec_digest: str = ""
    family: str = "gan"
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.family != "gan" or self.schema != SCHEMA:
            raise ValueError(f"family gan, schema {SCHEMA}")
        if self.size not in (4, 8, 16, 32, 64, 128):
            raise ValueError("size is a power of two from 4 to 128")
        if len(self.widths) != len(grid_sides(self.size)):
            raise ValueError(f"widths needs {len(grid_sides(self.size))} values for size {self.size}")
        if not all(8 <= width <= 2048 for width in self.widths) or not 1 <= self.depth <= 8:
            raise ValueError("widths lie in 8..2048 and depth in 1..8")
        if not (1 <= self.channels <= 64 and 1 <= self.latent <= 1024 and 8 <= self.style <= 2048):
            raise ValueError("channels, latent or style is out of range")
        if self.block not in BLOCKS:
            raise ValueError(f"block is one of {', '.join(BLOCKS)}")
        if len(self.classes) != len(self.class_counts) or any(count < 0 for count in self.class_counts):
            raise ValueError("class_counts has one count for each class")
        if len(self.classes) > 10_000 or len(set(self.classes)) != len(self.classes):
            raise ValueError("classes are distinct, 10,000 at most")
        if self.space == "pixels" and (self.codec or self.codec_digest):
            raise ValueError("codec and codec_digest belong to a latent space")
        if self.space == "latent" and not (is_name(self.codec) and _DIGEST.fullmatch(self.codec_digest)):
            raise ValueError("a latent space has the codec's name and its digest of 64 hexadecimal digits")

    @property
    def pixels(self) -> int:
        """Side of the pictures in pixels."""
        return self.size * FACTOR if self.space == "latent" else self.size

    def to_json(self) -> dict[str, Any]:
        """As written to ``config.json``: for pixels without the codec's fields, as before there were any."""
        values = asdict(self)
        if self.space == "pixels":
            del values["codec"], values["codec_digest"]
        return values


def grid_sides(size: int) -> list[int]:
    """Grid sides from 4 up to ``size``, doubling."""
    sides = [4]
    while sides[-1] < size:
        sides.append(2 * sides[-1])
    return sides


def preset(name: str, size: int, *, classes: Sequence[str] = (), class_counts: Sequence[int] = ()) -> GanConfig:
    """The preset ``name``, one of ``PRESETS``, for pictures of ``size``² pixels.

    Raises:
        KeyError: unknown preset.
    """
    widths = _WIDTHS[name]
    return GanConfig(
        size=size,
        widths=tuple(widths[side] for side in grid_sides(size)),
        depth=2 if name == "gpu" else 1,
        block="grouped" if name == "gpu" else "dense",
        classes=tuple(classes),
        class_counts=tuple(class_counts),
    )


def latent_preset(
    name: str,
    size: int,
    *,
    channels: int,
    codec: str,
    codec_digest: str,
    classes: Sequence[str] = (),
    class_counts: Sequence[int] = (),
) -> GanConfig:
    """The preset ``name`` for pictures of ``size``² pixels in the latents of a codec.

    Args:
        channels: Channels of a latent cell.
        codec, codec_digest: The codec's name and digest.

    Raises:
        KeyError: unknown preset.
    """
    widths, cells = _LATENT_WIDTHS[name], size // FACTOR
    return GanConfig(
        size=cells,
        widths=tuple(widths[side] for side in grid_sides(cells)),
        depth=2,
        channels=channels,
        block="grouped" if name == "gpu" else "dense",
        classes=tuple(classes),
        class_counts=tuple(class_counts),
        space="latent",
        codec=codec,
        codec_digest=codec_digest,
    )
