"""The melody has the shapes of the tones."""

from __future__ import annotations

import numpy as np
import pytest

from luokuan.create.voices.mandarin.melody import STEP, Tone, heights, melody

CONTOURS = {
    "1": [298.0, 302.0, 305.0],
    "2": [221.0, 226.0, 313.0],
    "3": [203.0, 156.0, 209.0],
    "4": [301.0, 281.0, 212.0],
}
TARGETS = heights(CONTOURS)


def contour(tones: list[int], seconds: float = 0.25, **options: bool) -> np.ndarray:
    places = [Tone(t, k * seconds, (k + 1) * seconds, k + 1 == len(tones)) for k, t in enumerate(tones)]
    return melody(places, TARGETS, **options)


def of(tones: list[int], number: int, seconds: float = 0.25) -> np.ndarray:
    whole = contour(tones, seconds)
    return whole[round((number * seconds + 0.08) / STEP) : round((number + 1) * seconds / STEP)]


def test_each_tone_has_its_shape() -> None:
    level, rising, low, falling = (of([1, tone, 1], 1) for tone in (1, 2, 3, 4))
    assert level.max() / level.min() < 1.05
    assert rising[-1] > 1.2 * rising.min()
    assert falling[-1] < 0.8 * falling[0]
    assert low.mean() < 0.75 * level.mean()


def test_there_are_no_jumps() -> None:
    whole = contour([4, 2, 3, 1, 4, 4, 5, 2])
    assert np.abs(np.diff(np.log2(whole))).max() < 0.06  # octaves in 5 ms


def test_a_line_is_reached() -> None:
    # Target approximation: after a long time the pitch lies on the target.
    whole = melody([Tone(1, 0.0, 2.0)], TARGETS)
    assert whole[round(0.6 / STEP)] == pytest.approx(2 ** TARGETS[1][0], rel=0.01)


def test_a_phrase_declines_and_a_question_less() -> None:
    tones = [1] * 10
    plain, asked = contour(tones), contour(tones, rising=True)
    assert plain[-1] < 0.95 * plain[60]
    assert asked[-1] > plain[-1]


def test_the_neutral_tone_is_high_after_a_low_one() -> None:
    assert of([3, 5], 1).mean() > of([4, 5], 1).mean()


def test_a_last_third_tone_rises_if_there_is_time() -> None:
    assert of([3], 0, 0.5)[-1] > 1.05 * of([3], 0, 0.5).min()
    assert of([3, 1], 0, 0.25)[-1] < 1.05 * of([3, 1], 0, 0.25).min()
