"""The space in which the game is played: pixels here; a codec's latents can take their place."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from luokuan.models.gan.augment import diff_augment


class Space(Protocol):
    """Between uint8 pictures and the points that the networks see."""

    name: str
    channels: int
    distance_ratio: float
    """E‖u - u'‖² over E‖x - x'‖² in pixel space (see ``automatic_gamma``); 1 for pixels."""

    def side(self, size: int) -> int:
        """Side of the grid for pictures of ``size``² pixels."""
        ...

    def encode(self, pictures: Tensor) -> Tensor:
        """uint8 pictures (B, H, W, 3) to points, float32 (B, channels, side, side)."""
        ...

    def decode(self, points: Tensor) -> Tensor:
        """Points (B, channels, side, side) to uint8 pictures (B, H, W, 3)."""
        ...

    def flip(self, points: Tensor) -> Tensor:
        """The points of the mirrored pictures."""
        ...

    def augment(self, points: Tensor) -> Tensor:
        """Differentiable augmentation before D, drawn from PyTorch's generator."""
        ...


class PixelSpace:
    """Pixels scaled to -1..1."""

    name = "pixels"
    channels = 3
    distance_ratio = 1.0

    def side(self, size: int) -> int:
        """The picture's own side."""
        return size

    def encode(self, pictures: Tensor) -> Tensor:
        """uint8 (B, H, W, 3), 0..255 to float32 (B, 3, H, W), -1..1."""
        points = pictures.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
        return points.contiguous(memory_format=torch.channels_last)

    def decode(self, points: Tensor) -> Tensor:
        """(B, 3, H, W) to uint8 (B, H, W, 3), rounded to nearest."""
        scaled = points.float().add(1).mul(127.5).round().clamp(0, 255)
        return scaled.to(torch.uint8).permute(0, 2, 3, 1).contiguous()

    def flip(self, points: Tensor) -> Tensor:
        """Mirror left to right."""
        return points.flip(3)

    def augment(self, points: Tensor) -> Tensor:
        """DiffAugment: color, translation, cutout."""
        return diff_augment(points)


def space(name: str) -> Space:
    """The space called ``name`` in ``config.json``.

    Raises:
        KeyError: unknown to this version.
    """
    return {"pixels": PixelSpace}[name]()
