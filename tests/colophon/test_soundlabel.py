from __future__ import annotations

import math

import numpy as np
import pytest
from drafts import sound
from hypothesis import given
from hypothesis import strategies as st

from luokuan.colophon.label import LabelOptions
from luokuan.colophon.soundlabel import LOUDEST, PAUSE, PITCH, SOFTEST, label_text, loudness, rhythm, write_label
from luokuan.errors import UserError
from luokuan.media import Sound


def heard(rate: int, level: float = -20.0) -> list[tuple[float, float]]:
    """(start, length) in seconds of what sounds in the rhythm; a sine's zeros are no pauses."""
    samples = np.abs(rhythm(rate, level))
    loud = np.flatnonzero(samples > samples.max() / 50)
    breaks = np.flatnonzero(np.diff(loud) > 0.02 * rate)
    starts, ends = np.r_[loud[0], loud[breaks + 1]], np.r_[loud[breaks], loud[-1]]
    return [(start / rate, (end + 1 - start) / rate) for start, end in zip(starts, ends, strict=True)]


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 192_000])
def test_the_rhythm_is_short_long_short_short(rate: int) -> None:
    found = heard(rate)
    assert [round(start, 2) for start, _length in found] == [0.0, 0.2, 0.8, 1.0]
    assert [length for _start, length in found] == pytest.approx([0.1, 0.3, 0.1, 0.1], abs=0.004)
    assert rhythm(rate, -20.0).size == round(1.1 * rate) + round(PAUSE * rate)


def test_it_is_one_tone_without_clicks() -> None:
    samples = rhythm(48_000, -20.0)[: round(1.1 * 48_000)]
    power = np.abs(np.fft.rfft(samples)) ** 2
    pitch = np.fft.rfftfreq(samples.size, 1 / 48_000)
    assert abs(pitch[power.argmax()] - PITCH) < 15
    assert power[np.abs(pitch - PITCH) > 400].sum() < 1e-4 * power.sum(), "short ramps would spread it"
    assert samples[0] == pytest.approx(0, abs=1e-4)


@given(
    channels=st.integers(1, 8),
    rate=st.sampled_from([8_000, 22_050, 48_000]),
    count=st.integers(1, 3_000),
    gain=st.sampled_from([0.0, 1e-6, 1e-3, 0.1, 3.9]),
)
def test_any_sound_keeps_its_samples_and_gets_a_label_that_fits_it(
    channels: int, rate: int, count: int, gain: float
) -> None:
    bare = sound(count, channels, rate)
    bare = Sound(np.clip(bare.samples * np.float32(gain), -1, 1), rate)
    made = write_label(bare, LabelOptions())
    label = made.samples[:, : -bare.samples.shape[1]]
    assert np.array_equal(made.samples[:, -bare.samples.shape[1] :], bare.samples)
    assert label.shape == (channels, round(1.1 * rate) + round(PAUSE * rate))
    assert np.array_equal(label, np.broadcast_to(label[0], label.shape))
    tone = label[0, round(0.22 * rate) : round(0.48 * rate)]
    level = 20 * math.log10(math.sqrt(float(np.mean(np.square(tone, dtype=np.float64)))))
    assert SOFTEST - 0.2 <= level <= LOUDEST + 0.2
    assert level == pytest.approx(min(max(loudness(bare) - 8, SOFTEST), LOUDEST), abs=0.2)
    assert np.abs(label).max() < 0.3


def test_loudness_leaves_pauses_out() -> None:
    loud = sound(48_000).samples
    quiet = np.zeros((1, 160_000), np.float32)
    alone, among = (loudness(Sound(s, 16_000)) for s in (loud, np.concatenate([quiet, loud, quiet], axis=1)))
    assert among == pytest.approx(alone, abs=0.5)
    assert loudness(Sound(quiet, 16_000)) == -math.inf
    full = np.sin(np.arange(48_000) / 10).astype(np.float32)[None]
    assert loudness(Sound(full, 48_000)) == pytest.approx(-3.01, abs=0.02)


def spoken(seconds: float, rate: int = 24_000) -> tuple[LabelOptions, list[tuple[str, str]]]:
    asked: list[tuple[str, str]] = []

    def voice(words: str, language: str) -> Sound:
        asked.append((words, language))
        silence = np.zeros((1, rate // 2), np.float32)
        return Sound(np.concatenate([silence, sound(round(seconds * rate), 1, rate).samples, silence], axis=1), rate)

    return LabelOptions(voice=voice), asked


def test_a_voice_speaks_both_languages_before_the_sound() -> None:
    options, asked = spoken(2.5)
    bare = sound(800, 2, 16_000)
    made = write_label(bare, options)
    assert asked == [("人工智能生成", "zh-CN"), ("AI generated", "en")]
    assert made.samples.shape[0] == 2
    assert made.seconds == pytest.approx(2 * 2.5 + 2 * PAUSE + 0.05, abs=0.01)
    assert label_text(options) == "人工智能生成 AI generated"
    assert label_text(LabelOptions("en")) == "AI (.- ..)"
    assert np.abs(made.samples).max() <= 0.9


@pytest.mark.parametrize("seconds", [2.0, 3.5])
def test_a_voice_at_another_speed_is_refused(seconds: float) -> None:
    with pytest.raises(UserError) as caught:
        write_label(sound(), spoken(seconds)[0])
    assert caught.value.code == "label.speed"


def test_a_silent_voice_is_refused() -> None:
    options = LabelOptions(voice=lambda _words, _language: Sound(np.zeros((1, 100), np.float32), 8_000))
    with pytest.raises(UserError) as caught:
        write_label(sound(), options)
    assert caught.value.code == "label.voice"
