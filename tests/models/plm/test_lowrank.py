"""Low-rank updates: the formula, what learns, and that merging changes nothing."""

from __future__ import annotations

import copy

import pytest
import torch
from plms import plm

from luokuan.models.plm.lowrank import merged, with_adapters
from luokuan.models.plm.tuning import trained

pytest.importorskip("peft")


def test_the_update_by_hand() -> None:
    network = plm().network
    before = {name: value.clone() for name, value in network.state_dict().items()}
    tokens = torch.tensor([[1, 2, 3, 4]])
    with torch.no_grad():
        first = network(tokens).logits
        adapted = with_adapters(network, rank=4, alpha=12.0, seed=3)
        assert torch.allclose(adapted(input_ids=tokens).logits, first)  # B is zero
        for number, parameter in enumerate(trained(adapted)):
            torch.manual_seed(number)
            parameter.copy_(0.1 * torch.randn_like(parameter))
        state = dict(adapted.named_parameters())
        wanted = adapted(input_ids=tokens).logits
        whole = merged(copy.deepcopy(adapted)).eval()
        assert torch.allclose(whole(input_ids=tokens).logits, wanted, atol=1e-4)
        assert not torch.allclose(wanted, first, atol=1e-2)
    assert whole.state_dict().keys() == before.keys()
    name = "model.layers.0.self_attn.q_proj"
    down, up = (state[f"base_model.model.{name}.lora_{part}.default.weight"] for part in "AB")
    assert down.shape == (4, 32) and up.shape[1] == 4
    update = 12.0 / 4 * up @ down
    assert torch.allclose(whole.state_dict()[f"{name}.weight"], before[f"{name}.weight"] + update, atol=1e-5)
    for left in ("lm_head.weight", "model.embed_tokens.weight", "model.norm.weight"):
        assert torch.equal(whole.state_dict()[left], before[left])


def test_adapters_alone_learn_and_begin_by_the_seed() -> None:
    one, two, other = (with_adapters(plm().network, rank=2, alpha=4.0, seed=seed) for seed in (1, 1, 2))
    names = [name for name, parameter in one.named_parameters() if parameter.requires_grad]
    assert len(names) == 2 * 2 * 7 and all(".lora_" in name for name in names)
    assert all(torch.equal(a, b) for a, b in zip(trained(one), trained(two), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(trained(one), trained(other), strict=True))
