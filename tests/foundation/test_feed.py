"""Every item once an epoch, and any step without the steps before it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.foundation.feed import Order


@given(st.integers(1, 50), st.integers(1, 20), st.integers(0, 2**40))
def test_each_epoch_holds_every_item_once(count: int, batch: int, seed: int) -> None:
    order = Order(count, batch, seed)
    steps = -(-2 * count // batch)
    stream = np.concatenate([order.indices(step) for step in range(steps)])
    assert sorted(stream[:count]) == list(range(count))
    assert sorted(stream[count : 2 * count]) == list(range(count))


@given(st.integers(0, 1000))
def test_a_step_is_a_function_of_seed_and_step(step: int) -> None:
    assert (Order(37, 8, 5).indices(step) == Order(37, 8, 5).indices(step)).all()


def test_seeds_differ() -> None:
    assert (Order(100, 100, 0).indices(0) != Order(100, 100, 1).indices(0)).any()


def test_refuses_nothing() -> None:
    with pytest.raises(ValueError):
        Order(0, 1, 0)
