"""What a search needs of samples crosses to another process, and gives there what it gives here."""

from __future__ import annotations

import numpy as np
import pytest
from drafts import picture
from sounds import guitar

from luokuan.colophon.watermark.marking import MAX_TRACE, Marker, marker_of
from luokuan.colophon.watermark.soundmarker import MAX_FRAMES
from luokuan.media import Clip, Media, Sound

SECRET, ID = bytes(range(32)), "0123456789abcdef"


def of(kind: type[Media]) -> Marker:
    found = marker_of(kind)
    assert found is not None
    return found


def a_clip() -> Clip:
    frame = picture(512, 512).pixels
    return Clip(np.stack([frame, np.roll(frame, 2, 1)]), 12.0)


def a_sound() -> Sound:
    return Sound(np.tile(guitar().samples, 3), guitar().rate)


@pytest.mark.parametrize("media", [picture(512, 512), a_clip(), a_sound()], ids=["picture", "clip", "sound"])
def test_the_trace_finds_what_the_samples_hold(media: Media) -> None:
    marker = of(type(media))
    marked = marker.embed(media, ID, SECRET)
    trace = marker.trace(marked)
    assert 0 < len(trace) <= MAX_TRACE
    found = marker.search(trace, SECRET)
    assert found == marker.detect(marked, SECRET) and found.marked and found.id == ID
    assert found.kind == marker.kind
    assert not marker.search(trace, bytes(32)).marked
    for forged in (
        trace[:-1],
        trace * (MAX_TRACE // len(trace) + 1),
        np.full(len(trace) // 4, np.inf, "<f4").tobytes(),
    ):
        with pytest.raises(ValueError):
            marker.search(forged, SECRET)


def test_what_can_carry_nothing_leaves_no_trace() -> None:
    for media in (
        picture(40, 40),
        Clip(picture(40, 40).pixels[None], 12.0),
        Sound(np.zeros((1, 0), np.float32), 16_000),
    ):
        marker = of(type(media))
        assert marker.trace(media) == b""
        assert marker.search(b"", SECRET).problem == "small"
    silent = of(Sound).search(of(Sound).trace(Sound(np.zeros((1, 90_000), np.float32), 16_000)), SECRET)
    assert silent.problem == "small"


def test_the_trace_of_the_longest_sound_is_no_longer_than_the_most() -> None:
    assert MAX_FRAMES * 513 * 4 <= MAX_TRACE
    minute = Sound(np.random.default_rng(0).standard_normal((1, 8_000 * 75)).astype(np.float32) * 0.1, 8_000)
    assert len(of(Sound).trace(minute)) <= MAX_FRAMES * 513 * 4


def test_energy_below_nothing_is_no_trace() -> None:
    with pytest.raises(ValueError):
        of(Sound).search(np.full((4, 513), -1, "<f4").tobytes(), SECRET)
