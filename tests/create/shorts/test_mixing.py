"""The sound of a short: loudness by the standard, no peak above the limit, speech before music."""

from __future__ import annotations

import math

import numpy as np
import pytest

from luokuan.create.shorts.mixing import PEAK, RATE, TARGET, Heard, ducking, limited, loudness, mastered, mixed
from luokuan.media import Sound


def tone(seconds: float, hertz: float = 997.0, level: float = 0.1, rate: int = RATE, channels: int = 1) -> Sound:
    wave = level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    return Sound(np.tile(wave.astype(np.float32), (channels, 1)), rate)


def test_loudness_is_that_of_the_standard() -> None:
    # BS.1770-5: a sine of 997 Hz at full scale in one of two channels is -3.01 LUFS.
    full = tone(3, level=1.0).samples.astype(np.float64)
    assert loudness(np.concatenate([full, 0 * full])) == pytest.approx(-3.01, abs=0.05)
    # EBU Tech 3341, case 1: both channels at -23 dBFS are -23 LUFS; silence around them is gated away.
    quiet = np.repeat(full * 10 ** (-23 / 20), 2, axis=0)
    assert loudness(quiet) == pytest.approx(-23.0, abs=0.1)
    padded = np.pad(quiet, ((0, 0), (5 * RATE, 5 * RATE)))
    assert loudness(padded) == pytest.approx(-23.0, abs=0.6)
    assert loudness(np.zeros((2, RATE))) == -math.inf


def test_the_whole_has_one_loudness_and_no_peak_above_the_limit() -> None:
    random = np.random.default_rng(1)
    loud = Sound((0.9 * random.standard_normal((2, 4 * 44_100))).astype(np.float32), 44_100)
    for sound in (loud, tone(4, level=0.002), tone(0.5)):
        found = mixed(4.0, [Heard(sound, 0.2)], [Heard(tone(0.1, level=1.0), 1.0, 12.0)], None)
        assert found is not None and found.samples.shape == (2, 4 * RATE)
        assert np.abs(found.samples).max() <= PEAK + 1e-6
        assert loudness(found.samples.astype(np.float64)) == pytest.approx(TARGET, abs=1.0)
    assert mixed(1.0, [], [], None) is None
    silent = mixed(1.0, [Heard(Sound(np.zeros((1, 100), np.float32), 24_000))], [], None)
    assert silent is not None and not silent.samples.any()
    assert np.isfinite(mastered(np.full((2, RATE), 1e-9))).all()


def test_a_limiter_never_overshoots() -> None:
    spikes = np.zeros((2, RATE))
    spikes[:, ::977] = np.random.default_rng(2).normal(0, 3, len(range(0, RATE, 977)))
    assert np.abs(limited(spikes)).max() <= PEAK + 1e-9
    small = 0.5 * spikes / np.abs(spikes).max()
    assert limited(small) is small


def test_music_is_lower_while_somebody_speaks() -> None:
    voices = np.zeros((2, 6 * RATE))
    voices[:, 2 * RATE : 4 * RATE] = 0.2
    gain = ducking(voices)
    assert gain.shape == (6 * RATE,)
    assert gain[RATE] > 0.99 and gain[3 * RATE] < 0.36 and gain[-1] > 0.9
    assert gain[2 * RATE] < 0.6, "it is down before the first word"
    music, speech = tone(6, 220.0), tone(2, 1500.0)
    found = mixed(6.0, [Heard(speech, 2.0)], [], Heard(music, gain=-6.0))
    assert found is not None
    low = np.abs(np.fft.rfft(found.samples[0].reshape(6, RATE), axis=1))[:, 220]
    assert low[3] < 0.5 * low[1], "in the third second somebody speaks"


def test_a_loop_goes_on_without_a_gap_and_ends() -> None:
    one = tone(0.5, 441.0, 0.3)
    found = mixed(5.0, [], [Heard(one, 0.5, 0.0, 4.5, loops=True)], None)
    assert found is not None
    level = np.sqrt((found.samples[0].reshape(50, -1) ** 2).mean(axis=1))
    assert level[:4].max() < 1e-3 and level[46:].max() < 1e-3
    assert level[6:44].min() > 0.5 * level[6:44].max()
