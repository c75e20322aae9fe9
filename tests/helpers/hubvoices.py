"""Tiny voices as they lie on the Hub: random VITS of transformers with a vocabulary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

LETTERS = "_ abcdefghijklmnopqrstuvwyz'-"
"""Without x: something must be missing. The first one is the blank."""
RUSSIAN = "_ абвгдежзийклмнопрстуфхцчшщъыьэюя"
SMALL: dict[str, Any] = {
    "hidden_size": 16, "num_hidden_layers": 1, "ffn_dim": 16, "flow_size": 8, "spectrogram_bins": 9,
    "upsample_initial_channel": 16, "upsample_rates": [8, 8, 2], "upsample_kernel_sizes": [16, 16, 4],
    "resblock_kernel_sizes": [3], "resblock_dilation_sizes": [[1]], "depth_separable_num_layers": 1,
    "duration_predictor_num_flows": 2, "duration_predictor_filter_channels": 8, "prior_encoder_num_flows": 2,
    "prior_encoder_num_wavenet_layers": 1, "posterior_encoder_num_wavenet_layers": 1, "sampling_rate": 16_000,
}  # fmt: skip
CARD = "---\nlicense: mit\nlanguage: en\n---\n# Tiny\n"
CONSENT = "The speaker is a random number."


def save_hub_voice(
    path: Path,
    *,
    letters: str = LETTERS,
    card: str = CARD,
    older: bool = False,
    tokenizer: dict[str, Any] | None = None,
    **config: Any,
) -> Path:
    """Write one; with ``older`` as it was written before PyTorch 2.0 named weight normalisation anew."""
    from transformers import VitsConfig, VitsModel

    shape = VitsConfig(vocab_size=len(letters), **{**SMALL, **config})
    torch.manual_seed(0)
    network = VitsModel(shape)
    with torch.no_grad():
        for value in network.duration_predictor.parameters():  # as long as sounds are: four frames or so
            value.mul_(0.3)
        if shape.use_stochastic_duration_prediction:
            network.duration_predictor.flows[0].translate.fill_(-1.4)
    tensors = {name: value.contiguous() for name, value in network.state_dict().items()}
    if older:
        swap = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
        for now, before in swap.items():
            tensors = {name.replace(now, before): value for name, value in tensors.items()}
    path.mkdir(parents=True)
    save_file(tensors, path / "model.safetensors", metadata={"format": "pt"})
    write_json(
        path / "config.json", json.loads(shape.to_json_string(use_diff=False)) | {"architectures": ["VitsModel"]}
    )
    write_json(path / "vocab.json", {letter: number for number, letter in enumerate(letters)})
    usual = {"tokenizer_class": "VitsTokenizer", "phonemize": False, "is_uroman": False, "add_blank": True,
             "normalize": True, "language": "eng", "pad_token": letters[0], "unk_token": "<unk>"}  # fmt: skip
    write_json(path / "tokenizer_config.json", usual | (tokenizer or {}))
    (path / "README.md").write_text(card, encoding="utf-8")
    return path


def write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def change(path: Path, **values: Any) -> None:
    """Set entries of a JSON file."""
    write_json(path, json.loads(path.read_text(encoding="utf-8")) | values)
