"""A tiny language model of music with random weights, and a song of three parts."""

from __future__ import annotations

from pathlib import Path

import torch
from plms import shaken
from transformers import Qwen3ForCausalLM

from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.media import Note, Score
from luokuan.models.plm.config import qwen3_config
from luokuan.models.plm.model import saved_files
from luokuan.models.plm.music.model import SCHEMA, tokenizer
from luokuan.models.plm.music.tokens import END, TOKENS

CONTEXT = 256


def save_music_plm(path: Path, *, context: int = CONTEXT) -> ModelFolder:
    """Write an untrained model that hardly prefers any token: two blocks, 32 wide."""
    config = qwen3_config("nano", vocabulary=len(TOKENS), context=context, end=END, layers=2)
    config.hidden_size, config.head_dim, config.intermediate_size = 32, 8, 48
    torch.manual_seed(0)
    network = shaken(Qwen3ForCausalLM(config))
    own = {"architectures": ["Qwen3ForCausalLM"], "dtype": "bfloat16", "kind": "music", "schema": SCHEMA}
    return save_folder(
        path,
        config=config.to_dict() | own | {"density": [6.0, 12.0]},
        tensors={name: value.to(torch.bfloat16) for name, value in network.state_dict().items()},
        training={"corpus": {"licence": "CC0-1.0"}},
        card="# Test\n",
        more=saved_files(config.vocab_size, tokenizer(), context),
    )


def song(bars: int = 6) -> Score:
    """A minor; a melody of quarters, an answer in every second bar, chords; it begins a little early."""
    notes = []
    for bar in range(bars):
        at = 4.0 * bar
        notes += [Note(at + beat, 0.9, 69 + (beat * 2 + bar) % 5, track=0) for beat in range(4)]
        notes += [Note(at + 2.5, 0.5, 76, track=1)] if bar % 2 else []
        notes += [Note(at + half, 2.0, pitch, track=2) for half in (0, 2) for pitch in (45, 52, 57, 60)]
    return Score(tuple(notes), 80.0, ("MELODY", "BRIDGE", "PIANO"))
