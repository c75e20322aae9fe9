"""How a VAE of sentences learns, as the training loop plays it: an autoencoder first, then the ELBO with free bits.

Against posterior collapse (Li et al. 2019, arXiv 1909.00868; Bowman et al. 2016, arXiv 1511.06349): a share of the run
is an autoencoder (β = 0, z = μ), so that z carries something; then the decoder begins anew, so that it learns to write
by the z that there is, and β rises to 1 while each latent value has some nats free and the decoder sees only part of
the words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from luokuan.foundation.compute import mix_seed
from luokuan.foundation.objective import Phase
from luokuan.foundation.optim import Schedule, Together, muon
from luokuan.i18n import _
from luokuan.media import Text
from luokuan.models.vae import elbo
from luokuan.models.vae.diagnosis import Looked, verdicts
from luokuan.models.vae.prior import moment_matched
from luokuan.models.vae.sheet import latent_walk
from luokuan.models.vae.text.config import TextVaeConfig
from luokuan.models.vae.text.decoding import write
from luokuan.models.vae.text.material import Padded, Row, by_length, dropped, log_given, log_given_draws, padded
from luokuan.models.vae.text.networks import TextVaeNetwork

VALIDATED = 1024
"""Most held-out sentences, and as many training sentences, that one validation looks at."""
WEIGHED, DRAWS = 64, 16
"""Sentences, and draws for each, of the importance-weighted bound at validation."""
SHOWN, STEPS, SAMPLES = 6, 7, 6
"""Reconstructions, steps of the walk and samples of a preview."""


@dataclass(frozen=True, slots=True)
class TextVaeSettings:
    """How a VAE of sentences learns. Shares are of the whole run.

    Args:
        rate: AdamW's rate of the embedding, biases and scales.
        muon: Muon's rate of the hidden matrices, as a multiple of it.
        warm_up: Steps over which the rate rises, at the start and after the decoder's.
        decay_from: Share from which the rate falls linearly to zero.
        autoencoder: Share that is an autoencoder; 0: none, and the decoder never begins anew.
        schedule: ``linear``: β rises once; ``cyclical``: four times (Fu et al. 2019, arXiv 1903.10145).
        rising: Share after the autoencoder in which β rises (of each cycle, the half).
        beta: Where it ends; 1 is the ELBO.
        free_bits: Nats a sentence that the KL term may have for nothing, in equal parts for all latent values, on
            average over a batch.
        word_dropout: Share of the words that the decoder doesn't see while β rises; then it falls linearly, to nothing
            in the last third of the run.
        dropout: See ``TextVaeNetwork``.
    """

    rate: float = 3e-3
    muon: float = 20 / 3
    warm_up: int = 100
    decay_from: float = 0.5
    autoencoder: float = 0.15
    schedule: str = "linear"
    rising: float = 0.25
    beta: float = 1.0
    free_bits: float = 8.0
    word_dropout: float = 0.3
    dropout: float = 0.1


LAST_THIRD = 2 / 3


def rate_of(settings: TextVaeSettings, restart: int) -> Schedule:
    """Rise, hold, fall (see ``hold_then_fall``), and rise again from step ``restart`` on."""

    def value(step: int, steps: int) -> float:
        warm = min(settings.warm_up, max(steps // 10, 1))
        since = step - restart if restart and step >= restart else step
        fall = (1 - min(step / steps, 1.0)) / max(1 - settings.decay_from, 1e-9)
        return settings.rate * min((since + 1) / warm, fall, 1.0)

    return value


def optimisers_of(network: TextVaeNetwork, settings: TextVaeSettings) -> dict[str, torch.optim.Optimizer]:
    """Muon for the matrices of the blocks, AdamW for the rest."""
    named = dict(network.named_parameters())
    matrices = [p for name, p in named.items() if p.ndim == 2 and name.startswith(("encoder.", "decoder."))]
    known = {id(p) for p in matrices}
    others = [p for p in named.values() if id(p) not in known]
    return dict(zip(("muon", "adam"), muon(matrices, others, rate=settings.rate, factor=settings.muon), strict=True))


class TextVaeLearning:
    """A VAE of sentences as an objective of the training loop. An item is a sentence.

    Args:
        config: Shape of the network.
        settings: How it learns.
        rows: What to learn from.
        held_out: The same for validation; may be empty.
        spell: Tokens to text, for previews.
        device: Where the network lives.
        seed: Of the initial weights.
    """

    def __init__(
        self,
        config: TextVaeConfig,
        settings: TextVaeSettings,
        rows: Sequence[Row],
        *,
        held_out: Sequence[Row],
        spell: Callable[[list[int]], str],
        device: str = "cpu",
        seed: int = 0,
    ) -> None:
        self.config, self.settings = config, settings
        self.rows, self.held_out, self._spell = rows, held_out, spell
        self._device, self._seed = device, seed
        torch.manual_seed(mix_seed(seed, "weights"))
        self.network = TextVaeNetwork(config, dropout=settings.dropout).to(device)
        self._optimisers = optimisers_of(self.network, settings)

    # --- what the loop asks ---------------------------------------------------------------------------

    def modules(self) -> Mapping[str, nn.Module]:
        """The network."""
        return {"vae": self.network}

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        """See ``optimisers_of``."""
        return self._optimisers

    def averaged(self) -> Sequence[str]:
        """The average is what is kept."""
        return ("vae",)

    def items(self) -> int:
        """Training sentences."""
        return len(self.rows)

    def batch(self, indices: NDArray[np.int64]) -> list[Padded]:
        """The sentences at ``indices``, in groups of about one length."""
        rows = [self.rows[index] for index in indices.tolist()]
        return [self._padded([rows[place] for place in group]) for group in by_length(rows)]

    def _padded(self, rows: Sequence[Row]) -> Padded:
        return padded(rows, end=self.config.end, device=self._device)

    def turn(self, steps: int) -> int:
        """The step at which the autoencoder ends."""
        return round(self.settings.autoencoder * steps)

    def weight(self, step: int, steps: int) -> float:
        """β at ``step``."""
        settings, turn = self.settings, self.turn(steps)
        if step < turn:
            return 0.0
        if settings.schedule == "cyclical":
            return elbo.cyclical(settings.beta)(step - turn, max(steps - turn, 1))
        return elbo.linear(settings.beta, rising=settings.rising)(step - turn, steps)

    def hidden_words(self, step: int, steps: int) -> float:
        """Share of the words that the decoder doesn't see at ``step``."""
        settings = self.settings
        progress, turn = step / steps, self.turn(steps) / steps
        if progress < turn or progress >= LAST_THIRD:
            return 0.0
        edge = min(turn + settings.rising, LAST_THIRD)
        return settings.word_dropout * min((LAST_THIRD - progress) / max(LAST_THIRD - edge, 1e-9), 1.0)

    def phases(self, step: int, steps: int) -> Iterator[Phase]:
        """One; at the end of the autoencoder the decoder begins anew first."""
        turn = self.turn(steps)
        if turn and step == turn:
            self._begin_anew()
        beta = None if step < turn else self.weight(step, steps)
        share = self.hidden_words(step, steps)

        def loss(groups: list[Padded], _part: int) -> tuple[Tensor, Mapping[str, Tensor | float]]:
            return self._loss(groups, beta, share)

        together = Together(*self._optimisers.values())
        yield Phase("vae", list(self.network.parameters()), together, rate_of(self.settings, turn), loss, clip=1.0)

    def _begin_anew(self) -> None:
        # The embedding stays: it is the encoder's too, whose z the new decoder is to learn.
        torch.manual_seed(mix_seed(self._seed, "decoder"))
        self.network.reset(decoder=True)
        for optimiser in self._optimisers.values():
            for parameter in self.network.decoder_parameters():
                optimiser.state.pop(parameter, None)

    def _loss(
        self, groups: list[Padded], beta: float | None, share: float
    ) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        """The negative ELBO with free bits over all groups, nats a token: so rates hold for sentences of any length."""
        network = self.network
        fitted, rates = [], []
        for part in groups:
            mean, log_variance = network.encode(part.targets, part.seen)
            z = mean if beta is None else elbo.draw(mean, log_variance)
            fitted.append(log_given(network, part, z, dropped(part.inputs, share, self.config.dropped)))
            rates.append(elbo.kl_to_standard(mean, log_variance))
        kl = torch.cat(rates)  # (B, D)
        count, tokens = len(kl), sum(part.tokens for part in groups)
        reconstruction = -torch.cat(fitted).sum()
        loss = reconstruction
        if beta:
            # Over the batch: a sentence may then have less of what another has more of. On sentences whose entropy is
            # known, this came nearer to it than a floor for each sentence did.
            floor = self.settings.free_bits / self.config.latent
            loss = loss + beta * count * elbo.free_bits(kl, floor, over="batch")
        return loss / tokens, {
            "reconstruction_nats": reconstruction.detach() / count,
            "kl_nats": kl.detach().sum(dim=1).mean(),
            "beta": beta or 0.0,
            "hidden_words": share,
        }

    # --- looking at it --------------------------------------------------------------------------------

    def validate(self, average: Mapping[str, nn.Module]) -> Mapping[str, float]:
        """The ELBO's two terms on held-out sentences (``VALIDATED`` at most), active units, the ELBO of as many
        training sentences, and the importance-weighted bound of ``WEIGHED`` held-out ones. Terms as positive nats a
        sentence."""
        if not self.held_out:
            return {}
        network = cast(TextVaeNetwork, average["vae"])
        held, known = _spread(self.held_out, VALIDATED), _spread(self.rows, VALIDATED)
        nats, kl, means = terms(network, held)
        training, training_kl, _means = terms(network, known)
        bounds = []
        weighed = _spread(held, WEIGHED)
        for group in by_length(weighed, 16):
            part = self._padded([weighed[place] for place in group])
            mean, log_variance = network.encode(part.targets, part.seen)
            given = partial(log_given_draws, network, part)
            found = elbo.weigh(given, mean, log_variance, draws=DRAWS, chunk=4)
            bounds.append(found.bound)
        return {
            "sentences": float(len(held)),
            "reconstruction_nats": float(nats.mean()),
            "kl_nats": float(kl.mean()),
            "bound_nats": float((nats + kl).mean()),
            "training_nats": float((training + training_kl).mean()),
            "active_units": float(elbo.active_units(means)),
            "importance_nats": float(-torch.cat(bounds).mean()),
            "importance_sentences": float(len(weighed)),
            "importance_draws": float(DRAWS),
        }

    def preview(self, average: Mapping[str, nn.Module]) -> Text:
        """Sentences (held-out ones where there are any) with their reconstructions, a walk between two of them, and
        samples from the Gaussian with the aggregate posterior's moments."""
        network = cast(TextVaeNetwork, average["vae"])
        source = self.held_out or self.rows
        shown = _spread(source, SHOWN)
        mean = posteriors(network, shown)[0]
        known = posteriors(network, _spread(self.rows, VALIDATED))
        matched = moment_matched(known[0], known[1].exp())
        noise = torch.randn(SAMPLES, self.config.latent)
        samples = torch.stack([matched.draw(0, row.double()) for row in noise]).float()
        walk = latent_walk(mean[0], mean[-1], STEPS)
        parts = [self._written(network, z) for z in (mean, walk, samples)]
        pairs = [f"{self._spell(list(row))}\n    {made}" for row, made in zip(shown, parts[0], strict=True)]
        return Text("\n".join([*pairs, "", *parts[1], "", *parts[2]]))

    def _written(self, network: TextVaeNetwork, z: Tensor) -> list[str]:
        return [self._spell(row) for row in write(network, z.to(self._device))]

    def verdict(self, history: Sequence[Mapping[str, Any]]) -> list[str]:
        """Posterior collapse, ignored latents, overfitting, or a run that was too short, in words."""
        seen = [
            Looked(
                bound=row["validation/bound_nats"],
                kl=row["validation/kl_nats"],
                active=round(row["validation/active_units"]),
                training=row["validation/training_nats"],
            )
            for row in history
            if "validation/kl_nats" in row
        ]
        advice = _("raise --free-bits or --word-dropout, or lengthen --autoencoder")
        return verdicts(seen, self.config.latent, advice=advice)


def _spread(rows: Sequence[Row], most: int) -> list[Row]:
    """At most so many of them, evenly from all."""
    places = np.linspace(0, len(rows) - 1, min(len(rows), most)).round().astype(np.int64)
    return [rows[place] for place in places.tolist()]


@torch.no_grad()
def posteriors(network: TextVaeNetwork, rows: Sequence[Row]) -> tuple[Tensor, Tensor]:
    """μ and log σ² of q(z|x) of each sentence, in their order: (N, D) each, float32 on the CPU."""
    device = network.embedding.weight.device
    means, log_variances = (torch.empty(len(rows), network.config.latent) for _n in range(2))
    for group in by_length(rows):
        part = padded([rows[place] for place in group], end=network.config.end, device=device)
        mean, log_variance = network.encode(part.targets, part.seen)
        means[group], log_variances[group] = mean.cpu(), log_variance.cpu()
    return means, log_variances


@torch.no_grad()
def terms(network: TextVaeNetwork, rows: Sequence[Row]) -> tuple[Tensor, Tensor, Tensor]:
    """-log p(x|z) with one draw and KL of each sentence, nats, (N,), and μ (N, D), on the CPU, by length."""
    device = network.embedding.weight.device
    nats, rates, means = [], [], []
    for group in by_length(rows):
        part = padded([rows[place] for place in group], end=network.config.end, device=device)
        mean, log_variance = network.encode(part.targets, part.seen)
        nats.append(-log_given(network, part, elbo.draw(mean, log_variance)).cpu())
        rates.append(elbo.kl_to_standard(mean, log_variance).sum(dim=1).cpu())
        means.append(mean.cpu())
    return torch.cat(nats), torch.cat(rates), torch.cat(means)
