"""How training pictures are made small: not one way, because nobody knows how the pictures to come were."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from torch import Tensor

FILTERS = (
    Image.Resampling.BOX,
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
)
DRAWS = 8
"""Uniform numbers that one picture's degradation takes."""


@dataclass(frozen=True, slots=True)
class Degradation:
    """How often and how strongly.

    Args:
        blur: Share of the pictures that are blurred.
        noise: Share that get noise.
        jpeg: Share that become JPEGs.
        sigma: Largest σ of the blur before the picture is halved, pixels.
        levels: Largest σ of the noise after it, in 8-bit levels.
        quality: Lowest and highest JPEG quality.
    """

    blur: float = 0.2
    noise: float = 0.25
    jpeg: float = 0.25
    sigma: float = 0.8
    levels: float = 4.0
    quality: tuple[int, int] = (60, 95)


def halve(picture: NDArray[np.uint8], resampling: Image.Resampling = Image.Resampling.BICUBIC) -> NDArray[np.uint8]:
    """Half the sides with Pillow's antialiased filter. uint8 (2H, 2W, 3) to (H, W, 3)."""
    height, width = picture.shape[:2]
    return np.asarray(Image.fromarray(picture).resize((width // 2, height // 2), resampling))


def degrade(picture: NDArray[np.uint8], draws: Tensor, settings: Degradation) -> NDArray[np.uint8]:
    """A small, slightly spoilt copy: blur, one of ``FILTERS``, noise, JPEG.

    Args:
        picture: uint8 (2H, 2W, 3).
        draws: ``DRAWS`` numbers of U(0, 1), on which alone the result depends.
        settings: How often and how strongly.

    Returns:
        uint8 (H, W, 3).
    """
    which, blurred, sigma, noisy, level, compressed, quality, chroma = draws.tolist()
    if blurred < settings.blur:
        picture = np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(sigma * settings.sigma)))
    small = halve(picture, FILTERS[int(which * len(FILTERS))])
    if noisy < settings.noise:
        stream = np.random.default_rng(int(level * 2**53))
        shaken = small + stream.normal(0, level * settings.levels, small.shape)
        small = shaken.round().clip(0, 255).astype(np.uint8)
    if compressed < settings.jpeg:
        low, high = settings.quality
        buffer = io.BytesIO()
        subsampling = "4:2:0" if chroma < 0.5 else "4:4:4"
        Image.fromarray(small).save(
            buffer, "JPEG", quality=low + int(quality * (high - low + 1)), subsampling=subsampling
        )
        small = np.asarray(Image.open(buffer))
    return small


def uniform(count: int) -> Tensor:
    """Draws for ``count`` pictures from PyTorch's generator, (count, ``DRAWS``), float64, below 1."""
    return torch.rand(count, DRAWS, dtype=torch.float64)
