"""How an encoder-decoder learns, as the training loop plays it: one phase, cross-entropy with label smoothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.foundation.compute import mix_seed
from luokuan.foundation.objective import Phase
from luokuan.foundation.optim import Together, hold_then_fall, muon
from luokuan.media import Text
from luokuan.models.plm.learning import verdict_on
from luokuan.models.seq2seq.material import IGNORED, Padded, Row, by_length, padded

if TYPE_CHECKING:
    from transformers import MarianConfig

GROUP = 64
"""Rows that go through the network at a time."""
SHOWN = 4
"""Sentences of a preview, in each direction."""


@dataclass(frozen=True, slots=True)
class Seq2SeqSettings:
    """How an encoder-decoder learns.

    Args:
        rate: AdamW's rate of embeddings, biases and scales.
        muon: Muon's rate of the hidden matrices, as a multiple of it.
        warm_up: First steps over which the rate rises.
        decay_from: Progress (0..1) from which the rate falls linearly to zero.
        smoothing: ε of label smoothing: so much of a target's probability is spread over the vocabulary (Szegedy et al.
            2016, arXiv 1512.00567, section 7).
    """

    rate: float = 3e-3
    muon: float = 20 / 3
    warm_up: int = 100
    decay_from: float = 0.4
    smoothing: float = 0.1


def new_model(config: MarianConfig) -> nn.Module:
    """A network with random weights, in training mode. Projections back to the stream begin at zero, so that each part
    begins as the identity."""
    from transformers import MarianMTModel

    model = MarianMTModel(config)
    # PyTorch's fused attention takes longer on CPUs for sentences of ten words.
    model.set_attn_implementation("eager")
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(("out_proj.weight", "fc2.weight")):
                parameter.zero_()
    found: nn.Module = model.train()
    return found


def logits_of(model: Any, rows: Padded) -> Tensor:
    """Logits at the counted places, (N, V). Marian's bias of the logits isn't looked at: here it stays zero."""
    hidden = model.model(
        input_ids=rows.sources, attention_mask=rows.seen, decoder_input_ids=rows.inputs, use_cache=False
    ).last_hidden_state
    found: Tensor = model.lm_head(hidden.flatten(0, 1)[rows.counted])
    return found


class Seq2SeqLearning:
    """An encoder-decoder as an objective of the training loop. An item is a pair in one direction.

    Args:
        model: The network, in training mode.
        settings: How it learns.
        rows: What to learn from.
        held_out: The same for validation; may be empty.
        pad: The token that fills up and begins.
        translate: Network and rows to texts, for previews.
        device: Where the network lives.
    """

    def __init__(
        self,
        model: nn.Module,
        settings: Seq2SeqSettings,
        rows: Sequence[Row],
        *,
        held_out: Sequence[Row],
        pad: int,
        translate: Callable[[nn.Module, Sequence[Row]], list[str]],
        device: str = "cpu",
    ) -> None:
        self.settings, self._rows, self._held_out = settings, rows, held_out
        self._pad, self._translate, self._device = pad, translate, device
        self.model = model.to(device)
        named = {name: p for name, p in self.model.named_parameters() if p.requires_grad}
        matrices = [p for name, p in named.items() if p.ndim == 2 and ".layers." in name]
        known = {id(p) for p in matrices}
        others = [p for p in named.values() if id(p) not in known]
        pair = muon(matrices, others, rate=settings.rate, factor=settings.muon)
        self._optimisers = dict(zip(("muon", "adam"), pair, strict=True))

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
        """Pairs in all directions."""
        return len(self._rows)

    def batch(self, indices: NDArray[Any]) -> list[Padded]:
        """The rows at ``indices``, in groups of about one length."""
        groups = by_length([self._rows[index] for index in indices.tolist()], GROUP)
        return [padded(group, pad=self._pad, device=self._device) for group in groups]

    def phases(self, step: int, steps: int) -> Iterator[Phase]:
        """One."""
        settings = self.settings
        rate = hold_then_fall(settings.rate, warm_up=settings.warm_up, decay_from=settings.decay_from)
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        together = Together(*self._optimisers.values())
        yield Phase("seq2seq", parameters, together, rate, self._loss, clip=1.0)

    def _loss(self, groups: list[Padded], _part: int) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        """The mean over all target tokens of the groups together, as if they had been one batch."""
        count = sum(group.tokens for group in groups)
        total = torch.zeros((), device=self._device)
        for group in groups:
            logits = logits_of(self.model, group).float()
            total = total + F.cross_entropy(
                logits, group.targets, ignore_index=IGNORED, label_smoothing=self.settings.smoothing, reduction="sum"
            )
        return total / count, {"tokens": float(count)}

    # --- looking at it --------------------------------------------------------------------------------

    def validate(self, average: Mapping[str, nn.Module]) -> Mapping[str, float]:
        """-log p a target token of the held-out pairs, nats, without smoothing: in all, and into each language."""
        return likelihood(average["model"], self._held_out, pad=self._pad, device=self._device)

    def preview(self, average: Mapping[str, nn.Module]) -> Text | None:
        """The first held-out sentences of each direction, as the model translates them token by likeliest token."""
        first: dict[str, list[Row]] = {}
        for row in self._held_out:
            first.setdefault(row.to, []).append(row)
        rows = [row for found in first.values() for row in found[:SHOWN]]
        if not rows:
            return None
        return Text("\n".join(self._translate(average["model"], rows)))

    def verdict(self, history: Sequence[Mapping[str, Any]]) -> list[str]:
        """Whether it still improved or learnt by heart, in words."""
        return verdict_on(history)


@torch.no_grad()
def likelihood(model: nn.Module, rows: Sequence[Row], *, pad: int, device: str = "cpu") -> dict[str, float]:
    """``nats_per_token`` over all targets, ``nats_per_token_to_LANGUAGE`` into each, and how many ``tokens``; empty for
    no rows."""
    sums: dict[str, list[float]] = {}
    for to in dict.fromkeys(row.to for row in rows):
        for group in by_length([row for row in rows if row.to == to], GROUP):
            part = padded(group, pad=pad, device=device)
            nats = float(
                F.cross_entropy(logits_of(model, part).float(), part.targets, ignore_index=IGNORED, reduction="sum")
            )
            found = sums.setdefault(to, [0.0, 0.0])
            found[0], found[1] = found[0] + nats, found[1] + part.tokens
    if not sums:
        return {}
    nats, tokens = (sum(found[place] for found in sums.values()) for place in (0, 1))
    return {
        "nats_per_token": nats / tokens,
        **{f"nats_per_token_to_{to}": found[0] / found[1] for to, found in sums.items()},
        "tokens": tokens,
    }


def seeded_model(config: MarianConfig, seed: int) -> nn.Module:
    """``new_model`` with the weights of a seed."""
    torch.manual_seed(mix_seed(seed, "weights"))
    return new_model(config)
