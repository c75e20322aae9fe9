"""GGUF files hold what the model holds, as llama.cpp names it, or aren't written."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import plms
import pytest
import torch
from numpy.typing import NDArray

from luokuan.errors import UserError
from luokuan.models.plm import gguf as ours
from luokuan.models.plm.gguf import TYPES, to_gguf
from luokuan.models.plm.layout import TEMPLATE
from luokuan.models.plm.model import PlmModel

TEXT = (Path(__file__).parents[3] / "examples/shakespeare-small/coriolanus.txt").read_text(encoding="utf-8")[:20_000]


@pytest.fixture
def model() -> PlmModel:
    return plms.plm("bpe", TEXT)


def read(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[np.float32]], dict[str, str]]:
    """Fields, tensors in float32, and their types."""
    reader = gguf.GGUFReader(path)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    tensors = {t.name: gguf.dequantize(np.array(t.data), t.tensor_type) for t in reader.tensors}
    return fields, tensors, {t.name: t.tensor_type.name for t in reader.tensors}


def with_network(model: PlmModel, network: Any) -> PlmModel:
    return PlmModel(model.folder, network, model.tokenizer)


@pytest.mark.parametrize("kind", TYPES)
def test_every_weight_is_there_to_the_rounding_of_its_type(tmp_path: Path, model: PlmModel, kind: str) -> None:
    largest = to_gguf(model, tmp_path / "m.gguf", kind)
    _fields, found, types = read(tmp_path / "m.gguf")
    state = model.network.state_dict()
    wanted = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
    for number in range(2):
        wanted |= {f"blk.{number}.{new}": f"model.layers.{number}.{old}" for old, new in ours._NAMES.items()}
    assert {f"{name}.weight" for name in wanted} == set(found)
    worst = 0.0
    for new, old in wanted.items():
        value = state[f"{old}.weight"].numpy()
        if new in ("token_embd", "output"):
            assert value.shape[0] == 320
            value = value[:300]  # the rest only rounds the vocabulary up
        read_back = found[f"{new}.weight"]
        assert read_back.shape == value.shape
        relative = {"f32": 0, "f16": 2**-11, "bf16": 2**-8, "q8_0": 1 / 127}[kind]
        scale = np.abs(value).max() if kind == "q8_0" else np.abs(value)
        difference = np.abs(read_back - value)
        assert (difference <= (0 if value.ndim == 1 else relative * scale + 1e-7)).all(), new
        worst = max(worst, float(difference.max()))
    assert largest == pytest.approx(worst, abs=1e-9) and (largest == 0) == (kind == "f32")
    assert types["blk.0.attn_norm.weight"] == types["blk.1.attn_q_norm.weight"] == "F32"
    assert types["blk.0.attn_q.weight"] == kind.upper()
    # Rows of 48 are no whole blocks.
    assert types["blk.0.ffn_down.weight"] == ("F16" if kind == "q8_0" else kind.upper())


def test_the_shape_and_the_tokenizer_are_told(tmp_path: Path, model: PlmModel) -> None:
    model.folder.training.update({"corpus": {"licence": "CC-BY-4.0", "title": "Plays", "credit": "W. S."}})
    to_gguf(model, tmp_path / "m.gguf")
    fields, _tensors, _types = read(tmp_path / "m.gguf")
    wanted = {
        "general.architecture": "qwen3", "general.name": "tiny", "general.license": "CC-BY-4.0",
        "general.dataset.0.name": "Plays", "general.dataset.0.author": "W. S.", "general.file_type": 32,
        "qwen3.block_count": 2, "qwen3.context_length": 64, "qwen3.embedding_length": 32,
        "qwen3.feed_forward_length": 48, "qwen3.attention.head_count": 4, "qwen3.attention.head_count_kv": 4,
        "qwen3.attention.key_length": 8, "qwen3.attention.value_length": 8, "qwen3.rope.freq_base": 10_000,
        "qwen3.vocab_size": 300, "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.bos_token_id": 0, "tokenizer.ggml.eos_token_id": 0, "tokenizer.ggml.add_bos_token": True,
    }  # fmt: skip
    assert {name: fields[name] for name in wanted} == wanted
    assert fields["qwen3.attention.layer_norm_rms_epsilon"] == pytest.approx(1e-6)
    assert "tokenizer.chat_template" not in fields
    table = json.loads(model.tokenizer.backend_tokenizer.to_str())["model"]
    assert fields["tokenizer.ggml.tokens"] == sorted(table["vocab"], key=table["vocab"].get)
    assert fields["tokenizer.ggml.merges"] == [" ".join(pair) for pair in table["merges"]]
    assert fields["tokenizer.ggml.token_type"] == [3] + [1] * 299


def test_a_tied_head_is_left_out(tmp_path: Path, model: PlmModel) -> None:
    tied = with_network(model, plms.qwen3(300, tie_word_embeddings=True))
    to_gguf(tied, tmp_path / "m.gguf", "f32")
    assert "output.weight" not in read(tmp_path / "m.gguf")[1]


def test_llama_has_its_queries_and_keys_in_the_order_of_its_rotation(tmp_path: Path, model: PlmModel) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=320, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4,
        num_key_value_heads=2, bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    torch.manual_seed(0)
    network = plms.shaken(LlamaForCausalLM(config))
    to_gguf(with_network(model, network), tmp_path / "m.gguf", "f32")
    fields, tensors, _types = read(tmp_path / "m.gguf")
    assert fields["general.architecture"] == "llama" and fields["llama.attention.head_count_kv"] == 2
    attention = network.model.layers[0].self_attn
    for name, weight in (("attn_q", attention.q_proj.weight), ("attn_k", attention.k_proj.weight)):
        ours_, theirs = weight.detach().numpy().reshape(-1, 8, 32), tensors[f"blk.0.{name}.weight"].reshape(-1, 8, 32)
        for i in range(4):
            assert (theirs[:, 2 * i] == ours_[:, i]).all() and (theirs[:, 2 * i + 1] == ours_[:, i + 4]).all()
    assert (tensors["blk.0.attn_v.weight"] == attention.v_proj.weight.detach().numpy()).all()


@pytest.mark.parametrize(
    ("template", "begins"), [(TEMPLATE, True), ("{% for m in messages %}{{ m.content }}{% endfor %}", False)]
)
def test_a_chat_begins_as_its_template_says(tmp_path: Path, model: PlmModel, template: str, begins: bool) -> None:
    model.tokenizer.chat_template = template
    to_gguf(model, tmp_path / "m.gguf")
    fields = read(tmp_path / "m.gguf")[0]
    assert fields["tokenizer.chat_template"] == template and fields["tokenizer.ggml.add_bos_token"] is begins


def test_the_pattern_of_qwen_has_its_name_and_others_none(tmp_path: Path, model: PlmModel) -> None:
    from tokenizers import Regex, pre_tokenizers

    from luokuan.models.plm.gguf_tokens import _QWEN2

    def cut_by(pattern: str) -> None:
        level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        split = pre_tokenizers.Split(Regex(pattern), "isolated")
        model.tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, level])

    cut_by(_QWEN2)
    to_gguf(model, tmp_path / "m.gguf")
    assert read(tmp_path / "m.gguf")[0]["tokenizer.ggml.pre"] == "qwen2"
    cut_by(r"\p{L}+")
    with pytest.raises(UserError, match="pieces of another kind"):
        to_gguf(model, tmp_path / "n.gguf")


@pytest.mark.parametrize(("kind", "said"), [("chars", "characters"), ("bytes", "bytes")])
def test_other_tokenizers_are_refused(tmp_path: Path, kind: str, said: str) -> None:
    with pytest.raises(UserError, match=f"no tokenizer like that of 'tiny', which cuts text into {said}"):
        to_gguf(plms.plm(kind, TEXT), tmp_path / "m.gguf")
    assert not list(tmp_path.iterdir())


def test_other_architectures_are_refused(tmp_path: Path, model: PlmModel) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    other = GPT2LMHeadModel(GPT2Config(vocab_size=320, n_embd=16, n_layer=1, n_head=2))
    for network in (other, plms.qwen3(300, attention_bias=True), plms.qwen3(300, hidden_act="gelu")):
        with pytest.raises(UserError, match="not written as GGUF"):
            to_gguf(with_network(model, network), tmp_path / "m.gguf")
    assert not list(tmp_path.iterdir())


def test_what_reads_back_otherwise_is_not_kept(tmp_path: Path, model: PlmModel) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(b"old")
    with torch.no_grad():
        model.network.lm_head.weight[1, 1] = 1e6  # float16 ends at 65,504
    with pytest.raises(UserError, match=r"otherwise than the model: output\.weight"):
        to_gguf(model, path, "f16")
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1
    to_gguf(model, path, "bf16")
    assert path.read_bytes()[:4] == b"GGUF"


def test_a_full_disk_is_told(tmp_path: Path, model: PlmModel) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(UserError, match="No room left"):
            to_gguf(model, tmp_path / "m.gguf", "f32")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())
