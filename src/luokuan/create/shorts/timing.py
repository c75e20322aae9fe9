"""Motion over time: eased ways from one value to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


def eased(share: float, how: str) -> float:
    """0 to 1 along a curve: ``linear``, ``in`` (slow at first), ``out`` (slow at last), ``in-out`` (both)."""
    share = min(1.0, max(0.0, share))
    if how == "in":
        return share**3
    if how == "out":
        return 1 - (1 - share) ** 3
    if how == "in-out":
        return share * share * share * (10 + share * (6 * share - 15))  # no jump of speed or acceleration
    return share


@dataclass(frozen=True, slots=True)
class Key:
    """A value at a time, in seconds, and how one comes there from the one before."""

    at: float
    value: float
    ease: str = "in-out"


def value_at(keys: Sequence[Key], now: float) -> float:
    """The value of ``keys``, which ascend, at a time; before the first and after the last it rests."""
    last = keys[0]
    for key in keys[1:]:
        if now < key.at:
            share = (now - last.at) / (key.at - last.at)
            return last.value + (key.value - last.value) * eased(share, key.ease)
        last = key
    return last.value
