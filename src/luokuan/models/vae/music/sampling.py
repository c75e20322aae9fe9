"""Writing frames: place by place, given what was written and the latent of the segment."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from luokuan.foundation.compute import one_thread
from luokuan.models.vae.music.config import MusicConfig
from luokuan.models.vae.music.encodings import START, allowed
from luokuan.models.vae.music.networks import Decoder, shifted

FREE = -1
"""In place of a symbol that is still to be written."""
Chooser = Callable[[int, Tensor, Tensor], Tensor]
"""(segment, mean and log variance of its prior (B, D)) to its latents (B, D)."""


def drawn(streams: Sequence[torch.Generator], truncation: float = 1.0) -> Chooser:
    """Latents from the prior, ``truncation`` ψ times as far from its mean; row i has the stream i."""

    def choose(_segment: int, mean: Tensor, spread: Tensor) -> Tensor:
        noise = torch.stack([torch.randn(mean.shape[1], generator=stream) for stream in streams])
        return mean + truncation * noise.to(mean.device) * (0.5 * spread).exp()

    return choose


def given(latents: Tensor) -> Chooser:
    """Latents as they are, (B, segments, D), or (1, segments, D) for all rows."""
    return lambda segment, mean, _spread: latents[:, segment].expand(len(mean), -1)


@one_thread()
@torch.no_grad()
def write(
    decoder: Decoder,
    config: MusicConfig,
    length: int,
    streams: Sequence[torch.Generator],
    *,
    choose: Chooser | None = None,
    temperature: float = 1.0,
    shift: int = 0,
    kept: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Write ``length`` frames for each of ``streams``, int64 (B, length, voices).

    Args:
        decoder: In eval mode.
        streams: A generator a row: what a row becomes depends on its own alone.
        choose: The latent of each segment; None: from the prior.
        temperature: Of the symbols; 0 takes the likeliest.
        shift: Transposition that the networks are told of, -6 to 6.
        kept: Symbols that are set, int64 (length, voices), ``FREE`` where the model writes. One that may not stand
            after what was written, such as a hold after a rest, is written anew.
    """
    way, device = config.way, next(decoder.parameters()).device
    choose = choose or drawn(streams)
    count = len(streams)
    frames = torch.zeros(count, length, way.voices, dtype=torch.int64, device=device)
    told = torch.full((count,), shift, dtype=torch.int64, device=device)
    wanted = torch.full(frames.shape[1:], FREE) if kept is None else torch.from_numpy(kept)
    z: Tensor | None = None
    for index in range(length):
        # Frames from here on aren't read: the trunk is causal, and the decoder ends at this one.
        states = decoder.read(shifted(frames[:, : index + 1]), told)
        start = index - index % way.segment
        if config.latent and index == start:
            z = choose(index // way.segment, *decoder.expected(states[:, index]))
        h = decoder.joined(states[:, start:], z)[:, -1]
        before = frames[:, index - 1] if index else torch.full_like(frames[:, 0], START)
        for place in range(way.voices):
            legal = allowed(frames[:, index], before, way, place)
            logits = decoder.heads.logits(h, place).float().masked_fill(~legal, -math.inf)
            symbols, here = _picked(logits, streams, temperature), int(wanted[index, place])
            frames[:, index, place] = symbols if here == FREE else torch.where(legal[:, here], here, symbols)
            if place + 1 < way.voices:
                h = decoder.heads.told(h, place, frames[:, index, place])
    return frames.cpu().numpy()


def _picked(logits: Tensor, streams: Sequence[torch.Generator], temperature: float) -> Tensor:
    """A symbol a row, (B,), by the inverse of the distribution function at a uniform draw."""
    if temperature <= 0:
        return logits.argmax(dim=1)
    edges = torch.softmax(logits / temperature, dim=1).double().cumsum(dim=1)
    shares = torch.stack([torch.rand((), generator=stream, dtype=torch.float64) for stream in streams])
    return torch.searchsorted(edges, (shares.to(edges.device) * edges[:, -1])[:, None], right=True)[:, 0]


def dissolved(frames: NDArray[np.int64], share: float, run: int, seed: int) -> NDArray[np.int64]:
    """Frames (T, voices) of which a ``share``, 0 to 1, is ``FREE``: runs of ``run`` frames, at least one where the
    share isn't 0. With one seed a larger share frees the same runs and more."""
    found = frames.copy()
    runs = math.ceil(len(frames) / run)
    order = np.random.default_rng(seed).permutation(runs)
    for chosen in order[: math.ceil(share * runs - 1e-9)]:
        found[chosen * run : (chosen + 1) * run] = FREE
    return found


def stream_of(seed: int) -> torch.Generator:
    """A generator of its own."""
    return torch.Generator().manual_seed(seed)
