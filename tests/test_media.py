"""Scores refuse what no score holds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from luokuan.errors import UserError
from luokuan.media import MAX_TRACKS, Note, Score


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
