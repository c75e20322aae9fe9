"""What a GAN of sentences is worth beside its own VAE, on a corpus: the same measures for both, and for real text."""

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
from luokuan.foundation.corpus import TextCorpus
from luokuan.foundation.corpus.sentences import Sentence
from luokuan.i18n import _
from luokuan.models.evaluation.metrics import frechet_distance
from luokuan.models.gan.text.model import TextGan
from luokuan.models.vae.text.learning import posteriors
from luokuan.models.vae.text.material import lay_out
from luokuan.models.vae.text.measure import TEMPERATURE, Progress, Texts, figures_of, held_out_rows

SAMPLES = 1000
"""Sentences that are sampled if no number is given."""
NEAR = 1.1
"""Times the floor within which a distance says nothing: so much it moves from one set of real sentences to another."""
LEAST = 16
"""Held-out sentences without which a distance means nothing."""
UNITS = {
    "frechet": "Fréchet distance in the VAE encoder's space: means of q(z|x), each scaled to the spread of real ones, "
    "of the written sentences against those of as many held-out ones; squared standard deviations",
    "self_bleu": "0 to 1, mean BLEU-4 of each sentence against all others",
    "distinct_2": "different pairs of letters as a share of all",
    "copies": "share of sentences that are, letter by letter, one of the training sentences",
}


@dataclass(frozen=True, slots=True)
class Column:
    """Figures of one source of sentences; units: ``UNITS``."""

    texts: Texts
    frechet: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What ``compare`` finds: sentences by the generator, by its VAE from the fitted mixture and from N(0, I), and
    ``real``, other held-out sentences, whose distance is the floor."""

    split: str
    sentences: int
    seed: int
    temperature: float
    generator: Column
    mixture: Column
    standard: Column
    real: Column

    def to_json(self) -> dict[str, Any]:
        """All figures as JSON values."""
        return asdict(self) | {"units": UNITS}

    def verdicts(self) -> list[str]:
        """What the figures mean, in sentences."""
        mine, other, floor = self.generator, self.mixture, self.real
        shown: dict[str, Any] = {"mine": mine.frechet, "other": other.frechet, "floor": floor.frechet}
        if max(mine.frechet, other.frechet) <= NEAR * floor.frechet:
            found = [
                _(
                    "The generator's sentences lie as near to real ones as other real ones do: {mine:.2f} against "
                    "{floor:.2f}. So do its VAE's own ({other:.2f}): neither is shown to be better.",
                    **shown,
                )
            ]
        elif mine.frechet < other.frechet:
            found = [
                _(
                    "The generator's sentences lie nearer to real ones than its VAE's own: {mine:.2f} against "
                    "{other:.2f}, real ones {floor:.2f}.",
                    **shown,
                )
            ]
        else:
            found = [
                _(
                    "The VAE's own samples lie nearer to real sentences than the generator's: {other:.2f} against "
                    "{mine:.2f}, real ones {floor:.2f}. The game brings nothing here.",
                    **shown,
                )
            ]
        if mine.texts.self_bleu > floor.texts.self_bleu + 0.1:
            found.append(
                _(
                    "Its sentences are more alike than real ones (self-BLEU {written:.2f}, real {real:.2f}).",
                    written=mine.texts.self_bleu,
                    real=floor.texts.self_bleu,
                )
            )
        if mine.texts.copies > floor.texts.copies + 0.02:
            found.append(
                _(
                    "{share:.0%} of its sentences are sentences of the training text, of held-out ones {real:.0%}: "
                    "look for copies before you publish.",
                    share=mine.texts.copies,
                    real=floor.texts.copies,
                )
            )
        return found


@torch.no_grad()
def compare(
    model: TextGan, corpus: TextCorpus, *, samples: int = SAMPLES, seed: int = 0, progress: Progress | None = None
) -> Comparison:
    """Measure ``model`` and its VAE on the held-out sentences of ``corpus``.

    Args:
        samples: Sentences of each kind; at most half as many as are held out, so that real ones can be compared too.
        seed: Of all samples.

    Raises:
        UserError: hardly any sentence is held out, or see ``held_out_rows``.
    """
    tell: Callable[[str, int, int], None] = progress or (lambda _what, _done, _of: None)
    vae = model.vae
    split, held, known = held_out_rows(vae, corpus)
    if len(held.rows) < 2 * LEAST:
        raise UserError(
            _("{path} holds out {count} sentences: too few to compare with.", path=corpus.path, count=len(held.rows)),
            _("Give more sentences: {least} held out at least.", least=2 * LEAST),
            code="evaluation.held_out",
        )
    count = min(samples, len(held.rows) // 2)
    order = np.random.default_rng(mix_seed(seed, "real")).permutation(len(held.rows))
    texts = [held.sentences[place].text for place in order]
    means = posteriors(vae.network, [held.rows[place] for place in order])[0]
    centre, spread = means.mean(dim=0), means.std(dim=0)
    target = _points(means[:count], centre, spread)
    latent = vae.config.latent
    drawn = np.random.default_rng(mix_seed(seed, "standard")).standard_normal((count, latent)).astype(np.float32)
    sources: dict[str, Callable[[], Tensor]] = {
        "generator": lambda: model.latents(count, seed),
        "mixture": lambda: vae.latents(count, seed),
        "standard": lambda: torch.from_numpy(drawn),
    }
    found: dict[str, Column] = {}
    for number, (name, codes) in enumerate(sources.items()):
        tell(_("samples"), number, len(sources))
        written = vae.write(codes(), temperature=TEMPERATURE, seed=seed)
        found[name] = Column(figures_of(written, known), _distance(model, written, target, centre, spread))
    tell(_("samples"), len(sources), len(sources))
    real = Column(
        figures_of(texts[count : 2 * count], known),
        frechet_distance(_points(means[count : 2 * count], centre, spread), target),
    )
    return Comparison(split, count, seed, TEMPERATURE, **found, real=real)


def _points(means: Tensor, centre: Tensor, spread: Tensor) -> NDArray[np.float32]:
    found: NDArray[np.float32] = ((means - centre) / spread).numpy().astype(np.float32)
    return found


def _distance(
    model: TextGan, written: Sequence[str], target: NDArray[np.float32], centre: Tensor, spread: Tensor
) -> float:
    """Of sentences as they are read again. An empty one can't be read and is left out."""
    vae = model.vae
    rows = lay_out(vae.tokenizer, [Sentence(text) for text in written if text], context=vae.config.context).rows
    if len(rows) < 2:
        return float("inf")
    return frechet_distance(_points(posteriors(vae.network, rows)[0], centre, spread), target)
