"""Drawing tokens: the cache changes nothing, chances are chances, and what is given stays."""

from __future__ import annotations

import itertools
import math
from typing import Any

import priors_for_tests as tiny
import pytest
import torch
from torch.nn import functional as F

from luokuan.models.prior.sampling import Given, Manner, draw, log_probability, numbers_needed

AUTO, MASKED = tiny.config(), tiny.config(order="masked")


def test_a_cell_is_predicted_from_earlier_cells_alone() -> None:
    prior = tiny.shaken(AUTO)
    torch.manual_seed(0)
    tokens = torch.stack([torch.randint(level, (1, 16)) for level in AUTO.levels], dim=2)
    other = tokens.clone()
    other[:, 7] = (other[:, 7] + 1) % torch.tensor(AUTO.levels)
    one, two = (prior(torch.tensor([[1]]), t)[0] for t in (tokens, other))
    same = torch.isclose(one, two, atol=1e-5).all(dim=1)
    assert same[:8].all() and not same[8:].any()


def test_chances_of_all_pictures_sum_to_one() -> None:
    shape = tiny.config(cells=2, size=16, levels=(2, 2))
    prior = tiny.shaken(shape)
    cells = list(itertools.product(range(2), range(2)))
    pictures = torch.tensor(list(itertools.product(cells, repeat=4)))  # (256, 4, 2)
    found = log_probability(prior, torch.ones(len(pictures), 1, dtype=torch.int64), pictures)
    assert found.exp().sum().item() == pytest.approx(1, abs=1e-4)


TOLD = {"condition": "text", "words": ("cat", "dog"), "classes": (), "class_counts": ()}


@pytest.mark.parametrize("guidance", [1.0, 2.0])
@pytest.mark.parametrize("told", [{}, TOLD], ids=["class", "text"])
def test_drawing_with_the_cache_equals_computing_everything_anew(told: dict[str, Any], guidance: float) -> None:
    prior, manner = tiny.shaken(tiny.config(**told)), Manner(0.8, guidance)
    prefix = torch.tensor([[1], [2], [0]])
    prefix = F.pad(prefix, (0, prior.prefix - 1))
    torch.manual_seed(3)
    uniforms = torch.rand(3, *numbers_needed(prior, manner), dtype=torch.float64)
    tokens = draw(prior, prefix, uniforms, manner)
    h, without = prior(prefix, tokens), prior(torch.zeros_like(prefix), tokens)
    flat = tokens.flatten(0, 1)
    c, u = prior.heads(h.flatten(0, 1), flat), prior.heads(without.flatten(0, 1), flat)
    logits = torch.where(prior.heads.absent, -math.inf, u + guidance * (c - u))
    edges = (logits / 0.8).softmax(-1).double().cumsum(-1)  # (C, N, L)
    drawn = uniforms.flatten(0, 1).T[:, :, None]  # (C, N, 1)
    wanted = (edges < drawn * edges[:, :, -1:]).sum(-1).T
    assert (wanted == flat).double().mean() > 0.99  # a draw on the very edge may fall to the other side


def test_frequencies_are_the_chances() -> None:
    shape = tiny.config(cells=1, size=8, levels=(3, 2))
    prior, count = tiny.shaken(shape), 20_000
    torch.manual_seed(0)
    uniforms = torch.rand(count, 1, 2, dtype=torch.float64)
    tokens = draw(prior, torch.ones(count, 1, dtype=torch.int64), uniforms, Manner())
    for a, b in itertools.product(range(3), range(2)):
        chance = log_probability(prior, torch.ones(1, 1, dtype=torch.int64), torch.tensor([[[a, b]]])).exp().item()
        share = (tokens[:, 0] == torch.tensor([a, b])).all(1).double().mean().item()
        assert share == pytest.approx(chance, abs=4 * math.sqrt(chance * (1 - chance) / count) + 1e-3)


@pytest.mark.parametrize("shape", [AUTO, MASKED], ids=["autoregressive", "masked"])
def test_given_cells_stay_and_the_rest_lies_in_range(shape: object) -> None:
    prior, manner = tiny.shaken(shape), Manner(rounds=5)  # type: ignore[arg-type]
    torch.manual_seed(0)
    kept = torch.rand(4, 16) < 0.5
    given = torch.stack([torch.randint(level, (4, 16)) for level in AUTO.levels], dim=2)
    uniforms = torch.rand(4, *numbers_needed(prior, manner), dtype=torch.float64)
    tokens = draw(prior, torch.ones(4, 1, dtype=torch.int64), uniforms, manner, Given(given, kept))
    assert (tokens[kept] == given[kept]).all() and (tokens[~kept] != given[~kept]).any()
    assert (tokens >= 0).all() and (tokens < torch.tensor(AUTO.levels)).all()


def test_a_low_temperature_takes_the_most_probable() -> None:
    prior = tiny.shaken(AUTO)
    results = []
    for seed in range(2):
        torch.manual_seed(seed)
        uniforms = torch.rand(1, *numbers_needed(prior, Manner()), dtype=torch.float64)
        results.append(draw(prior, torch.tensor([[1]]), uniforms, Manner(0.001)))
    assert torch.equal(*results)


def test_rounds_of_the_masked_prior_fill_every_cell() -> None:
    prior = tiny.shaken(MASKED)
    counts = []
    forward = prior.forward

    def counted(prefix: torch.Tensor, tokens: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        counts.append(hidden.sum(1).tolist())
        return forward(prefix, tokens, hidden)

    prior.forward = counted  # type: ignore[method-assign]
    uniforms = torch.rand(2, *numbers_needed(prior, Manner(rounds=4)), dtype=torch.float64)
    draw(prior, torch.tensor([[1], [2]]), uniforms, Manner(rounds=4))
    # cos(π/8) 16 = 14.8, cos(π/4) 16 = 11.3, cos(3π/8) 16 = 6.1
    assert counts == [[16, 16], [14, 14], [11, 11], [6, 6]]
