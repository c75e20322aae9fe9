"""Scores refuse what no score holds; frames come one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from luokuan.errors import UserError
from luokuan.media import MAX_TRACKS, Clip, Frames, Note, PackedFrames, Score


@pytest.mark.parametrize(
    "values",
    [
        {"start": -0.1},
        {"start": math.nan},
        {"start": math.inf},
        {"length": 0.0},
        {"length": -1.0},
        {"length": math.nan},
        {"length": math.inf},
        {"pitch": -1},
        {"pitch": 128},
        {"pitch": 60.0},
        {"velocity": 0},
        {"velocity": 128},
        {"velocity": 0.5},
        {"track": -1},
        {"track": MAX_TRACKS},
    ],
    ids=str,
)
def test_notes_out_of_range_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(UserError) as caught:
        Note(**{"start": 0.0, "length": 1.0, "pitch": 60, **values})  # type: ignore[arg-type]
    assert caught.value.code == "media.shape"


@pytest.mark.parametrize(
    "values",
    [
        {"tempo": 0.0},
        {"tempo": -1.0},
        {"tempo": math.nan},
        {"tempo": math.inf},
        {"tracks": ()},
        {"tracks": ("a",) * 17},
        {"notes": (Note(0, 1, 60, track=1),)},
    ],
    ids=str,
)
def test_scores_out_of_range_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(UserError) as caught:
        Score(**{"notes": (Note(0, 1, 60),), **values})  # type: ignore[arg-type]
    assert caught.value.code == "media.shape"


def test_what_a_score_may_hold() -> None:
    last = Note(np.float64(3.0), 1, np.int64(127), velocity=127, track=15)  # type: ignore[arg-type]
    assert Score((Note(0, 1e-9, 0, velocity=1), last), tracks=("a",) * 16).quarters == 4.0
    assert Score(()).quarters == 0.0


def test_frames_come_one_by_one_and_are_packed_small() -> None:
    asked: list[int] = []

    def make(place: int) -> np.ndarray:
        asked.append(place)
        return np.full((40, 50, 3), place, np.uint8)

    frames = Frames((3, 40, 50, 3), make)
    clip = Clip(frames, 12.5)
    assert not asked and clip.seconds == 0.24 and len(frames) == 3
    taller = frames.changed(lambda place, frame: np.concatenate([frame, frame + np.uint8(place)]), (80, 50))
    assert taller.shape == (3, 80, 50, 3) and taller[2][-1, 0, 0] == 4 and asked == [2]
    assert [int(frame[0, 0, 0]) for frame in taller] == [0, 1, 2]
    for place in (-1, 3):
        with pytest.raises(IndexError):
            frames[place]
    packed = PackedFrames((40, 50), map(PackedFrames.pack, frames))
    assert packed.shape == frames.shape and packed.dtype == np.uint8 and max(map(len, packed.parts)) < 100
    packed[1][:] = 9  # a frame is the asker's own
    assert (packed[1] == 1).all()
    with pytest.raises(UserError):
        Clip(PackedFrames((40, 50), ()), 12.5)
