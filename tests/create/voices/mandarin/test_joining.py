"""Recordings are joined without a click, at the pitch and the time that are asked for."""

from __future__ import annotations

import numpy as np
import pytest

from luokuan.create.voices.mandarin import pitch
from luokuan.create.voices.mandarin.joining import Part, join
from luokuan.create.voices.mandarin.melody import STEP

RATE = 48_000


def part(hertz: float, times: tuple[float, ...], places: tuple[float, ...], **options: float) -> Part:
    phase = 2 * np.pi * hertz * np.arange(RATE) / RATE
    samples = sum(np.cos(k * phase) / k for k in range(1, 20)).astype(np.float32) * np.float32(0.1)
    marks = pitch.marks(samples, RATE, pitch.track(samples[::3], RATE // 3))
    return Part(samples, RATE, marks, times, places, 1.0, **options)


def tracked(samples: np.ndarray) -> np.ndarray:
    return pitch.track(samples[::3], RATE // 3).hertz


@pytest.mark.parametrize(("wanted", "seconds"), [(200.0, 0.3), (250.0, 0.6), (320.0, 0.2)])
def test_pitch_and_length_are_as_asked(wanted: float, seconds: float) -> None:
    made = join([part(250.0, (0.0, seconds), (0.2, 0.7))], np.full(400, wanted), seconds)
    assert len(made) == round(seconds * RATE)
    inner = tracked(made)[8:-8]
    assert np.abs(inner[inner > 0] / wanted - 1).max() < 0.03 and (inner > 0).mean() > 0.9


def test_two_parts_meet_without_a_click() -> None:
    parts = [
        part(240.0, (0.0, 0.262), (0.2, 0.5), fade=0.012),
        part(260.0, (0.25, 0.5), (0.3, 0.6), attack=0.012),
    ]
    made = join(parts, np.full(round(0.5 / STEP) + 1, 250.0), 0.5).astype(np.float64)
    steps = np.abs(np.diff(made, n=2))
    meeting = steps[round(0.24 * RATE) : round(0.27 * RATE)].max()
    assert meeting < 1.5 * np.quantile(steps[round(0.05 * RATE) : round(0.2 * RATE)], 0.999)


def test_noise_keeps_its_loudness() -> None:
    noise = (0.1 * np.random.default_rng(0).standard_normal(RATE)).astype(np.float32)
    one = Part(noise, RATE, np.zeros(0, np.int64), (0.0, 0.3), (0.2, 0.6), 1.0)
    made = join([one], np.full(100, 200.0), 0.3)
    assert np.sqrt(np.mean(made[2400:-2400] ** 2)) == pytest.approx(0.1, rel=0.3)
