"""The explicit label is spoken, at the speed that the standard asks for."""

from __future__ import annotations

import numpy as np
import pytest

from luokuan.colophon.label import LabelOptions
from luokuan.colophon.soundlabel import SPEED, write_label
from luokuan.colophon.waiver import Waiver
from luokuan.create.voices.label import AIM, _heard, speak_label, with_voice
from luokuan.media import Sound


def test_the_chinese_label_has_the_speed_of_the_standard() -> None:
    words = "人工智能生成"
    speed = len(words) * 60 / _heard(speak_label(words, "zh-CN"))
    assert SPEED[0] < speed < SPEED[1] and speed == pytest.approx(AIM, abs=10)


def test_both_languages_are_heard_before_a_sound() -> None:
    sound = Sound(np.full((1, 16_000), 0.1, np.float32), 16_000)
    labelled = write_label(sound, LabelOptions(voice=speak_label))
    before = labelled.samples[:, :-16_000]
    assert np.array_equal(labelled.samples[:, -16_000:], sound.samples)
    assert 3 < before.shape[1] / 16_000 < 6 and np.sqrt(np.mean(before**2)) > 0.03


@pytest.mark.parametrize(
    ("language", "policy", "heard", "spoken"),
    [
        ("both", None, None, True),
        ("en", "eu", None, True),
        ("cn", "cn", None, False),
        ("cn", "cn", "words", True),
        ("both", "both", "rhythm", False),
    ],
)
def test_the_policy_says_how_it_is_heard(language: str, policy: str, heard: str, spoken: bool) -> None:
    options = with_voice(LabelOptions(language, policy=policy), heard)  # type: ignore[arg-type]
    assert (options.voice is not None) == spoken


def test_a_waived_label_stays_waived_and_a_given_voice_stays() -> None:
    waived = LabelOptions(waiver=Waiver("for a test", True))
    assert with_voice(waived) is waived
    given = LabelOptions(voice=lambda _words, _tag: Sound(np.zeros((1, 9), np.float32), 8_000))
    assert with_voice(given).voice is given.voice
