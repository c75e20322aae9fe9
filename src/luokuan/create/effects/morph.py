"""From one picture to another through the latents of a codec: each cell turns from the one to the other at its own
time, so that the pictures grow out of one another instead of lying over each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from luokuan.create.shorts.timing import eased
from luokuan.models.codec.config import FACTOR

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from luokuan.models.codec.model import Codec

CODEC = "picture-codec"
MOST_SIDE = 512
"""Longest side that a codec is asked for."""
MOST_FRAMES = 600
_AT_ONCE = 16


def fitted(shape: tuple[int, int], size: int) -> tuple[int, int]:
    """Height and width for the codec: as near to ``shape`` with the shortest side ``size`` as it can be, both multiples
    of its cells."""
    unit = min(size / min(shape), MOST_SIDE / max(shape))
    height, width = (max(FACTOR, round(side * unit / FACTOR) * FACTOR) for side in shape)
    return height, width


def morphed(
    codec: Codec, one: NDArray[np.uint8], other: NDArray[np.uint8], count: int, spread: float, seed: int
) -> Iterator[NDArray[np.uint8]]:
    """``count`` frames from ``one`` to ``other``, each uint8 (H, W, 3).

    Args:
        codec: Whose latents are gone through.
        one: uint8 (H, W, 3), sides multiples of the codec's cells.
        other: Of the same shape.
        count: Frames.
        spread: How far apart in time cells turn, 0 to 1.
        seed: Of which cell goes first.
    """
    import torch

    ends = codec.encode(np.stack([one, other]))  # (2, C, h, w)
    a, b = ends[:1], ends[1:]
    late = torch.from_numpy(_lateness(tuple(ends.shape[2:]), seed))[None, None] * (0.6 * spread)
    # The true pictures stand at both ends; what the codec has changed of them comes and goes softly.
    rest = [end.astype(np.float32) - back for end, back in zip((one, other), codec.decode(ends), strict=True)]
    shares = [place / max(1, count - 1) for place in range(count)]
    for at in range(0, count, _AT_ONCE):
        part = shares[at : at + _AT_ONCE]
        mixed = []
        for share in part:
            own = (share * (1 + 0.6 * spread) - late).clamp(0, 1)
            own = own * own * (3 - 2 * own)
            mixed.append(_turned(a, b, own))
        for share, frame in zip(part, codec.decode(torch.cat(mixed)), strict=True):
            begun, done = 1 - eased(share / 0.3, "in-out"), 1 - eased((1 - share) / 0.3, "in-out")
            found = frame + rest[0] * np.float32(begun) + rest[1] * np.float32(done)
            yield np.clip(np.rint(found), 0, 255).astype(np.uint8)


def _turned(a: Tensor, b: Tensor, share: Tensor) -> Tensor:
    """Between two latents (1, C, h, w), keeping the length of each cell's vector: a mean of two would be duller than
    both."""
    straight = a * (1 - share) + b * share
    length = a.norm(dim=1, keepdim=True) * (1 - share) + b.norm(dim=1, keepdim=True) * share
    return straight * (length / straight.norm(dim=1, keepdim=True).clamp_min(1e-6)).clamp(max=1.6)


def _lateness(size: tuple[int, ...], seed: int) -> NDArray[np.float32]:
    """Smooth chance, 0 to 1, (h, w): how late a cell turns."""
    from scipy.ndimage import gaussian_filter

    noise = np.random.default_rng([seed, 0x307]).standard_normal(size)
    soft = gaussian_filter(noise, max(size) / 7, mode="reflect")
    low, high = float(soft.min()), float(soft.max())
    return ((soft - low) / max(high - low, 1e-9)).astype(np.float32)
