"""Differentiable augmentation of both real and generated items, so that few pictures don't teach D by heart.

After DiffAugment (Zhao et al. 2020, arXiv 2006.10738), policy color, translation, cutout, always on: every
transformation is differentiable in the pixels, and D only ever sees transformed items.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def color(x: Tensor) -> Tensor:
    """Random brightness (±0.5), saturation (×0-2) and contrast (×0.5-1.5) of each item. (B, C, H, W)."""
    count = x.shape[0]
    brightness, saturation, contrast = torch.rand(3, count, 1, 1, 1, device=x.device, dtype=x.dtype)
    x = x + (brightness - 0.5)
    grey = x.mean(dim=1, keepdim=True)  # (B, 1, H, W)
    x = torch.lerp(grey, x, 2 * saturation)
    mean = x.mean(dim=(1, 2, 3), keepdim=True)  # (B, 1, 1, 1)
    return torch.lerp(mean, x, contrast + 0.5)


def translation(x: Tensor, ratio: float = 0.125) -> Tensor:
    """Shift each item by up to ``ratio`` of its side on both axes, filling with zero. (B, C, H, W)."""
    count, _channels, height, width = x.shape
    reach = (int(height * ratio + 0.5), int(width * ratio + 0.5))
    padded = F.pad(x, (reach[1], reach[1], reach[0], reach[0]))
    top = torch.randint(2 * reach[0] + 1, (count, 1, 1), device=x.device)
    left = torch.randint(2 * reach[1] + 1, (count, 1, 1), device=x.device)
    rows = top + torch.arange(height, device=x.device)[None, :, None]  # (B, H, 1)
    columns = left + torch.arange(width, device=x.device)[None, None, :]  # (B, 1, W)
    items = torch.arange(count, device=x.device)[:, None, None]
    picked = padded.permute(0, 2, 3, 1)[items, rows, columns]  # (B, H, W, C)
    return picked.permute(0, 3, 1, 2)


def cutout(x: Tensor, ratio: float = 0.5) -> Tensor:
    """Blank a square of ``ratio`` of the side, less one cell, at a random place of each item. (B, C, H, W).

    Less one, because it is symmetric about a cell: 15 of 32 cells, where DiffAugment's own code blanks 16.
    """
    count, _channels, height, width = x.shape
    half_height, half_width = int(height * ratio / 2 + 0.5), int(width * ratio / 2 + 0.5)
    centre_y = torch.randint(height + 1, (count, 1, 1), device=x.device)
    centre_x = torch.randint(width + 1, (count, 1, 1), device=x.device)
    rows = (torch.arange(height, device=x.device)[None, :, None] - centre_y).abs() < half_height
    columns = (torch.arange(width, device=x.device)[None, None, :] - centre_x).abs() < half_width
    return x * (~(rows & columns)).unsqueeze(1).to(x.dtype)


def channels(x: Tensor, strength: float = 0.1, noise: float = 0.05) -> Tensor:
    """Random gain (×(1 ± ``strength``)) and offset (± ``strength``) of each channel of each item, and Gaussian noise of
    the standard deviation ``noise``; for latents, whose channels have the standard deviation 1. (B, C, H, W)."""
    shape = (2, *x.shape[:2], 1, 1)
    gain, offset = torch.rand(shape, device=x.device, dtype=x.dtype).mul_(2).sub_(1).mul_(strength)
    return torch.addcmul(x + offset, x, gain).add(torch.randn_like(x), alpha=noise)


def latent_augment(x: Tensor) -> Tensor:
    """Channels, translation and cutout in turn, for normalised latents. (B, C, H, W), same shape.

    Zero, with which the latter two fill, is the mean latent.
    """
    return cutout(translation(channels(x)))


def diff_augment(x: Tensor) -> Tensor:
    """Color, translation and cutout in turn, drawn from PyTorch's generator. (B, C, H, W), same shape."""
    return cutout(translation(color(x)))
