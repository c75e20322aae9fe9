"""How a language model learns, as the training loop plays it: one phase, cross-entropy of the next token."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.foundation.compute import mix_seed
from luokuan.foundation.objective import Phase
from luokuan.foundation.optim import Together, hold_then_fall, muon
from luokuan.i18n import _
from luokuan.media import Picture, Text
from luokuan.models.plm.likelihood import likelihood, nats_of
from luokuan.models.plm.shards import Stream

if TYPE_CHECKING:
    from transformers import Qwen3Config

PREVIEW = 256
"""Tokens of a preview, at most the context."""


BACK = ("o_proj", "down_proj", "c_proj", "out_proj", "fc2")
"""How layers are called that project back to the stream, in the architectures of transformers."""


@dataclass(frozen=True, slots=True)
class PlmSettings:
    """How a language model learns.

    Args:
        rate: AdamW's rate of embeddings, head and scales.
        muon: Muon's rate of the hidden matrices, as a multiple of it.
        warm_up: First steps over which the rate rises.
        decay_from: Progress (0..1) from which the rate falls linearly to zero.
        weight_decay: Of the hidden matrices.
        dropout: Share of the embeddings, and of the outputs of attention and feed-forward layers, that is dropped
            while training (Srivastava et al. 2014, JMLR 15).
    """

    rate: float = 3e-3
    muon: float = 20 / 3
    warm_up: int = 50
    decay_from: float = 0.4
    weight_decay: float = 0.0
    dropout: float = 0.0


def new_model(config: Qwen3Config, *, dropout: float = 0.0) -> nn.Module:
    """A language model with random weights, in training mode.

    Projections back to the stream and the head begin at zero or nearly so: each block begins as the identity and every
    token is equally likely (as in modded-nanogpt, github.com/KellerJordan/modded-nanogpt).
    """
    from transformers import Qwen3ForCausalLM

    model = Qwen3ForCausalLM(config)
    with torch.no_grad():
        for block in model.model.layers:
            block.self_attn.o_proj.weight.zero_()
            block.mlp.down_proj.weight.zero_()
        if not config.tie_word_embeddings:
            model.lm_head.weight.normal_(std=1e-3)
    add_dropout(model, dropout)
    found: nn.Module = model.train()
    return found


def add_dropout(model: Any, share: float) -> None:
    """Drop a share of the embeddings, and of the outputs of attention and feed-forward layers, while ``model``, a
    causal language model of transformers, is trained: Qwen3 has dropout in the attention's weights only."""
    if not share:
        return
    model.get_input_embeddings().register_forward_hook(_Dropped(share))
    for name, layer in model.named_modules():
        if name.rpartition(".")[2] in BACK:
            layer.register_forward_hook(_Dropped(share))


class _Dropped:
    """A forward hook that drops a share of a layer's outputs while it is trained."""

    def __init__(self, share: float) -> None:
        self.share = share

    def __call__(self, layer: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        return F.dropout(output, self.share) if layer.training else output


class PlmLearning:
    """A language model as an objective of the training loop. An item is a window of ``context`` tokens.

    Args:
        config: Shape of the network.
        settings: How it learns.
        stream: What to learn from, at least ``context`` + 1 tokens.
        held_out: The same for validation, or None.
        context: Tokens of a window.
        decode: Token numbers to text, for previews.
        device: Where the network lives.
        seed: Of the initial weights.
        model: A network to go on with, in training mode; None: a new one.
        end: The token that begins documents; None: that which ``config`` says.
    """

    def __init__(
        self,
        config: Qwen3Config,
        settings: PlmSettings,
        stream: Stream,
        *,
        held_out: Stream | None,
        context: int,
        decode: Callable[[list[int]], str],
        device: str = "cpu",
        seed: int = 0,
        model: nn.Module | None = None,
        end: int | None = None,
    ) -> None:
        if len(stream.tokens) <= context:
            raise ValueError("fewer tokens than a window has")
        self.settings, self._stream, self._held_out = settings, stream, held_out
        self._context, self._decode, self._device = context, decode, device
        self._end = int(config.eos_token_id) if end is None else end
        torch.manual_seed(mix_seed(seed, "weights"))
        self.model = (new_model(config, dropout=settings.dropout) if model is None else model).to(device)
        self._optimisers = self._chosen()

    def _chosen(self) -> dict[str, torch.optim.Optimizer]:
        """The optimisers by name."""
        settings = self.settings
        named = dict(self.model.named_parameters())
        matrices = [p for name, p in named.items() if p.ndim == 2 and ".layers." in name]
        known = {id(p) for p in matrices}
        others = [p for p in named.values() if id(p) not in known]
        pair = muon(matrices, others, rate=settings.rate, factor=settings.muon, decay=settings.weight_decay)
        return dict(zip(("muon", "adam"), pair, strict=True))

    # --- what the loop asks ---------------------------------------------------------------------------

    def modules(self) -> Mapping[str, nn.Module]:
        """The transformer."""
        return {"model": self.model}

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        """Muon for the hidden matrices, AdamW for the rest."""
        return self._optimisers

    def averaged(self) -> Sequence[str]:
        """The average is what is kept."""
        return ("model",)

    def items(self) -> int:
        """Windows that don't overlap."""
        return (len(self._stream.tokens) - 1) // self._context

    def batch(self, indices: NDArray[np.int64]) -> Tensor:
        """The windows at ``indices``, each moved on by a random part of its length, with the token after them:
        int64 (B, context + 1)."""
        moved = torch.randint(self._context, (len(indices),)).numpy()
        last = len(self._stream.tokens) - self._context - 1
        starts = np.minimum(indices * self._context + moved, last)
        rows = np.stack([self._stream.tokens[start : start + self._context + 1] for start in starts])
        return torch.from_numpy(rows.astype(np.int64)).to(self._device)

    def phases(self, step: int, steps: int) -> Iterator[Phase]:
        """One."""
        settings = self.settings
        rate = hold_then_fall(settings.rate, warm_up=settings.warm_up, decay_from=settings.decay_from)
        together = Together(*self._optimisers.values())
        yield Phase("plm", list(self.model.parameters()), together, rate, self._loss, clip=1.0)

    def _loss(self, rows: Tensor, _part: int) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        return self._nats(self.model, rows).mean(), {}

    def _nats(self, model: nn.Module, rows: Tensor) -> Tensor:
        """-log p of each token of ``rows`` (B, T + 1) but the first, given its document so far, (B·T,)."""
        return nats_of(model, rows, self._end)

    # --- looking at it --------------------------------------------------------------------------------

    def validate(self, average: Mapping[str, nn.Module]) -> Mapping[str, float]:
        """-log p a token of at most 262,144 held-out tokens, nats, in windows that don't overlap and are spread evenly;
        and the same in bits a byte of text, which compares tokenizers where no character is unknown to them."""
        held = self._held_out
        if held is None:
            return {}
        return likelihood(average["model"], held, self._context, self._end, device=self._device)

    def preview(self, average: Mapping[str, nn.Module]) -> Picture | Text | None:
        """A text as the model draws it from its distribution, the same each time for equal weights."""
        model: Any = average["model"]
        start = torch.tensor([[self._end]], device=self._device)
        with torch.no_grad():
            rows = model.generate(
                start,
                attention_mask=torch.ones_like(start),
                do_sample=True,
                top_k=0,
                max_new_tokens=min(PREVIEW, self._context - 1),
                pad_token_id=self._end,
            )
        return Text(self._decode(rows[0, 1:].tolist()))

    def verdict(self, history: Sequence[Mapping[str, Any]]) -> list[str]:
        """Whether it still improved or learnt by heart, in words."""
        return verdict_on(history)


def verdict_on(history: Sequence[Mapping[str, Any]]) -> list[str]:
    """What ``validation/nats_per_token`` says of a run, in words."""
    seen = [row for row in history if "validation/nats_per_token" in row]
    if len(seen) < 2:
        return []
    costs = [float(row["validation/nats_per_token"]) for row in seen]
    best = costs.index(min(costs))
    if costs[-1] > costs[best] + 0.02:
        return [
            _(
                "After step {best} of {steps} held-out text was predicted worse: from there on it learns its text "
                "by heart.",
                best=seen[best]["step"],
                steps=seen[-1]["step"],
            )
        ]
    if best == len(costs) - 1 and costs[-2] > costs[-1] + 0.01:
        return [_("It was still improving at the end: a longer run would give better text.")]
    return []
