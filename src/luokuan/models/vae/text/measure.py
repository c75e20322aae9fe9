"""What a VAE of sentences is worth on a corpus: its bound on log p(x) in nats, what z carries, and how it samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from luokuan.errors import UserError
from luokuan.foundation.compute import mix_seed, seeded
from luokuan.foundation.corpus import TextCorpus
from luokuan.foundation.corpus.sentences import read_sentences
from luokuan.i18n import _
from luokuan.models.evaluation.bleu import bleu, self_bleu
from luokuan.models.evaluation.copying import distinct, letters_of
from luokuan.models.vae import elbo
from luokuan.models.vae.prior import Mixture
from luokuan.models.vae.text.learning import terms
from luokuan.models.vae.text.material import Padded, Row, Rows, by_length, lay_out, log_given_draws, padded
from luokuan.models.vae.text.model import TextVae
from luokuan.models.vae.text.networks import TextVaeNetwork

DRAWS = 100
"""Importance samples a sentence if no number is given."""
WEIGHED = 500
"""Most sentences that are weighed: each costs ``DRAWS`` passes of the decoder."""
WEIGHED_TOGETHER = 8
"""Sentences, of about one length, that are weighed together."""
SAMPLES = 200
"""Sentences that are sampled if no number is given."""
RECONSTRUCTED = 200
"""Most sentences that are reconstructed."""
TEMPERATURE = 1.0
"""At which samples are drawn: what the model has learnt, no more careful than it is."""
LITTLE = 2.0
"""Nats of KL under which a verdict says that z carries little."""
UNITS = {
    "reconstruction_nats": "nats a sentence, -E_q[log p(x|z)], one draw",
    "kl_nats": "nats a sentence, KL(q(z|x) ‖ N(0, I))",
    "bound_nats": "nats a sentence, their sum, the negative ELBO",
    "active_units": "latent values whose posterior mean has a variance of 0.01 or more over the sentences",
    "importance_nats": "nats a sentence, -log p(x) with p(z) = N(0, I), importance-weighted upper bound",
    "importance_mixture_nats": "the same with the fitted mixture as p(z)",
    "self_bleu": "0 to 1, mean BLEU-4 of each sentence against all others",
    "distinct_2": "different pairs of letters as a share of all",
    "copies": "share of sentences that are, letter by letter, one of the training sentences",
    "reconstruction_bleu": "0 to 1, mean BLEU-4 of reconstructions against their originals",
    "unrelated_bleu": "the same against the original of another sentence: what chance gives",
}

Progress = Callable[[str, int, int], None]
"""(what, done, total)."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Figures of some sentences; units: ``UNITS``."""

    texts: int
    self_bleu: float
    distinct_2: float
    copies: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What ``measure`` finds; units: ``UNITS``.

    Args:
        sentences: Held-out sentences behind the ELBO and ``active_units``; ``tokens``: theirs, with their ends;
            ``left_out``: how many were too long.
        importance_draws: Draws a sentence K; 0: not measured, and its figures are None; ``importance_sentences``: how
            many, spread evenly over all; ``importance_bound_nats``: the negative ELBO of these alone, same draws.
        exact: Share of reconstructions that are the original.
        written: Samples at temperature 1 from the mixture.
        real: As many held-out sentences.
    """

    split: str
    sentences: int
    tokens: int
    left_out: int
    latent: int
    seed: int
    reconstruction_nats: float
    kl_nats: float
    bound_nats: float
    active_units: int
    importance_draws: int
    importance_sentences: int
    importance_bound_nats: float | None
    importance_nats: float | None
    importance_mixture_nats: float | None
    reconstructed: int
    reconstruction_bleu: float
    unrelated_bleu: float
    exact: float
    written: Texts
    real: Texts

    def to_json(self) -> dict[str, Any]:
        """All figures as JSON values."""
        return asdict(self) | {"units": UNITS}

    def verdicts(self) -> list[str]:
        """What the figures mean, in sentences."""
        found = []
        if self.active_units == 0 or self.kl_nats < LITTLE:
            found.append(
                _(
                    "The latents carry little (KL {kl:.2f} nats): it writes like a language model, and moving in them "
                    "changes little.",
                    kl=self.kl_nats,
                )
            )
        else:
            found.append(
                _(
                    "{active} of {latent} latent values carry {kl:.1f} nats a sentence.",
                    active=self.active_units,
                    latent=self.latent,
                    kl=self.kl_nats,
                )
            )
        if self.written.copies > self.real.copies + 0.02:
            found.append(
                _(
                    "{share:.0%} of its sentences are sentences of the training text, of held-out ones {real:.0%}: "
                    "look for copies before you publish.",
                    share=self.written.copies,
                    real=self.real.copies,
                )
            )
        if self.written.self_bleu > self.real.self_bleu + 0.1:
            found.append(
                _(
                    "Its sentences are more alike than real ones (self-BLEU {written:.2f}, real {real:.2f}).",
                    written=self.written.self_bleu,
                    real=self.real.self_bleu,
                )
            )
        return found


def held_out_rows(model: TextVae, corpus: TextCorpus) -> tuple[str, Rows, set[str]]:
    """The split that is measured (``test``, or ``validation`` where there is none), its rows, and the letters of all
    training sentences.

    Raises:
        UserError: no held-out sentence fits the model, or see ``read_sentences``.
    """
    parts = read_sentences(corpus, whole=model.config.items == "documents")
    split = "test" if parts["test"] else "validation"
    rows = lay_out(model.tokenizer, parts[split], context=model.config.context)
    if not rows.rows:
        raise UserError(
            _("{path} has no held-out sentence that '{name}' can read.", path=corpus.path, name=model.folder.name),
            _("Give more sentences, or shorter ones."),
            code="evaluation.held_out",
        )
    return split, rows, {letters_of(one.text) for one in parts["train"]}


@torch.no_grad()
def measure(
    model: TextVae,
    corpus: TextCorpus,
    *,
    draws: int = DRAWS,
    samples: int = SAMPLES,
    seed: int = 0,
    progress: Progress | None = None,
) -> Figures:
    """Measure ``model`` on the held-out sentences of ``corpus``.

    Args:
        draws: Importance samples K for each of ``WEIGHED`` sentences at most; 0 leaves these figures out.
        samples: Sentences that are sampled; at most as many as are held out.
        seed: Of draws and samples.

    Raises:
        UserError: see ``held_out_rows``.
    """
    tell = progress or (lambda _what, _done, _of: None)
    split, held, known = held_out_rows(model, corpus)
    rows, texts = held.rows, [one.text for one in held.sentences]
    samples = min(samples, len(rows))  # beside as many real ones: self-BLEU grows with their number
    tell(_("held-out sentences"), 0, len(rows))
    with seeded(seed, "elbo"):
        nats, kl, means = terms(model.network, rows)
    chosen = np.linspace(0, len(rows) - 1, min(len(rows), WEIGHED)).round().astype(np.int64).tolist()
    weighed: tuple[float | None, ...] = (None, None, None)
    if draws:
        some = [rows[place] for place in chosen]
        weighed = weigh(model.network, some, mixture=model.mixture, draws=draws, seed=seed, progress=tell)
    # The bound counts a character that the model has never met as its token for such; to be read again it can't be.
    readable = [text for text in texts if model.knows(text)]
    shown = readable[:: max(1, -(-len(readable) // RECONSTRUCTED))]
    tell(_("reconstructions"), 0, len(shown))
    made = model.reconstruct(shown)
    tell(_("samples"), 0, samples)
    written = model.write(model.latents(samples, seed), temperature=TEMPERATURE, seed=seed)
    real = [texts[place] for place in np.random.default_rng(mix_seed(seed, "real")).permutation(len(texts))[:samples]]
    return Figures(
        split=split,
        sentences=len(rows),
        tokens=held.tokens,
        left_out=held.left_out,
        latent=model.config.latent,
        seed=seed,
        reconstruction_nats=float(nats.double().mean()),
        kl_nats=float(kl.double().mean()),
        bound_nats=float((nats + kl).double().mean()),
        active_units=elbo.active_units(means),
        importance_draws=draws,
        importance_sentences=len(chosen) if draws else 0,
        importance_bound_nats=weighed[0],
        importance_nats=weighed[1],
        importance_mixture_nats=weighed[2],
        reconstructed=len(shown),
        reconstruction_bleu=_mean([bleu(one, [true]) for one, true in zip(made, shown, strict=True)]),
        unrelated_bleu=_mean([bleu(one, [other]) for one, other in zip(made, [*shown[1:], *shown[:1]], strict=True)]),
        exact=_mean([float(one == true) for one, true in zip(made, shown, strict=True)]),
        written=figures_of(written, known),
        real=figures_of(real, known),
    )


@torch.no_grad()
def weigh(
    network: TextVaeNetwork,
    rows: Sequence[Row],
    *,
    mixture: Mixture | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[float, float, float | None]:
    """Negative ELBO, importance-weighted bound with p(z) = N(0, I), and from the same draws with ``mixture``, all as
    means in nats a sentence over ``rows`` with ``draws`` draws each."""
    device = network.embedding.weight.device
    found = []
    groups = by_length(rows, WEIGHED_TOGETHER)
    for number, group in enumerate(groups):
        if progress is not None:
            progress(_("Importance-weighted bound"), number, len(groups))
        part = padded([rows[place] for place in group], end=network.config.end, device=device)
        mean, log_variance = network.encode(part.targets, part.seen)
        drawn: list[tuple[Tensor, Tensor]] = []

        def given(z: Tensor, part: Padded = part, drawn: list[tuple[Tensor, Tensor]] = drawn) -> Tensor:
            drawn.append((z, log_given_draws(network, part, z)))
            return drawn[-1][1]

        with seeded(seed, "importance", number):
            standard = elbo.weigh(given, mean, log_variance, draws=draws, chunk=16)
        bounds = [standard.elbo.cpu(), standard.bound.cpu()]
        if mixture is not None:
            weights = [
                fitted.double().cpu()
                + mixture.log_prob(z.flatten(0, 1).cpu()).unflatten(0, z.shape[:2])
                - elbo.log_normal(z, mean, log_variance).double().cpu()
                for z, fitted in drawn
            ]
            bounds.append(elbo.importance_bound(torch.cat(weights)))
        found.append(torch.stack(bounds))
    values = (-torch.cat(found, dim=1).mean(dim=1)).tolist()
    return values[0], values[1], values[2] if mixture is not None else None


def figures_of(texts: Sequence[str], known: set[str]) -> Texts:
    """Figures of sentences; ``known``: the letters of each training sentence."""
    copies = _mean([float(letters_of(text) in known) for text in texts])
    return Texts(len(texts), self_bleu(texts), distinct(texts, 2), copies)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
