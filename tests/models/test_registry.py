"""Models that are kept while a process does one thing after the other."""

from __future__ import annotations

from pathlib import Path

import torch

from luokuan.foundation.modelfolder import save_folder
from luokuan.models.gan.config import GanConfig
from luokuan.models.gan.model import weights_of
from luokuan.models.gan.networks import Discriminator, Generator
from luokuan.models.registry import keep_models, load_model


def save(path: Path, seed: int) -> Path:
    config = GanConfig(size=8, widths=(16, 16), style=16, latent=8, classes=(), class_counts=())
    torch.manual_seed(seed)
    weights = weights_of(Generator(config), Discriminator(config))
    save_folder(path, config=config.to_json(), tensors=weights, training={}, card="# Test\n")
    return path


def test_models_are_kept_only_when_asked_and_those_used_last(tmp_path: Path) -> None:
    first, second, third = (save(tmp_path / name, seed) for seed, name in enumerate("abc"))
    assert load_model(first) is not load_model(first)
    keep_models(2)
    kept = load_model(first)
    load_model(second)
    assert load_model(first) is kept
    load_model(third)  # the second one, which wasn't used for longest, makes room
    assert load_model(first) is kept
    keep_models(0)
    assert load_model(first) is not kept


def test_a_model_that_was_trained_again_is_loaded_again(tmp_path: Path) -> None:
    keep_models(2)
    before = load_model(save(tmp_path / "a", 0))
    after = load_model(save(tmp_path / "a", 1))
    assert after is not before and after.folder.digest != before.folder.digest
