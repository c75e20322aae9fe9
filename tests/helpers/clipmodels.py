"""Small clips and tiny models of clips for tests: drawn here, untrained, but whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.models.clip.coding import FrameCodec
from luokuan.models.clip.config import ClipConfig
from luokuan.models.clip.model import weights_of
from luokuan.models.prior.networks import Prior

ACTIONS, COLOURS = ("jump", "slide"), ("blue", "red")
NARROW = ClipConfig(
    size=16, frames=4, levels=(4, 4), encoder_widths=(8, 8, 8), encoder_depth=(1, 0, 0), decoder_widths=(8, 8, 8, 8),
    decoder_depth=(0, 0, 0, 0), width=64, layers=1, heads=1, attributes=("action", "colour"),
    values=(ACTIONS, COLOURS), value_counts=((8, 8), (8, 8)), conditions=4,
)  # fmt: skip
"""Four frames of one place each, of four cells."""
SMALL = {"size": 16, "frames": 4, "levels": (4, 4), "width": 64, "layers": 1}
"""Much the same as choices of a run."""


def drawn(action: str, colour: str, character: int, frames: int = 4, size: int = 16) -> NDArray[np.uint8]:
    """A square that moves up (``jump``) or to the right (``slide``), uint8 (frames, size, size, 3)."""
    clip = np.full((frames, size, size, 3), 240, np.uint8)
    side = size // 4
    for place, frame in enumerate(clip):
        step = place * side * 3 // max(frames - 1, 1)
        down, right = (size - side - step, size // 2) if action == "jump" else (size // 2, step)
        frame[down : down + side, right : right + side] = (
            (200, 30 + character, 30) if colour == "red" else (30, 30 + character, 200)
        )
    return clip


def strip(clip: NDArray[np.uint8]) -> Image.Image:
    """Frames side by side."""
    return Image.fromarray(np.concatenate(list(clip), axis=1))


def write_corpus(folder: Path, *, characters: int = 8, card: bool = True) -> Path:
    """Strips of ``characters`` characters, two actions each, told by metadata.jsonl."""
    (folder / "clips").mkdir(parents=True)
    rows = []
    for character in range(characters):
        colour = COLOURS[character % 2]
        for action in ACTIONS:
            name = f"clips/{character}-{action}.png"
            strip(drawn(action, colour, character)).save(folder / name)
            rows.append({"file_name": name, "character": character, "action": action, "colour": colour, "frames": 4})
    (folder / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    if card:
        text = "title: Test\nlicence: CC-BY-SA-3.0\ncredit: Ann\naliases: {跳: jump, hop: jump}\n"
        (folder / "card.yaml").write_text(text, encoding="utf-8")
    return folder


def save_clip_model(path: Path, config: ClipConfig = NARROW, *, training: dict[str, Any] | None = None) -> ModelFolder:
    """Write an untrained model of clips that knows 跳 for jump."""
    torch.manual_seed(0)
    modules = {"codec": FrameCodec(config), "prior": Prior(config.prior)}
    conditions = torch.tensor([[1, 3], [1, 4], [2, 3], [2, 4]])
    record = training or {"corpus": {"licence": "CC-BY-SA-3.0", "digest": "d" * 64, "aliases": {"跳": "jump"}}}
    return save_folder(
        path, config=config.to_json(), tensors=weights_of(modules, conditions), training=record, card="# Test\n"
    )
