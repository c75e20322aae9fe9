"""What is counted in music: keys, scales, metre, density, copies; each by hand."""

from __future__ import annotations

import numpy as np
import pytest

from luokuan.media import Note, Score
from luokuan.models.evaluation.music import (
    COPY,
    compare,
    density,
    distance,
    histograms,
    in_metre,
    in_scale,
    key_of,
    material_of,
    moments_a_bar,
    pitch_classes,
)

MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 11)


def tune(steps: tuple[int, ...], tonic: int = 60, length: float = 1.0) -> Score:
    """A scale up and down, with the tonic's chord at both ends."""
    line = [*steps, *reversed(steps)]
    notes = [Note(at * length, length, tonic + step) for at, step in enumerate(line)]
    end = len(line) * length
    notes += [Note(end, 4 * length, tonic + step) for step in (0, steps[2], 7, 12)]
    return Score(tuple(notes))


def walk(seed: int, notes: int = 64) -> Score:
    rng = np.random.default_rng(seed)
    return Score(tuple(Note(float(at), 1.0, int(pitch)) for at, pitch in enumerate(rng.integers(50, 80, notes))))


@pytest.mark.parametrize("tonic", range(12))
def test_keys(tonic: int) -> None:
    major, minor = key_of(tune(MAJOR, 60 + tonic)), key_of(tune(MINOR, 60 + tonic))
    assert (major.tonic, major.major) == (tonic, True) and (minor.tonic, minor.major) == (tonic, False)
    assert major.fit > 0.8


def test_a_score_without_notes_or_with_all_has_no_key() -> None:
    assert key_of(Score(())).fit == 0
    assert key_of(Score(tuple(Note(at, 1, 60 + at) for at in range(12)))).fit == 0


def test_in_scale() -> None:
    assert in_scale(tune(MAJOR)) == 1 and in_scale(Score(())) == 0
    assert in_scale(Score(tuple(Note(at, 1, 60 + at) for at in range(12)))) == pytest.approx(7 / 12)


def test_in_metre() -> None:
    assert in_metre(tune(MAJOR)) == 1
    late = Score((Note(0, 1, 60), Note(1.5, 1, 60), Note(2.75, 0.25, 60)))
    assert in_metre(late) == 0.5 and in_metre(Score((Note(0.5, 0.5, 60),))) == 1


def test_density_and_moments() -> None:
    chord = Score((Note(0, 4, 60), Note(0, 4, 64), Note(1, 1, 67), Note(5, 1, 60)))
    assert moments_a_bar(chord, 4).tolist() == [2, 1] and density(chord) == pytest.approx(4 / 6)
    assert pitch_classes(chord)[[0, 4, 7]].tolist() == [5, 4, 1] and density(Score(())) == 0


def test_distance() -> None:
    assert distance(np.array([1.0, 1.0]), np.array([2.0, 2.0])) == 0
    assert distance(np.array([1.0, 0.0]), np.array([0.0, 3.0])) == 1
    assert distance(np.array([1.0, 1.0]), np.array([1.0, 0.0])) == 0.5
    assert distance(np.zeros(2), np.ones(2)) == 1


def test_histograms_stand_on_the_tonic() -> None:
    ones, others = (histograms([tune(MAJOR, tonic)], 4) for tonic in (60, 65))
    assert np.array_equal(ones.classes, others.classes) and ones.classes.argmax() == 0


def test_copies_are_found_in_any_key() -> None:
    training = [walk(seed) for seed in range(5)]
    material = material_of(training)
    part = Score(tuple(Note(n.start - 10, 1, n.pitch + 3) for n in training[2].notes if 10 <= n.start < 40))
    found = compare([part, walk(99)], [walk(7), walk(8)], material)
    assert found.copy_rate == 0.5 and 25 <= found.longest_run <= 30 and found.pieces == 2
    own = compare([walk(50), walk(51)], [walk(7), walk(8)], material)
    assert own.copy_rate == 0 and own.longest_run < COPY


def test_music_like_the_held_out_is_near() -> None:
    real = [tune(MAJOR, 60 + shift) for shift in range(4)]
    near = compare([tune(MAJOR, 64)], real, material_of(real))
    far = compare([walk(1)], real, material_of(real))
    assert (
        near.pitch_class_distance < 0.05 < far.pitch_class_distance and near.density_distance < far.density_distance + 1
    )
    assert near.major == 1 and near.in_scale > far.in_scale
    assert set(near.to_json()) >= {"copy_rate", "in_metre", "longest_run_median"}
