"""Pitch tracks and marks of made-up voices."""

from __future__ import annotations

import numpy as np
import pytest

from luokuan.create.voices.mandarin import pitch

RATE = 16_000


def buzz(hertz: np.ndarray) -> np.ndarray:
    """A voice-like sound with this pitch at each sample."""
    phase = 2 * np.pi * np.cumsum(hertz) / RATE
    return sum(np.cos(k * phase) / k for k in range(1, 12)) * 0.2


@pytest.mark.parametrize("hertz", [110.0, 200.0, 330.0, 450.0])
def test_a_steady_pitch(hertz: float) -> None:
    found = pitch.track(buzz(np.full(RATE // 2, hertz)), RATE)
    inner = found.hertz[5:-8]
    assert np.abs(inner / hertz - 1).max() < 0.01


def test_a_glide_is_followed_and_noise_has_no_pitch() -> None:
    wanted = np.linspace(150, 320, RATE)
    noise = 0.2 * np.random.default_rng(0).standard_normal(RATE // 2)
    found = pitch.track(np.concatenate([noise, buzz(wanted)]), RATE)
    glide = found.hertz[110:290]
    assert np.abs(glide / wanted[:: round(RATE * pitch.HOP)][10:190] - 1).max() < 0.03
    assert (found.hertz[5:90] > 0).mean() < 0.1


def test_marks_lie_a_period_apart() -> None:
    samples = buzz(np.full(RATE, 250.0))
    marks = pitch.marks(samples, RATE, pitch.track(samples, RATE))
    assert len(marks) > 230 and np.abs(np.diff(marks) - RATE / 250).max() <= 1


def test_silence_has_neither() -> None:
    found = pitch.track(np.zeros(RATE), RATE)
    assert not found.hertz.any() and pitch.marks(np.zeros(RATE), RATE, found).size == 0
    assert not found.at([0.1, 0.2]).any()
