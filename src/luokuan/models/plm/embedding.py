"""Vectors of texts from a language model: the mean of its last hidden states over a text's tokens, of length 1.

Texts that say alike lie near each other, as far as the model has learnt what they say; a model that was trained for
such comparisons does better. What is taken is documented, and no more is claimed.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.models.plm.model import PlmModel
from luokuan.models.plm.writing import context_of, prompt_tokens


def embed(model: PlmModel, texts: Sequence[str]) -> tuple[Tensor, int]:
    """The vectors, float32 (N, width) on the CPU, and how many tokens were read.

    A text is read alone, without padding, so that its vector doesn't depend on the others.

    Raises:
        UserError: a text is empty, holds half a character or more tokens than the model can look at.
    """
    rows = [prompt_tokens(model, text) for text in texts]
    most = context_of(model)
    for row in rows:
        if len(row) < 2:
            raise UserError(_("A text is empty."), _("Leave it out."), code="embedding.empty")
        if most is not None and len(row) > most:
            raise UserError(
                _("A text has {count} tokens, and {most} may be.", count=len(row) - 1, most=most - 1),
                _("Cut it into parts."),
                code="prompt.too_long",
            )
    with torch.inference_mode():
        found = torch.stack([_mean(model, row) for row in rows])  # (N, width)
    return torch.nn.functional.normalize(found, dim=1), sum(len(row) - 1 for row in rows)


def _mean(model: PlmModel, row: list[int]) -> Tensor:
    states = model.network.base_model(input_ids=torch.tensor([row]), use_cache=False).last_hidden_state  # (1, T, width)
    # Without the mark that begins a document, which is the same for all.
    mean: Tensor = states[0, 1:].float().mean(0)
    return mean
