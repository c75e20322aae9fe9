"""Lips and the sound: the opening follows the envelope, p, b and m are closed, neighbours share the lips."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from luokuan.create.presenters.mouths import Mouths, envelope, mouths, times_of
from luokuan.create.presenters.poses import BLINKS, blinks, poses
from luokuan.create.presenters.visemes import CLOSED, VISEMES, phones_of_words, viseme_of
from luokuan.create.speeches import draft_speech
from luokuan.create.voices.voice import Phone, Said
from luokuan.media import Sound, Word

ENGLISH = "The weather is nice today, so people may walk along the river and talk about our plans before lunch."
CHINESE = "大家好，欢迎收看今天的节目。爸爸买面包，妈妈怕蚊子。"
FPS = 25.0


@lru_cache(maxsize=4)
def spoken(text: str) -> tuple[Sound, tuple[Phone, ...]]:
    found: list[Phone] = []
    seconds = 0.0

    def take(said: Said) -> None:
        nonlocal seconds
        found.extend(replace(one, start=one.start + seconds, end=one.end + seconds) for one in said.phones)
        seconds += said.sound.seconds

    sound = draft_speech(text, on_piece=take).media
    assert isinstance(sound, Sound)
    return sound, tuple(found)


def seen(text: str, fps: float = FPS) -> Mouths:
    sound, phones = spoken(text)
    return mouths(phones, sound, fps, round(sound.seconds * fps))


@pytest.mark.parametrize("text", [ENGLISH, CHINESE], ids=["English", "Chinese"])
def test_the_opening_follows_the_envelope(text: str) -> None:
    found = seen(text)
    assert np.corrcoef(found.open, found.loud)[0, 1] >= 0.6
    assert found.open.max() > 0.5 and found.open.min() == 0 and (found.open <= 1).all()


@pytest.mark.parametrize("fps", [12.0, FPS])
@pytest.mark.parametrize("text", [ENGLISH, CHINESE], ids=["English", "Chinese"])
def test_lips_are_closed_for_m_b_and_p(text: str, fps: float) -> None:
    found, (_sound, phones) = seen(text, fps), spoken(text)
    times = times_of(len(found.open), fps)
    closed = [phone for phone in phones if viseme_of(phone.symbol) == CLOSED]
    assert len(closed) >= 4
    for phone in closed:
        near = (times > phone.start - 0.5 / fps) & (times < phone.end + 0.5 / fps)
        assert found.open[near].min() == 0, phone


def test_both_voices_tell_their_sounds() -> None:
    for text, wanted in ((ENGLISH, {"w", "ð", "ŋ", "p"}), (CHINESE, {"p", "m", "pʰ", "tɕ", "ʂ", "ŋ"})):
        sound, phones = spoken(text)
        symbols = {phone.symbol for phone in phones}
        assert wanted <= symbols
        assert all(viseme_of(symbol) is not None for symbol in symbols - {"h", "ˈ", "ˌ"}), symbols
        assert all(-0.1 <= phone.start <= phone.end <= sound.seconds for phone in phones)


def test_shapes_and_silence() -> None:
    assert len(VISEMES) == 15 and VISEMES[CLOSED].open == 0
    assert viseme_of("uː") == 14 and viseme_of("tɕʰ") == 7 and viseme_of("h") is None and viseme_of("") is None
    silent = Sound(np.zeros((1, 24_000), np.float32), 24_000)
    found = mouths((), silent, FPS, 25)
    assert not found.open.any() and not found.loud.any()
    tone = Sound(np.ones((1, 24_000), np.float32), 24_000)
    assert envelope(tone, FPS, 25).min() > 0.9
    # u is round and i is spread, each in its own half; between them the lips are on the way.
    both = mouths((Phone("u", 0.0, 0.5), Phone("i", 0.5, 1.0)), tone, FPS, 25)
    assert both.wide[6] < -0.7 and both.wide[18] > 0.6 and abs(both.wide[12]) < 0.5


def test_a_voice_that_does_not_tell_its_sounds_is_read_by_letters() -> None:
    found = list(phones_of_words([Word("Bob ", 0.0, 0.3), Word("妈妈", 0.3, 0.7), Word("é!", 0.7, 0.8)]))
    assert [phone.symbol for phone in found] == ["b", "o", "b", "m", "a", "m", "a", "e"]
    assert found[0].start == 0 and found[-1].end == pytest.approx(0.8)


def test_blinks_come_by_chance_within_their_bounds() -> None:
    times = times_of(60 * 25, FPS)
    closed = blinks(np.random.default_rng(3), times)
    begun = times[1:][(closed[1:] > 0) & (closed[:-1] == 0)]
    gaps = np.diff(begun)
    assert closed.max() == 1 and 10 <= len(begun) <= 30
    assert gaps.min() >= BLINKS[0] - 0.1 and gaps.max() <= BLINKS[1] + 0.1 and gaps.std() > 0.2
    found = seen(ENGLISH)
    one, same, other = (poses(found, spoken(ENGLISH)[1], FPS, seed) for seed in (1, 1, 2))
    assert one == same and one != other
    assert max(pose.brows for pose in one) > 0.5 and {pose.open for pose in one} == set(found.open.tolist())
    assert not poses(Mouths(*(np.zeros(0) for _trait in range(6))), (), FPS, 0)
