"""The moving average halves old weights over five per cent of the items seen."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from luokuan.foundation.ema import Ema, decay


def test_half_life_is_a_share_of_the_items_seen() -> None:
    assert decay(1000, 50) == pytest.approx(0.5)
    assert decay(1000, 100) == pytest.approx(0.25)
    assert decay(0, 10) == 0.0


def test_update_by_hand() -> None:
    module = nn.Linear(1, 1, bias=False)
    nn.init.constant_(module.weight, 1.0)
    average = Ema(module)
    nn.init.constant_(module.weight, 3.0)
    average.update(module, 0.75)
    assert average.module.weight.item() == pytest.approx(0.75 * 1 + 0.25 * 3)
    assert not average.module.weight.requires_grad


def test_buffers_are_copied() -> None:
    module = nn.BatchNorm1d(2)
    average = Ema(module)
    module.running_mean += 5
    average.update(module, 0.9)
    assert torch.equal(average.module.running_mean, module.running_mean)
