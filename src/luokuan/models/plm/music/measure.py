"""What a language model of music is worth: how well it predicts held-out pieces, and what its own pieces are like
beside as many held-out excerpts of the same length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from luokuan.errors import UserError
from luokuan.foundation.corpus.scores import ScoreCorpus
from luokuan.i18n import _
from luokuan.media import Score
from luokuan.models.evaluation.copying import Material
from luokuan.models.evaluation.music import COPY, DIATONIC, compare, letters_of, material_of
from luokuan.models.evaluation.music import UNITS as FIGURE_UNITS
from luokuan.models.plm.likelihood import TOGETHER
from luokuan.models.plm.music.learning import held_out_rows, nats_in, notes_in
from luokuan.models.plm.music.material import Song, songs_of
from luokuan.models.plm.music.model import Asked, MusicPlm
from luokuan.models.plm.music.tokens import BAR, Bar, bars_of, density_of, notes_of, score_of

SAMPLES, BARS = 64, 16
"""Pieces that are written, and their bars."""
LEAST = 2
"""Excerpts without which nothing is compared."""
UNITS = FIGURE_UNITS | {
    "in_key": "share of notes in the natural scale of the key that was asked for; of an excerpt of its piece's key",
    "repeated": "share of bars that hold the same notes as an earlier one",
    "rhythm_repeated": "share of bars in which the parts start notes at the same moments as in an earlier one",
    "similar": "likeness of a bar to the earlier bar that is most like it, 0..1, mean: |A ∩ B| / |A ∪ B| of its notes",
    "melody_run_median": "longest run of melody notes, in any key, that stands in one training melody, median",
    "melody_run": "the same, most",
    "melody_copy_rate": f"share of pieces with {COPY} or more of them",
}

Progress = Callable[[str, int, int], None]
"""(what, done, total)."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What ``measure`` finds.

    Args:
        split: Which pieces were held out: ``test``, or ``validation`` where there is no test.
        pieces: How many.
        straddling: Held-out pieces of the corpus with a near-duplicate in train.
        training: Pieces in which copies were looked for.
        bars: Of each piece that was written, and of each excerpt.
        likelihood: ``nats_per_token``, ``nats_per_note``, ``tokens`` and ``notes`` of the held-out pieces.
        written: Figures of the model's own pieces; ``real``: of held-out excerpts. Units: ``UNITS``. None: none were
            asked for.
    """

    split: str
    pieces: int
    straddling: int
    training: int
    bars: int
    seed: int
    temperature: float
    top_p: float
    likelihood: dict[str, float]
    written: dict[str, Any] | None
    real: dict[str, Any] | None

    def to_json(self) -> dict[str, Any]:
        """All figures as JSON values."""
        found = asdict(self)
        return found | found.pop("likelihood") | {"units": UNITS}

    def verdicts(self) -> list[str]:
        """What the figures mean, in words."""
        if self.written is None or self.real is None:
            return []
        mine, real, found = self.written, self.real, []
        if max(mine[key] - real[key] for key in ("copy_rate", "melody_copy_rate")) > 0.05:
            found.append(
                _(
                    "It copies: {share:.0%} of its pieces hold {run} notes or more in a row of a training piece; of "
                    "held-out ones {real:.0%}.",
                    share=max(mine["copy_rate"], mine["melody_copy_rate"]),
                    run=COPY,
                    real=max(real["copy_rate"], real["melody_copy_rate"]),
                )
            )
        if mine["in_key"] < real["in_key"] - 0.05:
            found.append(_("It leaves the key more often than held-out music does."))
        if mine["in_metre"] < real["in_metre"] - 0.1:
            found.append(_("Its long notes lie beside the beat more often than those of held-out music."))
        if mine["similar"] < real["similar"] - 0.1 or mine["repeated"] < real["repeated"] / 2:
            found.append(_("Its bars come back less than those of held-out music: it wanders."))
        elif mine["similar"] > real["similar"] + 0.1:
            found.append(_("Its bars come back more than those of held-out music: it repeats itself."))
        return found or [_("In key, metre and repetition its pieces are as held-out music is, and copy no more.")]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Bars with the key and the tempo of the piece from which they are."""

    bars: tuple[Bar, ...]
    key: int
    tempo: float

    def score(self) -> Score:
        """Its notes."""
        return score_of(notes_of(self.bars), self.tempo)


def measure(
    model: MusicPlm,
    corpus: ScoreCorpus,
    *,
    samples: int = SAMPLES,
    bars: int = BARS,
    seed: int = 0,
    progress: Progress | None = None,
) -> Measured:
    """Measure a model on the held-out pieces of a corpus.

    Args:
        samples: Pieces to write; at most as many as there are excerpts. 0: none.
        bars: Of each.
        seed: Of the first one; the others follow it.

    Raises:
        UserError: hardly a piece is held out that fits.
    """
    split = "test" if corpus.split("test") else "validation"
    songs = songs_of(corpus.split(split)).songs
    excerpts = excerpts_of(songs, bars)
    if len(excerpts) < LEAST:
        raise UserError(
            _("{path} holds out no piece that fits, so that nothing can be measured.", path=corpus.path),
            _("Add pieces, or give a corpus with a split."),
            code="evaluation.no_held_out",
        )
    likelihood = weighed(model, songs)
    written = real = None
    learnt = songs_of(corpus.split("train")).songs if samples else ()
    asked = Asked(bars=bars)
    if samples:
        chosen = [
            excerpts[i] for i in np.linspace(0, len(excerpts) - 1, min(samples, len(excerpts))).round().astype(int)
        ]
        scores = [_whole(song) for song in learnt]
        materials = material_of(scores), material_of([_melody(score) for score in scores])
        made = []
        for index, one in enumerate(chosen):
            wanted = density_of(sum(map(len, one.bars)) / bars, model.limits)
            score = model.write(Asked(bars, one.key, one.tempo, wanted), seed + index)
            made.append(Excerpt(_bars(score, bars), one.key, one.tempo))
            if progress is not None:
                progress(_("Writing"), index + 1, len(chosen))
        others = [one for one in excerpts if one not in chosen] or excerpts
        written = figures(made, chosen, materials)
        real = figures(chosen, others, materials)
    return Measured(
        split,
        len(songs),
        corpus.straddling(),
        len(learnt),
        bars,
        seed,
        asked.temperature,
        asked.top_p,
        likelihood,
        written,
        real,
    )


@torch.no_grad()
def weighed(model: MusicPlm, songs: Sequence[Song]) -> dict[str, float]:
    """-log p of held-out songs in their own key, nats a token and a note, see ``MusicLearning.validate``."""
    rows = held_out_rows(songs, model.limits, model.context)
    total, tokens, notes = 0.0, 0, 0
    at_once = max(TOGETHER // model.context, 1)
    for start in range(0, len(rows), at_once):
        part = torch.from_numpy(rows[start : start + at_once])
        nats = nats_in(model.network, part)
        total, tokens, notes = total + float(nats.double().sum()), tokens + len(nats), notes + notes_in(part.numpy())
    return {
        "nats_per_token": total / max(tokens, 1),
        "nats_per_note": total / max(notes, 1),
        "tokens": float(tokens),
        "notes": float(notes),
    }


def excerpts_of(songs: Sequence[Song], bars: int) -> list[Excerpt]:
    """All excerpts of so many bars that follow each other and hold a melody; what is left of a song isn't one."""
    found = []
    for song in songs:
        read = bars_of(song.tokens.tolist())
        for start in range(0, len(read) - bars + 1, bars):
            part = tuple(read[start : start + bars])
            if any(note[0] == 0 for bar in part for note in bar):
                found.append(Excerpt(part, song.key, song.tempo))
    return found


def figures(made: Sequence[Excerpt], real: Sequence[Excerpt], materials: tuple[Material, Material]) -> dict[str, Any]:
    """The figures of ``made``, its distances from ``real``, and what stands in the material and its melodies."""
    scores = [one.score() for one in made]
    common = compare(scores, [one.score() for one in real], materials[0], bar=BAR).to_json()
    runs = [
        materials[1].longest_shared(letters_of(line)).length if line.notes else 0 for line in map(_melody, scores)
    ]  # fmt: skip
    return common | {
        "in_key": float(np.mean([in_key(one) for one in made])),
        "repeated": float(np.mean([repeated(one.bars) for one in made])),
        "rhythm_repeated": float(np.mean([repeated(one.bars, pitches=False) for one in made])),
        "similar": float(np.mean([similar(one.bars) for one in made])),
        "melody_run_median": float(np.median(runs)),
        "melody_run": max(runs),
        "melody_copy_rate": float(np.mean([run >= COPY for run in runs])),
    }


def in_key(one: Excerpt) -> float:
    """Share of notes in the natural scale of the key; 0 without notes."""
    tonic = one.key if one.key < 12 else one.key + 3  # that of the relative major
    notes = [note for bar in one.bars for note in bar]
    return sum((note[2] - tonic) % 12 in DIATONIC for note in notes) / len(notes) if notes else 0.0


def repeated(bars: Sequence[Bar], *, pitches: bool = True) -> float:
    """Share of the bars with notes that are the same as an earlier one, how long notes last apart.

    Args:
        pitches: Else only the moments at which notes of each part start count.
    """
    seen: set[frozenset[tuple[int, ...]]] = set()
    count = again = 0
    for bar in bars:
        if not bar:
            continue
        kind = frozenset((note[:3] if pitches else note[:2]) for note in bar)
        count += 1
        again += kind in seen
        seen.add(kind)
    return again / count if count else 0.0


def similar(bars: Sequence[Bar]) -> float:
    """Mean of the likeness of each bar with notes, but for the first, to that earlier one which is most like it; 0
    where there are none."""
    kinds = [frozenset(note[:3] for note in bar) for bar in bars if bar]
    best = [
        max(len(kind & other) / len(kind | other) for other in kinds[:place])
        for place, kind in enumerate(kinds)
        if place
    ]  # fmt: skip
    return float(np.mean(best)) if best else 0.0


def _whole(song: Song) -> Score:
    return score_of(notes_of(bars_of(song.tokens.tolist())), song.tempo)


def _melody(score: Score) -> Score:
    return score_of([note for note in score.notes if note.track == 0], score.tempo)


def _bars(score: Score, bars: int) -> tuple[Bar, ...]:
    from luokuan.models.plm.music.material import gridded

    found = gridded(score.notes) if score.notes else ()
    return tuple(found) + ((),) * (bars - len(found))
