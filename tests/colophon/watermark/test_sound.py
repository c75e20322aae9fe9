from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly
from sounds import at_rate, guitar, part, ratio, speech, through, through_ffmpeg

from luokuan.colophon.watermark import sound, spectrum
from luokuan.colophon.watermark import soundpattern as pattern
from luokuan.colophon.watermark.sound import detect, embed
from luokuan.errors import UserError
from luokuan.media import Sound

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
ID = 0x0123_4567_89AB_CDEF


@cache
def marked() -> Sound:
    return embed(speech(), ID, KEY)


def tones(seconds: float, rate: int, channels: int = 1, level: float = 0.2) -> Sound:
    """Chords over soft noise."""
    time = np.arange(round(seconds * rate)) / rate
    stream = np.random.default_rng(3)
    found = []
    for channel in range(channels):
        chord = sum(np.sin(2 * np.pi * (220 + 110 * step + 7 * channel) * time) / step for step in (1, 2, 3, 5, 8, 13))
        found.append(level * (chord * (1 + np.sin(2 * np.pi * 2 * time)) / 6 + stream.normal(0, 0.02, time.size)))
    return Sound(np.stack(found).astype(np.float32), rate)


def test_the_id_comes_back_and_the_mark_is_soft() -> None:
    found = detect(marked(), KEY)
    assert found.id == ID and found.marked and found.chance < sound.CHANCE and found.speed == 1.0
    assert 27 < ratio(speech(), marked()) < 32
    assert marked().samples.dtype == np.float32 and marked().samples.shape == speech().samples.shape


@pytest.mark.parametrize("other", [OTHER, b"", b"k" * 64])
def test_another_key_hears_nothing(other: bytes) -> None:
    found = detect(marked(), other)
    assert not found.marked and found.id is None and found.chance > 1e-3


def test_an_unmarked_sound_has_no_mark() -> None:
    for one in (speech(), guitar(), tones(10, 44_100, 2)):
        assert not detect(one, KEY, search=False).marked


def test_the_same_comes_out_again() -> None:
    again = embed(speech(), ID, KEY)
    assert again.samples.tobytes() == marked().samples.tobytes()
    assert embed(speech(), ID + 1, KEY).samples.tobytes() != marked().samples.tobytes()


def test_the_input_is_left_alone() -> None:
    before = speech().samples.copy()
    embed(speech(), 1, KEY)
    assert np.array_equal(before, speech().samples)


CODECS: dict[str, Callable[[Sound], Sound]] = {
    "MP3 at 22 kHz": lambda one: through(one, "MP3", "MPEG_LAYER_III", 22_050, 0.7),
    "Opus": lambda one: through(one, "OGG", "OPUS", 48_000, 0.9),
    "Vorbis": lambda one: through(one, "OGG", "VORBIS", 22_050, 0.9),
}


@pytest.mark.parametrize("name", CODECS)
def test_the_id_survives_codecs(name: str) -> None:
    assert detect(CODECS[name](marked()), KEY).id == ID


@pytest.mark.parametrize(
    ("ending", "options"),
    [
        (".m4a", ("-c:a", "aac", "-b:a", "64k")),
        (".mp3", ("-c:a", "libmp3lame", "-b:a", "64k")),
        (".opus", ("-c:a", "libopus", "-b:a", "32k")),
    ],
)
def test_the_id_survives_the_codecs_of_ffmpeg(tmp_path: Path, ending: str, options: tuple[str, ...]) -> None:
    assert detect(through_ffmpeg(marked(), tmp_path, ending, *options), KEY).id == ID


def scaled(one: Sound, speed: float) -> Sound:
    return Sound(resample_poly(one.samples, 1000, round(1000 * speed), axis=1).astype(np.float32), one.rate)


def noisy(one: Sound) -> Sound:
    size = float(np.sqrt((one.samples**2).mean())) * 10 ** (-30 / 20)
    noise = np.random.default_rng(0).normal(0, size, one.samples.shape)
    return Sound((one.samples + noise).astype(np.float32), one.rate)


CHANGES: dict[str, Callable[[Sound], Sound]] = {
    "16 kHz and back": lambda one: at_rate(at_rate(one, 16_000), one.rate),
    "8 kHz": lambda one: at_rate(one, 8_000),
    "a tenth off": lambda one: part(one, 0.7, 0.9 * one.seconds),
    "softer": lambda one: Sound(one.samples * np.float32(0.05), one.rate),
    "16 bits": lambda one: Sound((one.samples * 32767).round().astype(np.float32) / 32767, one.rate),
    "noise": noisy,
    "faster": lambda one: scaled(one, 1.01),
    "slower": lambda one: scaled(one, 0.99),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_id_survives_changes(name: str) -> None:
    assert detect(CHANGES[name](marked()), KEY).id == ID


def test_a_changed_speed_is_found_only_where_it_is_looked_for() -> None:
    faster = scaled(marked(), 1.01)
    assert detect(faster, KEY).speed == pytest.approx(1.01, abs=0.002)
    assert not detect(faster, KEY, search=False).marked


@pytest.mark.parametrize("first", [0.0, 1.2345, 5.9])
def test_five_seconds_are_enough_to_detect(first: float) -> None:
    assert detect(part(marked(), first, 5), KEY).marked


def test_a_short_sound_is_marked_without_id() -> None:
    short = embed(guitar(), ID, KEY)
    found = detect(short, KEY)
    assert found.marked and found.id is None
    assert not detect(short, OTHER).marked
    assert ratio(guitar(), short) > 27


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (11_025, 2), (16_000, 1), (44_100, 2), (48_000, 8)])
def test_rates_and_channels(rate: int, channels: int) -> None:
    before = tones(10, rate, channels)
    after = embed(before, ID, KEY)
    assert after.rate == rate and after.samples.shape == before.samples.shape
    assert detect(after, KEY).id == ID
    mixed = Sound(after.samples.mean(0, keepdims=True), rate)
    assert detect(mixed, KEY, search=False).marked
    assert ratio(before, after) > 25


def test_a_long_sound_is_marked_in_every_part() -> None:
    one = speech()
    long = Sound(np.tile(one.samples, (1, 11)), one.rate)  # 139 s: three pieces
    after = embed(long, ID, KEY)
    assert detect(after, KEY).id == ID
    for first in (0, 57, 119):
        assert detect(part(after, first, 20), KEY, search=False).id == ID
    assert ratio(long, after) > 27


def test_silence_gets_no_mark_and_none_is_found() -> None:
    silence = Sound(np.zeros((2, 160_000), np.float32), 16_000)
    assert not embed(silence, ID, KEY).samples.any()
    found = detect(silence, KEY)
    assert not found.marked and found.seconds == 0 and found.chance == 1 and found.id is None
    whisper = tones(2, 16_000, level=1e-4)
    assert np.array_equal(embed(whisper, ID, KEY).samples, whisper.samples)


def test_a_pause_stays_silent() -> None:
    quiet = Sound(speech().samples.copy(), speech().rate)
    quiet.samples[:, 50_000:90_000] = 0
    after = embed(quiet, ID, KEY).samples
    assert not after[:, 50_600:89_400].any()
    assert detect(Sound(after, quiet.rate), KEY).id == ID


def test_nothing_sticks_out_within_eight_milliseconds() -> None:
    width = round(0.008 * speech().rate)
    count = speech().samples.size // width * width
    own = ((marked().samples - speech().samples)[0, :count].reshape(-1, width) ** 2).mean(1)
    near = (speech().samples[0, :count].reshape(-1, width) ** 2).mean(1)
    around = np.maximum(near, np.maximum(np.roll(near, 1), np.roll(near, -1)))
    assert (own <= around / 10 + 1e-9).all()


def test_a_sound_at_its_limits_stays_within_them() -> None:
    loud = Sound(np.clip(speech().samples * 20, -1, 1), speech().rate)
    after = embed(loud, ID, KEY)
    assert np.abs(after.samples).max() <= 1
    assert detect(after, KEY).id == ID
    assert np.abs(embed(Sound(speech().samples * 5, speech().rate), ID, KEY).samples).max() <= 1


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused(wrong: float) -> None:
    samples = np.zeros((1, 16_000), np.float32)
    samples[0, 77] = wrong
    for work in (lambda: embed(Sound(samples, 16_000), ID, KEY), lambda: detect(Sound(samples, 16_000), KEY)):
        with pytest.raises(UserError) as caught:
            work()
        assert caught.value.code == "watermark.samples"


@pytest.mark.parametrize("rate", [1, 7_999, 192_001, 10**9])
def test_rates_that_carry_nothing_are_refused(rate: int) -> None:
    one = Sound(np.zeros((1, 100), np.float32), rate)
    for work in (lambda: embed(one, ID, KEY), lambda: detect(one, KEY)):
        with pytest.raises(UserError) as caught:
            work()
        assert caught.value.code == "watermark.rate"


@pytest.mark.parametrize("shape", [(1, 0), (0, 0), (0, 100), (2, 0), (1, 1), (8, 1), (1, 255), (1, 1025)])
def test_hardly_any_samples(shape: tuple[int, int]) -> None:
    one = Sound(np.full(shape, 0.5, np.float32), 44_100)
    after = embed(one, ID, KEY)
    assert after.samples.shape == shape
    assert not detect(after, KEY).marked


@pytest.mark.parametrize("id", [-1, 2**64])
def test_an_id_that_is_too_large_is_refused(id: int) -> None:
    with pytest.raises(OverflowError):
        embed(guitar(), id, KEY)


@settings(max_examples=12)
@given(
    st.integers(0, 2**64 - 1),
    st.binary(min_size=32, max_size=32),
    st.integers(1, 30_000),
    st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000]),
    st.integers(1, 3),
    st.floats(0, 4),
)
def test_any_sound_keeps_its_shape_and_range(
    id: int, key: bytes, length: int, rate: int, channels: int, size: float
) -> None:
    samples = np.random.default_rng(length).normal(0, size, (channels, length)).astype(np.float32)
    after = embed(Sound(samples, rate), id, key)
    assert after.samples.shape == samples.shape and np.isfinite(after.samples).all()
    assert np.abs(after.samples).max() <= 1
    found = detect(after, key, search=False)
    assert np.isfinite(found.z) and 0 <= found.chance <= 1


@settings(max_examples=12)
@given(st.integers(1, 5_000), st.integers(1, 3))
def test_taking_apart_and_putting_together_changes_nothing(length: int, channels: int) -> None:
    samples = np.random.default_rng(length).normal(0, 0.1, (channels, length)).astype(np.float32)
    back = spectrum.synthesise(spectrum.analyse(samples), length)
    assert back.shape == samples.shape and np.allclose(back, samples, atol=1e-5)


def test_scores_are_what_the_sum_says() -> None:
    stream = np.random.default_rng(5)
    signs = pattern.signs_of(KEY)
    folded = stream.normal(0, 1, (pattern.PERIOD, signs.shape[1])).astype(np.float32)
    found = pattern.scores(folded, signs, pattern.pilot())
    for at in (0, 1, 77):
        cells = np.roll(folded, -at, axis=0)[:: spectrum.CELL] * pattern.pilot()
        assert found[at] == pytest.approx((cells * signs).sum() / np.sqrt((cells**2).sum()), abs=1e-3)
    assert np.abs(found).max() < 6


def test_keys_give_signs_that_have_nothing_in_common() -> None:
    one, two = pattern.signs_of(KEY), pattern.signs_of(OTHER)
    assert set(np.unique(one)) == {-1.0, 1.0}
    assert abs(float((one * two).mean())) < 0.05 and abs(float(one.mean())) < 0.05


def test_features_come_to_the_same_both_ways() -> None:
    power = spectrum.power(at_rate(guitar(), spectrum.RATE).samples)
    quick, slow = spectrum.features_of(power), spectrum.features(spectrum.levels(power))
    assert quick.shape == slow.shape and quick.dtype == slow.dtype
    assert np.abs(quick - slow).max() < 1e-3
