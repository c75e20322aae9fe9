"""A tiny VAE for tests: untrained, but whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.models.vae.config import VaeConfig
from luokuan.models.vae.model import weights_of
from luokuan.models.vae.networks import Decoder, Encoder
from luokuan.models.vae.prior import fit

TINY: dict[str, Any] = {"size": 8, "widths": (16, 16), "latent": 4, "components": 2}


def save_vae(path: Path, **changes: Any) -> ModelFolder:
    """Write an untrained VAE whose mixture has two components far apart."""
    torch.manual_seed(0)
    config = VaeConfig(**{**TINY, **changes})
    means = torch.randn(40, config.latent) + torch.tensor([-5.0, 5.0]).repeat(20)[:, None]
    weights = weights_of(Encoder(config), Decoder(config), fit(means, torch.full_like(means, 0.1), config.components))
    training = {"corpus": {"licence": "CC0-1.0"}}
    return save_folder(path, config=config.to_json(), tensors=weights, training=training, card="# Test\n")


def colours(count: int = 64, side: int = 8) -> np.ndarray:
    """Plain red and plain blue pictures with a little noise, uint8 (count, side, side, 3)."""
    rng = np.random.default_rng(0)
    plain = np.array([[230, 30, 30], [30, 30, 230]])[rng.integers(0, 2, count)][:, None, None]
    return np.clip(plain + rng.integers(-8, 9, (count, side, side, 3)), 0, 255).astype(np.uint8)
