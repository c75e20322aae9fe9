"""Configs from JSON: nothing unknown, nothing missing, nothing of another type."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from luokuan.errors import UserError
from luokuan.foundation.strictconfig import strict_config


@dataclass(frozen=True)
class Example:
    size: int
    rate: float = 0.5
    names: tuple[str, ...] = ()
    counts: dict[str, int] | None = None
    on: bool = True

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError("size is at least 1")


def test_good_values() -> None:
    found = strict_config(Example, {"size": 3, "rate": 1, "names": ["a"], "counts": {"a": 2}, "on": False})
    assert found == Example(3, 1.0, ("a",), {"a": 2}, False)
    assert strict_config(Example, {"size": 3, "counts": None}).counts is None


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({}, "'size' is missing"),
        ({"size": "3"}, "'size' has the wrong type"),
        ({"size": True}, "'size' has the wrong type"),
        ({"size": 3.0}, "'size' has the wrong type"),
        ({"size": 3, "names": "a"}, "'names' has"),
        ({"size": 3, "names": [1]}, "'names' has"),
        ({"size": 3, "counts": {"a": "b"}}, "'counts' has"),
        ({"size": 3, "other": 1}, "'other' is unknown"),
        ({"size": 0}, "at least 1"),
    ],
)
def test_wrong_values(values: dict[str, object], match: str) -> None:
    with pytest.raises(UserError, match=match):
        strict_config(Example, values)
