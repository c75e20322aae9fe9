"""What the codec minimises: the spectral energy distance (Gritsenko et al. 2020, arXiv 2008.01160)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from luokuan.models.sound.spectrum import FLOOR, Frames

WINDOWS = (128, 512, 2048)
"""Samples of the windows in which sounds are compared."""


class SpectralDistance(nn.Module):
    """d(x, y): how far the magnitudes of two sounds are apart, in windows of several lengths.

    In each window, with X and Y the magnitudes of a frame: mean |X - Y| + ‖log X - log Y‖₂ / √bins, averaged over
    frames. Both are distances of negative type, which the energy distance asks for.
    """

    def __init__(self, windows: tuple[int, ...] = WINDOWS) -> None:
        super().__init__()
        self.frames = nn.ModuleList(Frames(window, window // 2) for window in windows)

    def spectra(self, samples: Tensor) -> list[Tensor]:
        """Magnitudes of (B, samples) in each window, (B, T, bins)."""
        # The gradient of |z| at 0 is undefined; a little beside it isn't.
        found = [frames(samples) for frames in self.frames]
        return [(z.real.square() + z.imag.square() + 1e-8).sqrt() for z in found]

    def forward(self, one: list[Tensor], other: list[Tensor]) -> Tensor:
        """Distance of each item, (B,), of what ``spectra`` gave."""
        total = torch.zeros(len(one[0]), device=one[0].device)
        for x, y in zip(one, other, strict=True):
            linear = (x - y).abs().mean(2)  # (B, T)
            steps = ((x + FLOOR).log() - (y + FLOOR).log()).square().mean(2)
            total = total + (4 * linear + (steps + 1e-8).sqrt()).mean(1)
        return total / len(one)


def energy_distance(real: Tensor, one: Tensor, other: Tensor) -> Tensor:
    """d(x, y) + d(x, y') - d(y, y'), averaged over items (arXiv 2008.01160, eq. 4): least where y and y', two sounds
    made of the same tokens with other noise, are as different from each other as from the real one. Without the last
    term noise would be smoothed away.

    Args:
        real: d(x, y), (B,).
        one: d(x, y'), (B,).
        other: d(y, y'), (B,).
    """
    return (real + one - other).mean()
