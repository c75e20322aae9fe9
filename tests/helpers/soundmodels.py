"""Small sounds and tiny models of sound for tests: untrained, but whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray

from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.models.prior.networks import Prior
from luokuan.models.sound.config import SoundConfig
from luokuan.models.sound.model import weights_of
from luokuan.models.sound.networks import Codec

RATE = 16_000
NARROW = SoundConfig(
    ("hiss", "hum", "tick"), (9, 8, 3), fft=256, hop=128, mels=16, levels=(4, 4), codec_width=8, codec_layers=2,
    window=4, width=16, layers=1, heads=2,
)  # fmt: skip
"""16 cells of 16 ms."""
SMALL = {"codec_width": 8, "codec_layers": 2, "levels": (4, 4), "window": 3, "width": 16, "layers": 1, "variants": 2}
"""The same as choices of a run."""


def noise(seconds: float, seed: int, rate: int = RATE) -> NDArray[np.float32]:
    """White noise, σ 0.1."""
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * rate))).astype(np.float32)


def tone(seconds: float, hertz: float, rate: int = RATE) -> NDArray[np.float32]:
    """A sine of amplitude 0.3."""
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def write_corpus(folder: Path, *, card: bool = True) -> Path:
    """Nine clips of hiss, eight of hum, three of ticks, in class folders."""
    for name, count in (("hiss", 9), ("hum", 8), ("tick", 3)):
        (folder / name).mkdir(parents=True)
        for index in range(count):
            seconds = 0.4 + 0.05 * index
            samples = {
                "hiss": lambda s=seconds, i=index: noise(s, i),
                "hum": lambda s=seconds, i=index: tone(s, 200 + 20 * i),
                "tick": lambda s=seconds, i=index: noise(s, 50 + i) * (np.arange(round(s * RATE)) < 400),
            }[name]()
            soundfile.write(folder / name / f"{index}.wav", samples, RATE)
    if card:
        (folder / "card.yaml").write_text("title: Test\nlicence: CC0-1.0\naliases: {嘶: hiss}\n", encoding="utf-8")
    return folder


def save_sound_model(
    path: Path, config: SoundConfig = NARROW, *, training: dict[str, Any] | None = None
) -> ModelFolder:
    """Write an untrained model of sound that knows 嘶 for hiss."""
    torch.manual_seed(0)
    modules = {"codec": Codec(config), "prior": Prior(config.prior)}
    record = training or {"corpus": {"licence": "CC0-1.0", "digest": "d" * 64, "aliases": {"嘶": "hiss"}}}
    return save_folder(path, config=config.to_json(), tensors=weights_of(modules), training=record, card="# Test\n")
