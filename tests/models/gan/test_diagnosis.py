"""Verdicts in words follow the figures."""

from __future__ import annotations

from luokuan.models.gan.diagnosis import diagnose


def records(**series: list[float]) -> list[dict[str, float]]:
    names = {
        "gap": "discriminator/logit_gap",
        "loss": "generator/loss",
        "coverage": "validation/coverage",
    }
    return [{names[k]: v} for k, values in series.items() for v in values]


def test_a_stable_game() -> None:
    (verdict,) = diagnose(records(gap=[0.5] * 20, loss=[0.8] * 30, coverage=[0.3, 0.5, 0.6]))
    assert "stable" in verdict


def test_collapse_by_coverage() -> None:
    assert any("repeats itself" in v for v in diagnose(records(coverage=[0.05])))
    assert any("collapsing" in v for v in diagnose(records(coverage=[0.3, 0.7, 0.6, 0.25])))


def test_a_discriminator_that_is_too_strong() -> None:
    assert any("too strong" in v for v in diagnose(records(gap=[1.0] * 10 + [9.0] * 10)))


def test_a_diverging_game() -> None:
    assert any("diverges" in v for v in diagnose(records(loss=[0.7] * 10 + [0.8] * 10 + [6.0] * 10)))


def test_a_young_game_is_not_called_stable() -> None:
    for history in ([], records(gap=[0.5] * 2, loss=[0.8] * 2, coverage=[0.4])):
        (verdict,) = diagnose(history)
        assert "Too few steps" in verdict
