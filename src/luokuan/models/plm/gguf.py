"""A language model as a GGUF file, which llama.cpp and the programs around it read; checked number by number.

The format: github.com/ggml-org/ggml/blob/master/docs/gguf.md; names of keys and tensors as llama.cpp's
``convert_hf_to_gguf.py`` writes them.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luokuan.errors import UserError
from luokuan.files import new_file
from luokuan.i18n import _
from luokuan.models.plm import tokenizers
from luokuan.models.plm.gguf_tokens import Vocabulary, vocabulary_of
from luokuan.models.plm.lean import is_plain
from luokuan.models.plm.model import PlmModel

TYPES = ("f32", "f16", "bf16", "q8_0")
"""In which matrices are kept; scales of norms are always kept in float32."""
BLOCK = 32
"""Neighbouring numbers of a row that share a scale in ``q8_0``."""
ARCHITECTURES = {"Qwen3ForCausalLM": "qwen3", "LlamaForCausalLM": "llama"}
_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def to_gguf(model: PlmModel, path: Path, kind: str = "bf16") -> float:
    """Write the model with its tokenizer as GGUF; atomic. The file is read again and compared before it is kept.

    Rows of the embedding that only round the vocabulary up are left out, because no program would bar them. A head
    that is tied to the embedding is left out too: llama.cpp ties it where there is none.

    Args:
        kind: One of ``TYPES``. Our models are kept in bfloat16, so ``bf16`` and ``f32`` lose nothing of them. Of
            ``q8_0``, matrices whose rows aren't whole blocks are kept in float16.

    Returns:
        The largest absolute difference of a weight.

    Raises:
        UserError: the extra ``gguf`` isn't installed; the architecture or tokenizer is none of llama.cpp's; a weight
            or token reads back otherwise than the rounding of ``kind`` allows; the place can't be written.
        ValueError: another kind.
    """
    if kind not in TYPES:
        raise ValueError(kind)
    try:
        import gguf
    except ImportError as error:
        raise UserError(
            _("Exporting to GGUF needs a package that is not installed."),
            _("Install luokuan[gguf]."),
            code="export.missing",
        ) from error
    if not is_plain(model.network):
        raise UserError(
            _(
                "'{name}' has an architecture that is not written as GGUF ({architecture}).",
                name=model.folder.name,
                architecture=type(model.network).__name__,
            ),
            _(
                "Only Qwen3 and Llama are, without biases, sliding windows and scaled rotations; "
                "export with --to hub-folder."
            ),
            code="export.architecture",
        )
    vocabulary = vocabulary_of(model)
    with new_file(path) as part:
        writer = gguf.GGUFWriter(part, ARCHITECTURES[type(model.network).__name__])
        try:
            _describe(writer, model, kind)
            _tell_tokenizer(writer, vocabulary)
            _write_tensors(writer, model, kind)
        except OSError as error:
            # NumPy's tofile says of a full disk how many numbers went out, and no error number.
            raise error if error.errno else OSError(errno.ENOSPC, str(error)) from error
        finally:
            writer.close()
        return _checked(part, model, vocabulary)


def _describe(writer: Any, model: PlmModel, kind: str) -> None:
    """General keys, and those of the architecture."""
    import gguf

    folder, config = model.folder, model.network.config
    corpus = folder.training.get("corpus")
    writer.add_type("model")
    writer.add_name(folder.name)
    writer.add_license(folder.licence)
    if isinstance(corpus, dict):
        # Whom the licence wants named wrote the material, not the model.
        writer.add_dataset_count(1)
        writer.add_dataset_name(0, str(corpus.get("title") or ""))
        writer.add_dataset_author(0, str(corpus.get("credit") or ""))
    writer.add_string("luokuan.digest", folder.digest)
    writer.add_file_type(int(gguf.LlamaFileType["ALL_F32" if kind == "f32" else f"MOSTLY_{kind.upper()}"]))
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    head = int(model.network.model.layers[0].self_attn.head_dim)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(float(config.rope_parameters["rope_theta"]))
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)


def _tell_tokenizer(writer: Any, vocabulary: Vocabulary) -> None:
    writer.add_vocab_size(len(vocabulary.tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(vocabulary.pre)
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_types(vocabulary.kinds)
    writer.add_token_merges(vocabulary.merges)
    writer.add_eos_token_id(vocabulary.end)
    if vocabulary.begin is not None:
        writer.add_bos_token_id(vocabulary.begin)
    writer.add_add_bos_token(vocabulary.begins)
    if vocabulary.template is not None:
        writer.add_chat_template(vocabulary.template)


def _tensors(model: PlmModel) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Names in the file and float32 arrays, (out, in) or (n,)."""
    network, rows = model.network, tokenizers.size(model.tokenizer)
    # llama.cpp turns the values 2i and 2i + 1 of Llama's queries and keys together; transformers those i and i + D/2.
    heads = {"attn_q": network.config.num_attention_heads, "attn_k": network.config.num_key_value_heads}
    beside = heads if type(network).__name__ == "LlamaForCausalLM" else {}
    yield "token_embd.weight", _array(network.get_input_embeddings().weight)[:rows]
    for number, block in enumerate(network.model.layers):
        for name, value in block.named_parameters():
            named, array = _NAMES[name.removesuffix(".weight")], _array(value)
            if named in beside:
                halves = array.reshape(beside[named], 2, -1, array.shape[1])  # (H, 2, D/2, W)
                array = halves.swapaxes(1, 2).reshape(array.shape)
            yield f"blk.{number}.{named}.weight", array
    yield "output_norm.weight", _array(network.model.norm.weight)
    if not network.config.tie_word_embeddings:
        yield "output.weight", _array(network.lm_head.weight)[:rows]


def _array(value: Any) -> NDArray[np.float32]:
    found: NDArray[np.float32] = value.detach().float().cpu().numpy()
    return found


def _kind_of(array: NDArray[np.float32], kind: str) -> str:
    if array.ndim == 1:
        return "f32"
    return "f16" if kind == "q8_0" and array.shape[1] % BLOCK else kind


def _write_tensors(writer: Any, model: PlmModel, kind: str) -> None:
    """One at a time, so that memory holds no second model."""
    import gguf

    for name, array in _tensors(model):
        raw = gguf.GGMLQuantizationType[_kind_of(array, kind).upper()]
        many, size = gguf.GGML_QUANT_SIZES[raw]
        writer.add_tensor_info(name, array.shape, array.dtype, array.size // many * size, raw_dtype=raw)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for _name, array in _tensors(model):
        raw = gguf.GGMLQuantizationType[_kind_of(array, kind).upper()]
        # Too large for float16 becomes infinite, which the comparison finds.
        with np.errstate(over="ignore"):
            writer.write_tensor_data(gguf.quantize(np.ascontiguousarray(array), raw))


def _checked(path: Path, model: PlmModel, vocabulary: Vocabulary) -> float:
    """The largest difference between what the file holds and the model.

    Raises:
        UserError: a tensor, token or merge differs by more than rounding.
    """
    import gguf

    reader = gguf.GGUFReader(path)
    found = {tensor.name: tensor for tensor in reader.tensors}
    largest, wrong = 0.0, []
    for name, array in _tensors(model):
        tensor = found.pop(name, None)
        if tensor is None:
            wrong.append(name)
            continue
        read = gguf.dequantize(np.array(tensor.data), tensor.tensor_type).reshape(array.shape)
        difference = np.abs(read - array)
        if not bool((difference <= _rounding(array, tensor.tensor_type.name)).all()):
            wrong.append(name)
        largest = max(largest, float(difference.max()))
    lists = {"tokens": vocabulary.tokens, "token_type": vocabulary.kinds, "merges": vocabulary.merges}
    fields = {f"tokenizer.ggml.{key}": value for key, value in lists.items()}
    wrong += [key for key, value in fields.items() if tuple(reader.fields[key].contents()) != value]
    wrong += list(found)
    if wrong:
        raise UserError(
            _("The GGUF file reads back otherwise than the model: {what}.", what=wrong[0]),
            _("Nothing was written; try another --type, or report it with the versions of `luokuan doctor`."),
            code="export.differs",
        )
    return largest


def _rounding(array: NDArray[np.float32], kind: str) -> NDArray[np.float32]:
    """The most by which each number may differ; of numbers that float16 has only coarsely, half its smallest step."""
    size, coarse = np.abs(array), np.float32(2.0**-25)
    if kind == "F32":
        return np.zeros_like(array)
    if kind == "BF16":
        return size * np.float32(2.0**-8)
    if kind == "F16":
        return size * np.float32(2.0**-11) + coarse
    # Half a step of 1/127 of the block's largest number, and what the step loses as a float16, 127 times at most.
    top = size.reshape(*array.shape[:-1], -1, BLOCK).max(axis=-1, keepdims=True)
    most = top * np.float32(1 / 254 + 2.0**-10) + 128 * coarse
    return np.broadcast_to(most, (*top.shape[:-1], BLOCK)).reshape(array.shape)
