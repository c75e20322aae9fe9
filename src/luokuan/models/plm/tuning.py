"""How a language model that was trained before goes on learning: from text, or from answers to prompts.

Both minimise -log p of the next token, by AdamW alone (Muon's author warns about fine-tuning with it) with a rise and a
linear fall of the rate; of an answer only its own tokens and its end count, not those of the prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.foundation.objective import Phase
from luokuan.foundation.optim import Schedule, adam, hold_then_fall
from luokuan.media import Text
from luokuan.models.plm.layout import Padded, Row, Rows, padded
from luokuan.models.plm.learning import PREVIEW, PlmLearning, verdict_on
from luokuan.models.plm.likelihood import TOGETHER, VALIDATED
from luokuan.models.plm.writing import context_of

if TYPE_CHECKING:
    from luokuan.models.plm.model import PlmModel

WARM_UP = 0.1
"""Share of the steps over which the rate rises, at most ``WARM_UP_STEPS``."""
WARM_UP_STEPS = 50
NUMBERS = 1 << 26
"""Most logits that a validation makes at a time: with a large vocabulary they, not the network, fill the memory."""


@dataclass(frozen=True, slots=True)
class TuneSettings:
    """How a trained model goes on.

    Args:
        rate: AdamW's highest rate.
        decay: Decoupled weight decay.
        beta: Of preferences: how dearly leaving the reference is paid.
        best: Whether the average is kept that did best on validation examples; else the last one.
    """

    rate: float
    decay: float = 0.0
    beta: float = 0.1
    best: bool = True


def warm_then_fall(rate: float) -> Schedule:
    """A rise over the first tenth of the steps, 50 at most, then a linear fall to zero."""

    def value(step: int, steps: int) -> float:
        warm_up = min(max(int(WARM_UP * steps), 1), WARM_UP_STEPS)
        return hold_then_fall(rate, warm_up=warm_up, decay_from=0.0)(step, steps)

    return value


def trained(network: nn.Module) -> list[nn.Parameter]:
    """The parameters that learn."""
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def optimiser_of(network: nn.Module, settings: TuneSettings) -> torch.optim.Optimizer:
    """AdamW for all that learns."""
    return adam(trained(network), rate=settings.rate, betas=(0.9, 0.999), decay=settings.decay)


def answer_nats(network: Any, rows: Padded) -> Tensor:
    """-log p of each token of the answers given all before it, 0 for other tokens: float32 (B, T - 1)."""
    logits = network(input_ids=rows.tokens[:, :-1], use_cache=False).logits  # (B, T - 1, V)
    wanted = torch.where(rows.counted, rows.tokens[:, 1:], -100)
    return F.cross_entropy(logits.float().transpose(1, 2), wanted, ignore_index=-100, reduction="none")


def portions(rows: Sequence[tuple[Row, ...]], words: int) -> Iterator[Sequence[tuple[Row, ...]]]:
    """``rows`` a few at a time, in order, so that their padded logits number ``NUMBERS`` at most (or one example's).

    Args:
        words: Size of the vocabulary.
    """
    most = max(min(TOGETHER, NUMBERS // words), 1)
    start, longest = 0, 0
    for place, pair in enumerate(rows):
        longest = max(longest, *(len(row.tokens) for row in pair))
        if place > start and (place - start + 1) * len(pair) * longest > most:
            yield rows[start:place]
            start, longest = place, max(len(row.tokens) for row in pair)
    if start < len(rows):
        yield rows[start:]


class Tuning:
    """What fine-tuning on examples has in common: one network, one optimiser, one phase.

    Args:
        model: The model that goes on; its network is changed.
        network: What learns: that network, perhaps with adapters.
        settings: How it learns.
        rows: What to learn from.
        held_out: The same for validation.
        device: Where the network lives.
    """

    name = "sft"

    def __init__(
        self,
        model: PlmModel,
        network: nn.Module,
        settings: TuneSettings,
        rows: Rows,
        *,
        held_out: Rows,
        device: str = "cpu",
    ) -> None:
        self._tokenizer, self.settings, self._device = model.tokenizer, settings, device
        self._rows, self._held_out = rows.rows, held_out.rows
        self._fill = int(model.tokenizer.eos_token_id)
        self._context = context_of(model)
        self._words = int(model.network.get_input_embeddings().weight.shape[0])
        self._network = network.to(device).train()
        self._optimiser = optimiser_of(self._network, settings)

    # --- what the loop asks ---------------------------------------------------------------------------

    def modules(self) -> Mapping[str, nn.Module]:
        """The network."""
        return {"model": self._network}

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        """AdamW."""
        return {"adam": self._optimiser}

    def averaged(self) -> Sequence[str]:
        """The average is what is kept."""
        return ("model",)

    def items(self) -> int:
        """Examples."""
        return len(self._rows)

    def batch(self, indices: NDArray[np.int64]) -> Any:
        """The examples at ``indices``."""
        return self._padded([self._rows[index][0] for index in indices])

    def phases(self, step: int, steps: int) -> Iterator[Phase]:
        """One."""
        rate = warm_then_fall(self.settings.rate)
        yield Phase(self.name, trained(self._network), self._optimiser, rate, self._loss, clip=1.0)

    def _loss(self, rows: Any, _part: int) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        return answer_nats(self._network, rows).sum() / rows.counted.sum(), {}

    def _padded(self, rows: Sequence[Row]) -> Padded:
        return padded(rows, fill=self._fill, device=self._device)

    # --- looking at it --------------------------------------------------------------------------------

    def validate(self, average: Mapping[str, nn.Module]) -> Mapping[str, float]:
        """-log p a token of held-out answers, nats; the first ones, up to 262,144 tokens with their prompts."""
        total, seen, examples = 0.0, 0, 0
        for part in portions(first_of(self._held_out), self._words):
            rows = self._padded([pair[0] for pair in part])
            total += float(answer_nats(average["model"], rows).double().sum())
            seen, examples = seen + int(rows.counted.sum()), examples + len(part)
        if not seen:
            return {}
        return {"examples": float(examples), "tokens": float(seen), "nats_per_token": total / seen}

    def preview(self, average: Mapping[str, nn.Module]) -> Text | None:
        """The first held-out prompt and what the model answers, the same each time for equal weights."""
        rows = self._held_out or self._rows
        prompt = rows[0][0].tokens[: rows[0][0].start]
        start = torch.from_numpy(prompt)[None].to(self._device)
        model: Any = average["model"]
        with torch.no_grad():
            written = model.generate(
                input_ids=start,
                attention_mask=torch.ones_like(start),
                do_sample=True,
                top_k=0,
                max_new_tokens=PREVIEW if self._context is None else min(PREVIEW, self._context - len(prompt)),
                pad_token_id=self._fill,
            )
        return Text(str(self._tokenizer.decode(written[0].tolist())))

    def verdict(self, history: Sequence[Mapping[str, Any]]) -> list[str]:
        """Whether it still improved or learnt by heart, in words."""
        return verdict_on(history)


def first_of(rows: Sequence[tuple[Row, ...]]) -> Sequence[tuple[Row, ...]]:
    """The first examples whose tokens are ``VALIDATED`` together at most, one at least."""
    total = 0
    for place, pair in enumerate(rows):
        total += sum(len(row.tokens) for row in pair)
        if total > VALIDATED and place:
            return rows[:place]
    return rows


class TextTuning(PlmLearning):
    """Going on with text: as in the first training, but by AdamW, with the rise and fall of fine-tuning.

    Args:
        tuned: How it learns.
        network: What learns.
        more: As for ``PlmLearning``.
    """

    def __init__(self, *more: Any, tuned: TuneSettings, network: nn.Module, **named: Any) -> None:
        self._tuned = tuned
        super().__init__(*more, model=network.train(), **named)

    def _chosen(self) -> dict[str, torch.optim.Optimizer]:
        return {"adam": optimiser_of(self.model, self._tuned)}

    def phases(self, step: int, steps: int) -> Iterator[Phase]:
        """One."""
        optimiser, rate = self.optimisers()["adam"], warm_then_fall(self._tuned.rate)
        yield Phase("text", trained(self.model), optimiser, rate, self._loss, clip=1.0)
