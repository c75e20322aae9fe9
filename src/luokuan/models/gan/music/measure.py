"""What a GAN of music is worth beside another model, such as its VAE, on a corpus: the same measures for both, and for
real music."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from luokuan.errors import UserError
from luokuan.foundation.corpus.scores import ScoreCorpus, letters_of
from luokuan.i18n import _
from luokuan.media import Score
from luokuan.models.evaluation.bleu import self_bleu
from luokuan.models.evaluation.metrics import frechet_distance
from luokuan.models.evaluation.music import UNITS as FIGURE_UNITS
from luokuan.models.evaluation.music import Figures, Material, material_of
from luokuan.models.evaluation.music import compare as count
from luokuan.models.evaluation.musicprofile import profile_distance
from luokuan.models.gan.music.model import MusicGan
from luokuan.models.vae.music.encodings import REST, Encoding, Unfit, decode, encode
from luokuan.models.vae.music.material import frames_of
from luokuan.models.vae.music.measure import PIECES, SAMPLES, Progress, spread
from luokuan.models.vae.music.model import MusicVae

LEAST = 8
"""Held-out pieces on each side without which a distance means nothing."""
NEAR = 1.1
"""Times the floor within which a distance says nothing."""
UNITS = {
    "self_bleu": "0 to 1, mean BLEU-4 of each piece against all others; its words are moments at which notes start, "
    "whatever the key",
    "profile": "Fréchet distance of counted figures of segments, each scaled to the spread of real ones, from those of "
    "held-out segments; squared standard deviations",
    "embedding": "the same of the means of q(z|x) by the encoder of the model beside it",
}


@dataclass(frozen=True, slots=True)
class Column:
    """Figures of one source of pieces; units: ``UNITS``. ``embedding`` None: no model beside it has an encoder."""

    figures: Figures
    self_bleu: float
    profile: float
    embedding: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What ``compare`` finds, all against the same held-out pieces: pieces of the GAN, of the model ``beside`` it, and
    ``real``, other held-out pieces, which are the floor.

    Args:
        split: What all are compared with; ``floor``: what the real ones are.
        pieces: Of each source, and held out; ``segments``: of each, in distances.
        straddling: Held-out pieces of the corpus with a near-duplicate in train.
    """

    split: str
    floor: str
    pieces: int
    segments: int
    bars: int
    seed: int
    encoding: str
    grid: str
    straddling: int
    beside_name: str | None
    generator: Column
    beside: Column | None
    real: Column

    def to_json(self) -> dict[str, Any]:
        """All figures as JSON values."""
        return asdict(self) | {"units": FIGURE_UNITS | UNITS}

    def verdicts(self) -> list[str]:
        """What the figures mean, in sentences."""
        return [*self._distances(), *self._figures()]

    def _distances(self) -> Iterator[str]:
        mine, floor = self.generator.profile, self.real.profile
        if self.beside is None:
            if mine > NEAR * floor:
                yield _(
                    "Its music is distributed otherwise than held-out music: {mine:.1f} away, other held-out pieces "
                    "{floor:.1f}.",
                    mine=mine,
                    floor=floor,
                )
            return
        other = self.beside.profile
        shown: dict[str, Any] = {"mine": mine, "other": other, "floor": floor, "name": self.beside_name}
        if max(mine, other) <= NEAR * floor:
            yield _(
                "Its music lies as near to held-out music as other held-out pieces do: {mine:.1f} against {floor:.1f}. "
                "So does that of '{name}' ({other:.1f}): neither is shown to be better.",
                **shown,
            )
        elif mine < other:
            yield _(
                "Its music lies nearer to held-out music than that of '{name}': {mine:.1f} against {other:.1f}, other "
                "held-out pieces {floor:.1f}.",
                **shown,
            )
        else:
            yield _(
                "The music of '{name}' lies nearer to held-out music: {other:.1f} against {mine:.1f}, other held-out "
                "pieces {floor:.1f}. The game brings nothing here.",
                **shown,
            )

    def _figures(self) -> Iterator[str]:
        mine, real = self.generator.figures, self.real.figures
        if mine.in_scale < real.in_scale - 0.05:
            yield _("It leaves the scale more often than held-out music does.")
        far = max(mine.density_distance, mine.pitch_class_distance)
        if far > 0.1 + max(real.density_distance, real.pitch_class_distance):
            yield _("Its rhythm or its pitches are distributed otherwise than in held-out music.")
        if self.generator.self_bleu > self.real.self_bleu + 0.1:
            yield _(
                "Its pieces are more alike than real ones (self-BLEU {made:.2f}, real {real:.2f}).",
                made=self.generator.self_bleu,
                real=self.real.self_bleu,
            )
        if mine.copy_rate > real.copy_rate + 0.05:
            yield _(
                "It copies: {share:.0%} of its pieces hold four bars or more of a training piece.", share=mine.copy_rate
            )


class Sampling(Protocol):
    """What is measured of a model: ``MusicGan`` and ``MusicVae`` have it."""

    def sample(self, seed: int, *, bars: int, temperature: float) -> Score:
        """A piece."""
        ...


def compare(
    model: MusicGan,
    corpus: ScoreCorpus,
    *,
    samples: int = SAMPLES,
    seed: int = 0,
    beside: MusicVae | MusicGan | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Measure ``model``, the model beside it and real music on the held-out pieces of a corpus, in their own key.

    Pieces are compared with those of the test split, and real ones are those of the validation split; where there is
    only one of the two it is halved. Samples are as long as the training pieces' median, at temperature 1.

    Args:
        samples: Pieces of each source; at most as many as each side holds.
        seed: Of the first sample of each model; the others follow it.

    Raises:
        UserError: hardly a piece is held out that fits, or ``beside`` has another encoding.
    """
    config, way = model.config, model.way
    if beside is not None and (beside.config.encoding, beside.config.grid) != (config.encoding, config.grid):
        raise UserError(
            _("'{name}' has another encoding.", name=beside.folder.name),
            _("Compare models of one --encoding and --grid."),
            code="evaluation.encoding",
        )
    split, floor, target, others = _held_out(corpus, way)
    size = min(samples, len(target), len(others))
    if size < LEAST:
        raise UserError(
            _(
                "{path} holds out {count} pieces that fit: too few to compare with.",
                path=corpus.path,
                count=len(target) + len(others) if target is not others else len(target),
            ),
            _("Give more pieces, or a corpus with a split: {least} held out at least.", least=2 * LEAST),
            code="evaluation.held_out",
        )
    target, others = spread(target, size), spread(others, size)
    bars = max(round(config.frames / way.grid / config.bar), 1)
    material = material_of([decode(piece, way) for piece in spread(_training(corpus, way), 10 * PIECES)])
    told = progress or (lambda _what, _done, _of: None)

    def made(source: Sampling, done: int) -> list[Score]:
        found = []
        for index in range(size):
            found.append(source.sample(seed + index, bars=bars, temperature=1.0))
            told(_("Writing"), done + index + 1, (1 if beside is None else 2) * size)
        return found

    pieces = {"generator": made(model, 0)} | ({} if beside is None else {"beside": made(beside, size)})
    pieces["real"] = [decode(piece, way) for piece in others]
    measured = _columns(pieces, [decode(piece, way) for piece in target], material, way, config.bar, beside)
    columns, segments = measured
    return Comparison(
        split,
        floor,
        size,
        segments,
        bars,
        seed,
        config.encoding,
        config.grid,
        corpus.straddling(),
        None if beside is None else beside.folder.name,
        columns["generator"],
        columns.get("beside"),
        columns["real"],
    )


Rows = list[NDArray[np.int64]]


def _training(corpus: ScoreCorpus, way: Encoding) -> Rows:
    return list(frames_of(corpus.split("train"), way).pieces)


def _held_out(corpus: ScoreCorpus, way: Encoding) -> tuple[str, str, Rows, Rows]:
    """What is compared with and its name, then the floor's."""
    found = {name: list(frames_of(corpus.split(name), way).pieces) for name in ("test", "validation")}
    if min(map(len, found.values())) >= LEAST:
        return "test", "validation", found["test"], found["validation"]
    name = max(found, key=lambda key: len(found[key]))
    return name, name, found[name][::2], found[name][1::2]


def _columns(
    pieces: dict[str, list[Score]],
    target: list[Score],
    material: Material,
    way: Encoding,
    bar: float,
    beside: MusicVae | MusicGan | None,
) -> tuple[dict[str, Column], int]:
    """The figures of each source against ``target``, and from how many segments its distances come."""
    parts = {name: _segments(scores, way) for name, scores in (pieces | {"": target}).items()}
    segments = min(map(len, parts.values()))
    even = {name: spread(rows, segments) for name, rows in parts.items()}
    scores = {name: [decode(rows, way) for rows in found] for name, found in even.items()}
    look = _embedder(beside)
    codes = {} if look is None else {name: look(found) for name, found in even.items()}
    enough = segments >= 2
    columns = {
        name: Column(
            count(found, target, material, bar=bar),
            self_bleu([letters_of(score) for score in found if score.notes]),
            profile_distance(scores[name], scores[""]) if enough else float("inf"),
            _distance(codes[name], codes[""]) if codes and enough else None,
        )
        for name, found in pieces.items()
    }
    return columns, segments


def _segments(scores: Sequence[Score], way: Encoding) -> Rows:
    """Whole segments of scores as frames, but for silent ones."""
    found: Rows = []
    for score in scores:
        try:
            frames = encode(score, way)
        except Unfit:  # it is silent
            continue
        if way.name == "melody":  # which may end with a rest
            frames = np.pad(frames, ((0, max(way.segment - len(frames), 0)), (0, 0)), constant_values=REST)
        ends = range(way.segment, len(frames) + 1, way.segment)
        found += [part for part in (frames[end - way.segment : end] for end in ends) if (part < REST).any()]
    return found


def _embedder(beside: MusicVae | MusicGan | None) -> Callable[[Rows], NDArray[np.float32]] | None:
    """Segments to the means of q(z|x) by the encoder of a VAE, (N, D); None where there is none."""
    if not isinstance(beside, MusicVae) or beside.encoder is None:
        return None
    vae = beside

    def look(rows: Rows) -> NDArray[np.float32]:
        return np.concatenate([vae.posterior(row)[0].numpy() for row in rows]).astype(np.float32)

    return look


def _distance(codes: NDArray[np.float32], target: NDArray[np.float32]) -> float:
    centre, scale = target.mean(axis=0), np.maximum(target.std(axis=0), 1e-6)
    return frechet_distance((codes - centre) / scale, (target - centre) / scale)
