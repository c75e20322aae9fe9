"""Shape of a token prior: what ``config.json`` holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

ORDERS = ("autoregressive", "masked")
CONDITIONS = ("class", "attributes", "text", "none")
SIZES = (64, 128)
"""Sides in pixels: 8 × 8 and 16 × 16 cells."""
WORDS = 24
"""Words of a caption that the prior sees."""
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class PriorConfig:
    """Everything needed to build the transformer and to read a brief.

    Args:
        codec: Name of the codec whose tokens it speaks.
        codec_digest: That codec's ``ModelFolder.network_digest``.
        size: Side of the pictures in pixels.
        cells: Side of the token grid.
        frames: Grids one after the other: 1 for pictures, more for clips, each frame after the one before.
        levels: Levels of each token channel.
        order: ``autoregressive``: cell by cell, row by row; ``masked``: several cells at once, the surest first
            (MaskGIT, Chang et al. 2022, arXiv 2202.04200).
        width: Length of a token's vector.
        layers: Transformer blocks.
        heads: Attention heads.
        condition: What it is told of a picture: ``class``, ``attributes``, ``text`` or ``none``.
        classes: Names of the classes; empty unless ``condition`` is ``class``.
        class_counts: Training pictures of each class.
        attributes: Names of the attributes; empty unless ``condition`` is ``attributes``.
        values: Values of each attribute.
        value_counts: Training pictures of each value.
        words: Vocabulary of the captions; empty unless ``condition`` is ``text``.
        conditions: Training conditions kept, to draw from.
        family: Which loader reads this folder.
        schema: Version of this table.
    """

    codec: str
    codec_digest: str
    size: int
    cells: int
    levels: tuple[int, ...]
    frames: int = 1
    order: str = "autoregressive"
    width: int = 256
    layers: int = 4
    heads: int = 4
    condition: str = "none"
    classes: tuple[str, ...] = ()
    class_counts: tuple[int, ...] = ()
    attributes: tuple[str, ...] = ()
    values: tuple[tuple[str, ...], ...] = ()
    value_counts: tuple[tuple[int, ...], ...] = ()
    words: tuple[str, ...] = ()
    conditions: int = 0
    family: str = "prior"
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.family != "prior" or self.schema != SCHEMA:
            raise ValueError(f"family prior, schema {SCHEMA}")
        if self.order not in ORDERS or self.condition not in CONDITIONS:
            raise ValueError(f"order is one of {', '.join(ORDERS)}; condition one of {', '.join(CONDITIONS)}")
        if not (1 <= self.cells <= 64 and self.size % self.cells == 0):
            raise ValueError("cells lies in 1..64 and divides size")
        if not 1 <= self.frames <= 64 or (self.frames > 1 and self.codec):
            raise ValueError("a picture has one frame, a clip 64 at most")
        if not 1 <= len(self.levels) <= 64 or not all(2 <= level <= 256 for level in self.levels):
            raise ValueError("levels has 1 to 64 values, each in 2..256")
        if not (16 <= self.width <= 4096 and 1 <= self.layers <= 64 and 1 <= self.heads <= 64):
            raise ValueError("width, layers or heads is out of range")
        if self.width % (2 * self.heads):
            raise ValueError("width is an even multiple of heads")
        if not 1 <= self.conditions <= 100_000:
            raise ValueError("conditions lies in 1..100,000")
        self._check_condition()

    def _check_condition(self) -> None:
        given = {"class": self.classes, "attributes": self.attributes, "text": self.words}
        if any(bool(names) != (self.condition == kind) for kind, names in given.items()):
            raise ValueError("classes, attributes and words go with the condition of that kind")
        if any(len(set(names)) != len(names) or len(names) > 50_000 for names in given.values()):
            raise ValueError("classes, attributes and words are distinct, 50,000 at most")
        if len(self.class_counts) != len(self.classes) or min(self.class_counts, default=0) < 0:
            raise ValueError("class_counts has one count for each class")
        if len(self.values) != len(self.attributes) or len(self.value_counts) != len(self.attributes):
            raise ValueError("values and value_counts have one row for each attribute")
        for names, counts in zip(self.values, self.value_counts, strict=True):
            if not names or len(set(names)) != len(names) or len(counts) != len(names) or min(counts) < 0:
                raise ValueError("each attribute has distinct values with a count each")

    @property
    def positions(self) -> int:
        """Cells of all frames."""
        return self.frames * self.cells**2

    def to_json(self) -> dict[str, Any]:
        """As written to ``config.json``."""
        return asdict(self)
