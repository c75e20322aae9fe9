"""Frames of sound: short-time spectra, mel bands, and the way back."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FLOOR = 1e-3
"""Magnitude below which nothing is heard, of frames as ``Frames`` scales them (full scale is about 1)."""
_HIGH = 2595.0
_KNEE = 700.0


def mel_bands(bands: int, bins: int, rate: int) -> Tensor:
    """Triangles of equal width on the mel scale (O'Shaughnessy 1987: 2595·log₁₀(1 + f/700)), each summing to 1.

    Returns:
        float32 (bands, bins).
    """
    top = _HIGH * math.log10(1 + rate / 2 / _KNEE)
    edges = _KNEE * (10 ** (torch.linspace(0, top, bands + 2, dtype=torch.float64) / _HIGH) - 1)
    hertz = torch.linspace(0, rate / 2, bins, dtype=torch.float64)
    width = rate / 2 / (bins - 1)
    # Low triangles are narrower than a bin: without a least width they would miss all of them.
    left, middle, right = (edges[k : k + bands, None] for k in range(3))
    left, right = torch.minimum(left, middle - width), torch.maximum(right, middle + width)
    rise, fall = (hertz - left) / (middle - left), (right - hertz) / (right - middle)
    found = torch.minimum(rise, fall).clamp_min(0)
    return (found / found.sum(1, keepdim=True)).float()


class Frames(nn.Module):
    """Short-time Fourier transform with a Hann window, and back: T·hop samples are T frames.

    Args:
        fft: Samples of a window.
        hop: Samples from one frame to the next; divides ``fft``.
    """

    def __init__(self, fft: int, hop: int) -> None:
        super().__init__()
        self.fft, self.hop = fft, hop
        window = torch.hann_window(fft)
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("scaled", window / window.square().sum().sqrt(), persistent=False)
        self.window: Tensor
        self.scaled: Tensor

    def forward(self, samples: Tensor) -> Tensor:
        """float32 (B, T·hop) to complex64 (B, T, fft/2 + 1); white noise of variance 1 has E|·|² = 1."""
        beyond = (self.fft - self.hop) // 2
        padded = F.pad(samples.float(), (beyond, self.fft - self.hop - beyond))
        found: Tensor = torch.fft.rfft(padded.unfold(1, self.fft, self.hop) * self.scaled)
        return found

    def back(self, frames: Tensor) -> Tensor:
        """complex64 (B, T, fft/2 + 1) to float32 (B, T·hop): least squares (Griffin & Lim 1984, eq. 6)."""
        count, fft, hop = frames.shape[1], self.fft, self.hop
        pieces = torch.fft.irfft(frames, n=fft) * self.window  # (B, T, fft)
        whole = _added(pieces, hop)
        weight = _added((self.window * self.scaled).expand(1, count, fft), hop)
        beyond = (fft - hop) // 2
        part = slice(beyond, beyond + count * hop)
        return whole[:, part] / weight[:, part].clamp_min(1e-4)


def _added(pieces: Tensor, hop: int) -> Tensor:
    """(B, T, fft), each ``hop`` after the one before, added: (B, (T - 1)·hop + fft)."""
    batch, count, fft = pieces.shape
    parts = fft // hop
    blocks = pieces.view(batch, count, parts, hop)
    whole = pieces.new_zeros(batch, count + parts - 1, hop)
    for part in range(parts):
        whole = whole + F.pad(blocks[:, :, part], (0, 0, part, parts - 1 - part))
    return whole.flatten(1)
