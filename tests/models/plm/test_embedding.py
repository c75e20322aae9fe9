"""Vectors of texts from a language model."""

from __future__ import annotations

import pytest
import torch
from plms import plm

from luokuan.errors import UserError
from luokuan.models.plm.embedding import embed


def test_a_vector_is_the_mean_over_the_text_alone() -> None:
    model = plm()
    found, tokens = embed(model, ["a fox", "snow"])
    assert found.shape == (2, 32) and tokens == 9 and torch.allclose(found.norm(dim=1), torch.ones(2))
    assert torch.equal(embed(model, ["snow"])[0][0], found[1]), "the others have no say"
    row = torch.tensor([[int(model.tokenizer.eos_token_id), *model.tokenizer("snow").input_ids]])
    states = model.network(input_ids=row, output_hidden_states=True).hidden_states[-1][0, 1:].detach()
    assert torch.allclose(torch.nn.functional.normalize(states.mean(0), dim=0), found[1], atol=1e-5)


@pytest.mark.parametrize("text", ["", "x" * 64, "half \ud800"])
def test_what_has_no_vector(text: str) -> None:
    with pytest.raises(UserError):
        embed(plm(), ["fine", text])
