"""A tiny GAN of music for tests, untrained but whole, and a corpus that holds enough out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scores_for_tests import CHORALES

from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.models.gan.music.config import CLASSES, DENSITIES, MusicGanConfig, class_of
from luokuan.models.gan.music.model import weights_of
from luokuan.models.gan.music.networks import Discriminator, Generator

TINY: dict[str, Any] = {"latent": 4, "local": 2, "width": 16, "depth": 1}


def counts(*classes: int) -> tuple[int, ...]:
    """One window of each class; none given: C major in each density."""
    chosen = classes or tuple(class_of(0, major=True, density=third) for third in range(len(DENSITIES)))
    return tuple(np.bincount(chosen, minlength=CLASSES).tolist())


def tiny_config(**changes: Any) -> MusicGanConfig:
    return MusicGanConfig(**{"encoding": "satb", "grid": "quarter", "counts": counts(), **TINY, **changes})


def save_music_gan(path: Path, **changes: Any) -> ModelFolder:
    """Write an untrained GAN of music."""
    torch.manual_seed(0)
    config = tiny_config(**changes)
    weights = weights_of(Generator(config), Discriminator(config))
    training = {"corpus": {"licence": "CC0-1.0"}}
    return save_folder(path, config=config.to_json(), tensors=weights, training=training, card="# Test\n")


def write_excerpts(folder: Path) -> Path:
    """A corpus of the test chorales cut into pieces of 36 quarter notes: 8 of them held out for validation and as many
    for the test."""
    whole = json.loads(CHORALES.read_text())
    parts = [
        piece[start : start + 36]
        for split in ("train", "valid", "test")
        for piece in whole[split]
        for start in range(0, len(piece) - 35, 18)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    dealt = {"train": parts[16:], "valid": parts[:8], "test": parts[8:16]}
    (folder / "chorales-quarter.json").write_text(json.dumps(dealt))
    (folder / "card.yaml").write_text("title: Test\nlicence: CC0-1.0\nsource: tests\nconsent: none needed\n")
    return folder
