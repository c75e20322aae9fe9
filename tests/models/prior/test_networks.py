"""What a prior makes of its condition before the blocks see it."""

from __future__ import annotations

import priors_for_tests as tiny
import torch

from luokuan.models.prior.networks import Words

TEXT = tiny.config(condition="text", words=("cat", "dog", "red"), classes=(), class_counts=())


def test_a_caption_as_a_whole_is_the_mean_of_its_words_whatever_their_order() -> None:
    words = Words(4, 16)
    cat, dog = (words.whole(torch.tensor([[number, 0, 0]])) for number in (1, 2))
    both = words.whole(torch.tensor([[1, 2, 0], [2, 0, 1]]))
    assert both.shape == (2, 1, 16)
    assert torch.allclose(both[0], (cat + dog)[0] / 2, atol=1e-6) and torch.allclose(both[0], both[1], atol=1e-6)
    assert not words.whole(torch.zeros(1, 3, dtype=torch.int64)).any()


def test_every_cell_is_told_what_the_caption_says_as_a_whole() -> None:
    prior = tiny.shaken(TEXT)
    x = torch.zeros(2, 5, TEXT.width)
    prefix = torch.zeros(2, prior.prefix, dtype=torch.int64)
    prefix[1, 0] = 3
    told = prior.beside(prefix, x)
    assert not told[0].any() and told[1].any(dim=1).all()


def test_other_conditions_stand_before_the_cells_alone() -> None:
    prior = tiny.shaken(tiny.config())
    x = torch.randn(1, 5, prior.config.width)
    assert torch.equal(prior.beside(torch.tensor([[2]]), x), x)
