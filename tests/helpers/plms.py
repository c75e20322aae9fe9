"""Tiny language models with random weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from luokuan.foundation.modelfolder import ModelFolder
from luokuan.models.plm.config import qwen3_config
from luokuan.models.plm.model import PlmModel, saved_files
from luokuan.models.plm.tokenizers import build, size


def shaken(network: Any, scale: float = 0.1) -> Any:
    """In eval mode, with weights that say something."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(scale * torch.randn_like(parameter))
    return network.eval()


def qwen3(vocabulary: int = 97, context: int = 64, **changes: Any) -> Any:
    """Two blocks, 32 wide."""
    from transformers import Qwen3ForCausalLM

    config = qwen3_config("nano", vocabulary=vocabulary, context=context, end=0)
    for name, value in {"num_hidden_layers": 2, "hidden_size": 32, "head_dim": 8, **changes}.items():
        setattr(config, name, value)
    config.layer_types = config.layer_types[: config.num_hidden_layers]
    config.intermediate_size = 48
    torch.manual_seed(0)
    return shaken(Qwen3ForCausalLM(config))


def plm(kind: str = "bytes", text: str = "", context: int = 64) -> PlmModel:
    """A model with a tokenizer of this kind, as ``PlmModel`` loads one that was trained here."""
    from transformers import GenerationConfig

    tokenizer = build(kind, [text], vocabulary=300)
    network = qwen3(size(tokenizer), context)
    saved = saved_files(network.config.vocab_size, tokenizer, context)
    network.generation_config = GenerationConfig(**json.loads(saved["generation_config.json"]))
    return PlmModel(ModelFolder(Path("tiny"), "tiny", network.config.to_dict(), {}, ""), network, tokenizer)


def slot_plm() -> PlmModel:
    """A model with random weights whose tokenizer knows the slots of ``luokuan.create.slots``."""
    from transformers import GenerationConfig

    from luokuan.create.slots import SLOTS

    slots = sorted({name.upper() for names in SLOTS.values() for name in names})
    tokenizer = build("bpe", [f"the {' '.join(slots)} is 8 . \n"] * 3, vocabulary=900)
    network = qwen3(size(tokenizer), 160)
    saved = saved_files(network.config.vocab_size, tokenizer, 160)
    network.generation_config = GenerationConfig(**json.loads(saved["generation_config.json"]))
    return PlmModel(ModelFolder(Path("slots"), "slots", network.config.to_dict(), {}, "0" * 64), network, tokenizer)


def line_plm() -> PlmModel:
    """A model with random weights that knows what Chinese copy of ``luokuan.create.chinesecopy`` is made of."""
    from transformers import GenerationConfig

    from luokuan.create import couplets, dishes, sayings

    common = (
        "青竹茶清香一杯山月风来水云天春光花影人家好新喜乐高明亮亮堂堂可乐鸡翅做法简单难挑战新手道家常口感嫩甜咸焦里外"
    )
    told = "菜味做联诗歇·冠嵌易中难，。、\n" + sayings.DASH + couplets.NUMERALS + "".join(dishes.CATEGORIES) + "3０最"
    tokenizer = build("chars", [common + told + dishes.MARKS + dishes.GATED])
    network = qwen3(size(tokenizer), 160)
    saved = saved_files(network.config.vocab_size, tokenizer, 160)
    network.generation_config = GenerationConfig(**json.loads(saved["generation_config.json"]))
    return PlmModel(ModelFolder(Path("lines"), "lines", network.config.to_dict(), {}, "0" * 64), network, tokenizer)


def kept_in(folder: Path, model: PlmModel) -> Path:
    """Write a model where ``PlmModel`` loads it from."""
    model.network.save_pretrained(folder)
    context = model.network.config.max_position_embeddings
    for name, data in saved_files(model.network.config.vocab_size, model.tokenizer, context).items():
        (folder / name).write_bytes(data)
    return folder
