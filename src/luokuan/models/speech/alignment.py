"""Which token each frame belongs to: monotonic alignment search (Kim et al. 2020, Glow-TTS, arXiv 2005.11129)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_NEVER = -1e9


def durations(scores: NDArray[np.float32], tokens: NDArray[np.int64], frames: NDArray[np.int64]) -> NDArray[np.int64]:
    """The most likely monotonic alignment, that each token has at least one frame of, and each frame one token.

    Q[t, j] = max(Q[t-1, j], Q[t-1, j-1]) + score[t, j] (arXiv 2005.11129, eq. 6-7), for all items of a batch and all
    tokens at once, frame by frame; then back along the better of the two.

    Args:
        scores: log p of frame t as token j, (B, T, L); anything behind an item's own frames and tokens.
        tokens: Tokens of each item, int64 (B,), 1 to L.
        frames: Frames of each, int64 (B,), at least as many.

    Returns:
        Frames of each token, int64 (B, L); 0 behind an item's last.
    """
    batch, longest, most = scores.shape
    rows = np.arange(batch)
    best = np.full((batch, most), _NEVER, np.float32)
    best[:, 0] = scores[:, 0, 0]
    came = np.zeros((longest, batch, most), bool)  # whether from the token before
    for t in range(1, longest):
        before = np.full_like(best, _NEVER)
        before[:, 1:] = best[:, :-1]
        came[t] = before > best
        # Past its own end an item changes nothing that is asked for: its way back starts at its last frame.
        best = np.maximum(best, before) + scores[:, t]
    found = np.zeros((batch, most), np.int64)
    at = tokens - 1
    for t in range(longest - 1, -1, -1):
        inside = t < frames
        found[rows, at] += inside
        # With as many frames left as tokens each step must go back, whatever the scores say.
        step = inside & (at > 0) & (came[t, rows, at] | (t <= at))
        at = at - step
    return found


def diagonal(tokens: NDArray[np.int64], frames: NDArray[np.int64], width: float = 0.1) -> NDArray[np.float32]:
    """log of a Gaussian about the diagonal, (B, T, L): what is believed before anything was learnt, as all sounds are
    about equally long. ``width``: its σ as a share of the whole."""
    time = (np.arange(frames.max())[None] + 0.5) / frames[:, None]
    place = (np.arange(tokens.max())[None] + 0.5) / tokens[:, None]
    return np.asarray(-0.5 * ((time[:, :, None] - place[:, None]) / width) ** 2, np.float32)
