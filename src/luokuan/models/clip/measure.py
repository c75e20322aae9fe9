"""How good a model of clips is: new clips beside clips that it never saw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from luokuan.errors import UserError
from luokuan.foundation.compute import mix_seed
from luokuan.foundation.corpus.clips import ClipCorpus, ClipItem, load_clips
from luokuan.i18n import _
from luokuan.models.clip.classifier import as_seen, recognised, train_classifier
from luokuan.models.clip.model import CHUNK, ClipModel
from luokuan.store.home import Home, open_home

LEAST = 4
"""Held-out clips without which nothing can be said."""
COARSE = 16
"""Side in pixels of the frames that are compared when the nearest clip is looked for."""
COPY = 0.5
"""A clip that is nearer to a training clip than this share of the usual distance of held-out ones counts as a copy."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Side:
    """One set of clips, measured.

    Args:
        clips: How many.
        accuracy: Share whose value of each attribute the classifier recognises.
        flicker: Mean absolute difference of neighbouring frames, 0..255.
        nearest: Median of the distance to the nearest training clip: root mean square over frames of 16 × 16 pixels,
            0..255.
        nearest_least: The smallest.
        copies: Share nearer than ``COPY`` times the median of held-out clips.
    """

    clips: int
    accuracy: dict[str, float]
    flicker: float
    nearest: float
    nearest_least: float
    copies: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What ``measure`` finds.

    Args:
        made: New clips, with the attributes of held-out ones.
        encoded: The held-out clips, encoded and decoded: what the codec alone costs.
        real: The held-out clips themselves.
        attributes: Which ones the classifier tells.
        training_clips: Of which it learnt.
        seed: Of the classifier and of what was made.
    """

    made: Side
    encoded: Side
    real: Side
    attributes: tuple[str, ...]
    training_clips: int
    seed: int

    def to_json(self) -> dict[str, Any]:
        """All figures as JSON values."""
        return asdict(self)

    def verdicts(self) -> list[str]:
        """What the figures mean, in words."""
        found = []
        for name in self.attributes:
            made, real = self.made.accuracy[name], self.real.accuracy[name]
            if real < 0.5:
                found.append(_("{name}: the classifier seldom recognises real clips; its verdict says little.",
                               name=name))  # fmt: skip
            elif made < 0.6 * real:
                found.append(_("{name}: recognised much less often than in real clips.", name=name))
        if self.made.flicker > 1.3 * self.real.flicker:
            found.append(_("Its clips flicker: neighbouring frames differ more than those of real clips."))
        elif self.made.flicker < 0.7 * self.real.flicker:
            found.append(_("Its clips move less than real ones."))
        if self.made.copies > self.real.copies + 0.05:
            found.append(_("{share} of its clips are nearly copies of training clips.",
                           share=f"{self.made.copies:.0%}"))  # fmt: skip
        return found


def measure(
    model: ClipModel,
    corpus: ClipCorpus,
    *,
    count: int | None = None,
    seed: int = 0,
    steps: int | None = None,
    home: Home | None = None,
    progress: Progress | None = None,
) -> Measured:
    """Make clips, and compare them and held-out clips with training clips.

    Args:
        count: How many clips to make; None: as many as are held out, with the same attributes.
        seed: Of the classifier and of the clips.
        steps: Of the classifier; None: as its size asks for.
        home: Where decoded clips are kept.

    Raises:
        UserError: the corpus has other attributes than the model, or too little is held out.
    """
    config, cache = model.config, (home or open_home()).cache
    known = {name for item in corpus.items for name, _value in item.attributes}
    if not set(config.attributes) <= known:
        raise UserError(
            _("{path} has other attributes than the model.", path=corpus.path),
            _("Give the corpus of which it learnt."),
            code="evaluation.attributes",
        )
    train, held = corpus.split("train"), (*corpus.split("validation"), *corpus.split("test"))
    if len(held) < LEAST or len(train) < LEAST:
        raise UserError(
            _("Too little is held out to measure: {held} clips.", held=len(held)),
            _("Add clips, or a column 'split' to metadata.jsonl."),
            code="evaluation.too_few",
        )
    learnt, real = (load_clips(part, config.frames, config.size, cache=cache) for part in (train, held))
    number = len(held) if count is None else count
    places = (
        np.linspace(0, len(held) - 1, number).round().astype(int)
        if number < len(held)
        else np.arange(number) % len(held)
    )
    made = _made(model, [held[place] for place in places], seed, progress)
    encoded = model.decode(model.encode(real))
    labels = _labels(held, model)
    truths = {"made": labels[places], "encoded": labels, "real": labels}
    x = {"made": as_seen(made), "encoded": as_seen(encoded), "real": as_seen(real)}
    judged = [index for index in range(len(config.attributes)) if int((labels[:, index] >= 0).sum()) >= LEAST]
    names = [config.attributes[index] for index in judged]
    shares: dict[str, NDArray[np.float64]] = {key: np.empty(0) for key in x}
    if judged:
        values = [len(config.values[index]) for index in judged]
        judge = train_classifier(as_seen(learnt), _labels(train, model)[:, judged], values, seed=seed, steps=steps)
        shares = {key: recognised(judge, x[key], truths[key][:, judged]) for key in x}
    apart = {key: nearest(clips, learnt) for key, clips in (("made", made), ("encoded", encoded), ("real", real))}
    limit = COPY * float(np.median(apart["real"]))

    def side(key: str, clips: NDArray[np.uint8]) -> Side:
        return Side(
            len(clips),
            {name: float(share) for name, share in zip(names, shares[key], strict=True)},
            flicker(clips),
            float(np.median(apart[key])),
            float(apart[key].min()),
            float((apart[key] < limit).mean()),
        )

    return Measured(side("made", made), side("encoded", encoded), side("real", real), tuple(names), len(train), seed)


def _labels(items: Sequence[ClipItem], model: ClipModel) -> NDArray[np.int64]:
    """The value of each attribute, int64 (N, attributes); -1 where it isn't known."""
    found = np.full((len(items), len(model.config.attributes)), -1, dtype=np.int64)
    for row, item in zip(found, items, strict=True):
        told = dict(item.attributes)
        for index, (name, values) in enumerate(model.attributes.items()):
            if told.get(name) in values:
                row[index] = values.index(told[name])
    return found


def _made(model: ClipModel, items: Sequence[ClipItem], seed: int, progress: Progress | None) -> NDArray[np.uint8]:
    """A clip with the attributes of each of ``items``."""
    found = []
    for start in range(0, len(items), CHUNK):
        part = items[start : start + CHUNK]
        seeds = [mix_seed(seed, "measured", start + index) for index in range(len(part))]
        found.append(model.sample([dict(item.attributes) for item in part], seeds=seeds))
        if progress is not None:
            progress(_("Making clips"), start + len(part), len(items))
    return np.concatenate(found)


def flicker(clips: NDArray[np.uint8]) -> float:
    """Mean absolute difference of neighbouring frames, 0..255."""
    return float(np.mean([np.abs(np.diff(clip.astype(np.int16), axis=0)).mean() for clip in clips]))


def nearest(clips: NDArray[np.uint8], known: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Distance of each clip to the nearest ``known`` one, float32 (N,), 0..255: root mean square over all frames, seen
    at ``COARSE`` pixels."""
    mine, theirs = (as_seen(part, COARSE).flatten(1) for part in (clips, known))
    best: Tensor = torch.cdist(mine, theirs).amin(1) / mine.shape[1] ** 0.5 * 127.5
    found: NDArray[np.float32] = best.numpy()
    return found


def sheet_rows(model: ClipModel, corpus: ClipCorpus, *, seed: int, home: Home | None = None) -> list[NDArray[np.uint8]]:
    """For a contact sheet: of each of six held-out (else training) clips a row of its frames, one of the same encoded
    and decoded, and one of a new clip with its attributes."""
    config, cache = model.config, (home or open_home()).cache
    source = (*corpus.split("validation"), *corpus.split("test")) or corpus.split("train")
    chosen = [source[place] for place in np.linspace(0, len(source) - 1, min(6, len(source))).round().astype(int)]
    real = load_clips(chosen, config.frames, config.size, cache=cache)
    coded, made = model.decode(model.encode(real)), _made(model, chosen, seed, None)
    return [row for three in zip(real, coded, made, strict=True) for row in three]
