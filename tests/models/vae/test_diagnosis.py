"""Verdicts follow the figures."""

from __future__ import annotations

import pytest

from luokuan.models.vae.diagnosis import Looked, verdicts


def looked(*bounds: float, kl: float = 6.0, active: int = 12, training: float | None = None) -> list[Looked]:
    return [Looked(bound, kl, active, training) for bound in bounds]


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (looked(60, 60, kl=0.05), "carry nothing"),
        (looked(60, 60, active=0), "posterior collapse"),
        (looked(60, 60, active=1), "Only 1 of 32"),
        (looked(60, 50, 55), "by heart"),
        (looked(60, 50, 50, training=40), "25% more"),
        (looked(60, 50), "still improving"),
        (looked(60, 60, training=58), "has settled, and 12 of 32"),
    ],
)
def test_each_has_its_sentence(seen: list[Looked], said: str) -> None:
    (sentence,) = verdicts(seen, 32, advice="train longer")
    assert said in sentence


def test_collapse_and_overfitting_are_both_said_with_the_advice() -> None:
    first, second = verdicts(looked(60, 50, 55, active=0), 32, advice="raise --free-bits")
    assert "raise --free-bits" in first and "by heart" in second


def test_one_validation_says_nothing() -> None:
    assert verdicts(looked(60), 32, advice="") == [] and verdicts([], 32, advice="") == []
