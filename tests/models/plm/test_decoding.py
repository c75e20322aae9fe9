"""Both decoders give the logits of the network that reads the whole text anew."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers
from plms import qwen3, shaken

from luokuan.models.plm import decoding
from luokuan.models.plm.decoding import Decoder, TransformersDecoder, decoder_of
from luokuan.models.plm.lean import ROOM, LeanDecoder, supports

WORDS = 97
PROMPTS = [[1, 2, 3, 4, 5], [7], [9, 8, 7, 6, 5, 4, 3, 2, 1], [7], [1, 2, 3, 4, 6]]
SHAPE: dict[str, Any] = {
    "vocab_size": WORDS,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 12,
    "max_position_embeddings": 512,
}


def network(kind: str, **changes: Any) -> Any:
    """A causal language model of transformers with random weights."""
    config = getattr(transformers, f"{kind}Config")(
        **{"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": None, **changes}
    )
    torch.manual_seed(0)
    return shaken(transformers.AutoModelForCausalLM.from_config(config))


def whole(net: Any, text: list[int]) -> torch.Tensor:
    """What follows, by reading all of it."""
    with torch.no_grad():
        found: torch.Tensor = net(input_ids=torch.tensor([text]), use_cache=False).logits[0, -1]
    return found


def follow(net: Any, decoder: Decoder, steps: int = 14, atol: float = 1e-4) -> None:
    """Go on with random tokens, let texts leave, and compare each time."""
    torch.manual_seed(2)
    texts = [list(prompt) for prompt in PROMPTS]
    passage, logits = decoder.begin(PROMPTS)
    for step in range(steps):
        assert logits.shape == (len(texts), net.config.vocab_size) and logits.dtype == torch.float32
        for row, text in enumerate(texts):
            assert torch.allclose(logits[row], whole(net, text), atol=atol), (step, row)
        if step in (4, 8):
            rows = [4, 1, 0] if step == 4 else [1]
            passage.keep(rows)
            texts = [texts[row] for row in rows]
        tokens = torch.randint(WORDS, (len(texts),))
        texts = [[*text, int(token)] for text, token in zip(texts, tokens, strict=True)]
        logits = passage.step(tokens)


LEAN = {
    "queries and keys of one number": ("Qwen3", {**SHAPE, "num_key_value_heads": 4}),
    "shared keys": ("Qwen3", SHAPE),
    "one key": ("Qwen3", {**SHAPE, "num_key_value_heads": 1}),
    "tied head": ("Qwen3", {**SHAPE, "tie_word_embeddings": True}),
    "another base": ("Qwen3", {**SHAPE, "rope_parameters": {"rope_type": "default", "rope_theta": 500.0}}),
    "large epsilon": ("Qwen3", {**SHAPE, "rms_norm_eps": 0.1}),
    "Llama": ("Llama", SHAPE),
    "Llama, tied": ("Llama", {**SHAPE, "tie_word_embeddings": True}),
}


@pytest.mark.parametrize("name", list(LEAN))
def test_lean(name: str) -> None:
    kind, changes = LEAN[name]
    net = network(kind, **changes)
    decoder = decoder_of(net)
    assert isinstance(decoder, LeanDecoder) and decoder_of(net) is decoder
    follow(net, decoder)
    follow(net, TransformersDecoder(net))


def test_what_lay_in_memory_before_doesnt_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    net, empty = network("Qwen3", **SHAPE), torch.empty
    decoder = decoder_of(net)
    monkeypatch.setattr(torch, "empty", lambda *given, **named: empty(*given, **named).fill_(torch.nan))
    follow(net, decoder)


def test_our_own_sizes_are_lean() -> None:
    net = qwen3()
    assert isinstance(decoder_of(net), LeanDecoder)
    follow(net, decoder_of(net))


@pytest.mark.parametrize("name", ["shared keys", "Llama, tied"])
def test_bfloat16_is_near(name: str) -> None:
    kind, changes = LEAN[name]
    net = network(kind, **changes)
    decoder = decoder_of(net, "bf16")
    assert isinstance(decoder, LeanDecoder) and decoder.dtype == torch.bfloat16
    assert decoder_of(net) is not decoder and decoder_of(net, "bf16") is decoder
    follow(net, decoder, atol=0.1)


OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "biases": ("Llama", {**SHAPE, "attention_bias": True}),
    "scaled rotations": (
        "Llama",
        {**SHAPE, "rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 1e4}},
    ),
    "sliding windows": (
        "Qwen3",
        {**SHAPE, "use_sliding_window": True, "sliding_window": 4, "max_window_layers": 1},
    ),
    "another activation": ("Qwen3", {**SHAPE, "hidden_act": "gelu"}),
    "learnt positions": ("GPT2", {"vocab_size": WORDS, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64}),
    "no positions": ("Bloom", {"vocab_size": WORDS, "hidden_size": 32, "n_layer": 2, "n_head": 4}),
    "Mistral": ("Mistral", {**SHAPE, "sliding_window": 4}),
    "recurrent": ("Mamba", {"vocab_size": WORDS, "hidden_size": 32, "num_hidden_layers": 2}),
    "half recurrent": (
        "Lfm2",
        {**{k: v for k, v in SHAPE.items() if k != "head_dim"}, "layer_types": ["conv", "full_attention"]},
    ),
}


@pytest.mark.parametrize("name", list(OTHERS))
def test_the_rest_goes_through_transformers(name: str) -> None:
    kind, changes = OTHERS[name]
    net = network(kind, **changes)
    assert not supports(net) and isinstance(decoder_of(net), TransformersDecoder)
    follow(net, decoder_of(net), steps=11)


def test_without_a_cache_texts_are_read_anew() -> None:
    net = network("Llama", **SHAPE)
    decoder = TransformersDecoder(net)
    decoder._takes.discard("cache")
    decoder._remembers = decoder._together = False
    follow(net, decoder, steps=11)


def test_other_numbers_than_float32_go_through_transformers() -> None:
    assert supports(qwen3()) and not supports(qwen3().bfloat16())


def test_weights_that_are_too_large_to_hold_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("luokuan.models.plm.lean.LARGEST", 1000)
    assert not supports(qwen3())


def test_a_lean_decoder_that_errs_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    right = LeanDecoder.compute
    monkeypatch.setattr(LeanDecoder, "compute", lambda *given: right(*given) * 1.1)
    assert isinstance(decoding.decoder_of(qwen3()), TransformersDecoder)


def test_texts_may_outgrow_the_room_first_made() -> None:
    net = qwen3(context=1024)
    texts = [[3], [4, 5, 6]]
    passage, logits = decoder_of(net).begin(texts)
    torch.manual_seed(0)
    for _step in range(ROOM + 40):
        tokens = torch.randint(WORDS, (2,))
        texts = [[*text, int(token)] for text, token in zip(texts, tokens, strict=True)]
        logits = passage.step(tokens)
    for row, text in enumerate(texts):
        assert torch.allclose(logits[row], whole(net, text), atol=1e-4)
