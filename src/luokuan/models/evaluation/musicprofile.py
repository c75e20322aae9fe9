"""A piece as counted figures, so that sets of pieces can be compared by the distance of their distributions: no network
has a say in it, so that none is favoured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from luokuan.media import Score
from luokuan.models.evaluation.metrics import frechet_distance
from luokuan.models.evaluation.music import key_of, pitch_classes

LEAP = 7
"""Semitones from which on all leaps count as one."""
GRID = 4
"""Moments a quarter note at which is looked what sounds together."""
PROFILE = 12 + 12 + 2 * LEAP + 1 + 3
"""Figures of a profile."""


def profile(score: Score) -> NDArray[np.float64]:
    """Of one score, (PROFILE,): shares of the pitch classes above the tonic, by duration; of the intervals, within an
    octave, between all that sounds together; of the steps from note to note of each track, falling and rising; then
    notes a quarter, the share of notes longer than a quarter, and the mean distance from the lowest to the highest
    note that sounds, in octaves. Shares of nothing are 0.

    No mean length of notes: one chord held through a segment lies some forty standard deviations from the others, and
    a distance would tell of nothing else.
    """
    return np.concatenate([_classes(score), *_together(score)[:1], _steps(score), _sizes(score), _together(score)[1]])


def _shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return counts / max(float(counts.sum()), 1.0)


def _classes(score: Score) -> NDArray[np.float64]:
    held = pitch_classes(score)
    return np.roll(held, -key_of(score).tonic) / max(float(held.sum()), 1e-9)


def _together(score: Score) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares of intervals (12,), and the mean compass in octaves (1,)."""
    moments: dict[int, list[int]] = {}
    for note in score.notes:
        for at in range(round(note.start * GRID), max(round((note.start + note.length) * GRID), 1)):
            moments.setdefault(at, []).append(note.pitch)
    counts = np.zeros(12)
    for pitches in moments.values():
        ordered = np.sort(pitches)
        apart = (ordered[None] - ordered[:, None])[np.triu_indices(len(ordered), 1)]
        counts += np.bincount(apart % 12, minlength=12)
    compass = [max(pitches) - min(pitches) for pitches in moments.values()]
    return _shares(counts), np.array([float(np.mean(compass)) / 12 if compass else 0.0])


def _steps(score: Score) -> NDArray[np.float64]:
    counts = np.zeros(2 * LEAP + 1)
    for track in range(len(score.tracks)):
        line = np.array([note.pitch for note in score.notes if note.track == track])
        if len(line) > 1:
            counts += np.bincount(np.clip(np.diff(line), -LEAP, LEAP) + LEAP, minlength=2 * LEAP + 1)
    return _shares(counts)


def _sizes(score: Score) -> NDArray[np.float64]:
    if not score.notes:
        return np.zeros(2)
    long = [note.length > 1 + 1e-6 for note in score.notes]
    return np.array([len(long) / score.quarters, float(np.mean(long))])


def profile_distance(made: Sequence[Score], real: Sequence[Score]) -> float:
    """Fréchet distance of the profiles of ``made`` from those of ``real``, each figure scaled to its spread over
    ``real``: squared standard deviations, 0 for equal Gaussians. Biased upwards for few scores: compare equal numbers.

    Args:
        made, real: Two scores each at least.
    """
    target = np.stack([profile(score) for score in real])
    centre, spread = target.mean(axis=0), np.maximum(target.std(axis=0), 1e-2)
    mine = np.stack([profile(score) for score in made])
    return frechet_distance(
        ((mine - centre) / spread).astype(np.float32), ((target - centre) / spread).astype(np.float32)
    )
