"""The networks of a music VAE.

p(x, z) = Π_s p(z_s | x_<s)·p(x_s | x_<s, z_s) over segments s of a piece. A causal trunk reads all earlier frames and
knows no latent; from its state at a segment's first frame come the mean and variance of the prior; a decoder within the
segment joins its states with z_s, and heads draw the places of a frame one after the other. Because no other segment
reads z_s, the likelihood of a piece falls apart into its segments once x is known, so that each can be weighed by
itself.

Blocks: pre-norm, RMSNorm (Zhang & Sennrich 2019, arXiv 1910.07467), queries and keys normalised (Henry et al. 2020,
arXiv 2010.04245) and rotated by their distance (RoPE, Su et al. 2021, arXiv 2104.09864), projections back to the stream
zero at the start.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.models.vae.music.config import MusicConfig
from luokuan.models.vae.music.encodings import HIDDEN, INPUTS, REST, SHIFTS, START, SYMBOLS, Encoding, allowed

EXPANSION = 4
WAVELENGTH = 1000.0
"""Longest wavelength of the rotations, in frames over 2π; pieces have some hundreds of frames."""
SPREAD = 8.0
"""Most by which a log variance differs from 0."""


def _rotated(x: Tensor) -> Tensor:
    """RoPE: pairs of values turned by an angle that grows with the place. (B, heads, T, W) to the same."""
    half = x.shape[-1] // 2
    rates = WAVELENGTH ** -(torch.arange(half, device=x.device) / half)
    angles = torch.arange(x.shape[2], device=x.device)[:, None] * rates  # (T, W/2)
    cosine, sine = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    first, second = x[..., :half], x[..., half:]
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=-1)


class Block(nn.Module):
    """x + attention(norm(x)), then + feed-forward(norm(x)); what is added goes through dropout while training."""

    def __init__(self, width: int, heads: int, *, causal: bool, dropout: float) -> None:
        super().__init__()
        self.heads, self.causal, self.dropout = heads, causal, dropout
        self.norms = nn.ModuleList(nn.RMSNorm(width) for _part in range(2))
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.rise = nn.Linear(width, EXPANSION * width, bias=False)
        self.fall = nn.Linear(EXPANSION * width, width, bias=False)
        for layer in (self.qkv, self.rise):
            nn.init.normal_(layer.weight, std=1 / math.sqrt(width))
        for layer in (self.out, self.fall):
            nn.init.zeros_(layer.weight)

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """x (B, T, W) to (B, T, W).

        Args:
            seen: bool (B, T): which places may be looked at; None: all.
        """
        x = x + self._dropped(self._attention(self.norms[0](x), seen))
        return x + self._dropped(self.fall(F.gelu(self.rise(self.norms[1](x)), approximate="tanh")))

    def _attention(self, x: Tensor, seen: Tensor | None) -> Tensor:
        q, k, v = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # (B, heads, T, W/heads) each
        q, k = (_rotated(F.rms_norm(a, a.shape[-1:])) for a in (q, k))
        # Plain products: on a CPU the backward of PyTorch's fused attention is slower for sequences this short.
        scores = (q * q.shape[-1] ** -0.5) @ k.to(q.dtype).transpose(2, 3)  # (B, heads, T, T)
        if self.causal:
            later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).triu(1)
            scores = scores.masked_fill(later, -math.inf)
        if seen is not None:
            scores = scores.masked_fill(~seen[:, None, None], -1e4)  # finite: a row without any is still a number
        found = scores.softmax(-1).to(q.dtype) @ v.to(q.dtype)
        out: Tensor = self.out(found.transpose(1, 2).flatten(2))
        return out

    def _dropped(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout) if self.training and self.dropout else x


class Frames(nn.Module):
    """Frames of symbols to vectors: a vector for each symbol in each place, one for its pitch class, which all places
    share, and one for the transposition."""

    def __init__(self, config: MusicConfig) -> None:
        super().__init__()
        way, width = config.way, config.width
        self.symbols = nn.Parameter(torch.randn(way.voices, INPUTS, width) * 0.3)
        self.classes = nn.Parameter(torch.randn(13, width) * 0.3)
        self.keys = nn.Parameter(torch.zeros(config.keys, width))
        self.places = nn.Parameter(torch.randn(way.segment, width) * 0.1)
        number = torch.arange(INPUTS)
        self.register_buffer("class_of", torch.where(number < REST, number % 12, 12), persistent=False)
        self.class_of: Tensor

    def forward(self, frames: Tensor, shift: Tensor) -> Tensor:
        """int64 (B, T, voices) and transpositions (B,) to (B, T, W)."""
        found = self.keys[shift + SHIFTS][:, None]
        for voice in range(frames.shape[2]):
            symbols = frames[:, :, voice]
            found = (
                found + F.embedding(symbols, self.symbols[voice]) + F.embedding(self.class_of[symbols], self.classes)
            )
        places = torch.arange(frames.shape[1], device=frames.device) % len(self.places)
        return found + self.places[places]


class Heads(nn.Module):
    """A frame's vector to the logits of each place, given the places before it."""

    def __init__(self, config: MusicConfig) -> None:
        super().__init__()
        voices, width, self.way = config.way.voices, config.width, config.way
        self.known = nn.Parameter(torch.randn(max(voices - 1, 1), SYMBOLS, width) * 0.3)
        self.classes = nn.Parameter(torch.randn(13, width) * 0.3)
        self.norm = nn.RMSNorm(width)
        self.rise = nn.Parameter(torch.randn(voices, width, config.hidden) / math.sqrt(width))
        self.fall = nn.Parameter(torch.zeros(voices, config.hidden, SYMBOLS))
        number = torch.arange(SYMBOLS)
        self.register_buffer("class_of", torch.where(number < REST, number % 12, 12), persistent=False)
        self.class_of: Tensor

    def told(self, h: Tensor, place: int, symbols: Tensor) -> Tensor:
        """h (N, W) with the ``symbols`` (N,) of ``place`` known."""
        return h + F.embedding(symbols, self.known[place]) + F.embedding(self.class_of[symbols], self.classes)

    def logits(self, h: Tensor, place: int) -> Tensor:
        """Of ``place``, (N, SYMBOLS), of h (N, W), to which ``told`` has added what is known."""
        return F.gelu(self.norm(h) @ self.rise[place], approximate="tanh") @ self.fall[place]

    def forward(self, h: Tensor, frames: Tensor, before: Tensor, drop: float = 0.0) -> Tensor:
        """log p of each place's true symbol, nats, float32 (N, voices).

        Args:
            h: (N, W).
            frames: int64 (N, voices).
            before: The frames before them, likewise.
            drop: Dropout on h while training.
        """
        h = F.dropout(h, drop) if self.training and drop else h
        found = []
        for place in range(self.way.voices):
            logits = self.logits(h, place).float().masked_fill(
                ~allowed(frames, before, self.way, place), -math.inf
            )  # fmt: skip
            found.append(-F.cross_entropy(logits, frames[:, place], reduction="none"))
            if place + 1 < self.way.voices:
                h = self.told(h, place, frames[:, place])
        return torch.stack(found, dim=1)


def shifted(frames: Tensor) -> Tensor:
    """The frame before each frame: ``START``, then all but the last. (B, T, voices) to the same."""
    return torch.cat([torch.full_like(frames[:, :1], START), frames[:, :-1]], dim=1)


class Encoder(nn.Module):
    """A whole segment to μ and log σ² of q(z|x)."""

    def __init__(self, config: MusicConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.frames = Frames(config)
        self.blocks = nn.ModuleList(
            Block(config.width, config.heads, causal=False, dropout=dropout) for _block in range(config.encoder)
        )
        self.norm = nn.RMSNorm(config.width)
        self.moments = nn.Linear(config.width, 2 * config.latent)

    def forward(self, frames: Tensor, seen: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
        """Segments int64 (N, L, voices), their real frames bool (N, L) and transpositions (N,) to (N, D) each."""
        x = self.frames(frames, shift)
        for block in self.blocks:
            x = block(x, seen)
        weights = seen.to(x.dtype)[..., None]
        pooled = (self.norm(x) * weights).sum(dim=1) / weights.sum(dim=1).clamp_min(1)
        mean, spread = self.moments(pooled).float().chunk(2, dim=1)
        return mean, spread.clamp(-SPREAD, SPREAD)


class Decoder(nn.Module):
    """Trunk, prior, decoder of a segment, heads."""

    def __init__(self, config: MusicConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.way, self.dropout = config.way, dropout
        self.frames = Frames(config)

        def blocks(count: int) -> nn.ModuleList:
            return nn.ModuleList(
                Block(config.width, config.heads, causal=True, dropout=dropout) for _block in range(count)
            )

        self.trunk, self.segment = blocks(config.trunk), blocks(config.decoder)
        self.heads = Heads(config)
        if config.latent:
            self.join = nn.Linear(config.latent, config.width)
            self.norm = nn.RMSNorm(config.width)
            self.prior = nn.Linear(config.width, 2 * config.latent)
            nn.init.zeros_(self.prior.weight)
            nn.init.zeros_(self.prior.bias)  # N(0, I) at the start
        self.latent = config.latent

    def read(self, before: Tensor, shift: Tensor) -> Tensor:
        """The trunk's states (B, T, W) at each frame, from the frames before it, int64 (B, T, voices)."""
        x = self.frames(before, shift)
        for block in self.trunk:
            x = block(x)
        return x

    def expected(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of p(z_s | x_<s) from the states (N, W) at first frames: (N, D) each."""
        mean, spread = self.prior(self.norm(states)).float().chunk(2, dim=-1)
        return mean, spread.clamp(-SPREAD, SPREAD)

    def joined(self, states: Tensor, z: Tensor | None) -> Tensor:
        """States of segments (N, L, W) with their latents (N, D): what the heads read, (N, L, W)."""
        x = states if z is None else states + self.join(z.to(states.dtype))[:, None]
        for block in self.segment:
            x = block(x)
        return x

    def likelihood(self, states: Tensor, z: Tensor | None, frames: Tensor, before: Tensor) -> Tensor:
        """log p(x_s | x_<s, z_s) of each frame and place, nats.

        Args:
            states: Of segments, (N, L, W).
            z: (N, D), or None without latents.
            frames, before: int64 (N, L, voices).

        Returns:
            float32 (N, L, voices); of frames beyond a piece's end numbers without meaning.
        """
        h = self.joined(states, z)
        found: Tensor = self.heads(h.flatten(0, 1), frames.flatten(0, 1), before.flatten(0, 1), self.dropout)
        return found.unflatten(0, states.shape[:2])


def hidden(before: Tensor, share: Tensor) -> Tensor:
    """``before`` with frames hidden at random, whole, a share (B,) of each piece's (word dropout, Bowman et al. 2016,
    arXiv 1511.06349, sec. 3.1): what the trunk can't see, only the latent can tell."""
    gone = torch.rand(before.shape[:2], device=before.device) < share[:, None]
    return torch.where(gone[..., None], HIDDEN, before)


def by_segment(values: Tensor, segment: int) -> Tensor:
    """(B, T, …) with T a multiple of ``segment`` to (B·T/segment, segment, …)."""
    return values.unflatten(1, (-1, segment)).flatten(0, 1)


def empty_frame(way: Encoding) -> list[int]:
    """A frame of rests: what fills up a piece."""
    return [REST] * way.voices
