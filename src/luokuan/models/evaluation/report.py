"""One evaluation of one model against one corpus: every number with its unit, count, seed and floor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luokuan.errors import UserError
from luokuan.foundation.compute import mix_seed
from luokuan.i18n import _
from luokuan.models.evaluation.metrics import (
    Features,
    Kid,
    Neighbourhood,
    frechet_distance,
    kernel_distance,
    nearest,
    neighbourhood,
)
from luokuan.models.evaluation.network import NAME, RESOLUTION, SHA256, FeatureNetwork, feature_network
from luokuan.models.interface import PictureModel

LEAST = 20
"""Fewest held-out pictures for which distances mean anything."""
SHEET_ROWS = 8
MEMORISED = 0.05
"""Share of samples nearer to a training picture than 99 % of held-out pictures above which we call it memorising
(1 % is expected of a model that doesn't)."""


@dataclass(frozen=True, slots=True)
class Distances:
    """One set against the held-out pictures. Fréchet and kernel distance in squared feature units (see
    ``metrics``)."""

    frechet: float
    kernel: Kid
    neighbourhood: Neighbourhood


@dataclass(frozen=True, slots=True)
class Memorisation:
    """Distances to the nearest training picture, in feature units.

    ``closer_than_1_percent``: share of samples that lie nearer to a training picture than the nearest 1 % of
    held-out pictures do; 0.01 is expected of a model that has learnt no picture by heart.
    """

    samples_median: float
    held_out_median: float
    closer_than_1_percent: float
    closer_than_5_percent: float


@dataclass(slots=True)
class Report:
    """What ``evaluate`` finds. ``floor``: as many training pictures in the place of the samples, which is what a
    perfect model would get."""

    model: str
    model_digest: str
    corpus: str
    corpus_digest: str
    size: int
    samples: int
    held_out: int
    training: int
    seed: int
    truncation: float
    among: int
    network: str
    resolution: int
    result: Distances
    floor: Distances
    memorisation: Memorisation | None
    verdicts: list[str] = field(default_factory=list)
    pictures: NDArray[np.uint8] | None = None
    neighbours: NDArray[np.uint8] | None = None
    sheet: NDArray[np.uint8] | None = None

    def to_json(self) -> dict[str, Any]:
        """All figures as JSON values; not the pictures."""
        from luokuan.models.evaluation.metrics import NEIGHBOURS

        values = {k: getattr(self, k) for k in self.__slots__ if k not in ("pictures", "neighbours", "sheet")}
        for key in ("result", "floor"):
            found: Distances = values[key]
            values[key] = {
                "frechet_distance": found.frechet,
                "kernel_distance": found.kernel._asdict(),
                **found.neighbourhood._asdict(),
            }
        values["memorisation"] = asdict(self.memorisation) if self.memorisation else None
        values["neighbours_k"] = NEIGHBOURS
        return values


Sampler = Callable[[int], NDArray[np.uint8]]
Progress = Callable[[str, int, int], None]
"""(what, done, total)."""


def _features(
    network: FeatureNetwork, pictures: NDArray[np.uint8], resolution: int, what: str, progress: Progress | None
) -> Features:
    def step(done: int) -> None:
        if progress is not None:
            progress(what, done, len(pictures))

    return network.features(pictures, resolution=resolution, progress=step)


def _distances(held_out: Features, other: Features, seed: int) -> Distances:
    return Distances(
        frechet_distance(held_out, other), kernel_distance(held_out, other, seed=seed), neighbourhood(held_out, other)
    )


def _memorisation(samples: Features, held_out: Features, train: Features) -> tuple[Memorisation, NDArray[np.int64]]:
    index, distance = nearest(samples, train)
    _i, usual = nearest(held_out, train)
    one, five = np.percentile(usual, [1, 5])
    found = Memorisation(
        float(np.median(distance)),
        float(np.median(usual)),
        float((distance < one).mean()),
        float((distance < five).mean()),
    )
    return found, index


def balanced_labels(held_out: Sequence[int], count: int, seed: int) -> list[int]:
    """``count`` labels with the held-out pictures' balance: their own labels, repeated and cut in a seeded order."""
    order = np.random.default_rng(mix_seed(seed, "labels")).permutation(len(held_out))
    return [int(held_out[order[i % len(order)]]) for i in range(count)]


def evaluate_model(
    model: PictureModel,
    *,
    corpus_title: str,
    corpus_digest: str,
    train: NDArray[np.uint8],
    held_out: NDArray[np.uint8],
    held_out_labels: Sequence[int] | None,
    count: int | None = None,
    seed: int = 0,
    truncation: float = 1.0,
    among: int = 1,
    resolution: int = RESOLUTION,
    progress: Progress | None = None,
) -> Report:
    """Evaluate a model's samples against held-out pictures.

    Args:
        train: uint8 (N, size, size, 3): what it learnt from.
        held_out: uint8 (M, size, size, 3): what it never saw.
        held_out_labels: Classes of the held-out pictures for a conditional model: samples get the same balance.
        count: Samples; default as many as held-out pictures.
        truncation: 1 shows the model's whole variety.
        among: 1 takes samples as they come; above, the model's critic picks each from that many drafts.
    """
    number = count or len(held_out)
    labels = balanced_labels(held_out_labels, number, seed) if model.classes and held_out_labels is not None else None
    pieces = []
    for start in range(0, number, 256):
        if progress is not None:
            progress(_("Sampling"), start, number)
        part = None if labels is None else labels[start : start + 256]
        own = mix_seed(seed, "samples", start)
        size = min(256, number - start)
        pieces.append(_draw(model, size, seed=own, labels=part, truncation=truncation, among=among))
    samples = np.concatenate(pieces)
    report = compare(
        samples,
        train=train,
        held_out=held_out,
        seed=seed,
        resolution=resolution,
        progress=progress,
        model=model.folder.name,
        model_digest=model.folder.digest,
        corpus=corpus_title,
        corpus_digest=corpus_digest,
        truncation=truncation,
        among=among,
    )
    columns = [y for y in range(len(model.classes)) for _row in range(SHEET_ROWS)] if model.classes else None
    count = len(columns) if columns else 64
    shown = _draw(model, count, seed=seed, labels=columns, truncation=truncation, among=among)
    from luokuan.models.evaluation.sheet import by_class

    report.sheet = by_class(shown, len(model.classes))
    return report


def _draw(
    model: PictureModel, count: int, *, seed: int, labels: Sequence[int] | None, truncation: float, among: int
) -> NDArray[np.uint8]:
    if among == 1:
        return model.sample(count, seed=seed, labels=labels, truncation=truncation)
    return model.sample_ranked(count, seed=seed, labels=labels, truncation=truncation, among=among)


def compare(
    samples: NDArray[np.uint8],
    *,
    train: NDArray[np.uint8],
    held_out: NDArray[np.uint8],
    seed: int,
    resolution: int = RESOLUTION,
    progress: Progress | None = None,
    model: str,
    model_digest: str,
    corpus: str,
    corpus_digest: str,
    truncation: float = 1.0,
    among: int = 1,
) -> Report:
    """Compare any pictures (from a model or another tool) with held-out pictures.

    The floor takes as many training pictures as there are samples, at random, in their place.

    Raises:
        UserError: too few held-out pictures, samples or training pictures.
    """
    if min(len(held_out), len(samples), len(train)) < LEAST:
        raise UserError(
            _(
                "Too few pictures to compare: {samples} samples, {held} held out, {train} for training.",
                samples=len(samples),
                held=len(held_out),
                train=len(train),
            ),
            _("At least {least} of each are needed; hundreds give figures worth reading.", least=LEAST),
            code="evaluation.too_few",
        )
    if resolution % 32 or not 32 <= resolution <= 512:
        raise UserError(
            _("The resolution {resolution} can't be used.", resolution=resolution),
            _("Choose a multiple of 32 from 32 to 512."),
            code="evaluation.resolution",
        )
    network = feature_network()
    real = _features(network, held_out, resolution, _("Features of held-out pictures"), progress)
    known = _features(network, train, resolution, _("Features of training pictures"), progress)
    made = _features(network, samples, resolution, _("Features of samples"), progress)
    rng = np.random.default_rng(mix_seed(seed, "floor"))
    stand_in = known[rng.choice(len(known), min(len(samples), len(known)), replace=False)]
    memorisation, index = _memorisation(made, real, known)
    shown = min(32, len(samples))
    report = Report(
        model=model,
        model_digest=model_digest,
        corpus=corpus,
        corpus_digest=corpus_digest,
        size=int(samples.shape[1]),
        samples=len(samples),
        held_out=len(held_out),
        training=len(train),
        seed=seed,
        truncation=truncation,
        among=among,
        network=f"{NAME} {SHA256[:12]}",
        resolution=resolution,
        result=_distances(real, made, seed),
        floor=_distances(real, stand_in, seed),
        memorisation=memorisation,
        pictures=samples[:shown],
        neighbours=np.ascontiguousarray(train[index[:shown]]),
    )
    report.verdicts = verdicts(report)
    return report


def verdicts(report: Report) -> list[str]:
    """What the figures mean, in words."""
    result, floor, found = report.result, report.floor, []
    share = result.neighbourhood.coverage / max(floor.neighbourhood.coverage, 1e-9)
    if share < 0.3:
        found.append(_("Variety is poor: the samples reach only {share:.0%} of what real pictures cover.", share=share))
    elif share < 0.7:
        found.append(_("Variety is limited: the samples reach {share:.0%} of what real pictures cover.", share=share))
    else:
        found.append(_("Variety is good: the samples reach {share:.0%} of what real pictures cover.", share=share))
    ratio = result.frechet / max(floor.frechet, 1e-9)
    if ratio > 3:
        found.append(_("Samples are easy to tell from photographs: {ratio:.1f} times the floor.", ratio=ratio))
    elif ratio > 1.5:
        found.append(_("Samples come near, but differ visibly: {ratio:.1f} times the floor.", ratio=ratio))
    else:
        found.append(_("Samples lie near real pictures: {ratio:.1f} times the floor.", ratio=ratio))
    memory = report.memorisation
    if memory is not None:
        if memory.closer_than_1_percent > MEMORISED:
            found.append(
                _(
                    "{share:.1%} of the samples lie nearer to a training picture than 99 % of unseen pictures do: "
                    "look at the sheet of neighbours, the model may have learnt pictures by heart.",
                    share=memory.closer_than_1_percent,
                )
            )
        else:
            found.append(
                _(
                    "No sign of pictures learnt by heart ({share:.1%} unusually near to a training picture, "
                    "1 % expected).",
                    share=memory.closer_than_1_percent,
                )
            )
    return found
