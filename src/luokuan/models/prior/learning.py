"""How a prior learns, as the training loop plays it: one phase, cross-entropy of the tokens."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.foundation.compute import mix_seed
from luokuan.foundation.objective import Phase
from luokuan.foundation.optim import Together, hold_then_fall, muon
from luokuan.i18n import _
from luokuan.media import Picture
from luokuan.models.prior.config import PriorConfig
from luokuan.models.prior.networks import Prior
from luokuan.models.prior.sampling import Manner, draw, numbers_needed

HELPFUL = 0.5
"""Nats a picture that a condition must spare to be of use. One of ten equal classes can spare log 10 = 2.3."""
VALIDATED = 512
"""Most held-out pictures that one validation looks at."""
SHEET = 40


@dataclass(frozen=True, slots=True)
class PriorSettings:
    """How a prior learns.

    Args:
        rate: AdamW's rate of embeddings and heads.
        muon: Muon's rate of the hidden matrices, as a multiple of it.
        warm_up: First steps over which the rate rises.
        decay_from: Progress (0..1) from which the rate falls linearly to zero.
        weight_decay: Of the hidden matrices.
        silence: Share of items told nothing, so that guidance has something to compare with.
        omit: Of the others, share of which each part of the condition is left out by chance: the model learns to do
            with less.
        blank: Share of the cells that the autoregressive prior can't see, drawn for each item from U(0, blank): it
            mustn't lean on its last cells alone, nor learn its pictures by heart.
        dropout: See ``Prior``.
    """

    rate: float = 2e-3
    muon: float = 10.0
    warm_up: int = 50
    decay_from: float = 0.4
    weight_decay: float = 0.05
    silence: float = 0.1
    omit: float = 0.5
    blank: float = 0.2
    dropout: float = 0.0


@dataclass(frozen=True, slots=True)
class Material:
    """Pictures as tokens.

    Args:
        tokens: (N, variants, C, h, w), unsigned; variants are mirrored pictures and crops.
        prefixes: What is known of each picture, in several ways, int64 (N, ways, P).
    """

    tokens: NDArray[Any]
    prefixes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.tokens)


def to_rows(tokens: NDArray[Any], device: str) -> Tensor:
    """(B, C, h, w) to int64 (B, h·w, C), row by row."""
    return torch.from_numpy(tokens.astype(np.int64)).to(device).flatten(2).transpose(1, 2).contiguous()


class PriorLearning:
    """A prior as an objective of the training loop.

    Args:
        config: Shape of the network.
        settings: How it learns.
        material: What to learn from.
        held_out: The same for validation; may be empty.
        choosing: Which of ``held_out`` choose the best average, bool (N,); default all. A test split has no part in it.
        decode: Tokens (N, C, h, w) to pictures uint8 (N, H, W, 3), for previews; None: there are none.
        device: Where the network lives.
        seed: Of the initial weights.
    """

    def __init__(
        self,
        config: PriorConfig,
        settings: PriorSettings,
        material: Material,
        *,
        held_out: Material,
        choosing: NDArray[np.bool_] | None = None,
        decode: Callable[[Tensor], NDArray[np.uint8]] | None,
        device: str = "cpu",
        seed: int = 0,
    ) -> None:
        self.config, self.settings = config, settings
        self._material, self._held_out, self._decode, self._device = material, held_out, decode, device
        self._choosing = np.ones(len(held_out), dtype=np.bool_) if choosing is None else choosing
        torch.manual_seed(mix_seed(seed, "weights"))
        self.prior = Prior(config, settings.dropout).to(device)
        matrices = [p for p in self.prior.blocks.parameters() if p.ndim == 2]
        known = {id(p) for p in matrices}
        others = [p for p in self.prior.parameters() if id(p) not in known]
        pair = muon(matrices, others, rate=settings.rate, factor=settings.muon, decay=settings.weight_decay)
        self._optimisers = dict(zip(("muon", "adam"), pair, strict=True))

    def learn_from(self, material: Material, held_out: Material) -> None:
        """Other tokens of as many items: those of a codec that has learnt meanwhile."""
        self._material, self._held_out = material, held_out

    # --- what the loop asks ---------------------------------------------------------------------------

    def modules(self) -> Mapping[str, nn.Module]:
        """The transformer."""
        return {"prior": self.prior}

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        """Muon for the hidden matrices, AdamW for the rest."""
        return self._optimisers

    def averaged(self) -> Sequence[str]:
        """The average is what is kept."""
        return ("prior",)

    def items(self) -> int:
        """Training pictures."""
        return len(self._material)

    def batch(self, indices: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """A variant of each picture at ``indices``: tokens int64 (B, cells, C) and prefixes int64 (B, P)."""
        chosen = np.sort(indices)
        variants = torch.randint(self._material.tokens.shape[1], (len(chosen),)).numpy()
        tokens = to_rows(self._material.tokens[chosen, variants], self._device)
        ways = torch.randint(self._material.prefixes.shape[1], (len(chosen),)).numpy()
        prefix = torch.from_numpy(self._material.prefixes[chosen, ways])
        return tokens, self._silenced(prefix).to(self._device)

    def _silenced(self, prefix: Tensor) -> Tensor:
        settings, count = self.settings, len(prefix)
        silent = torch.rand(count, 1) < settings.silence
        if self.config.condition in ("attributes", "text"):
            # Half of the items are told all, the others lose each part with a chance drawn for the item.
            chance = torch.where(torch.rand(count, 1) < settings.omit, torch.rand(count, 1), 0.0)
            silent = silent | (torch.rand(prefix.shape) < chance)
        return torch.where(silent, 0, prefix)

    def phases(self, step: int, steps: int) -> Iterator[Phase]:
        """One."""
        settings = self.settings
        rate = hold_then_fall(settings.rate, warm_up=settings.warm_up, decay_from=settings.decay_from)
        yield Phase(
            "prior",
            list(self.prior.parameters()),
            Together(*self._optimisers.values()),
            rate,
            self.loss,
            clip=1.0,
        )

    def _hidden(self, tokens: Tensor) -> Tensor:
        """Cells not seen: few for the autoregressive prior, a share of cos(π/2·u), u ~ U(0, 1), for the masked one
        (MaskGIT, arXiv 2202.04200, eq. 2); at least one. Bool (B, cells)."""
        count, cells = tokens.shape[:2]
        u = torch.rand(count, 1, device=tokens.device)
        share = self.settings.blank * u if self.prior.causal else torch.cos(math.pi / 2 * u)
        drawn = torch.rand(count, cells, device=tokens.device)
        return drawn < share if self.prior.causal else drawn <= torch.maximum(share, drawn.amin(1, keepdim=True))

    def loss(self, batch: tuple[Tensor, Tensor], _part: int) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        """-log p of the cells that are to be guessed, nats a cell."""
        tokens, prefix = batch
        hidden = self._hidden(tokens)
        if self.prior.causal:
            h = self.prior(prefix, tokens, hidden[:, :-1])  # (B, cells, W)
            nats = self._nats(self.prior, h.flatten(0, 1), tokens.flatten(0, 1))
        else:
            h = self.prior(prefix, tokens, hidden)
            nats = self._nats(self.prior, h[hidden], tokens[hidden])
        loss = nats.mean()
        return loss, {"nats_per_cell": loss.detach()}

    @staticmethod
    def _nats(prior: Prior, h: Tensor, tokens: Tensor) -> Tensor:
        """-log p of cells' tokens, (N,), of their vectors h (N, W) and tokens (N, C)."""
        logits = prior.heads(h, tokens)  # (C, N, L)
        costs = F.cross_entropy(logits.flatten(0, 1), tokens.T.flatten(), reduction="none")
        return costs.view(len(logits), -1).sum(0)

    # --- looking at it --------------------------------------------------------------------------------

    def validate(self, average: Mapping[str, nn.Module]) -> Mapping[str, float]:
        """-log p of a cell of at most 512 held-out pictures, nats, with and without their condition; the masked prior
        guesses the half of the cells of a chessboard. ``choosing_nats_per_cell`` is that of those which choose."""
        prior, count = average["prior"], min(len(self._held_out), VALIDATED)
        assert isinstance(prior, Prior)
        if not count:
            return {}
        told, untold = [], 0.0
        for start in range(0, count, 64):
            stop = min(start + 64, count)
            tokens = to_rows(self._held_out.tokens[start:stop, 0], self._device)
            prefix = torch.from_numpy(self._held_out.prefixes[start:stop, 0]).to(self._device)
            told.append(self._held_out_nats(prior, prefix, tokens).double().cpu())
            untold += float(self._held_out_nats(prior, torch.zeros_like(prefix), tokens).sum())
        nats, choosing = torch.cat(told), torch.from_numpy(self._choosing[:count])
        return {
            "pictures": float(count),
            "nats_per_cell": float(nats.mean()),
            "nats_per_cell_untold": untold / count,
            "choosing_nats_per_cell": float(nats[choosing if bool(choosing.any()) else slice(None)].mean()),
        }

    def _held_out_nats(self, prior: Prior, prefix: Tensor, tokens: Tensor) -> Tensor:
        """-log p a cell of each picture, (B,)."""
        if prior.causal:
            h = prior(prefix, tokens)
            return self._nats(prior, h.flatten(0, 1), tokens.flatten(0, 1)).view(len(tokens), -1).mean(1)
        side = self.config.cells
        board = (torch.arange(side)[:, None] + torch.arange(side)).flatten().repeat(self.config.frames) % 2 == 0
        hidden = board.to(tokens.device).expand(len(tokens), -1)
        h = prior(prefix, tokens, hidden)
        return self._nats(prior, h[hidden], tokens[hidden]).view(len(tokens), -1).mean(1)

    def preview(self, average: Mapping[str, nn.Module]) -> Picture | None:
        """A sheet of 5 rows of 8 samples with the conditions of as many pictures, the same each time."""
        if self._decode is None:
            return None
        prior = average["prior"]
        assert isinstance(prior, Prior)
        source = self._held_out if len(self._held_out) else self._material
        chosen = np.linspace(0, len(source) - 1, SHEET).round().astype(np.int64)
        prefix = torch.from_numpy(source.prefixes[chosen, 0]).to(self._device)
        uniforms = torch.rand(SHEET, *numbers_needed(prior, Manner()), dtype=torch.float64).to(self._device)
        rows = draw(prior, prefix, uniforms, Manner())  # (40, cells, C)
        side = self.config.cells
        pictures = self._decode(rows.transpose(1, 2).unflatten(2, (side, side)).cpu())  # (40, H, W, 3)
        edge = pictures.shape[1]
        sheet = pictures.reshape(5, 8, edge, edge, 3).transpose(0, 2, 1, 3, 4)
        return Picture(np.ascontiguousarray(sheet.reshape(5 * edge, 8 * edge, 3)))

    def verdict(self, history: Sequence[Mapping[str, Any]]) -> list[str]:
        """Whether it still improved, learnt by heart, or never listened to its condition, in words."""
        seen = [row for row in history if "validation/nats_per_cell" in row]
        if len(seen) < 2:
            return []
        costs = [float(row.get("validation/choosing_nats_per_cell", row["validation/nats_per_cell"])) for row in seen]
        found, best = [], seen[costs.index(min(costs))]
        if costs[-1] > min(costs) + 0.05:
            found.append(
                _(
                    "After step {best} of {steps} held-out pictures were predicted worse: from there on it learns its "
                    "pictures by heart.",
                    best=best["step"],
                    steps=seen[-1]["step"],
                )
            )
        elif costs[-1] == min(costs) and costs[-2] > costs[-1] + 0.02:
            found.append(_("It was still improving at the end: a longer run would give better pictures."))
        if self.config.condition != "none" and _spared(best) * self.config.positions < HELPFUL:
            found.append(_("What it is told of a picture hardly helps it: words will have little effect."))
        return found


def _spared(row: Mapping[str, Any]) -> float:
    """Nats a cell that the condition spares."""
    return float(row["validation/nats_per_cell_untold"] - row["validation/nats_per_cell"])
