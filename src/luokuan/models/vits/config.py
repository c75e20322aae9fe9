"""config.json of a stranger's VITS: read within bounds, for it decides what is built and how much a sound takes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from transformers import VitsConfig

    from luokuan.foundation.modelfolder import ModelFolder

MOST_LETTERS = 1 << 16
RATES = (8_000, 48_000)
"""Samples a second."""
_REACH = 8192
"""Frames or samples that a convolution looks over at most: it pads by as many, and no weight says so."""
_HOP = 4096
_WHOLE = {
    "vocab_size": (1, MOST_LETTERS), "hidden_size": (2, 4096), "num_hidden_layers": (1, 64),
    "num_attention_heads": (1, 64), "window_size": (1, 64), "ffn_dim": (1, 1 << 14), "ffn_kernel_size": (1, 31),
    "flow_size": (2, 4096), "spectrogram_bins": (1, 8192), "num_speakers": (1, 100_000),
    "speaker_embedding_size": (0, 4096), "upsample_initial_channel": (2, 8192), "depth_separable_channels": (2, 64),
    "depth_separable_num_layers": (1, 8), "duration_predictor_flow_bins": (1, 100),
    "duration_predictor_kernel_size": (1, 15), "duration_predictor_num_flows": (1, 32),
    "duration_predictor_filter_channels": (1, 4096), "prior_encoder_num_flows": (1, 32),
    "prior_encoder_num_wavenet_layers": (1, 32), "posterior_encoder_num_wavenet_layers": (1, 64),
    "wavenet_kernel_size": (1, 31), "wavenet_dilation_rate": (1, 8), "sampling_rate": RATES,
}  # fmt: skip
_REAL = {
    "speaking_rate": (0.1, 10.0), "noise_scale": (0.0, 3.0), "noise_scale_duration": (0.0, 3.0),
    "leaky_relu_slope": (0.0, 1.0), "layer_norm_eps": (1e-12, 0.1), "duration_predictor_tail_bound": (0.1, 100.0),
}  # fmt: skip
_CHOICES: Mapping[str, tuple[object, ...]] = {
    "use_bias": (True, False), "use_stochastic_duration_prediction": (True, False),
    "hidden_act": ("relu", "gelu", "silu", "tanh"),
}  # fmt: skip
_LISTS = {"upsample_rates": (1, 32), "upsample_kernel_sizes": (1, 64), "resblock_kernel_sizes": (1, 31)}
_DILATIONS = "resblock_dilation_sizes"
_MOST_ITEMS = 8


def checked_config(folder: ModelFolder) -> VitsConfig:
    """What transformers builds the network from: the sizes in config.json, and nothing else of it.

    Raises:
        UserError: it names code, weights in other files or another way to store them; a size is outside of what
            voices have, or they don't fit together; it speaks with several voices.
    """
    from transformers import VitsConfig

    for key in ("transformers_weights", "quantization_config", "auto_map"):
        if key in folder.config:
            raise UserError(
                _("{path} asks for '{key}', which is not supported.", path=folder.path, key=key),
                _("Give a model whose weights are all in model.safetensors, and that needs no code of its own."),
                code="model.voice",
            )
    values = _values(folder.config)
    try:
        config = VitsConfig(**values)
    except Exception as error:  # the library raises many kinds
        raise UserError(
            _("config.json can't be used: {what}.", what=str(error).strip().split("\n")[-1].strip()[:200]),
            _("Take another copy of the model, or train it again."),
            code="model.config",
        ) from error
    _check_shape(config)
    if config.num_speakers > 1:
        raise UserError(
            _("'{name}' speaks with {count} voices, and nothing here chooses one.", name=folder.name,
              count=config.num_speakers),
            _("Choose a model with one voice."),
            code="model.speakers",
        )  # fmt: skip
    return config


def _values(config: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {key: _within(key, config[key], *_WHOLE[key]) for key in _WHOLE if key in config}
    found |= {key: _several(key, config[key], *_LISTS[key]) for key in _LISTS if key in config}
    for key, (low, high) in _REAL.items():
        if key in config:
            value = config[key]
            if type(value) not in (int, float) or not low <= value <= high:  # nor is one that is no number
                raise _wrong(key, value)
            found[key] = float(value)
    for key, choices in _CHOICES.items():
        if key in config:
            if not any(type(config[key]) is type(one) and config[key] == one for one in choices):
                raise _wrong(key, config[key])
            found[key] = config[key]
    if _DILATIONS in config:
        rows = config[_DILATIONS]
        if not isinstance(rows, list) or not 1 <= len(rows) <= _MOST_ITEMS:
            raise _wrong(_DILATIONS, rows)
        found[_DILATIONS] = [_several(_DILATIONS, row, 1, _REACH) for row in rows]
    return found


def _check_shape(config: VitsConfig) -> None:
    """Refuse sizes that don't fit together, and what looks further than ``_REACH``."""
    rates, kernels = list(config.upsample_rates), list(config.upsample_kernel_sizes)
    upsampled = len(rates) == len(kernels) and all(
        kernel >= rate and (kernel - rate) % 2 == 0 for rate, kernel in zip(rates, kernels, strict=True)
    )
    if not upsampled or math.prod(rates) > _HOP or config.upsample_initial_channel >> len(rates) < 1:
        raise _wrong("upsample_rates", rates)
    blocks, dilations = list(config.resblock_kernel_sizes), list(config.resblock_dilation_sizes)
    if len(blocks) != len(dilations) or not all(kernel % 2 for kernel in blocks):
        raise _wrong("resblock_kernel_sizes", blocks)
    if any((kernel - 1) * max(row) > _REACH for kernel, row in zip(blocks, dilations, strict=True)):
        raise _wrong(_DILATIONS, dilations)
    if config.hidden_size % config.num_attention_heads:
        raise _wrong("num_attention_heads", config.num_attention_heads)
    for key in ("flow_size", "depth_separable_channels"):
        if getattr(config, key) % 2:
            raise _wrong(key, getattr(config, key))
    layers = max(config.prior_encoder_num_wavenet_layers, config.posterior_encoder_num_wavenet_layers)
    far = {
        "wavenet_kernel_size": config.wavenet_kernel_size * config.wavenet_dilation_rate ** (layers - 1),
        "duration_predictor_kernel_size": config.duration_predictor_kernel_size**config.depth_separable_num_layers,
    }
    for key, reach in far.items():
        if reach > _REACH or getattr(config, key) % 2 == 0:
            raise _wrong(key, getattr(config, key))


def _within(key: str, value: object, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:  # True is an int to Python, but not to us
        raise _wrong(key, value)
    return value


def _several(key: str, values: object, low: int, high: int) -> list[int]:
    if not isinstance(values, list) or not 1 <= len(values) <= _MOST_ITEMS:
        raise _wrong(key, values)
    return [_within(key, value, low, high) for value in values]


def _wrong(key: str, value: object) -> UserError:
    return UserError(
        _("config.json can't be used: {what}.", what=_("'{name}' can't be {value}", name=key, value=str(value)[:60])),
        _("Take another copy of the model, or train it again."),
        code="model.config",
    )
