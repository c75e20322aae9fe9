"""How good a model of sound is: new sounds beside clips that it never heard."""

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
from luokuan.foundation.corpus.sounds import SoundClip, SoundCorpus
from luokuan.i18n import _
from luokuan.models.evaluation.metrics import frechet_distance
from luokuan.models.sound.classifier import NAME, Classifier, mel_frames, train_classifier
from luokuan.models.sound.model import SoundModel

SECONDS = 2.0
"""Of a window."""
LEAST = 8
"""Held-out windows without which nothing can be said."""
SHIFT = 8
"""Frames from one training window to the next when the nearest is looked for."""
TOGETHER = 32
"""Sounds that are drawn at once."""
DECIBELS = 20 / np.log(10) * 3.5
"""Of 1 in the log-mel frames, see ``networks.log_mel``."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Side:
    """One set of windows, measured.

    Args:
        windows: How many.
        accuracy: Share that the classifier recognises; None without categories.
        frechet: Fréchet distance of its penultimate layer to as many training windows; None without categories.
        nearest: Median of the distance to the nearest training window, dB (root mean square over mel bands).
        nearest_least: The smallest.
    """

    windows: int
    accuracy: float | None
    frechet: float | None
    nearest: float
    nearest_least: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What ``measure`` finds.

    Args:
        made: New sounds, as many of each category as windows of it are held out.
        encoded: The held-out windows, encoded and decoded: what the codec alone costs.
        real: The held-out windows themselves.
        per_class: Share of the made windows of each category that is recognised.
        real_per_class: The same of the held-out ones.
        seconds: Length of a window.
        seed: Of the classifier and of what was made.
        features: What the Fréchet distance is of.
    """

    made: Side
    encoded: Side
    real: Side
    per_class: dict[str, float]
    real_per_class: dict[str, float]
    training_windows: int
    seconds: float
    seed: int
    features: str

    def to_json(self) -> dict[str, Any]:
        """All figures as JSON values."""
        return asdict(self)

    def verdicts(self) -> list[str]:
        """What the figures mean, in words."""
        found = []
        made, real = self.made, self.real
        if made.accuracy is not None and real.accuracy is not None:
            if real.accuracy < 0.5:
                found.append(_("The classifier seldom recognises real clips: its verdict says little."))
            elif made.accuracy < 0.6 * real.accuracy:
                found.append(_("Its sounds are recognised much less often than real ones."))
            poor = [name for name, share in self.per_class.items() if share < 0.5]
            if poor:
                found.append(_("Seldom recognised: {names}.", names=", ".join(poor)))
        if made.nearest < 0.7 * real.nearest:
            found.append(_("Its sounds lie much nearer to training clips than other clips do: they are nearly copies."))
        return found


def windows_of(
    clips: Sequence[SoundClip], config_rate: int, length: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Windows of ``length`` samples, each half a window after the one before; a shorter clip is one window with
    silence behind it. float32 (N, length) and the label of each, -1 without one."""
    found, labels = [], []
    for clip in clips:
        samples = clip.samples(config_rate)
        starts = range(0, max(len(samples) - length, 0) + 1, length // 2)
        for start in starts:
            window = np.zeros(length, np.float32)
            piece = samples[start : start + length]
            window[: len(piece)] = piece
            found.append(window)
            labels.append(-1 if clip.label is None else clip.label)
    return np.stack(found) if found else np.empty((0, length), np.float32), np.array(labels, dtype=np.int64)


def measure(
    model: SoundModel, corpus: SoundCorpus, *, count: int | None = None, seed: int = 0, progress: Progress | None = None
) -> Measured:
    """Make sounds, and compare them and held-out clips with training clips.

    Args:
        count: How many sounds to make; None: as many as windows are held out, of the same categories.
        seed: Of the classifier and of the sounds.

    Raises:
        UserError: the corpus has other categories than the model, or too little is held out.
    """
    config = model.config
    if corpus.classes != config.classes:
        raise UserError(
            _("{path} has other categories than the model.", path=corpus.path),
            _("Give the corpus of which it learnt."),
            code="evaluation.classes",
        )
    length = round(SECONDS * config.rate / config.cell) * config.cell
    train, train_labels = windows_of(corpus.split("train"), config.rate, length)
    held = (*corpus.split("validation"), *corpus.split("test"))
    real, labels = windows_of(held, config.rate, length)
    if len(real) < LEAST:
        raise UserError(
            _("Too little is held out to measure: {held} windows of {seconds} s.", held=len(real),
              seconds=f"{SECONDS:g}"),
            _("Add clips: of seven clips of a category two are held out."),
            code="evaluation.too_few",
        )  # fmt: skip
    number = len(real) if count is None else count
    wanted = labels[np.arange(number) % len(labels)]
    made = _made(model, wanted, length, seed, progress)
    encoded = np.stack([model.decode(model.encode(window), seed=seed)[:length] for window in real]).clip(-1, 1)
    mels = {"train": mel_frames(train, config)}
    mels |= {name: mel_frames(found, config) for name, found in (("made", made), ("encoded", encoded), ("real", real))}
    judge = train_classifier(mels["train"], train_labels, len(config.classes), seed=seed) if config.classes else None
    stream = np.random.default_rng(mix_seed(seed, "reference"))
    sides, truths = {}, {"made": wanted, "encoded": labels, "real": labels}
    recognised: dict[str, NDArray[np.bool_]] = {}
    # Of the categories that are held out, as often as there: else the distance would tell of another mixture.
    reference = np.concatenate(
        [stream.choice(np.flatnonzero(train_labels == label), (labels == label).sum()) for label in np.unique(labels)]
    )
    for name in ("made", "encoded", "real"):
        x = mels[name]
        accuracy = frechet = None
        if judge is not None:
            with torch.no_grad():
                recognised[name] = judge(x).argmax(1).numpy() == truths[name]
            accuracy = float(recognised[name].mean())
            frechet = frechet_distance(_features(judge, mels["train"][reference]), _features(judge, x[: len(real)]))
        apart = nearest(x, corpus.split("train"), model, length)
        sides[name] = Side(len(x), accuracy, frechet, float(np.median(apart)), float(apart.min()))

    def each(name: str) -> dict[str, float]:
        if judge is None:
            return {}
        return {
            config.classes[label]: float(recognised[name][truths[name] == label].mean())
            for label in np.unique(truths[name]).tolist()
        }

    return Measured(
        made=sides["made"],
        encoded=sides["encoded"],
        real=sides["real"],
        per_class=each("made"),
        real_per_class=each("real"),
        training_windows=len(train),
        seconds=length / config.rate,
        seed=seed,
        features=NAME,
    )


def _made(
    model: SoundModel, labels: NDArray[np.int64], length: int, seed: int, progress: Progress | None
) -> NDArray[np.float32]:
    """A sound of each of ``labels``, float32 (N, length)."""
    cells = length // model.config.cell
    if cells > model.config.cells:  # longer than the prior sees at once
        return np.stack(
            [
                model.sample(length, label=None if label < 0 else label, seed=mix_seed(seed, "measured", index))
                for index, label in enumerate(labels.tolist())
            ]
        ).clip(-1, 1)
    found = []
    for start in range(0, len(labels), TOGETHER):
        part = [None if label < 0 else label for label in labels[start : start + TOGETHER].tolist()]
        seeds = [mix_seed(seed, "measured", start + index) for index in range(len(part))]
        for tokens, own in zip(model.first_windows(part, seeds), seeds, strict=True):
            found.append(model.decode(tokens[:cells], seed=own))
        if progress is not None:
            progress(_("Making sounds"), len(found), len(labels))
    return np.stack(found).clip(-1, 1)


@torch.no_grad()
def _features(judge: Classifier, x: Tensor) -> NDArray[np.float32]:
    return judge.features(x).numpy()


def nearest(x: Tensor, clips: Sequence[SoundClip], model: SoundModel, length: int) -> NDArray[np.float32]:
    """Distance of each window to the nearest window of ``clips``, which is looked for every ``SHIFT`` frames.

    Args:
        x: Log-mel frames (N, mels, T).

    Returns:
        float32 (N,), dB, root mean square over bands and frames.
    """
    config = model.config
    flat = x.flatten(1)
    best = torch.full((len(x),), torch.inf)
    frames = x.shape[2]
    for clip in clips:
        samples = clip.samples(config.rate)
        whole = np.zeros(max(length, -(-len(samples) // config.hop) * config.hop), np.float32)
        whole[: len(samples)] = samples
        known = mel_frames(whole[None], config)[0].unfold(1, frames, SHIFT)  # (mels, places, T)
        places = known.transpose(0, 1).flatten(1)  # (places, mels·T)
        best = torch.minimum(best, torch.cdist(flat, places).amin(1))
    found: NDArray[np.float32] = (best / flat.shape[1] ** 0.5 * DECIBELS).numpy()
    return found
