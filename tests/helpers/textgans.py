"""A tiny GAN of the toy sentences for tests: untrained, but whole."""

from __future__ import annotations

from pathlib import Path

import torch

from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.models.gan.text.config import TextGanConfig
from luokuan.models.gan.text.model import weights_of
from luokuan.models.gan.text.networks import Discriminator, Generator


def save_text_gan(path: Path, vae: ModelFolder) -> ModelFolder:
    """Write an untrained GAN in the latents of ``vae``, which lies beside it."""
    torch.manual_seed(0)
    config = TextGanConfig(
        points=vae.config["latent"], codec=vae.name, codec_digest=vae.network_digest, latent=4, width=8, depth=1
    )
    weights = weights_of(Generator(config), Discriminator(config))
    training = {"corpus": {"licence": "CC0-1.0"}}
    return save_folder(path, config=config.to_json(), tensors=weights, training=training, card="# Test\n")
