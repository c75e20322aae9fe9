"""The transformer over a codec's tokens.

The cells of a clip are those of its frames, one frame after the other; beside the cell before it, each is told at once
what stood at its place a frame ago, so that nothing has to be looked for where nothing moves.

A cell of C channels is one position. Its channels are drawn one after the other, each given those before it, by a small
head: p(cell | earlier cells) = Π_c p(channel c | channels before c, earlier cells).

Blocks: pre-norm, RMSNorm (Zhang & Sennrich 2019, arXiv 1910.07467), queries and keys normalised (Henry et al. 2020,
arXiv 2010.04245), GELU (Hendrycks & Gimpel 2016, arXiv 1606.08415), projections back to the stream zero at the start.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.models.prior.condition import prefix_shape
from luokuan.models.prior.config import PriorConfig

EXPANSION = 4
HEAD = 256
"""Width of the hidden layer from which a channel's logits are read."""
WORD = 64
"""Numbers a word of a caption: in whole vectors, a vocabulary of thousands would weigh as much as a block."""
QUICKER = 10.0
"""How much quicker than the rest the words' vectors learn: most words are rarely seen. They are kept at this fraction
of their size, and Adam's steps don't depend on size."""


class Attention(nn.Module):
    """Multi-head self-attention over (B, T, W); causal, or to all positions."""

    def __init__(self, width: int, heads: int, *, causal: bool) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        nn.init.normal_(self.qkv.weight, std=1 / math.sqrt(width))
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Tensor, past: tuple[Tensor, Tensor] | None = None, start: int = 0) -> Tensor:
        """x (B, T, W) to (B, T, W).

        Args:
            past: Keys and values of earlier positions, (B, heads, capacity, W/heads) each; filled in place.
            start: Position of x[:, 0], with ``past``.
        """
        q, k, v = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # (B, heads, T, W/heads) each
        q, k = (F.rms_norm(a, a.shape[-1:]) for a in (q, k))
        length = x.shape[1]
        if past is not None:
            keys, values = past
            keys[:, :, start : start + length] = k
            values[:, :, start : start + length] = v
            k, v = keys[:, :, : start + length], values[:, :, : start + length]
        # Plain products: on a CPU the backward of PyTorch's fused attention is slower for grids this small.
        scores = (q * q.shape[-1] ** -0.5) @ k.to(q.dtype).transpose(2, 3)  # (B, heads, T, positions)
        if self.causal and length > 1:  # one new position may look at all that is kept
            later = torch.ones(length, k.shape[2], dtype=torch.bool, device=x.device).triu(1 + k.shape[2] - length)
            scores = scores.masked_fill(later, -math.inf)
        found = scores.softmax(-1).to(q.dtype) @ v.to(q.dtype)
        out: Tensor = self.out(found.transpose(1, 2).flatten(2))
        return out


class Block(nn.Module):
    """x + attention(norm(x)), then + feed-forward(norm(x)); what is added goes through dropout while training."""

    def __init__(self, config: PriorConfig, dropout: float = 0.0) -> None:
        super().__init__()
        width, self.dropout = config.width, dropout
        self.attention = Attention(width, config.heads, causal=config.order == "autoregressive")
        self.norms = nn.ModuleList(nn.RMSNorm(width) for _ in range(2))
        self.rise = nn.Linear(width, EXPANSION * width, bias=False)
        self.fall = nn.Linear(EXPANSION * width, width, bias=False)
        nn.init.normal_(self.rise.weight, std=1 / math.sqrt(width))
        nn.init.zeros_(self.fall.weight)

    def forward(self, x: Tensor, past: tuple[Tensor, Tensor] | None = None, start: int = 0) -> Tensor:
        """x (B, T, W) to (B, T, W); see ``Attention``."""
        x = x + self._dropped(self.attention(self.norms[0](x), past, start))
        return x + self._dropped(self.fall(F.gelu(self.rise(self.norms[1](x)), approximate="tanh")))

    def _dropped(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout) if self.training and self.dropout else x


class Heads(nn.Module):
    """A position's vector to the logits of each channel, given the channels before it."""

    def __init__(self, config: PriorConfig) -> None:
        super().__init__()
        levels, width = config.levels, config.width
        self.levels, self.largest = levels, max(levels)
        channels = len(levels)
        self.known = nn.Parameter(torch.randn(channels - 1, self.largest, width) * 0.5) if channels > 1 else None
        self.rise = nn.Parameter(torch.randn(channels, width, HEAD) / math.sqrt(width))
        self.fall = nn.Parameter(torch.zeros(channels, HEAD, self.largest))
        limits = torch.tensor(levels).view(-1, 1, 1)
        self.register_buffer("absent", torch.arange(self.largest).view(1, 1, -1) >= limits, persistent=False)
        self.absent: Tensor

    def forward(self, h: Tensor, tokens: Tensor) -> Tensor:
        """All channels at once, with the true tokens known.

        Args:
            h: (N, W).
            tokens: int64 (N, C).

        Returns:
            Logits, float32 (C, N, most levels); -inf beyond a channel's levels.
        """
        rows = [h]
        for channel in range(len(self.levels) - 1):
            rows.append(self.told(rows[-1], channel, tokens[:, channel]))
        return self._logits(torch.stack(rows), self.rise, self.fall).masked_fill(self.absent, -math.inf)

    def one(self, h: Tensor, channel: int) -> Tensor:
        """Logits of ``channel``, float32 (N, its levels), of h (N, W), to which ``told`` has added what is known."""
        found = self._logits(h.unsqueeze(0), self.rise[channel : channel + 1], self.fall[channel : channel + 1])
        return found[0, :, : self.levels[channel]]

    def told(self, h: Tensor, channel: int, tokens: Tensor) -> Tensor:
        """h (N, W) with the ``tokens`` (N,) of ``channel`` known."""
        if self.known is None or channel == len(self.levels) - 1:
            return h
        return h + F.embedding(tokens, self.known[channel])

    @staticmethod
    def _logits(x: Tensor, rise: Tensor, fall: Tensor) -> Tensor:
        hidden = F.gelu(torch.matmul(x, rise), approximate="tanh")  # (C, N, HEAD)
        return torch.matmul(hidden, fall).float()


class Words(nn.Module):
    """Vectors of words, ``WORD`` numbers each, mapped to the width of the stream: one by one for the prefix, and their
    mean for every position, so that no cell has to look for what is asked."""

    def __init__(self, vocabulary: int, width: int) -> None:
        super().__init__()
        self.rows = nn.Embedding(vocabulary, WORD)
        self.map = nn.Linear(WORD, width, bias=False)
        self.mean = nn.Linear(WORD, width, bias=False)
        nn.init.normal_(self.rows.weight, std=1 / QUICKER)
        for layer in (self.map, self.mean):
            nn.init.normal_(layer.weight, std=0.5 / math.sqrt(WORD))

    def forward(self, prefix: Tensor) -> Tensor:
        """int64 (B, P) to (B, P, W)."""
        found: Tensor = self.map(self._vectors(prefix)) + self.whole(prefix)
        return found

    def whole(self, prefix: Tensor) -> Tensor:
        """What the caption says as a whole, (B, 1, W); zero where it says nothing."""
        said = (prefix != 0).unsqueeze(2)  # (B, P, 1)
        mean = (self._vectors(prefix) * said).sum(1) / said.sum(1).clamp_min(1)
        found: Tensor = self.mean(mean).unsqueeze(1)
        return found

    def _vectors(self, prefix: Tensor) -> Tensor:
        found: Tensor = QUICKER * self.rows(prefix)
        return found


class Prior(nn.Module):
    """Condition and cells to a vector a cell, from which ``heads`` reads the cell's distribution.

    Args:
        config: Its shape.
        dropout: Share of the blocks' outputs that is dropped while training (Srivastava et al. 2014, JMLR 15).
    """

    def __init__(self, config: PriorConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.causal = config.order == "autoregressive"
        vocabulary, self.prefix = prefix_shape(config)
        text = config.condition == "text"
        self.condition: nn.Embedding | Words = Words(vocabulary, width) if text else nn.Embedding(vocabulary, width)
        self.offsets: list[int] = [sum(config.levels[:c]) for c in range(len(config.levels))]
        self.cells = nn.Embedding(sum(config.levels) + 1, width)  # the last row: a masked cell
        self.places = nn.Parameter(torch.randn(self.prefix + config.cells**2, width) * 0.02)
        moves = config.frames > 1
        self.times = nn.Parameter(torch.randn(config.frames, width) * 0.02) if moves else None
        self.ago = nn.Embedding(sum(config.levels) + 1, width) if moves and self.causal else None
        self.blocks = nn.ModuleList(Block(config, dropout) for _ in range(config.layers))
        self.norm = nn.RMSNorm(width)
        self.heads = Heads(config)
        if isinstance(self.condition, nn.Embedding):
            nn.init.normal_(self.condition.weight, std=0.5)
        for table in (self.cells, self.ago):
            if table is not None:
                nn.init.normal_(table.weight, std=1 / math.sqrt(len(config.levels)))

    def embed(self, tokens: Tensor, hidden: Tensor | None = None) -> Tensor:
        """Tokens (B, T, C) to (B, T, W); where ``hidden`` (B, T) is true, the vector of a masked cell."""
        return self._embedded(self.cells, tokens, hidden)

    def _embedded(self, table: nn.Embedding, tokens: Tensor, hidden: Tensor | None) -> Tensor:
        offsets = torch.tensor(self.offsets, device=tokens.device)
        x: Tensor = table(tokens + offsets).sum(2)
        if hidden is not None:
            x = torch.where(hidden.unsqueeze(2), table.weight[-1], x)
        return x

    def next_input(self, tokens: Tensor, cell: int) -> Tensor:
        """What the autoregressive prior is given after ``cell`` to predict the next one, (B, 1, W): tokens (B, cells,
        C), of which those up to ``cell`` are known."""
        x = self.embed(tokens[:, cell : cell + 1])
        ago = cell + 1 - self.config.cells**2
        if self.ago is not None and ago >= 0:
            x = x + self._embedded(self.ago, tokens[:, ago : ago + 1], None)
        return x

    def forward(self, prefix: Tensor, tokens: Tensor, hidden: Tensor | None = None) -> Tensor:
        """A vector for each cell.

        Args:
            prefix: Condition, int64 (B, P).
            tokens: int64 (B, cells, C). The autoregressive prior looks at cell i's own tokens only from i + 1 on.
            hidden: Cells to be guessed, bool (B, cells); for the masked prior.

        Returns:
            (B, cells, W).
        """
        told = self.condition(prefix)  # (B, P, W)
        known = self.embed(tokens[:, :-1] if self.causal else tokens, hidden)
        if self.ago is not None:
            far = self.config.cells**2
            seen = None if hidden is None else hidden[:, : tokens.shape[1] - far]
            before = self._embedded(self.ago, tokens[:, :-far], seen)  # of the cells from the second frame on
            known = torch.cat([known[:, : far - 1], known[:, far - 1 :] + before], dim=1)
        known = self.beside(prefix, known)
        x = torch.cat([told, known], dim=1)
        x = x + self._placed()[: x.shape[1]]
        for block in self.blocks:
            x = block(x)
        # Shifted by one: the position before a cell predicts it.
        start = self.prefix - 1 if self.causal else self.prefix
        out: Tensor = self.norm(x[:, start:])
        return out

    def _placed(self) -> Tensor:
        """A vector for each position: the prefix, then place and time of each cell, (P + cells, W)."""
        if self.times is None:
            return self.places
        grid = self.times.unsqueeze(1) + self.places[self.prefix :]  # (frames, cells², W)
        return torch.cat([self.places[: self.prefix], grid.flatten(0, 1)])

    def beside(self, prefix: Tensor, x: Tensor) -> Tensor:
        """Embedded cells x (B, T, W) with what the prefix says as a whole."""
        return x + self.condition.whole(prefix) if isinstance(self.condition, Words) else x

    @property
    def told(self) -> nn.Embedding:
        """The table with a row for each number of a prefix."""
        return self.condition.rows if isinstance(self.condition, Words) else self.condition

    def new_past(self, batch: int) -> list[tuple[Tensor, Tensor]]:
        """Room for the keys and values of all positions, a pair a block."""
        config, place = self.config, self.places
        shape = (batch, config.heads, self.prefix + config.positions, config.width // config.heads)
        return [(place.new_zeros(shape), place.new_zeros(shape)) for _ in self.blocks]

    def extend(self, x: Tensor, past: list[tuple[Tensor, Tensor]], start: int) -> Tensor:
        """Embedded positions ``start`` … of x (B, T, W) after the ``past``; the vector of the last one, (B, W)."""
        x = x + self._placed()[start : start + x.shape[1]]
        for block, kept in zip(self.blocks, past, strict=True):
            x = block(x, kept, start)
        out: Tensor = self.norm(x[:, -1])
        return out
