"""Frames as points of the game: for each voice in each frame one symbol of ``SYMBOLS``, 1 there and 0 elsewhere.

The frames are those of the music VAE's encodings. Of sets, whose canonical order jumps between voices, the game sees
lines from high to low instead, in which a pitch that goes on stands again.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from luokuan.models.vae.music.encodings import HOLD, KEYS, REST, Encoding, canonical, lines

PITCHES = KEYS[1] - KEYS[0] + 1
SYMBOLS = PITCHES + 2
"""The 88 keys of a piano, rest, hold."""
_REST, _HOLD = PITCHES, PITCHES + 1


def to_symbols(frames: NDArray[np.int64], way: Encoding) -> NDArray[np.int64]:
    """Frames (T, voices) of an encoding to symbols 0 … ``SYMBOLS`` - 1, likewise."""
    rows = lines(frames) if way.sets else frames
    found: NDArray[np.int64] = np.where(rows == REST, _REST, np.where(rows == HOLD, _HOLD, rows - KEYS[0]))
    return found


def to_frames(symbols: NDArray[np.int64], way: Encoding) -> NDArray[np.int64]:
    """Symbols (T, voices) to frames of an encoding. A hold after nothing is a rest."""
    rows = np.where(symbols == _REST, REST, np.where(symbols == _HOLD, HOLD, symbols + KEYS[0]))
    found = np.empty_like(rows)
    before = [REST] * rows.shape[1]
    for index, row in enumerate(rows.tolist()):
        now = [REST if new == HOLD and old == REST else new for new, old in zip(row, before, strict=True)]
        sounding = [old if new == HOLD else new for new, old in zip(now, before, strict=True)]
        found[index] = canonical([pitch for pitch in sounding if pitch != REST]) if way.sets else now
        before = sounding
    return found


def moved(symbols: NDArray[np.int64], shift: int) -> NDArray[np.int64]:
    """Symbols with all pitches ``shift`` semitones higher."""
    found: NDArray[np.int64] = np.where(symbols < PITCHES, symbols + shift, symbols)
    return found


def points(symbols: Tensor) -> Tensor:
    """Symbols int64 (B, T, voices) to points float32 (B, T, voices, SYMBOLS)."""
    return F.one_hot(symbols, SYMBOLS).float()


def straight_through(logits: Tensor, *, temperature: float = 1.0, stream: torch.Generator | None = None) -> Tensor:
    """A symbol drawn from the softmax of ``logits``, as a point: 1 for it and 0 for the others, with the gradient of
    the noisy logits' softmax (straight-through Gumbel-softmax, Jang et al. 2017, arXiv 1611.01144, sec. 2.2, after the
    estimator of Bengio et al. 2013, arXiv 1308.3432). The stochastic neurons of Dong & Yang 2018, arXiv 1804.09399, are
    its case of two states.

    Args:
        logits: (…, SYMBOLS).
        temperature: Share of the noise; 0 takes the likeliest.
        stream: Where the noise comes from; None: PyTorch's own generator.
    """
    logits = logits.float()
    if temperature > 0:
        share = torch.rand(logits.shape, generator=stream).clamp_(1e-9, 1 - 1e-7).to(logits.device)
        logits = logits - temperature * torch.log(-torch.log(share))
    soft = logits.softmax(dim=-1)
    hard = F.one_hot(soft.argmax(dim=-1), soft.shape[-1]).to(soft.dtype)
    return hard + (soft - soft.detach())


def steps_above_tonic() -> Tensor:
    """For each tonic and symbol its pitch class above the tonic, 0 to 11; 12 for rest and hold. int64 (12, SYMBOLS)."""
    pitches = torch.arange(SYMBOLS) + KEYS[0]
    found = (pitches[None] - torch.arange(12)[:, None]) % 12
    found[:, PITCHES:] = 12
    return found
