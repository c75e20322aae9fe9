"""The Mandarin voice says texts, with the times of their words."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from luokuan.create.voices.mandarin import pitch
from luokuan.create.voices.mandarin.speaking import RATE, Mandarin, speak_syllables
from luokuan.media import Word


@pytest.fixture(scope="module")
def voice() -> Mandarin:
    return Mandarin()


def said(voice: Mandarin, text: str, **options: float) -> tuple[np.ndarray, list[Word]]:
    samples, words, seconds = [], [], 0.0
    for piece in voice.say(text, **options):
        samples.append(piece.sound.samples[0])
        words += [Word(w.text, w.start + seconds, w.end + seconds) for w in piece.sound.words]
        seconds += piece.sound.seconds
    return np.concatenate(samples), words


def test_words_follow_each_other_and_cover_the_text(voice: Mandarin) -> None:
    text = "今天是2024年3月5日，我们去公园看花儿吧！"
    samples, words = said(voice, text)
    assert "".join(word.text for word in words) == text
    assert all(a.end <= b.start + 1e-6 and a.start < a.end for a, b in itertools.pairwise(words))
    assert words[-1].end < len(samples) / RATE


def test_it_is_heard_where_the_words_are(voice: Mandarin) -> None:
    samples, words = said(voice, "妈妈很忙。")
    inside = np.concatenate([samples[round(w.start * RATE) : round(w.end * RATE)] for w in words])
    after = samples[round((words[-1].end + 0.1) * RATE) :]
    assert np.sqrt(np.mean(inside**2)) > 0.03 and np.abs(after).max() < 0.01


def test_the_same_text_gives_the_same_sound(voice: Mandarin) -> None:
    assert np.array_equal(said(voice, "你好")[0], said(voice, "你好")[0])


def test_rate_and_pitch(voice: Mandarin) -> None:
    plain, quick = said(voice, "大家都来了")[0], said(voice, "大家都来了", rate=1.6)[0]
    assert 0.5 < len(quick) / len(plain) < 0.75
    high = said(voice, "大家都来了", pitch=4.0)[0]
    one, other = (np.median(h[h > 0]) for h in (pitch.track(x, RATE).hertz for x in (plain, high)))
    assert other / one == pytest.approx(2 ** (4 / 12), rel=0.06)


@pytest.mark.parametrize(("name", "rises"), [("ma1", 0), ("ma2", 1), ("ma4", -1), ("yi2", 1), ("shi4", -1)])
def test_tones_are_heard(name: str, rises: int) -> None:
    sound = speak_syllables(["ta1", name, "ta1"])
    word = sound.words[1]
    inside = word.start + np.array([0.6, 0.95]) * (word.end - word.start)
    first, last = pitch.track(sound.samples[0], RATE).at(inside)
    change = np.log2(last / first)
    assert (change > 0.08) == (rises > 0) and (change < -0.08) == (rises < 0)


def test_no_clicks(voice: Mandarin) -> None:
    samples, _words = said(voice, "天安门安静的夜晚，爱恶饿欧阳，花儿，一二三。")
    # The recordings hold nothing above 8 kHz: what is there comes from breaks in the wave.
    spectrum = np.abs(np.fft.rfft(samples.astype(np.float64)))
    above = spectrum[round(0.83 * len(spectrum)) :]
    assert 10 * np.log10((above**2).sum() / (spectrum**2).sum()) < -55


def test_what_it_can_say(voice: Mandarin) -> None:
    assert voice.can_say("好") and voice.can_say("a1") and not voice.can_say("，。—мир")
    assert list(voice.say("，。")) == []


def test_its_card_says_whose_it_is(voice: Mandarin) -> None:
    card = voice.card
    assert card.licence == "CC-BY-SA" and "Chen Wang" in card.credit and card.consent and card.quality
    assert len(voice.digest) == 64
