"""What a music model can be asked: its bound on -log p of whole held-out pieces, and what its own pieces are like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luokuan.errors import UserError
from luokuan.foundation.compute import seeded
from luokuan.foundation.corpus.scores import ScoreCorpus
from luokuan.i18n import _
from luokuan.media import Score
from luokuan.models.evaluation.music import UNITS as FIGURE_UNITS
from luokuan.models.evaluation.music import Figures, compare, material_of
from luokuan.models.vae.music.bounds import cut, measured
from luokuan.models.vae.music.encodings import decode
from luokuan.models.vae.music.material import frames_of
from luokuan.models.vae.music.model import MusicVae

DRAWS = 100
"""Importance samples a segment."""
SAMPLES = 64
PIECES = 2000
"""Most held-out pieces that are weighed, and most training pieces in which copies are looked for are ten times that."""
PUBLISHED = {
    "LSTM": 8.45, "TCN": 8.10, "DMM": 6.80, "RNN-NADE": 5.56, "best quoted": 3.47,
}  # fmt: skip
"""Nats a quarter-note frame of JSB Chorales, test split, as the literature gives them (see docs/music.md)."""
UNITS = {
    "nats_per_frame": "nats a frame, importance-weighted upper bound of -log p(x); exact without latents",
    "nats_per_note": "the same, divided by the notes instead of the frames",
    "elbo_nats_per_frame": "nats a frame, negative ELBO",
    "kl_nats_per_segment": "nats a segment, KL(q(z_s|x_s) ‖ p(z_s|x_<s))",
    "active_units": "latent values whose posterior mean has a variance of 0.01 or more over segments",
}

Progress = Callable[[str, int, int], None]
"""(what, done, total)."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What ``measure`` finds.

    Args:
        split: Which pieces were weighed: ``test``, or ``validation`` where there is no test.
        straddling: Held-out pieces of the corpus with a near-duplicate in train.
        likelihood: See ``models.vae.music.bounds.measured``; units: ``UNITS``.
        beside: The same of the model without latents that was given beside it; None: none was.
        written: Figures of the model's own pieces; ``real``: of held-out ones, against other held-out ones.
    """

    split: str
    straddling: int
    seed: int
    encoding: str
    grid: str
    likelihood: dict[str, float]
    beside: dict[str, float] | None
    written: Figures | None
    real: Figures | None

    def to_json(self) -> dict[str, Any]:
        """All figures as JSON values."""
        return {
            "split": self.split,
            "straddling": self.straddling,
            "seed": self.seed,
            "encoding": self.encoding,
            "grid": self.grid,
            "likelihood": self.likelihood,
            "beside": self.beside,
            "written": None if self.written is None else self.written.to_json(),
            "real": None if self.real is None else self.real.to_json(),
            "units": UNITS | FIGURE_UNITS,
            **({"published": PUBLISHED} if (self.encoding, self.grid) == ("satb", "quarter") else {}),
        }

    def verdicts(self) -> list[str]:
        """What the figures mean, in words."""
        found = []
        nats = self.likelihood["nats_per_frame"]
        if self.beside is not None:
            other = self.beside["nats_per_frame"]
            found.append(
                _("The latents cost nothing: the bound is {share:.1%} below that of the same decoder without them.",
                  share=1 - nats / other)
                if nats <= other
                else _("The latents cost {share:.1%}: so much higher is the bound than with the same decoder alone.",
                       share=nats / other - 1)
            )  # fmt: skip
        if self.likelihood.get("active_units") == 0:
            found.append(_("No latent value carries anything (posterior collapse)."))
        if self.written is None or self.real is None:
            return found
        if self.written.copy_rate > self.real.copy_rate + 0.05:
            found.append(_("It copies: {share:.0%} of its pieces hold four bars or more of a training piece.",
                           share=self.written.copy_rate))  # fmt: skip
        if self.written.in_scale < self.real.in_scale - 0.05:
            found.append(_("It leaves the scale more often than held-out music does."))
        far = max(self.written.density_distance, self.written.pitch_class_distance)
        if far > 0.1 + max(self.real.density_distance, self.real.pitch_class_distance):
            found.append(_("Its rhythm or its pitches are distributed otherwise than in held-out music."))
        return found or [_("Its pieces are distributed as held-out music is, and copy no more of the training pieces.")]


def measure(
    model: MusicVae,
    corpus: ScoreCorpus,
    *,
    samples: int = SAMPLES,
    draws: int = DRAWS,
    seed: int = 0,
    beside: MusicVae | None = None,
    progress: Progress | None = None,
) -> Measured:
    """Measure a model on the held-out pieces of a corpus, in their own key.

    Args:
        samples: Pieces to write, as long as the training pieces' median; 0: none.
        draws: Importance samples a segment.
        beside: A model over the same encoding, such as the same decoder without latents.

    Raises:
        UserError: nothing is held out that fits, or ``beside`` has another encoding.
    """
    config, way = model.config, model.way
    if beside is not None and (beside.config.encoding, beside.config.grid) != (config.encoding, config.grid):
        raise UserError(
            _("'{name}' has another encoding.", name=beside.folder.name),
            _("Compare models of one --encoding and --grid."),
            code="evaluation.encoding",
        )
    split = "test" if corpus.split("test") else "validation"
    held_out = spread(frames_of(corpus.split(split), way).pieces, PIECES)
    if not held_out:
        raise UserError(
            _("{path} holds out no piece that fits, so that nothing can be measured.", path=corpus.path),
            _("Add pieces, or give a corpus with a split."),
            code="evaluation.no_held_out",
        )
    likelihood = _weighed(model, held_out, draws, seed, progress)
    other = None if beside is None else _weighed(beside, held_out, draws, seed, progress)
    written, real = None, None
    if samples:
        training = spread(frames_of(corpus.split("train"), way).pieces, 10 * PIECES)
        made: list[Score] = []
        bars = max(round(config.frames / way.grid / config.bar), 1)
        for index in range(samples):
            made.append(model.sample(seed + index, bars=bars, temperature=1.0))
            if progress is not None:
                progress(_("Writing"), index + 1, samples)
        material = material_of([decode(piece, way) for piece in training])
        theirs = [decode(piece, way) for piece in held_out]
        written = compare(made, theirs, material, bar=config.bar)
        # The floor: every other held-out piece against the rest; a corpus may hold its pieces in order of their keys.
        real = compare(theirs[::2], theirs[1::2] or theirs, material, bar=config.bar)
    return Measured(split, corpus.straddling(), seed, config.encoding, config.grid, likelihood, other, written, real)


def _weighed(
    model: MusicVae, pieces: Sequence[NDArray[np.int64]], draws: int, seed: int, progress: Progress | None
) -> dict[str, float]:
    """``measured`` of all pieces, with the draws of a seed."""
    parts = cut(pieces, model.way.segment)
    with seeded(seed, "importance"):
        found = measured(model.encoder, model.decoder, parts, draws=draws, device=str(model.device))
    if progress is not None:
        progress(_("Weighing"), len(parts), len(parts))
    return found | {"pieces": float(len(pieces))}


def spread(pieces: Sequence[NDArray[np.int64]], most: int) -> list[NDArray[np.int64]]:
    """At most so many of them, evenly spread."""
    if len(pieces) <= most:
        return list(pieces)
    return [pieces[i] for i in np.linspace(0, len(pieces) - 1, most).round().astype(int)]
