"""EfficientNet-Lite's padding and layout."""

from __future__ import annotations

import torch

from luokuan.models.efficientnet import Stage, blocks, same_padding, stem


def test_same_padding_is_tensorflows() -> None:
    assert same_padding(torch.zeros(1, 1, 8, 8), 3, 2).shape[-1] == 9  # one column, at the right
    assert same_padding(torch.ones(1, 1, 8, 8), 3, 2)[0, 0, 0, 0] == 1
    assert same_padding(torch.zeros(1, 1, 8, 8), 5, 2).shape[-1] == 11
    assert same_padding(torch.zeros(1, 1, 7, 7), 3, 1).shape[-1] == 9


def test_blocks_follow_the_stages() -> None:
    network = blocks((Stage(1, 3, 1, 1, 16), Stage(3, 5, 2, 6, 24)))
    assert [block.skip for block in network] == [False, False, True, True]
    assert network(stem()(torch.zeros(1, 3, 32, 32))).shape == (1, 24, 8, 8)
