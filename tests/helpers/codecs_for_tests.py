"""A tiny codec for tests: untrained, but whole."""

from __future__ import annotations

from pathlib import Path

import torch

from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.models.codec.config import CodecConfig
from luokuan.models.codec.model import weights_of
from luokuan.models.codec.networks import Decoder, Encoder

NARROW = {
    "encoder_widths": (16, 16, 16),
    "encoder_depth": (1, 0, 0),
    "decoder_widths": (16, 16, 16, 16),
    "decoder_depth": (1, 0, 0, 0),
}
TOKENS = CodecConfig("fsq", 3, (8, 5, 4), **NARROW)
GAUSSIAN = CodecConfig("kl", 4, **NARROW)


def save_codec(path: Path, config: CodecConfig = TOKENS) -> ModelFolder:
    """Write an untrained codec whose latents have made-up moments."""
    torch.manual_seed(0)
    channels = config.latent_channels
    moments = torch.linspace(-0.1, 0.1, channels), torch.linspace(0.5, 1.5, channels)
    weights = weights_of(Encoder(config), Decoder(config), moments)
    return save_folder(path, config=config.to_json(), tensors=weights, training={}, card="# Test\n")
