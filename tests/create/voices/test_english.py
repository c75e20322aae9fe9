"""The English voice says texts, with the times of their words."""

from __future__ import annotations

import builtins
import itertools
from typing import Any

import numpy as np
import pytest

from luokuan.create.voices import english, pieces
from luokuan.create.voices.english import English
from luokuan.create.voices.mandarin import pitch
from luokuan.create.voices.wording import timed_words
from luokuan.errors import UserError

RATE = 24_000


@pytest.fixture(scope="module")
def voice() -> English:
    return English()


def test_words_are_as_they_are_written(voice: English) -> None:
    text = "Dr. Smith paid $9.99 at 7:30 pm on the 3rd of March, 2024. Wasn't it nice?"
    found = list(voice.say(text))
    assert "".join(piece.text for piece in found) == text
    words = [word for piece in found for word in piece.sound.words]
    assert "".join(word.text for word in words) == text
    assert [word.text.strip() for word in words][:5] == ["Dr.", "Smith", "paid", "$9.99", "at"]
    for piece in found:
        own = piece.sound.words
        assert all(a.start < a.end <= b.start + 1e-6 for a, b in itertools.pairwise(own))
        assert own[-1].end < piece.sound.seconds


def test_marks_of_chinese_stay_as_they_are_written(voice: English) -> None:
    (piece,) = voice.say("Yes，Luokuan。")
    assert piece.text == "Yes，Luokuan。" == "".join(word.text for word in piece.sound.words)


def test_words_end_before_the_pause(voice: English) -> None:
    for piece in voice.say("30%,13812345678,3:2,1/2, I laugh, Both. Enough"):
        pause = pieces.STOP if piece.text.rstrip().endswith(".") else pieces.PAUSE
        assert piece.sound.words[-1].end <= piece.sound.seconds - pause + 1e-3
        assert piece.phones[-1].end <= piece.sound.seconds - pause + 1e-3


def test_times_are_those_of_the_sound(voice: English) -> None:
    (piece,) = voice.say("Stop, stop.")
    first, second = piece.sound.words
    samples = piece.sound.samples[0]
    for word in (first, second):
        assert np.sqrt(np.mean(samples[round(word.start * RATE) : round(word.end * RATE)] ** 2)) > 0.02
    gap = samples[round((first.end + 0.02) * RATE) : round((second.start - 0.02) * RATE)]
    assert gap.size == 0 or np.sqrt(np.mean(gap**2)) < 0.05


def test_the_same_seed_gives_the_same_sound(voice: English) -> None:
    one, same, other = (next(voice.say("Yes.", seed=seed)).sound.samples for seed in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_rate_and_pitch(voice: English) -> None:
    text = "We are all here now."
    plain, quick, high = (
        next(voice.say(text, **how)).sound
        for how in ({}, {"rate": 1.5}, {"pitch": 5.0})  # type: ignore[arg-type]
    )
    assert quick.words[-1].end < 0.8 * plain.words[-1].end
    hertz = [pitch.track(sound.samples[0], RATE).hertz for sound in (plain, high)]
    low, up = (np.median(one[one > 0]) for one in hertz)
    assert up / low == pytest.approx(2 ** (5 / 12), rel=0.08)


def test_long_sentences_are_cut_betweentimed_words(voice: English) -> None:
    text = "one two three four five " * 40
    found = list(voice.say(text))
    assert len(found) > 2 and "".join(piece.text for piece in found) == text
    assert all(piece.text.strip()[-1].isalpha() for piece in found)


def test_what_it_can_say(voice: English) -> None:
    assert voice.can_say("a") and voice.can_say("5") and not voice.can_say("， — …") and not voice.can_say("мир")
    assert list(voice.say("...")) == []


@pytest.mark.parametrize(
    ("written", "heard", "texts"),
    [
        ("a 5 b", [("a", 0, 1), ("five", 1, 2), ("b", 2, 3)], ["a ", "5 ", "b"]),
        ("at 7:30 pm", [("at", 0, 1), ("seven", 1, 2), ("thirty", 2, 3), ("pm", 3, 4)], ["at ", "7:30 ", "pm"]),
        ("a — b", [("a", 0, 1), ("b", 1, 2)], ["a — ", "b"]),
        ("“a” b", [("a", 0, 1), ("b", 1, 2)], ["“a” ", "b"]),
    ],
)
def test_what_was_written_out_is_one_word_again(
    written: str, heard: list[tuple[str, float, float]], texts: list[str]
) -> None:
    words = timed_words(written, heard)
    assert [word.text for word in words] == texts
    assert words[-1].end == heard[-1][2]


def test_without_its_package_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def lacking(name: str, *rest: Any, **named: Any) -> Any:
        if name == "hibari":
            raise ImportError(name)
        return real(name, *rest, **named)

    english._network.cache_clear()
    monkeypatch.setattr(builtins, "__import__", lacking)
    with pytest.raises(UserError) as caught:
        English()
    assert caught.value.code == "voice.package" and "hibari-tts" in str(caught.value)
