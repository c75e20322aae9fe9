"""Small pictures are spoilt slightly, and always in the same way by the same draws."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from luokuan.models.upscaler.degradation import DRAWS, FILTERS, Degradation, degrade, halve, uniform


@pytest.fixture
def picture() -> np.ndarray:
    coarse = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((64, 64), Image.Resampling.BICUBIC))


def draws(**values: float) -> torch.Tensor:
    names = ("which", "blurred", "sigma", "noisy", "level", "compressed", "quality", "chroma")
    found = torch.full((DRAWS,), 0.999, dtype=torch.float64)
    for name, value in values.items():
        found[names.index(name)] = value
    return found


@pytest.mark.parametrize("index", range(4))
def test_without_spoiling_it_is_one_of_the_filters(picture: np.ndarray, index: int) -> None:
    made = degrade(picture, draws(which=index / 4 + 0.01), Degradation())
    assert made.shape == (32, 32, 3) and np.array_equal(made, halve(picture, FILTERS[index]))


@pytest.mark.parametrize(
    "spoiling",
    [{"blurred": 0.0, "sigma": 0.9}, {"noisy": 0.0, "level": 0.9}, {"compressed": 0.0, "quality": 0.0}],
)
def test_each_spoiling_is_slight(picture: np.ndarray, spoiling: dict[str, float]) -> None:
    clean = degrade(picture, draws(), Degradation()).astype(float)
    made = degrade(picture, draws(**spoiling), Degradation())
    difference = np.sqrt(((made - clean) ** 2).mean())
    assert 0.2 < difference < 12
    assert np.array_equal(made, degrade(picture, draws(**spoiling), Degradation()))


def test_draws_follow_the_generator() -> None:
    torch.manual_seed(1)
    first = uniform(3)
    torch.manual_seed(1)
    assert torch.equal(first, uniform(3)) and first.shape == (3, DRAWS) and float(first.max()) < 1
