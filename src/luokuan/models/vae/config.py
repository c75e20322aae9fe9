"""Shape of a VAE: what ``config.json`` holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

KINDS = ("image",)
"""Kinds of material that a VAE learns."""
SIZES = (32, 64)
"""Sides of the pictures in pixels for which there are widths."""
LIKELIHOODS = ("logistic", "laplace")
SCALES = ("channel", "shared")
PRIORS = ("mixture", "standard")
COMPONENTS = 32
SCHEMA = 1

_WIDTHS = {4: 96, 8: 128, 16: 96, 32: 64, 64: 32}
"""Channels at each side of the grid: narrow where it is fine (there are the FLOP), wide where it is coarse."""


@dataclass(frozen=True, slots=True)
class VaeConfig:
    """Everything needed to build encoder, decoder and prior.

    Args:
        size: Side of the pictures in pixels.
        widths: Channels at each side of the grid from 4 to ``size``, coarse to fine; the encoder begins at half the
            side of the picture.
        depth: Residual blocks at each side.
        latent: Length D of the latent vector z.
        likelihood: Shape of p(x|z) of a value: ``logistic`` or ``laplace``, cut into the 256 values.
        scale: Whose scale is learnt: ``channel`` (one for each of the three) or ``shared``.
        components: Gaussians in the mixture that is fitted on the aggregate posterior.
        kind: What the items are; ``image``.
        family, schema: Which loader reads this folder.
    """

    size: int
    widths: tuple[int, ...]
    depth: int = 1
    latent: int = 64
    likelihood: str = "logistic"
    scale: str = "channel"
    components: int = COMPONENTS
    kind: str = "image"
    family: str = "vae"
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.family != "vae" or self.schema != SCHEMA:
            raise ValueError(f"family vae, schema {SCHEMA}")
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")
        if self.size not in (8, 16, 32, 64, 128):
            raise ValueError("size is a power of two from 8 to 128")
        if len(self.widths) != len(grid_sides(self.size)):
            raise ValueError(f"widths needs {len(grid_sides(self.size))} values for size {self.size}")
        if not all(8 <= width <= 1024 for width in self.widths) or not 0 <= self.depth <= 8:
            raise ValueError("widths lie in 8..1024 and depth in 0..8")
        if not (1 <= self.latent <= 1024 and 1 <= self.components <= 1024):
            raise ValueError("latent and components lie in 1..1024")
        if self.likelihood not in LIKELIHOODS or self.scale not in SCALES:
            raise ValueError(f"likelihood is one of {', '.join(LIKELIHOODS)}, scale one of {', '.join(SCALES)}")

    def to_json(self) -> dict[str, Any]:
        """As written to ``config.json``."""
        return asdict(self)

    @property
    def values(self) -> int:
        """8-bit values in a picture."""
        return 3 * self.size**2


def grid_sides(size: int) -> list[int]:
    """Sides of the grid from 4 to ``size``, doubling."""
    sides = [4]
    while sides[-1] < size:
        sides.append(2 * sides[-1])
    return sides


def vae_config(size: int, *, latent: int = 64, likelihood: str, scale: str, pictures: int) -> VaeConfig:
    """The VAE for two CPU cores: under 2 M parameters.

    Args:
        pictures: Training pictures; a mixture has at most one component for eight of them.

    Raises:
        KeyError: there are no widths for ``size``.
        ValueError: a value is out of its range.
    """
    return VaeConfig(
        size,
        tuple(_WIDTHS[side] for side in grid_sides(size)),
        latent=latent,
        likelihood=likelihood,
        scale=scale,
        components=min(COMPONENTS, max(pictures // 8, 1)),
    )
