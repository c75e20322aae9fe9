"""What a score sings: its lines as letters that keep neither key nor tempo, and how much of one line stands in another.

A line is the highest note at each moment, of the whole score and of each of its tracks. A letter stands for a step
between two notes and for how much longer or shorter the second lasts than the first, in powers of two. So a piece that
was transposed, slowed down or harmonised anew has the same letters. What is compared are runs of letters, and the share
of different ``GRAM`` letters in a row that both lines have (n-grams, as J. S. Downie, Evaluating a simple approach to
music information retrieval, 1999).

The thresholds were measured by ``python benchmarks/guard.py`` on twelve chorales, see docs/rights.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from luokuan.models.evaluation.copying import Material

if TYPE_CHECKING:
    from luokuan.media import Note, Score

GRAM = 5
"""Letters in a row that are one n-gram: seven notes."""
RUN_TOLD, RUN_COPY = 12, 16
"""Letters in a row from which on a shared run is told, and counts as a copy."""
SHARE_TOLD, SHARE_COPY = 0.25, 0.5
"""The same of the share of n-grams."""
LEAST_GRAMS = 20
"""Different n-grams that a line must have, so that a share of them tells anything."""
LEAST_VARIETY = 4
"""Different letters that a run must have: a scale, or one note again and again, is nobody's melody."""
LONGEST = 4000
"""Letters of a line that have a say, from its beginning."""
_FIRST, _STEPS, _RATIOS = 0x4E00, 24, 3
_TICKS = 48


@dataclass(frozen=True, slots=True)
class Resemblance:
    """How much of a line stands in another one: ``run`` letters in a row, and the share of the n-grams of the line that
    has fewer of them."""

    run: int = 0
    share: float = 0.0

    @property
    def told(self) -> bool:
        """Whether it is worth knowing."""
        return self.run >= RUN_TOLD or self.share >= SHARE_TOLD

    @property
    def copy(self) -> bool:
        """Whether it counts as a copy."""
        return self.run >= RUN_COPY or self.share >= SHARE_COPY


def lines_of(score: Score) -> tuple[str, ...]:
    """The lines of a score that are long enough to be told from others, each once; the first is the whole score's."""
    tracks: dict[int, list[Note]] = {}
    for note in score.notes:
        tracks.setdefault(note.track, []).append(note)
    several = [list(score.notes), *(tracks[key] for key in sorted(tracks))]
    found = dict.fromkeys(_letters(notes) for notes in several)
    return tuple(line for line in found if len(line) >= RUN_TOLD)


def _letters(notes: Iterable[Note]) -> str:
    top: dict[int, int] = {}
    for note in notes:
        moment = round(note.start * _TICKS)
        top[moment] = max(top.get(moment, 0), note.pitch)
    line = sorted(top.items())[: LONGEST + 2]
    return "".join(
        _letter(pitch - before, (end - moment) / (moment - start))
        for (start, _first), (moment, before), (end, pitch) in zip(line, line[1:], line[2:], strict=False)
    )


def _letter(step: int, ratio: float) -> str:
    step = max(-_STEPS, min(_STEPS, step))
    power = max(-_RATIOS, min(_RATIOS, round(math.log2(ratio))))
    return chr(_FIRST + (step + _STEPS) * (2 * _RATIOS + 1) + power + _RATIOS)


def resemblance(ones: Sequence[str], others: Sequence[str]) -> Resemblance:
    """The most that a line of one score shares with a line of another one; see ``lines_of``."""
    best = Resemblance()
    material = Material(others)
    for line in ones:
        shared = material.longest_shared(line)
        run = shared.length if len(set(shared.run)) >= LEAST_VARIETY else 0
        own = grams(line)
        share = max((_share(own, grams(other)) for other in others), default=0.0)
        best = Resemblance(max(best.run, run), max(best.share, share))
    return best


def grams(line: str) -> frozenset[str]:
    """The different n-grams of a line."""
    return frozenset(line[at : at + GRAM] for at in range(len(line) - GRAM + 1))


def _share(ones: frozenset[str], others: frozenset[str]) -> float:
    fewer = min(len(ones), len(others))
    return len(ones & others) / fewer if fewer >= LEAST_GRAMS else 0.0
