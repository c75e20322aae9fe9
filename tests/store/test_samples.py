from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luokuan.media import Clip, Media, Note, PackedFrames, Picture, Score, Sound, Text, Word
from luokuan.store.samples import pack, unpack

numbers = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def same(one: Media, other: Media) -> bool:
    if isinstance(one, Picture) and isinstance(other, Picture):
        return np.array_equal(one.pixels, other.pixels) and other.pixels.dtype == np.uint8
    if isinstance(one, Sound) and isinstance(other, Sound):
        return (one.rate, one.words) == (other.rate, other.words) and one.samples.tobytes() == other.samples.tobytes()
    if isinstance(one, Clip) and isinstance(other, Clip):
        sounds = (one.sound is None and other.sound is None) or (
            one.sound is not None and other.sound is not None and same(one.sound, other.sound)
        )
        return one.fps == other.fps and np.array_equal(one.frames, other.frames) and sounds
    return one == other


@settings(max_examples=25, deadline=None)
@given(numbers, st.integers(1, 40), st.integers(1, 40), st.sampled_from([3, 4]))
def test_pictures_come_back_sample_by_sample(
    random: np.random.Generator, height: int, width: int, channels: int
) -> None:
    picture = Picture(random.integers(0, 256, (height, width, channels), np.uint8))
    assert same(picture, unpack(pack(picture), Picture))


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(exclude_categories=())), st.sampled_from(["", "zh-CN"]))
def test_texts_come_back_even_with_half_characters(text: str, language: str) -> None:
    assert unpack(pack(Text(text, language)), Text) == Text(text, language)


@pytest.mark.parametrize(
    "media",
    [
        Sound(np.linspace(-1, 1, 600, dtype=np.float32).reshape(2, 300), 8_000),
        Sound(np.array([[np.nan, -0.0, 1e-40]], np.float32), 44_100),
        Sound(np.zeros((1, 8), np.float32), 8_000, (Word("你好，", 0.0, 0.25), Word("Hi ", 0.3, 0.5))),
        Score((Note(0.5, 1.25, 60), Note(2.0, 1.0, 72, 101, 1)), 97.5, ("旋律", "bass")),
        Score(()),
        Clip(np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3), 23.976),
        Clip(np.zeros((1, 2, 2, 3), np.uint8), 30.0, Sound(np.zeros((1, 10), np.float32), 8_000)),
        Clip(
            np.zeros((1, 2, 2, 3), np.uint8), 30.0, Sound(np.zeros((1, 8), np.float32), 8_000, (Word("Hi", 0.0, 0.5),))
        ),
    ],
    ids=["sound", "strange sound", "speech", "score", "empty score", "clip", "clip with sound", "clip with speech"],
)
def test_sound_scores_and_clips_come_back(media: Media) -> None:
    assert same(media, unpack(pack(media), type(media)))


def test_frames_that_come_one_by_one_come_back_packed() -> None:
    frames = np.arange(3 * 4 * 5 * 3, dtype=np.uint8).reshape(3, 4, 5, 3)
    packed = PackedFrames((4, 5), map(PackedFrames.pack, frames))
    heard = Sound(np.linspace(-1, 1, 20, dtype=np.float32).reshape(2, 10), 8_000, (Word("Hi", 0.0, 0.5),))
    for frames_given in (packed, packed.changed(lambda _place, frame: frame)):
        for sound in (heard, None):
            found = unpack(pack(Clip(frames_given, 24.0, sound)), Clip)
            assert isinstance(found, Clip) and isinstance(found.frames, PackedFrames) and found.fps == 24.0
            assert (np.stack(list(found.frames)) == frames).all()
            assert found.sound is None if sound is None else same(found.sound, sound)


def test_sounds_that_were_kept_before_numbers_were_split_are_read() -> None:
    samples = np.linspace(-1, 1, 30, dtype=np.float32).reshape(2, 15)
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, samples=samples)
    old = b'{"rate": 8000}\n' + zlib.compress(out.getvalue(), 1)
    assert same(Sound(samples, 8_000), unpack(old, Sound))
