"""What the vocal folds give: pulses at a pitch, all harmonics equally strong."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def pulses(hertz: Tensor, hop: int, rate: int, start: Tensor) -> Tensor:
    """Cosines at all multiples of the pitch below half the rate, together of variance 1; silence where there is none.

    Σ_k cos(kφ), k = 1…N, in closed form (Dirichlet's kernel): ½(sin((N + ½)φ) / sin(φ/2) - 1).

    Args:
        hertz: Pitch of each frame, (B, T); 0: none.
        hop: Samples of a frame.
        rate: Samples a second.
        start: Where in its period each begins, 0 to 1, (B,).

    Returns:
        float32 (B, T·hop).
    """
    voiced = hertz > 0
    # Held through frames without pitch, so that none begins with a glide.
    held = _held(hertz)
    smooth = F.interpolate(held[:, None], scale_factor=hop, mode="linear", align_corners=False)[:, 0]  # (B, S)
    # Kept small: float32 has seven digits.
    phase = (start[:, None].double() + (smooth.double() / rate).cumsum(1)).frac().float()
    harmonics = (0.5 * rate / held.clamp_min(1)).floor().sub(1).clamp_min(1).repeat_interleave(hop, dim=1)
    half = math.pi * phase
    below = half.sin()
    kernel = torch.where(
        below.abs() < 1e-4,
        2 * harmonics + 1,
        ((2 * harmonics + 1) * half).sin() / below.clamp(-1, 1).where(below != 0, 1),
    )
    wave = 0.5 * (kernel - 1) * (2 / harmonics).sqrt()
    gate = F.interpolate(voiced.float()[:, None], scale_factor=hop, mode="linear", align_corners=False)[:, 0]
    return wave * gate


def _held(hertz: Tensor) -> Tensor:
    """(B, T) with the last pitch, or else the next one, where there is none; 100 where there never is one."""
    count = hertz.shape[1]
    places = torch.arange(count, device=hertz.device).expand_as(hertz)
    last = torch.where(hertz > 0, places, -1).cummax(1).values
    first = torch.where(hertz > 0, places, count).flip(1).cummin(1).values.flip(1)
    chosen = torch.where(last >= 0, last, first.clamp_max(count - 1))
    found = hertz.gather(1, chosen)
    return torch.where(found > 0, found, 100.0)
