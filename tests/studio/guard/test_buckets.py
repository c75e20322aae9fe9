"""Token buckets."""

from __future__ import annotations

import pytest

from luokuan.studio.guard import buckets
from luokuan.studio.guard.buckets import Buckets


def test_so_many_at_once_then_so_many_a_second() -> None:
    clock = [100.0]
    found = Buckets(3, 0.5, lambda: clock[0])
    assert [found.take("a") for _ in range(3)] == [0.0, 0.0, 0.0]
    assert found.take("a") == pytest.approx(2.0) and found.take("b") == 0.0
    clock[0] += 1.9
    assert 0 < found.take("a") < 0.2
    clock[0] += 0.2
    assert found.take("a") == 0.0
    found.give_back("a")
    assert [found.take("a") for _ in range(3)] == [0.0] * 3
    clock[0] += 10_000
    assert [found.take("a") > 0 for _ in range(4)] == [False] * 3 + [True], "it holds no more than its burst"


def test_names_dont_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "MOST", 10)
    found = Buckets(1, 0.001)
    for number in range(100):
        found.take(str(number))
    assert len(found._left) == 10
    assert found.take("99") > 0 and found.take("0") == 0.0


def test_looking_takes_nothing() -> None:
    clock = [0.0]
    buckets = Buckets(2, 0.5, clock=lambda: clock[0])
    assert buckets.state("a") == (2, 0) and buckets.take("a") == 0
    assert buckets.state("a") == buckets.state("a") == (1, 2)
    clock[0] = 1
    assert buckets.state("a") == (1.5, 1)
