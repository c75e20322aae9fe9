"""From latent vectors to sentences, token by token."""

from __future__ import annotations

import torch
from torch import Tensor

from luokuan.foundation.compute import one_thread
from luokuan.models.vae.text.networks import Cache, TextVaeNetwork

TOGETHER = 64
"""Sentences written together."""


@one_thread()
@torch.no_grad()
def write(
    network: TextVaeNetwork,
    z: Tensor,
    *,
    temperature: float = 0.0,
    top_p: float = 1.0,
    generators: list[torch.Generator] | None = None,
    forbidden: tuple[int, ...] = (),
) -> list[list[int]]:
    """Tokens of one sentence for each z, without its end; at most ``context`` - 1.

    Args:
        z: (N, D).
        temperature: 0: the likeliest token each time; else logits are divided by it and a token is drawn.
        top_p: Only the likeliest tokens with this probability together (Holtzman et al. 2020, arXiv 1904.09751).
        generators: One for each z where tokens are drawn, so that a sentence doesn't depend on its neighbours.
        forbidden: Tokens that are never written, such as that for unknown characters.
    """
    found: list[list[int]] = []
    for start in range(0, len(z), TOGETHER):
        streams = None if generators is None else generators[start : start + TOGETHER]
        found += _together(network, z[start : start + TOGETHER], temperature, top_p, streams, forbidden)
    return found


def _together(
    network: TextVaeNetwork,
    z: Tensor,
    temperature: float,
    top_p: float,
    generators: list[torch.Generator] | None,
    forbidden: tuple[int, ...],
) -> list[list[int]]:
    config = network.config
    tokens = torch.full((len(z), 1), config.end, dtype=torch.int64, device=z.device)
    found: list[list[int]] = [[] for _row in range(len(z))]
    open_rows = torch.ones(len(z), dtype=torch.bool)
    cache: Cache = []
    for place in range(config.context - 1):
        logits = network.decode(tokens, z, cache)[:, -1].float().cpu()  # (N, V)
        logits[:, config.tokens :] = -torch.inf
        logits[:, list(forbidden)] = -torch.inf
        if not place:
            logits[:, config.end] = -torch.inf  # an empty sentence is none
        chosen = logits.argmax(dim=1) if temperature == 0 else _drawn(logits / temperature, top_p, generators)
        for row in open_rows.nonzero().flatten().tolist():
            if int(chosen[row]) == config.end:
                open_rows[row] = False
            else:
                found[row].append(int(chosen[row]))
        if not bool(open_rows.any()):
            break
        tokens = chosen[:, None].to(z.device)
    return found


def _drawn(logits: Tensor, top_p: float, generators: list[torch.Generator] | None) -> Tensor:
    """A token for each row (N, V), by inverting the distribution function at a uniform number of the row's stream."""
    odds, order = logits.double().softmax(dim=1).sort(dim=1, descending=True)
    before = odds.cumsum(dim=1) - odds
    odds = odds.masked_fill(before >= top_p, 0)  # the likeliest one always stays
    shares = torch.stack(
        [torch.rand((), dtype=torch.float64, generator=generators[n] if generators else None) for n in range(len(odds))]
    )
    edges = odds.cumsum(dim=1)
    place = torch.searchsorted(edges, (shares * edges[:, -1])[:, None], right=True)[:, 0]
    last = (odds > 0).sum(dim=1) - 1
    return order.gather(1, torch.minimum(place, last)[:, None])[:, 0]
