"""A tiny prior for tests: untrained, but whole and with noise in every matrix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from codecs_for_tests import TOKENS, save_codec

from luokuan.foundation.modelfolder import ModelFolder, read_folder, save_folder
from luokuan.models.interface import Wish
from luokuan.models.prior.condition import prefix_of, prefix_shape
from luokuan.models.prior.config import PriorConfig
from luokuan.models.prior.model import weights_of
from luokuan.models.prior.networks import Prior


def config(**changes: Any) -> PriorConfig:
    """A prior on 4 × 4 cells of the tiny codec, told one of two classes."""
    values: dict[str, Any] = {
        "codec": "tiny-codec",
        "codec_digest": "0" * 64,
        "size": 32,
        "cells": 4,
        "levels": TOKENS.levels,
        "width": 32,
        "layers": 2,
        "heads": 2,
        "condition": "class",
        "classes": ("cat", "dog"),
        "class_counts": (3, 1),
        "conditions": 4,
    }
    return PriorConfig(**(values | changes))


def shaken(shape: PriorConfig, seed: int = 0) -> Prior:
    """A prior whose zero matrices are random, so that everything has an effect."""
    torch.manual_seed(seed)
    prior = Prior(shape).eval().requires_grad_(False)
    for parameter in prior.parameters():
        if not parameter.any():
            parameter.normal_(std=0.3)
    return prior


def save_prior(models: Path, shape: PriorConfig | None = None, name: str = "tiny-prior") -> ModelFolder:
    """Write a prior and its codec as ``models/NAME`` and ``models/tiny-codec``."""
    codec_folder = models / "tiny-codec"
    codec = save_codec(codec_folder) if not codec_folder.exists() else None
    digest = (codec or read_folder(codec_folder)).network_digest
    values = (shape or config()).to_json() | {"codec_digest": digest}
    final = PriorConfig(**{k: _tuples(v) for k, v in values.items()})
    table = list(zip(final.attributes, final.values, strict=True))
    torch.manual_seed(1)
    numbers, length = prefix_shape(final)
    rows = torch.randint(numbers, (final.conditions, length))
    if final.attributes:
        wishes = [Wish(attributes={n: v[torch.randint(len(v), ())] for n, v in table}) for _i in range(len(rows))]
        rows = torch.tensor([prefix_of(final, wish) for wish in wishes])
    tensors = weights_of(shaken(final), rows)
    return save_folder(models / name, config=final.to_json(), tensors=tensors, training={}, card="# Test\n")


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, (list, tuple)) else value
