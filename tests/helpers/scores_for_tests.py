"""Chorales, a tiny music VAE and MIDI bytes for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.models.vae.music.config import MusicConfig
from luokuan.models.vae.music.model import weights_of
from luokuan.models.vae.music.networks import Decoder, Encoder

DATA = Path(__file__).parents[1] / "data/music"
CHORALES = DATA / "chorales-quarter.json"
TINY: dict[str, Any] = {"latent": 4, "width": 16, "heads": 2, "trunk": 1, "decoder": 1, "encoder": 1, "hidden": 16}


def tiny_config(**changes: Any) -> MusicConfig:
    return MusicConfig(**{"encoding": "satb", "grid": "quarter", "centre": 74.0, **TINY, **changes})


def save_music(path: Path, **changes: Any) -> ModelFolder:
    """Write an untrained music VAE whose heads, prior and directions are no zeros."""
    torch.manual_seed(0)
    config = tiny_config(**{"attributes": ("mode", "density"), **changes})
    modules: dict[str, torch.nn.Module] = {"decoder": stirred(Decoder(config))}
    if config.latent:
        modules["encoder"] = Encoder(config)
    directions = {name: torch.randn(config.latent) for name in config.attributes}
    training = {"corpus": {"licence": "CC0-1.0"}}
    weights = weights_of(modules, directions)
    return save_folder(path, config=config.to_json(), tensors=weights, training=training, card="# Test\n")


def stirred(decoder: Decoder) -> Decoder:
    """A decoder whose zeros at the start are small random numbers."""
    with torch.no_grad():
        for parameter in decoder.parameters():
            if not parameter.any():
                parameter.normal_(std=0.3)
    return decoder


def chunk(events: bytes, *, declared: int | None = None) -> bytes:
    size = len(events) if declared is None else declared
    return b"MTrk" + size.to_bytes(4) + events


def midi(*tracks: bytes, division: int = 480, kind: int = 1, count: int | None = None) -> bytes:
    """A MIDI file of track chunks."""
    number = len(tracks) if count is None else count
    header = b"MThd" + (6).to_bytes(4) + kind.to_bytes(2) + number.to_bytes(2) + division.to_bytes(2)
    return header + b"".join(tracks)


END = b"\x00\xff\x2f\x00"
NOTE = b"\x00\x90\x3c\x50\x83\x60\x80\x3c\x00"
"""Middle C for 480 ticks."""
