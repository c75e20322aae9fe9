"""Shape of an upscaler: what ``config.json`` holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

FACTOR = 2
"""How many times larger one pass makes a picture; two passes give 4."""
FACTORS = (2, 4)
"""What a picture can be enlarged by."""
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class UpscalerConfig:
    """Everything needed to build the network. The defaults have 0.22 M parameters: 0.45 MB in half precision.

    Args:
        width: Channels of the feature maps on the small picture's grid.
        blocks: Residual blocks there, two dense 3×3 convolutions each.
        fine: Channels on the large picture's grid, where each costs four times as much.
        family: Which loader reads this folder.
        schema: Which version of it.
    """

    width: int = 48
    blocks: int = 5
    fine: int = 32
    family: str = "upscaler"
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.family != "upscaler" or self.schema != SCHEMA:
            raise ValueError(f"family upscaler, schema {SCHEMA}")
        if not (8 <= self.width <= 256 and 8 <= self.fine <= 256):
            raise ValueError("width and fine lie in 8..256")
        if not 1 <= self.blocks <= 32:
            raise ValueError("blocks lies in 1..32")

    @property
    def reach(self) -> int:
        """Pixels of the small picture beyond which nothing changes a pixel of the large one: one for the first
        convolution, two a block, two for the bilinear step and the fine convolutions, and one to spare."""
        return 2 * self.blocks + 4

    def to_json(self) -> dict[str, Any]:
        """As written to ``config.json``."""
        return asdict(self)
