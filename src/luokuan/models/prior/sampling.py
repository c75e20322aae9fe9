"""Drawing the tokens of pictures from a prior.

All randomness comes in as uniform numbers, so that a picture depends on its own seed and on nothing else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from luokuan.models.prior.networks import Prior


@dataclass(frozen=True, slots=True)
class Manner:
    """How to draw.

    Args:
        temperature: Divides the logits; below 1 favours what is probable.
        guidance: s in logits = u + s·(c - u), with c given the condition and u without it (Ho & Salimans 2022, arXiv
            2207.12598); 1 is no guidance.
        rounds: Parallel rounds of the masked prior.
    """

    temperature: float = 1.0
    guidance: float = 1.0
    rounds: int = 12


@dataclass(frozen=True, slots=True)
class Given:
    """Cells that are already there.

    Args:
        tokens: int64 (B, cells, C).
        kept: bool (B, cells): true where they stay.
    """

    tokens: Tensor
    kept: Tensor


def numbers_needed(prior: Prior, manner: Manner) -> tuple[int, ...]:
    """Shape of the uniform numbers of one picture."""
    cells, channels = prior.config.positions, len(prior.config.levels)
    return (cells, channels) if prior.causal else (manner.rounds, cells, channels + 1)


@torch.no_grad()
def draw(prior: Prior, prefix: Tensor, uniforms: Tensor, manner: Manner, given: Given | None = None) -> Tensor:
    """Tokens of pictures.

    Args:
        prefix: Conditions, int64 (B, P).
        uniforms: In [0, 1), float64 (B, *numbers_needed).

    Returns:
        int64 (B, cells, C).
    """
    if prior.causal:
        return _one_by_one(prior, prefix, uniforms, manner, given)
    return _in_rounds(prior, prefix, uniforms, manner, given)


def _cell(prior: Prior, h: Tensor, without: Tensor | None, uniforms: Tensor, manner: Manner) -> tuple[Tensor, Tensor]:
    """One cell's channels in turn: tokens (N, C) and their log-probability (N,). h, without: (N, W)."""
    heads, tokens, total = prior.heads, [], torch.zeros(len(h), device=h.device)
    for channel in range(len(prior.config.levels)):
        logits = heads.one(h, channel)
        if without is not None:
            base = heads.one(without, channel)
            logits = base + manner.guidance * (logits - base)
        chances = (logits / manner.temperature).softmax(-1)  # (N, L)
        # The inverse of the cumulative distribution.
        edges = chances.double().cumsum(-1)
        token = (edges < uniforms[:, channel : channel + 1] * edges[:, -1:]).sum(-1).clamp_max(logits.shape[-1] - 1)
        total = total + chances.gather(1, token[:, None])[:, 0].clamp_min(1e-20).log()
        tokens.append(token)
        h = heads.told(h, channel, token)
        if without is not None:
            without = heads.told(without, channel, token)
    return torch.stack(tokens, dim=1), total


def _one_by_one(prior: Prior, prefix: Tensor, uniforms: Tensor, manner: Manner, given: Given | None) -> Tensor:
    count, guided = len(prefix), manner.guidance != 1
    cells, channels = prior.config.positions, len(prior.config.levels)
    tokens = torch.zeros(count, cells, channels, dtype=torch.int64, device=prefix.device)
    rows = torch.cat([prefix, torch.zeros_like(prefix)]) if guided else prefix
    past = prior.new_past(len(rows))
    h = prior.extend(prior.condition(rows), past, 0)
    for cell in range(cells):
        found, _chance = _cell(prior, h[:count], h[count:] if guided else None, uniforms[:, cell], manner)
        if given is not None:
            found = torch.where(given.kept[:, cell, None], given.tokens[:, cell], found)
        tokens[:, cell] = found
        if cell < cells - 1:
            x = prior.next_input(tokens, cell)  # (B, 1, W)
            x = prior.beside(rows, torch.cat([x, x]) if guided else x)
            h = prior.extend(x, past, prior.prefix + cell)
    return tokens


def _in_rounds(prior: Prior, prefix: Tensor, uniforms: Tensor, manner: Manner, given: Given | None) -> Tensor:
    """MaskGIT's decoding (arXiv 2202.04200, sec. 3.2): after round t of T a share of cos(π/2·t/T) of the cells,
    the least sure ones, are hidden again; Gumbel noise that fades out keeps the choice from being the same for all."""
    count, guided = len(prefix), manner.guidance != 1
    cells, channels = prior.config.positions, len(prior.config.levels)
    tokens = torch.zeros(count, cells, channels, dtype=torch.int64, device=prefix.device)
    hidden = torch.ones(count, cells, dtype=torch.bool, device=prefix.device)
    if given is not None:
        tokens, hidden = torch.where(given.kept[:, :, None], given.tokens, tokens), ~given.kept
    open_cells = hidden.sum(1)  # (B,)
    rows = torch.cat([prefix, torch.zeros_like(prefix)]) if guided else prefix
    for turn in range(manner.rounds):
        twice = (torch.cat([tokens, tokens]), torch.cat([hidden, hidden])) if guided else (tokens, hidden)
        h = prior(rows, *twice)  # (B or 2B, cells, W)
        flat = uniforms[:, turn].flatten(0, 1)  # (B·cells, C + 1)
        without = h[count:].flatten(0, 1) if guided else None
        found, chance = _cell(prior, h[:count].flatten(0, 1), without, flat, manner)
        tokens = torch.where(hidden[:, :, None], found.unflatten(0, (count, cells)), tokens)
        done = (turn + 1) / manner.rounds
        noise = -torch.log(-torch.log(flat[:, channels].clamp(1e-12, 1 - 1e-12)))
        sure = (chance + (1 - done) * channels * noise).view(count, cells).masked_fill(~hidden, math.inf)
        left = torch.floor(open_cells * math.cos(math.pi / 2 * done)).long()  # (B,)
        rank = sure.argsort(dim=1).argsort(dim=1)
        hidden = hidden & (rank < left[:, None])
        if not bool(hidden.any()):
            break
    return tokens


@torch.no_grad()
def log_probability(prior: Prior, prefix: Tensor, tokens: Tensor) -> Tensor:
    """log p(tokens | prefix) of each picture, nats, (B,), by the autoregressive prior; the masked prior's sum of
    log p(cell | all other cells) instead (its pseudo-likelihood, Besag 1975), one cell in eight hidden at a time."""
    if prior.causal:
        return _chances(prior, prior(prefix, tokens), tokens).sum(1)
    cells = tokens.shape[1]
    total = torch.zeros(len(tokens), device=tokens.device)
    for part in range(8):
        hidden = (torch.arange(cells, device=tokens.device) % 8 == part).expand(len(tokens), -1)
        total = total + (_chances(prior, prior(prefix, tokens, hidden), tokens) * hidden).sum(1)
    return total


def _chances(prior: Prior, h: Tensor, tokens: Tensor) -> Tensor:
    """log p of each cell's tokens, (B, cells), of their vectors h (B, cells, W)."""
    logits = prior.heads(h.flatten(0, 1), tokens.flatten(0, 1)).log_softmax(-1)  # (C, N, L)
    found = logits.gather(2, tokens.flatten(0, 1).T[:, :, None])[:, :, 0]  # (C, N)
    return found.sum(0).view(tokens.shape[:2])
