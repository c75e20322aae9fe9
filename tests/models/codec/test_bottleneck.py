"""Posteriors: values by hand, rates in nats, rounding that loses nothing, gradients that pass."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from luokuan.models.codec.bottleneck import Gaussian, Quantiser


def test_gaussian_kl_by_hand() -> None:
    # μ = 1, log σ² = 0: ½·1² = 0.5 nats; μ = 0, log σ² = log 4: ½(4 - 1 - log 4) nats.
    raw = torch.tensor([1.0, 0.0, 0.0, math.log(4)]).view(1, 4, 1, 1)
    _z, kl = Gaussian(2).sample(raw)
    assert kl.item() == pytest.approx(0.5 + 0.5 * (3 - math.log(4)), abs=1e-6)


def test_gaussian_draws_have_the_posterior_s_moments() -> None:
    torch.manual_seed(0)
    raw = torch.cat([torch.full((1, 1, 100, 100), 2.0), torch.full((1, 1, 100, 100), math.log(0.25))], dim=1)
    z, _kl = Gaussian(1).sample(raw)
    assert z.mean().item() == pytest.approx(2, abs=0.02) and z.std().item() == pytest.approx(0.5, abs=0.02)
    assert torch.equal(Gaussian(1).latents(raw), raw[:, :1])


@given(st.lists(st.integers(2, 16), min_size=1, max_size=4), st.integers(0, 2**31))
def test_every_token_comes_back(levels: list[int], seed: int) -> None:
    neck = Quantiser(tuple(levels))
    stream = torch.Generator().manual_seed(seed)
    tokens = torch.stack([torch.randint(level, (2, 3, 5), generator=stream) for level in levels], dim=1)
    assert torch.equal(neck.tokens(neck.from_tokens(tokens)), tokens)


@given(st.integers(2, 16))
def test_all_levels_can_be_reached_and_none_beyond(level: int) -> None:
    neck = Quantiser((level,))
    raw = torch.linspace(-12, 12, 4001).view(-1, 1, 1, 1)
    found = neck.tokens(neck.latents(raw)).unique().tolist()
    assert found == list(range(level))
    far = torch.tensor([-50.0, 50.0]).view(-1, 1, 1, 1)
    assert neck.tokens(far).flatten().tolist() == [0, level - 1]


def test_the_rate_is_the_logarithm_of_the_levels() -> None:
    neck = Quantiser((8, 5))
    _z, kl = neck.sample(torch.zeros(3, 2, 4, 4))
    assert kl.tolist() == pytest.approx([16 * math.log(40)] * 3, rel=1e-6)


def test_half_of_the_items_are_rounded_and_the_rest_noisy() -> None:
    torch.manual_seed(0)
    neck = Quantiser((8, 8))
    raw = torch.randn(400, 2, 2, 2)
    z, _kl = neck.sample(raw)
    whole = ((z - neck.settle(z)).abs() < 1e-6).flatten(1).all(dim=1)
    assert 0.4 < whole.float().mean().item() < 0.6
    # Noise lies within half a level of the value: 1/8 on the scale of 4 levels to the unit.
    assert (z - neck.latents(raw)).abs().max().item() <= 0.125 + 1e-6


def test_gradients_pass_through_rounding() -> None:
    raw = torch.randn(2, 2, 3, 3, requires_grad=True)
    neck = Quantiser((6, 5))
    neck.settle(neck.latents(raw)).sum().backward()
    assert raw.grad is not None and bool((raw.grad > 0).all())
