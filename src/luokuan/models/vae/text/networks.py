"""Encoder and decoder of sentences: two small transformers over one embedding.

Pre-norm blocks with RMSNorm, rotary positions (Su et al. 2021, arXiv 2104.09864), normalised queries and keys (Henry et
al. 2020, arXiv 2010.04245) and SwiGLU (Shazeer 2020, arXiv 2002.05202). The decoder gets z added to the stream before
each block, through a matrix of its own: so no position and no depth is far from it, and ignoring it takes effort.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.models.vae.text.config import TextVaeConfig

LOG_VARIANCES = (-8.0, 4.0)
"""Bounds of log σ² of q(z|x): beyond them exp() of a young network's output would drown every other gradient."""
FIRST_LOG_VARIANCE = -3.0
"""log σ² before training: little noise while the autoencoder hands over."""
BASE = 10_000.0
"""Of the rotary frequencies."""

Cache = list[tuple[Tensor, Tensor]]
"""Keys and values of each block so far, (B, heads, T, head) each."""


class Attention(nn.Module):
    """Self-attention, with or without a mask of the future."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.scale = nn.Parameter(torch.full((heads, 1, 1), math.sqrt(width // heads)))

    def forward(
        self, x: Tensor, turns: Tensor, hidden: Tensor, past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """x (B, T, W), rotations (2, T, head/2) of its places, ``hidden`` bool (B or 1, 1, T, S): what may not be seen
        of all S places with the past ones. Returns (B, T, W), and keys and values of all."""
        q, k, v = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # (B, heads, T, head) each
        q, k = _turned(F.normalize(q.float(), dim=-1), turns), _turned(F.normalize(k.float(), dim=-1), turns)
        q, k = q.to(v.dtype), k.to(v.dtype)
        if past is not None:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
        # Written out: PyTorch's fused attention takes longer on CPUs for sentences of ten words.
        scores = (q @ k.transpose(2, 3)).float() * self.scale
        weights = scores.masked_fill(hidden, -1e9).softmax(dim=3).to(v.dtype)
        found: Tensor = self.out((weights @ v).transpose(1, 2).flatten(2))
        return found, (k, v)


def _turned(x: Tensor, turns: Tensor) -> Tensor:
    """Rotate halves of the last axis: x (B, heads, T, head), turns (2, T, head/2) as cos and sin."""
    one, two = x.chunk(2, dim=3)
    cos, sin = turns[0], turns[1]
    return torch.cat([one * cos - two * sin, one * sin + two * cos], dim=3)


class Block(nn.Module):
    """Attention and a feed-forward layer. Both begin as zero, so that a block begins as the identity."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.attention = Attention(width, heads)
        self.norms = nn.ModuleList(nn.RMSNorm(width, eps=1e-6) for _n in range(2))
        self.rise, self.fall = nn.Linear(width, 2 * hidden, bias=False), nn.Linear(hidden, width, bias=False)

    @torch.no_grad()
    def reset(self) -> None:
        """Fresh weights from the current generator."""
        width, attention = self.fall.out_features, self.attention
        for norm in self.norms:
            nn.init.ones_(cast(nn.RMSNorm, norm).weight)
        attention.qkv.weight.normal_(std=width**-0.5)
        self.rise.weight.normal_(std=width**-0.5)
        attention.out.weight.zero_()
        self.fall.weight.zero_()
        attention.scale.fill_(math.sqrt(width // attention.heads))

    def forward(
        self, x: Tensor, turns: Tensor, hidden: Tensor, dropout: float, past: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """See ``Attention``."""
        found, kept = self.attention(self.norms[0](x), turns, hidden, past)
        x = x + F.dropout(found, dropout, self.training)
        gate, value = self.rise(self.norms[1](x)).chunk(2, dim=2)
        return x + F.dropout(self.fall(F.silu(gate) * value), dropout, self.training), kept


class TextVaeNetwork(nn.Module):
    """Both transformers over one embedding, which is also the head.

    Args:
        config: Shape; without encoder and latent it is a language model.
        dropout: Share of embeddings and of outputs of attention and feed-forward layers dropped while training.
    """

    turns: Tensor
    """Rotations of all places, (2, context + 1, head/2)."""

    def __init__(self, config: TextVaeConfig, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.config, self.dropout = config, dropout
        shape = (config.width, config.heads, config.hidden)
        self.embedding = nn.Embedding(config.rows, config.width)
        self.encoder = nn.ModuleList(Block(*shape) for _n in range(config.encoder))
        self.decoder = nn.ModuleList(Block(*shape) for _n in range(config.decoder))
        self.decoder_norm = nn.RMSNorm(config.width, eps=1e-6)
        if config.latent:
            self.encoder_norm = nn.RMSNorm(config.width, eps=1e-6)
            self.moments = nn.Linear(config.width, 2 * config.latent)
            self.inject = nn.Linear(config.latent, config.width * config.decoder, bias=False)
        head = config.width // config.heads
        rates = BASE ** (-torch.arange(0, head, 2) / head)
        angles = torch.arange(config.context + 1)[:, None] * rates  # (context + 1, head/2)
        self.register_buffer("turns", torch.stack([angles.cos(), angles.sin()]), persistent=False)
        self.reset(encoder=True, decoder=True)

    def decoder_parameters(self) -> list[nn.Parameter]:
        """What only the decoder has: not the embedding."""
        parts: list[nn.Module] = [self.decoder, self.decoder_norm]
        if self.config.latent:
            parts.append(self.inject)
        return [p for part in parts for p in part.parameters()]

    @torch.no_grad()
    def reset(self, *, encoder: bool = False, decoder: bool = False) -> None:
        """Fresh weights from the current generator; the embedding and the encoder go together."""
        blocks: list[nn.Module] = []
        if encoder:
            self.embedding.weight.normal_(std=0.02)
            blocks += list(self.encoder)
            if self.config.latent:
                self.encoder_norm.weight.fill_(1)
                self.moments.weight.normal_(std=self.config.width**-0.5)
                # The lower half are log variances: the same for all sentences before training.
                self.moments.weight[self.config.latent :].zero_()
                self.moments.bias.zero_()
                self.moments.bias[self.config.latent :].fill_(FIRST_LOG_VARIANCE)
        if decoder:
            blocks += list(self.decoder)
            self.decoder_norm.weight.fill_(1)
            if self.config.latent:
                self.inject.weight.normal_(std=0.02)
        for block in blocks:
            cast(Block, block).reset()

    # --- reading --------------------------------------------------------------------------------------

    def encode(self, tokens: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Moments of q(z|x): tokens int64 (B, T), ``seen`` bool (B, T), where there are some, to μ and log σ² (B, D),
        float32."""
        x = F.dropout(self.embedding(tokens), self.dropout, self.training)
        hidden = ~seen[:, None, None, :]  # (B, 1, 1, T)
        for block in self.encoder:
            x, _kept = block(x, self.turns[:, : x.shape[1]], hidden, self.dropout)
        x = self.encoder_norm(x) * seen[:, :, None]
        pooled = x.float().sum(dim=1) / seen.sum(dim=1, keepdim=True)  # (B, W)
        mean, log_variance = self.moments(pooled).float().chunk(2, dim=1)
        return mean, log_variance.clamp(*LOG_VARIANCES)

    # --- writing --------------------------------------------------------------------------------------

    def decode(self, tokens: Tensor, z: Tensor | None, cache: Cache | None = None) -> Tensor:
        """Logits of the next token after each: tokens int64 (B, T), z (B, D) or None for a language model; (B, T, V).

        ``cache``: filled on the way and used from then on; ``tokens`` are then those that come after it.
        """
        past = cache[0][0].shape[2] if cache else 0
        length = tokens.shape[1]
        x = F.dropout(self.embedding(tokens), self.dropout, self.training)
        places = torch.arange(past, past + length, device=tokens.device)
        hidden = (torch.arange(past + length, device=tokens.device)[None] > places[:, None])[None, None]
        turns = self.turns[:, past : past + length]
        shifts = None if z is None else self.inject(z).unflatten(1, (len(self.decoder), 1, -1))  # (B, blocks, 1, W)
        kept: Cache = []
        for number, block in enumerate(self.decoder):
            if shifts is not None:
                x = x + shifts[:, number]
            x, pair = block(x, turns, hidden, self.dropout, cache[number] if cache else None)
            kept.append(pair)
        if cache is not None:
            cache[:] = kept
        found: Tensor = F.linear(self.decoder_norm(x), self.embedding.weight)
        return found
