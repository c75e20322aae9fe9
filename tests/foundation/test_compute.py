"""The machine, seeds and counted operations."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from luokuan.errors import UserError
from luokuan.foundation import compute
from luokuan.foundation.compute import (
    autocast,
    convolution_rate,
    machine,
    measure_rate,
    mix_seed,
    seeded,
)
from luokuan.foundation.flops import count_flop


def test_machine_describes_this_one() -> None:
    found = machine()
    assert found.cores >= 1 and 0 < found.memory_available <= found.memory_total
    assert found.device in ("cpu", "cuda") and found.precision in ("bf16", "float32")
    assert found.to_json()["cores"] == found.cores


def test_machine_follows_the_choice() -> None:
    assert machine("cpu", "float32").precision == "float32"
    with pytest.raises(UserError, match="precision"):
        machine("cpu", "int3")
    with pytest.raises(UserError, match="not available"):
        machine("tpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="only where CUDA is absent")
def test_absent_cuda_is_one_sentence() -> None:
    with pytest.raises(UserError, match="cuda"):
        machine("cuda")


@given(st.lists(st.integers(0, 2**62), min_size=1, max_size=4))
def test_mixed_seeds_fit_and_repeat(parts: list[int]) -> None:
    assert 0 <= mix_seed(*parts) < 2**63
    assert mix_seed(*parts) == mix_seed(*parts)
    assert mix_seed(*parts, 1) != mix_seed(*parts, 2)


def test_seed_parts_do_not_run_together() -> None:
    assert mix_seed(1, 23) != mix_seed(12, 3)


def test_seeded_puts_the_generator_back() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    with seeded("x", 1):
        inside = torch.rand(1)
    assert torch.equal(torch.rand(1), expected)
    with seeded("x", 1):
        assert torch.equal(torch.rand(1), inside)


def test_autocast_makes_bf16_products() -> None:
    layer = nn.Linear(4, 4)
    with autocast("cpu", "bf16"):
        assert layer(torch.ones(1, 4)).dtype == torch.bfloat16
    with autocast("cpu", "float32"):
        assert layer(torch.ones(1, 4)).dtype == torch.float32


def test_rates_are_positive() -> None:
    assert measure_rate(lambda: sum(range(100)), seconds=0.01) > 0
    assert convolution_rate("float32", channels=32, side=8, batch=4, seconds=0.02) > 0


def test_flop_of_a_convolution_by_hand() -> None:
    layer = nn.Conv2d(4, 8, 3, padding=1)
    x = torch.randn(2, 4, 10, 10, requires_grad=True)
    forward = 2 * 9 * 4 * 8 * 100 * 2
    assert count_flop(lambda: layer(x)) == forward
    assert count_flop(lambda: layer(x).sum().backward()) == 3 * forward


def test_flop_are_counted_through_double_backward() -> None:
    layer = nn.Conv2d(1, 1, 3)
    x = torch.randn(1, 1, 5, 5, requires_grad=True)

    def penalty() -> None:
        (gradient,) = torch.autograd.grad(layer(x).tanh().sum(), x, create_graph=True)
        gradient.square().sum().backward()

    assert count_flop(penalty) > 3 * 2 * 9 * 9


def test_one_thread_is_for_a_while() -> None:
    before = torch.get_num_threads()

    @compute.one_thread()
    def inside() -> int:
        return torch.get_num_threads()

    torch.set_num_threads(2)
    try:
        assert inside() == 1 and torch.get_num_threads() == 2
        with pytest.raises(ValueError, match="in between"), compute.one_thread():
            raise ValueError("in between")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
