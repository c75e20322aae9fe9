"""What can be counted in music, and how like held-out music that is; whoever made it.

Keys are found by the profiles of Krumhansl and Kessler (1982, Psychological Review 89, table 1): the correlation of how
long each pitch class sounds with 24 profiles (Krumhansl 1990, ch. 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luokuan.foundation.corpus.scores import letters_of
from luokuan.media import Score
from luokuan.models.evaluation.copying import Material

MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
DIATONIC = (0, 2, 4, 5, 7, 9, 11)
DENSEST = 32
"""Most moments of a bar that are told apart."""
COPY = 16
"""Moments in a row, in any key, from which on a piece counts as holding a copy: four bars of quarter notes."""
UNITS = {
    "in_scale": "share of notes in that diatonic scale of the twelve which holds most of the piece",
    "in_metre": "share of notes of a quarter or longer that start on a quarter of the bar",
    "notes_per_quarter": "notes that start in a quarter note, mean",
    "major": "share of pieces in major",
    "density_distance": "total variation distance, 0..1, of moments a bar at which notes start",
    "pitch_class_distance": "the same of pitch classes above the tonic, by duration",
    "longest_run": "moments in a row, in any key, that stand in one training piece: median and most",
    "copy_rate": f"share of pieces with {COPY} or more of them",
}


@dataclass(frozen=True, slots=True)
class Key:
    """``tonic``: 0 (C) to 11; ``major``: else minor; ``fit``: the correlation, -1..1."""

    tonic: int
    major: bool
    fit: float


def pitch_classes(score: Score) -> NDArray[np.float64]:
    """Quarter notes for which each pitch class sounds, (12,)."""
    found = np.zeros(12)
    for note in score.notes:
        found[note.pitch % 12] += note.length
    return found


def key_of(score: Score) -> Key:
    """The key that fits best; of a score without notes C major, with fit 0."""
    held = pitch_classes(score)
    if held.std() < 1e-12:
        return Key(0, True, 0.0)
    rows = [(profile, tonic) for profile in (MAJOR, MINOR) for tonic in range(12)]
    fits = [float(np.corrcoef(np.roll(profile, tonic), held)[0, 1]) for profile, tonic in rows]
    best = int(np.argmax(fits))
    return Key(best % 12, best < 12, fits[best])


def in_scale(score: Score) -> float:
    """Share of notes in the best of the twelve diatonic scales; 0 without notes."""
    counts = np.bincount([note.pitch % 12 for note in score.notes], minlength=12)
    total = int(counts.sum())
    best = max(sum(counts[(tonic + step) % 12] for step in DIATONIC) for tonic in range(12))
    return float(best) / total if total else 0.0


def in_metre(score: Score) -> float:
    """Share of notes of a quarter or longer that start on a quarter; 1 where there are none so long."""
    starts = [note.start for note in score.notes if note.length >= 1 - 1e-6]
    return sum(abs(start - round(start)) < 1e-6 for start in starts) / len(starts) if starts else 1.0


def moments_a_bar(score: Score, bar: float) -> NDArray[np.int64]:
    """How often in each bar notes start, counted once where several start together, int64 (bars,)."""
    starts = {round(note.start * 48) for note in score.notes}
    bars = max(int(np.ceil(score.quarters / bar - 1e-9)), 1)
    places = [min(int(start / 48 / bar + 1e-9), bars - 1) for start in starts]
    return np.bincount(places, minlength=bars)


def density(score: Score) -> float:
    """Notes that start in a quarter note, mean over the score; 0 without notes."""
    return len(score.notes) / score.quarters if score.notes else 0.0


def distance(ones: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Total variation distance ½ Σ|p - q| of two histograms, 0 (equal) to 1; 1 where one is empty."""
    if not ones.sum() or not others.sum():
        return 1.0
    return float(np.abs(ones / ones.sum() - others / others.sum()).sum() / 2)


@dataclass(frozen=True, slots=True)
class Figures:
    """What ``compare`` finds; units: ``UNITS``."""

    pieces: int
    in_scale: float
    in_metre: float
    notes_per_quarter: float
    major: float
    density_distance: float
    pitch_class_distance: float
    longest_run_median: float
    longest_run: int
    copy_rate: float

    def to_json(self) -> dict[str, Any]:
        """All figures as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Histograms:
    """Of several scores together: moments a bar (DENSEST + 1,), and pitch classes above the tonic (12,)."""

    moments: NDArray[np.float64]
    classes: NDArray[np.float64]


def histograms(scores: Sequence[Score], bar: float) -> Histograms:
    """The histograms of scores, each bar and each quarter note with the same weight."""
    moments, classes = np.zeros(DENSEST + 1), np.zeros(12)
    for score in scores:
        found = np.minimum(moments_a_bar(score, bar), DENSEST)
        moments += np.bincount(found, minlength=DENSEST + 1)
        classes += np.roll(pitch_classes(score), -key_of(score).tonic)
    return Histograms(moments, classes)


def compare(made: Sequence[Score], real: Sequence[Score], material: Material, *, bar: float = 4.0) -> Figures:
    """Count in ``made`` and compare it with held-out music.

    Args:
        made: At least one score.
        real: Held-out scores, written and read in the same encoding, so that both lose the same.
        material: What was learnt from, see ``material_of``.
        bar: Quarter notes in a bar.
    """
    mine, theirs = histograms(made, bar), histograms(real, bar)
    runs = [material.longest_shared(letters_of(score)).length if score.notes else 0 for score in made]
    sounding = [score for score in made if score.notes]
    return Figures(
        pieces=len(made),
        in_scale=float(np.mean([in_scale(score) for score in made])),
        in_metre=float(np.mean([in_metre(score) for score in made])),
        notes_per_quarter=float(np.mean([density(score) for score in made])),
        major=float(np.mean([key_of(score).major for score in sounding])) if sounding else 0.0,
        density_distance=distance(mine.moments, theirs.moments),
        pitch_class_distance=distance(mine.classes, theirs.classes),
        longest_run_median=float(np.median(runs)),
        longest_run=max(runs),
        copy_rate=float(np.mean([run >= COPY for run in runs])),
    )


def material_of(scores: Sequence[Score]) -> Material:
    """Training scores, to look for copies in: runs of moments, in any key (see ``letters_of``)."""
    return Material(letters_of(score) for score in scores if score.notes)
