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
    NEIGHBOURS,
    Features,
    Kid,
    Neighbourhood,
    frechet_distance,
    kernel_distance,
    neighbourhood,
)
from luokuan.models.evaluation.neighbours import Memorisation, memorisation, sentence
from luokuan.models.evaluation.network import NAME, RESOLUTION, SHA256, FeatureNetwork, feature_network
from luokuan.models.evaluation.sheet import by_class
from luokuan.models.interface import PictureModel, takes_wishes

LEAST = 20
"""Fewest held-out pictures for which distances mean anything."""
SHEET_ROWS, SHEET_CLASSES = 8, 24
CLOSEST = 32
"""Samples on the sheet of neighbours: those that lie nearest to a training picture."""
UNITS = {
    "frechet_distance": "squared feature units",
    "kernel_distance": "squared kernel units, 95 % interval",
    "precision": "share of samples",
    "recall": "share of held-out pictures",
    "density": "1, may exceed 1",
    "coverage": "share of held-out pictures",
    "memorisation": "feature units; shares of samples",
    "nearest": "number of the training picture, feature units",
}


@dataclass(frozen=True, slots=True)
class Distances:
    """One set against the held-out pictures. Units: ``UNITS``; formulas: ``metrics``."""

    frechet: float
    kernel: Kid
    neighbourhood: Neighbourhood


@dataclass(slots=True)
class Report:
    """What ``evaluate`` finds.

    Args:
        size: Side of the pictures in pixels; ``resolution``: side at which the feature network sees them.
        samples: How many were compared; ``held_out``, ``training`` and ``floor_pictures``: counts of those pictures.
        labels: How samples got their classes: ``held-out`` (the balance of the held-out pictures), ``model`` (its own
            balance) or ``none``.
        same_material: Whether the model's training record names this corpus; None when there is no record.
        floor: Training pictures in the place of the samples, as many and of the same classes: what a perfect model
            would get. Distances are never 0 for two finite sets, and larger for smaller sets, so that only the floor
            gives them a scale.
        nearest: For each sample, in order, the number of its nearest training picture (from 0, in the order of the
            corpus's train split) and how far it is, in feature units.
    """

    model: str
    model_digest: str
    corpus: str
    corpus_digest: str
    size: int
    samples: int
    held_out: int
    training: int
    floor_pictures: int
    labels: str
    same_material: bool | None
    seed: int
    truncation: float | None
    among: int | None
    guidance: float | None
    network: str
    resolution: int
    result: Distances
    floor: Distances
    memorisation: Memorisation | None
    nearest: list[tuple[int, float]] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)
    pictures: NDArray[np.uint8] | None = None
    neighbours: NDArray[np.uint8] | None = None
    sheet: NDArray[np.uint8] | None = None

    def to_json(self) -> dict[str, Any]:
        """All figures as JSON values; not the pictures."""
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
        values["units"] = UNITS
        return values


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


def balanced_labels(held_out: Sequence[int], count: int, seed: int) -> list[int]:
    """``count`` labels with the held-out pictures' balance: their own labels, repeated and cut in a seeded order."""
    order = np.random.default_rng(mix_seed(seed, "labels")).permutation(len(held_out))
    return [int(held_out[order[i % len(order)]]) for i in range(count)]


def stand_ins(train: Sequence[int], wanted: Sequence[int], seed: int) -> NDArray[np.int64]:
    """Indices of different training pictures at random, of each class as many as ``wanted`` (all, if there are fewer).

    Without this the floor of a corpus whose splits differ in balance would measure that difference.
    """
    rng = np.random.default_rng(mix_seed(seed, "floor"))
    labels, chosen = np.asarray(train), []
    for label, count in zip(*np.unique(np.asarray(wanted), return_counts=True), strict=True):
        own = np.flatnonzero(labels == label)
        chosen.append(rng.choice(own, min(int(count), len(own)), replace=False))
    return np.concatenate(chosen).astype(np.int64)


def evaluate_model(
    model: PictureModel,
    *,
    corpus_title: str,
    corpus_digest: str,
    train: NDArray[np.uint8],
    held_out: NDArray[np.uint8],
    held_out_labels: Sequence[int] | None,
    train_labels: Sequence[int] | None = None,
    count: int | None = None,
    seed: int = 0,
    truncation: float = 1.0,
    among: int = 1,
    guidance: float = 1.0,
    resolution: int = RESOLUTION,
    progress: Progress | None = None,
) -> Report:
    """Evaluate a model's samples against held-out pictures.

    Args:
        train: uint8 (N, size, size, 3): what it learnt from.
        held_out: uint8 (M, size, size, 3): what it never saw.
        held_out_labels: Classes of the held-out pictures for a conditional model: samples get the same balance.
        train_labels: Classes of the training pictures, so that the floor can have that balance too.
        count: Samples; default as many as held-out pictures.
        truncation: 1 shows the model's whole variety.
        among: 1 takes samples as they come; above, the model's critic picks each from that many drafts.
        guidance: 1 samples as learnt; above, the condition draws more strongly, with models that can be guided.
        progress: Called with (what is done, how many are done, of how many).

    Raises:
        UserError: too few pictures; a resolution that the network can't take; guidance that the model can't follow.
    """
    draw = _drawing(model, truncation=truncation, among=among, guidance=guidance)
    number = count or len(held_out)
    _check(number, len(held_out), len(train), resolution)  # before the work of sampling
    labels = balanced_labels(held_out_labels, number, seed) if model.classes and held_out_labels is not None else None
    pieces = []
    for start in range(0, number, 256):
        if progress is not None:
            progress(_("Sampling"), start, number)  # the end is said by what follows
        part = None if labels is None else labels[start : start + 256]
        own = mix_seed(seed, "samples", start)
        size = min(256, number - start)
        pieces.append(draw(size, own, part))
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
        guidance=guidance if takes_wishes(model) else None,
        labels="none" if not model.classes else "model" if labels is None else "held-out",
        stand_ins=stand_ins(train_labels, labels, seed) if labels is not None and train_labels is not None else None,
        same_material=_same_material(model, corpus_digest),
    )
    if model.classes:
        classes = min(len(model.classes), SHEET_CLASSES)
        columns = [y for y in range(classes) for _row in range(SHEET_ROWS)]
        shown = draw(len(columns), seed, columns)
        report.sheet = by_class(shown, classes)
    return report


def _same_material(model: PictureModel, corpus_digest: str) -> bool | None:
    corpus = model.folder.training.get("corpus")
    digest = corpus.get("digest") if isinstance(corpus, dict) else None
    return None if digest is None else bool(digest == corpus_digest)


def _drawing(
    model: PictureModel, *, truncation: float, among: int, guidance: float
) -> Callable[[int, int, Sequence[int] | None], NDArray[np.uint8]]:
    """(count, seed, labels) to samples of ``model``."""
    manner: dict[str, Any] = {"truncation": truncation}
    if takes_wishes(model):
        manner["guidance"] = guidance
    elif guidance != 1:
        raise UserError(
            _("The model '{name}' can't be guided.", name=model.folder.name),
            _("Leave --guidance out, or choose a model of the family 'prior'."),
            code="evaluation.guidance",
        )

    def draw(count: int, seed: int, labels: Sequence[int] | None) -> NDArray[np.uint8]:
        if among == 1:
            return model.sample(count, seed=seed, labels=labels, **manner)
        return model.sample_ranked(count, seed=seed, labels=labels, among=among, **manner)

    return draw


def _check(samples: int, held_out: int, train: int, resolution: int) -> None:
    if min(samples, held_out, train) < LEAST:
        raise UserError(
            _(
                "Too few pictures to compare: {samples} samples, {held} held out, {train} for training.",
                samples=samples,
                held=held_out,
                train=train,
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
    truncation: float | None = None,
    among: int | None = None,
    guidance: float | None = None,
    labels: str = "none",
    same_material: bool | None = None,
    stand_ins: NDArray[np.int64] | None = None,
) -> Report:
    """Compare any pictures (from a model or another tool) with held-out pictures.

    The floor takes the training pictures ``stand_ins`` in the place of the samples; by default as many as there are
    samples (all, if there are fewer), at random.

    Raises:
        UserError: too few held-out pictures, samples or training pictures.
    """
    _check(len(samples), len(held_out), len(train), resolution)
    network = feature_network()
    real = _features(network, held_out, resolution, _("Features of held-out pictures"), progress)
    known = _features(network, train, resolution, _("Features of training pictures"), progress)
    made = _features(network, samples, resolution, _("Features of samples"), progress)
    if stand_ins is None or len(stand_ins) < LEAST:
        rng = np.random.default_rng(mix_seed(seed, "floor"))
        stand_ins = rng.choice(len(known), min(len(samples), len(known)), replace=False)
    stand_in = known[stand_ins]
    memory, index = memorisation(made, real, known)
    gaps = np.linalg.norm(made - known[index], axis=1)
    closest = np.argsort(gaps, kind="stable")[:CLOSEST]
    report = Report(
        model=model,
        model_digest=model_digest,
        corpus=corpus,
        corpus_digest=corpus_digest,
        size=int(samples.shape[1]),
        samples=len(samples),
        held_out=len(held_out),
        training=len(train),
        floor_pictures=len(stand_in),
        labels=labels,
        same_material=same_material,
        seed=seed,
        truncation=truncation,
        among=among,
        guidance=guidance,
        network=f"{NAME} {SHA256[:12]}",
        resolution=resolution,
        result=_distances(real, made, seed),
        floor=_distances(real, stand_in, seed),
        memorisation=memory,
        nearest=[(int(i), round(float(gap), 4)) for i, gap in zip(index, gaps, strict=True)],
        pictures=samples[closest],
        neighbours=np.ascontiguousarray(train[index[closest]]),
        sheet=by_class(samples[: SHEET_ROWS * 8], 0),
    )
    report.verdicts = verdicts(report)
    return report


def verdicts(report: Report) -> list[str]:
    """What the figures mean, in words."""
    found = [_variety(report), _likeness(report)]
    if report.memorisation is not None:
        found.append(sentence(report.memorisation))
    if report.same_material is False:
        found.append(
            _(
                "The model was trained on other material than this corpus: pictures called held out may be among "
                "those that it learnt from."
            )
        )
    if report.floor_pictures != report.samples:
        found.append(
            _(
                "The floor has only {count} pictures, as the corpus has no more to train on; "
                "fewer samples compare better.",
                count=report.floor_pictures,
            )
        )
    return found


def _variety(report: Report) -> str:
    # Two measures, because each alone can be fooled: noise reaches coverage, and recall is strict on good samples.
    coverage, recall = (
        min(getattr(report.result.neighbourhood, key) / max(getattr(report.floor.neighbourhood, key), 1e-9), 1.0)
        for key in ("coverage", "recall")
    )
    if coverage < 0.3 or recall < 0.1:
        text = _("Variety is poor: coverage is {coverage:.0%} and recall {recall:.0%} of what real pictures reach.")
    elif coverage < 0.7 or recall < 0.5:
        text = _("Variety is limited: coverage is {coverage:.0%} and recall {recall:.0%} of what real pictures reach.")
    else:
        text = _("Variety is good: coverage is {coverage:.0%} and recall {recall:.0%} of what real pictures reach.")
    return text.format(coverage=coverage, recall=recall)


def _likeness(report: Report) -> str:
    # Much of a small set's Fréchet floor is bias, which hides differences; the kernel distance has none, but its floor
    # is near zero: its upper end is the yardstick.
    frechet = report.result.frechet / max(report.floor.frechet, 1e-9)
    kernel = report.result.kernel.mean / max(report.floor.kernel.high, 1e-9)
    if frechet > 3 or kernel > 10:
        text = _(
            "Samples are easy to tell from real pictures: {frechet:.1f} times the Fréchet floor, {kernel:.1f} times "
            "the kernel floor."
        )
    elif frechet > 1.5 or kernel > 2:
        text = _(
            "Samples come near, but differ visibly: {frechet:.1f} times the Fréchet floor, {kernel:.1f} times the "
            "kernel floor."
        )
    else:
        text = _(
            "Samples lie near real pictures: {frechet:.1f} times the Fréchet floor, {kernel:.1f} times the kernel "
            "floor."
        )
    return text.format(frechet=frechet, kernel=kernel)
