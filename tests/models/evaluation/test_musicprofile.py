"""Profiles of music: counted as said, deaf to the key, and near where music is alike."""

from __future__ import annotations

import numpy as np
import pytest
from scores_for_tests import CHORALES

from luokuan.foundation.corpus.scores import open_scores
from luokuan.media import Note, Score
from luokuan.models.evaluation.musicprofile import LEAP, PROFILE, profile, profile_distance
from luokuan.models.vae.music.encodings import ENCODINGS, decode
from luokuan.models.vae.music.material import frames_of

WAY = ENCODINGS["satb", "quarter"]
SCORES = [
    decode(piece[start : start + 16], WAY)
    for piece in frames_of(open_scores(CHORALES).split("train"), WAY).pieces
    for start in range(0, len(piece) - 15, 16)
]


def moved(score: Score, semitones: int) -> Score:
    return Score(tuple(Note(n.start, n.length, n.pitch + semitones, track=n.track) for n in score.notes),
                 tracks=score.tracks)  # fmt: skip


def test_what_is_counted() -> None:
    # C and E for two quarters, then D and E: the second voice holds.
    score = Score((Note(0, 2, 60), Note(0, 4, 64, track=1), Note(2, 2, 62)), tracks=("a", "b"))
    found = profile(score)
    assert found.shape == (PROFILE,)
    together, steps, sizes = found[12:24], found[24 : 24 + 2 * LEAP + 1], found[-3:]
    assert together[4] == together[2] == 0.5 and together.sum() == 1
    assert steps[LEAP + 2] == 1 and steps.sum() == 1
    assert sizes == pytest.approx([3 / 4, 1, 3 / 12])
    assert found[:12].sum() == pytest.approx(1)


def test_a_score_without_notes_has_a_profile() -> None:
    assert not profile(Score(())).any()


def test_the_key_changes_nothing() -> None:
    assert np.allclose(profile(SCORES[0]), profile(moved(SCORES[0], 3)))


def test_music_lies_nearer_to_music_than_noise_does() -> None:
    random = np.random.default_rng(0)

    def noise(score: Score) -> Score:
        notes = [Note(n.start, n.length, n.pitch + int(random.integers(-6, 7)), track=n.track) for n in score.notes]
        return Score(tuple(notes), tracks=score.tracks)

    one, other = SCORES[::2], SCORES[1::2]
    assert profile_distance(one, one) == pytest.approx(0, abs=1e-3)
    assert profile_distance(one, other) < 0.5 * profile_distance([noise(score) for score in one], other)
